"""The types of the edge: API Gateway and WAF."""

import json
import re
from typing import Any

import boto3

from made import Made, Properties, lower_first, lower_first_but

METHOD_SETTINGS = {
    "ThrottlingRateLimit": "/throttling/rateLimit",
    "ThrottlingBurstLimit": "/throttling/burstLimit",
    "LoggingLevel": "/logging/loglevel",
    "DataTraceEnabled": "/logging/dataTrace",
    "MetricsEnabled": "/metrics/enabled",
}


def authorizer(properties: Properties, name: str) -> Made:
    properties.pop("AuthorizerCredentials", None)
    made = boto3.client("apigateway").create_authorizer(**lower_first({"Name": name, **properties}))
    return Made(made["id"], {"AuthorizerId": made["id"]})


def account(properties: Properties, name: str) -> Made:
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties["CloudWatchRoleArn"]}
    boto3.client("apigateway").update_account(patchOperations=[role])
    return Made(name)


def deployment(properties: Properties, name: str) -> Made:
    made = boto3.client("apigateway").create_deployment(**lower_first_but(properties))
    return Made(made["id"], {"DeploymentId": made["id"]})


def gateway_response(properties: Properties, name: str) -> Made:
    boto3.client("apigateway").put_gateway_response(**lower_first_but(properties))
    return Made(name)


def method(properties: Properties, name: str) -> Made:
    gateway = boto3.client("apigateway")
    given = lower_first_but(properties, "RequestModels", "RequestParameters")
    where = {key: given[key] for key in ("restApiId", "resourceId", "httpMethod")}
    integration = lower_first_but(properties["Integration"], "RequestTemplates", "RequestParameters")
    for named in ("methodResponses", "integration"):
        given.pop(named, None)
    gateway.put_method(**given)
    for response in properties.get("MethodResponses", []):
        gateway.put_method_response(**where, **lower_first_but(response, "ResponseModels"))
    integration.pop("integrationResponses", None)
    gateway.put_integration(**where, **integration)
    for response in properties["Integration"].get("IntegrationResponses", []):
        gateway.put_integration_response(**where, **lower_first_but(response))
    return Made(name)


def model(properties: Properties, name: str) -> Made:
    given = lower_first({**properties, "Schema": None})
    bare_name = re.sub(r"\W", "", name)
    made = boto3.client("apigateway").create_model(
        **{"name": bare_name, **given, "schema": json.dumps(properties["Schema"])}
    )
    return Made(made["name"])


def request_validator(properties: Properties, name: str) -> Made:
    made = boto3.client("apigateway").create_request_validator(**lower_first({"Name": name, **properties}))
    return Made(made["id"], {"RequestValidatorId": made["id"]})


def stage(properties: Properties, name: str) -> Made:
    gateway = boto3.client("apigateway")
    settings = properties.pop("MethodSettings", [])
    log = properties.pop("AccessLogSetting", {})
    given = lower_first_but(properties)
    if isinstance(given.get("tags"), list):
        given["tags"] = {tag["key"]: tag["value"] for tag in given["tags"]}
    made = gateway.create_stage(**given)
    operations = [
        {
            "op": "replace",
            "path": f"{one['ResourcePath'].strip('/~1') or '*'}/{one['HttpMethod']}{path}",
            "value": str(one[key]).lower(),
        }
        for one in settings
        for key, path in METHOD_SETTINGS.items()
        if key in one
    ]
    operations = [{**one, "path": "/" + one["path"]} for one in operations]
    operations += [
        {"op": "replace", "path": f"/accessLogSettings/{key}", "value": value}
        for key, value in lower_first(log).items()
    ]
    if operations:
        gateway.update_stage(
            restApiId=given["restApiId"], stageName=made["stageName"], patchOperations=operations
        )
    return Made(made["stageName"])


def web_acl(properties: Properties, name: str) -> Made:
    waf = boto3.client("wafv2")
    given = decoded_bytes({"Name": name, **properties})
    summary = waf.create_web_acl(**given)["Summary"]
    scope, acl_id = given["Scope"], summary["Id"]
    return Made(
        f"{summary['Name']}|{acl_id}|{scope}",
        {"Arn": summary["ARN"], "Id": acl_id},
        lambda: waf.delete_web_acl(
            Name=summary["Name"], Scope=scope, Id=acl_id, LockToken=summary["LockToken"]
        ),
    )


def decoded_bytes(value: Any) -> Any:
    """A SearchString is text in CloudFormation and bytes in the API."""
    if isinstance(value, dict):
        return {
            key: inner.encode() if key == "SearchString" else decoded_bytes(inner)
            for key, inner in value.items()
        }
    return [decoded_bytes(one) for one in value] if isinstance(value, list) else value


def web_acl_association(properties: Properties, name: str) -> Made:
    boto3.client("wafv2").associate_web_acl(
        WebACLArn=properties["WebACLArn"], ResourceArn=properties["ResourceArn"]
    )
    return Made(name)


def domain_name(properties: Properties, name: str) -> Made:
    given = lower_first(properties)
    made = boto3.client("apigateway").create_domain_name(**given)
    target = made.get("regionalDomainName") or f"d-{name.lower()}.execute-api.eu-west-1.amazonaws.com"
    return Made(made["domainName"], {"RegionalDomainName": target})


def base_path_mapping(properties: Properties, name: str) -> Made:
    boto3.client("apigateway").create_base_path_mapping(**lower_first(properties))
    return Made(name)
