"""Looks at every resource of a deployed stack through the service's own API and tells what is not as it should be."""

import ast
import json
import re
from typing import Any, Callable, Iterator

import boto3
from botocore.exceptions import ClientError

Problems = Iterator[str]
Properties = dict[str, Any]

KEPT_IN_PRODUCTION = (
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
    "AWS::KMS::Key",
)


def differences(wanted: Properties, found: dict) -> Problems:
    """What an answer of the service says otherwise than the template's plain values do."""
    for key, value in wanted.items():
        if found.get(key) != value:
            yield f"{key} is {found.get(key)!r} and not {value!r}"


def table(properties: Properties, ref: str) -> Problems:
    dynamodb = boto3.client("dynamodb")
    found = dynamodb.describe_table(TableName=ref)["Table"]
    plain = ("AttributeDefinitions", "KeySchema")
    yield from differences({key: properties[key] for key in plain}, found)
    yield from differences({"BillingMode": properties["BillingMode"]}, found["BillingModeSummary"])
    protected = properties.get("DeletionProtectionEnabled", False)
    yield from differences({"DeletionProtectionEnabled": protected}, found)
    if "SSESpecification" in properties:
        yield from differences({"SSEType": "KMS"}, found.get("SSEDescription", {}))
    ttl = dynamodb.describe_time_to_live(TableName=ref)["TimeToLiveDescription"]
    wanted = properties["TimeToLiveSpecification"]["AttributeName"]
    yield from differences({"TimeToLiveStatus": "ENABLED", "AttributeName": wanted}, ttl)


def secret(properties: Properties, ref: str) -> Problems:
    secrets = boto3.client("secretsmanager")
    described = secrets.describe_secret(SecretId=ref)
    if "KmsKeyId" in properties:
        yield from is_arn("its key", described.get("KmsKeyId"), "kms")
    text = secrets.get_secret_value(SecretId=ref)["SecretString"]
    if not isinstance(json.loads(text), dict):
        yield "is no JSON object"


def log_group(properties: Properties, ref: str) -> Problems:
    found = boto3.client("logs").describe_log_groups(logGroupNamePrefix=ref)["logGroups"]
    if len(found) != 1:
        yield f"there are {len(found)} of it"
        return
    yield from differences({"retentionInDays": properties["RetentionInDays"]}, found[0])
    if "KmsKeyId" in properties:
        yield from is_arn("its key", found[0].get("kmsKeyId"), "kms")


def is_arn(what: str, value: Any, service: str) -> Problems:
    if not re.match(rf"^arn:aws:{service}:", str(value)):
        yield f"{what} is {value!r}"


def unresolved(name: str, value: Any) -> Problems:
    """What a Ref or GetAtt left behind where moto did not make what it refers to."""
    if value in (None, "") or "None" in str(value) or "Fn::" in str(value) or "'Ref'" in str(value):
        yield f"{name} is {value!r}"


def exists(variable: str, value: str) -> Problems:
    """A variable that names a table or a secret leads to one."""
    try:
        if variable.endswith("TABLE_NAME"):
            boto3.client("dynamodb").describe_table(TableName=value)
        if variable.endswith("SECRET_ID"):
            boto3.client("secretsmanager").describe_secret(SecretId=value)
    except ClientError as failure:
        yield f"{variable} leads nowhere: {failure.response['Error']['Code']}"


def function(properties: Properties, ref: str) -> Problems:
    found = boto3.client("lambda").get_function_configuration(FunctionName=ref)
    plain = ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures", "TracingConfig")
    yield from differences({key: properties[key] for key in plain if key in properties}, found)
    wanted = properties.get("Environment", {}).get("Variables", {})
    variables = found.get("Environment", {}).get("Variables", {})
    if sorted(variables) != sorted(wanted):
        yield f"its variables are {sorted(variables)}"
    for variable, value in variables.items():
        yield from unresolved(variable, value)
        yield from exists(variable, value)
    yield from is_arn("its role", found["Role"], "iam")


def alias(properties: Properties, ref: str) -> Problems:
    *_, function_name, name = ref.split(":")
    found = boto3.client("lambda").get_alias(FunctionName=function_name, Name=name)
    if not found["FunctionVersion"].isdigit():
        yield f"it leads to {found['FunctionVersion']}, which is no version"


def role(_properties: Properties, ref: str) -> Problems:
    iam = boto3.client("iam")
    for name in iam.list_role_policies(RoleName=ref)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=ref, PolicyName=name)["PolicyDocument"]
        # moto keeps a role's own policies as Python's text and not as JSON.
        statements = (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]
        for statement in statements:
            for target in as_list(statement["Resource"]):
                if target != "*" and not str(target).startswith("arn:aws:"):
                    yield f"it may {statement['Action']} on {target!r}"


def as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def rest_api(_properties: Properties, ref: str) -> Problems:
    gateway = boto3.client("apigateway")
    paths = [one for one in gateway.get_resources(restApiId=ref, limit=500)["items"] if one["path"] != "/"]
    for one in paths:
        for verb in one.get("resourceMethods", {}):
            found = gateway.get_method(restApiId=ref, resourceId=one["id"], httpMethod=verb)
            yield from method(one["path"], verb, found)
    if not paths:
        yield "it has no paths"
    for response in gateway.get_gateway_responses(restApiId=ref)["items"]:
        body = json.loads(response["responseTemplates"]["application/json"])
        if list(body) != ["success", "sid", "status", "valid", "error"]:
            yield f"{response['responseType']} is no envelope"


def method(path: str, verb: str, found: dict) -> Problems:
    integration = found["methodIntegration"]
    if integration["type"] == "MOCK":
        return
    arn = re.search(r"arn:aws:lambda:[^/]*:function:[^/]+", integration["uri"])
    if integration["type"] != "AWS_PROXY" or arn is None:
        yield f"{verb} {path} is an integration of {integration['type']} with {integration['uri']}"
        return
    try:
        boto3.client("lambda").get_function(FunctionName=arn.group())
    except ClientError as failure:
        yield f"{verb} {path} leads nowhere: {failure.response['Error']['Code']}"


def stage(properties: Properties, ref: str) -> Problems:
    gateway = boto3.client("apigateway")
    for api in gateway.get_rest_apis()["items"]:
        found = gateway.get_stage(restApiId=api["id"], stageName=ref)
        yield from differences({"tracingEnabled": properties.get("TracingEnabled", False)}, found)
        if "AccessLogSetting" in properties:
            yield from is_arn(
                "its access log", found.get("accessLogSettings", {}).get("destinationArn"), "logs"
            )


def rule(properties: Properties, ref: str) -> Problems:
    # An event rule's Ref is its name.
    events = boto3.client("events")
    found = events.describe_rule(Name=ref.split("/")[-1])
    plain = {"ScheduleExpression", "State"} & properties.keys()
    yield from differences({key: properties[key] for key in plain}, found)
    targets = events.list_targets_by_rule(Rule=found["Name"])["Targets"]
    if len(targets) != len(properties["Targets"]):
        yield f"it has {len(targets)} targets"
    for target in targets:
        yield from is_arn("its target", target["Arn"], "lambda")


def alarm(properties: Properties, ref: str) -> Problems:
    found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[ref])["MetricAlarms"][0]
    plain = {"MetricName", "Namespace", "Threshold", "ComparisonOperator", "TreatMissingData"}
    yield from differences({key: properties[key] for key in plain & properties.keys()}, found)
    for action in found["AlarmActions"]:
        yield from is_arn("its action", action, "sns")
    for dimension in found.get("Dimensions", []):
        yield from unresolved(f"its dimension {dimension['Name']}", dimension["Value"])


def topic(_properties: Properties, ref: str) -> Problems:
    attributes = boto3.client("sns").get_topic_attributes(TopicArn=ref)["Attributes"]
    yield from unresolved("its key", attributes.get("KmsMasterKeyId"))


def dashboard(_properties: Properties, ref: str) -> Problems:
    body = json.loads(boto3.client("cloudwatch").get_dashboard(DashboardName=ref)["DashboardBody"])
    if not body["widgets"]:
        yield "it is empty"


def web_acl(properties: Properties, ref: str) -> Problems:
    name, acl_id, scope = ref.split("|")
    found = boto3.client("wafv2").get_web_acl(Name=name, Scope=scope, Id=acl_id)["WebACL"]
    if len(found["Rules"]) != len(properties["Rules"]):
        yield f"it has {len(found['Rules'])} rules"


def parameter(properties: Properties, ref: str) -> Problems:
    value = boto3.client("ssm").get_parameter(Name=ref)["Parameter"]["Value"]
    yield from unresolved("its value", value)


def key(properties: Properties, ref: str) -> Problems:
    kms = boto3.client("kms")
    found = kms.describe_key(KeyId=ref)["KeyMetadata"]
    yield from differences({"KeyState": "Enabled"}, found)
    rotates = kms.get_key_rotation_status(KeyId=ref)["KeyRotationEnabled"]
    if rotates is not properties.get("EnableKeyRotation", False):
        yield f"its rotation is {rotates}"


def queue(properties: Properties, ref: str) -> Problems:
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=ref, AttributeNames=["All"])["Attributes"]
    yield from differences(
        {"MessageRetentionPeriod": str(properties.get("MessageRetentionPeriod", 345600))}, found
    )


LOOKS: dict[str, Callable[[Properties, str], Problems]] = {
    "AWS::ApiGateway::RestApi": rest_api,
    "AWS::ApiGateway::Stage": stage,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::DynamoDB::Table": table,
    "AWS::Events::Rule": rule,
    "AWS::IAM::Role": role,
    "AWS::KMS::Key": key,
    "AWS::Lambda::Alias": alias,
    "AWS::Lambda::Function": function,
    "AWS::Logs::LogGroup": log_group,
    "AWS::SNS::Topic": topic,
    "AWS::SQS::Queue": queue,
    "AWS::SSM::Parameter": parameter,
    "AWS::SecretsManager::Secret": secret,
    "AWS::WAFv2::WebACL": web_acl,
}


def look(template: dict, made: dict[str, str], stack: dict) -> list[str]:
    """Every problem of every resource that was made, and of the stack's outputs."""
    problems = []
    for name, ref in made.items():
        resource = template["Resources"][name]
        found = LOOKS.get(resource["Type"])
        if found is not None:
            told = found(resource.get("Properties", {}), ref)
            problems += [f"{resource['Type']} {name}: {problem}" for problem in told]
    for output in stack.get("Outputs", []):
        problems += unresolved(f"the output {output['OutputKey']}", output["OutputValue"])
    if len(stack.get("Outputs", [])) != len(template["Outputs"]):
        problems.append("outputs are missing")
    return problems


def look_after_deletion(template: dict, made: dict[str, str]) -> list[str]:
    """What production keeps is still there, and nothing else is."""
    problems = []
    for name, ref in made.items():
        resource = template["Resources"][name]
        if resource["Type"] not in KEPT_IN_PRODUCTION:
            continue
        keeps = resource.get("DeletionPolicy") == "Retain"
        if is_there(resource["Type"], ref) is not keeps:
            problems.append(f"{name} is {'gone' if keeps else 'still there'} after the stack was deleted")
    return problems


def is_there(kind: str, ref: str) -> bool:
    try:
        if kind == "AWS::DynamoDB::Table":
            boto3.client("dynamodb").describe_table(TableName=ref)
        elif kind == "AWS::SecretsManager::Secret":
            boto3.client("secretsmanager").describe_secret(SecretId=ref)
        elif kind == "AWS::KMS::Key":
            return boto3.client("kms").describe_key(KeyId=ref)["KeyMetadata"]["KeyState"] == "Enabled"
        else:
            return bool(boto3.client("logs").describe_log_groups(logGroupNamePrefix=ref)["logGroups"])
    except ClientError:
        return False
    return True
