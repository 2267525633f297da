"""The resource types that moto's services know but its CloudFormation does not, or makes only in part.

Each is made by calls to the service.

botocore holds every call against AWS's own description of the service, so a property that AWS does not have, or that
is of another kind, fails here. What neither knows is in unknown.txt.
"""

from typing import Callable

from moto.cloudformation.parsing import get_model_map
from moto.core.common_models import CloudFormationModel

import data_types
import edge_types
import function_types
from made import Made, Properties

MAKERS: dict[str, Callable[[Properties, str], Made]] = {
    "AWS::ApiGateway::Account": edge_types.account,
    "AWS::ApiGateway::Authorizer": edge_types.authorizer,
    "AWS::ApiGateway::BasePathMapping": edge_types.base_path_mapping,
    "AWS::ApiGateway::Deployment": edge_types.deployment,
    "AWS::ApiGateway::DomainName": edge_types.domain_name,
    "AWS::ApiGateway::GatewayResponse": edge_types.gateway_response,
    "AWS::ApiGateway::Method": edge_types.method,
    "AWS::ApiGateway::Model": edge_types.model,
    "AWS::ApiGateway::RequestValidator": edge_types.request_validator,
    "AWS::ApiGateway::Stage": edge_types.stage,
    "AWS::CloudWatch::Alarm": function_types.alarm,
    "AWS::CodeDeploy::Application": function_types.deploy_application,
    "AWS::CodeDeploy::DeploymentGroup": function_types.deployment_group,
    "AWS::DynamoDB::Table": data_types.table,
    "AWS::KMS::Key": data_types.key,
    "AWS::Lambda::Alias": function_types.alias,
    "AWS::Lambda::EventInvokeConfig": function_types.event_invoke_config,
    "AWS::Lambda::Function": function_types.function,
    "AWS::Lambda::Version": function_types.version,
    "AWS::Logs::LogGroup": data_types.log_group,
    "AWS::SNS::Subscription": data_types.subscription,
    "AWS::SNS::TopicPolicy": data_types.topic_policy,
    "AWS::SQS::QueuePolicy": data_types.queue_policy,
    "AWS::SecretsManager::ResourcePolicy": data_types.secret_policy,
    "AWS::SecretsManager::RotationSchedule": data_types.rotation,
    "AWS::SecretsManager::Secret": data_types.secret,
    "AWS::WAFv2::WebACL": edge_types.web_acl,
    "AWS::WAFv2::WebACLAssociation": edge_types.web_acl_association,
}


def cloudformation_model(resource_type: str, make: Callable[[Properties, str], Made]) -> type:
    """A type as moto's CloudFormation wants it."""

    def create(cls, resource_name, cloudformation_json, account_id, region_name, **_kwargs):
        resource = cls()
        properties = {key: value for key, value in cloudformation_json["Properties"].items() if key != "Tags"}
        resource.made = make(properties, resource_name)
        resource.physical_resource_id = resource.made.ref
        return resource

    return type(
        resource_type.replace("::", ""),
        (CloudFormationModel,),
        {
            "cloudformation_name_type": staticmethod(lambda: ""),
            "cloudformation_type": staticmethod(lambda: resource_type),
            "has_cfn_attr": classmethod(lambda cls, attr: True),
            "create_from_cloudformation_json": classmethod(create),
            "get_cfn_attribute": lambda self, name: self.made.attributes[name],
            "delete": lambda self, _account, _region: self.made.delete(),
            "is_created": lambda self: True,
        },
    )


def known_types() -> set[str]:
    """Lets moto's CloudFormation make the types of this page, and gives all that it then knows."""
    models = get_model_map()
    models.update({kind: cloudformation_model(kind, make) for kind, make in MAKERS.items()})
    return set(models)
