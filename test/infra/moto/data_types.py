"""The types that hold data, and those that carry notices."""

import json

import boto3

from made import Made, Properties, lower_first


def table(properties: Properties, name: str) -> Made:
    dynamodb = boto3.client("dynamodb")
    given = {"TableName": name, **properties}
    after = {
        key: given.pop(key, None) for key in ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")
    }
    given.pop("ContributorInsightsSpecification", None)
    if "SSESpecification" in given:
        given["SSESpecification"]["Enabled"] = given["SSESpecification"].pop("SSEEnabled")
    made = dynamodb.create_table(**given)["TableDescription"]
    if after["TimeToLiveSpecification"]:
        dynamodb.update_time_to_live(
            TableName=made["TableName"], TimeToLiveSpecification=after["TimeToLiveSpecification"]
        )
    if after["PointInTimeRecoverySpecification"]:
        dynamodb.update_continuous_backups(
            TableName=made["TableName"],
            PointInTimeRecoverySpecification=after["PointInTimeRecoverySpecification"],
        )
    return Made(
        made["TableName"],
        {"Arn": made["TableArn"]},
        lambda: dynamodb.delete_table(TableName=made["TableName"]),
    )


def key(properties: Properties, name: str) -> Made:
    kms = boto3.client("kms")
    rotates = properties.pop("EnableKeyRotation", False)
    given = {**properties, "Policy": json.dumps(properties["KeyPolicy"])}
    for named in ("KeyPolicy", "PendingWindowInDays"):
        given.pop(named, None)
    made = kms.create_key(**given)["KeyMetadata"]
    if rotates:
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Made(
        made["KeyId"],
        {"Arn": made["Arn"], "KeyId": made["KeyId"]},
        lambda: kms.schedule_key_deletion(KeyId=made["KeyId"]),
    )


def secret(properties: Properties, name: str) -> Made:
    secrets = boto3.client("secretsmanager")
    generate = properties.pop("GenerateSecretString", None)
    if generate is not None:
        template = json.loads(generate.pop("SecretStringTemplate", "{}"))
        key = generate.pop("GenerateStringKey")
        password = secrets.get_random_password(**generate)["RandomPassword"]
        properties["SecretString"] = json.dumps({**template, key: password})
    arn = secrets.create_secret(**{"Name": name, **properties})["ARN"]
    return Made(
        arn, {"Id": arn}, lambda: secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    )


def secret_policy(properties: Properties, name: str) -> Made:
    boto3.client("secretsmanager").put_resource_policy(
        SecretId=properties["SecretId"], ResourcePolicy=json.dumps(properties["ResourcePolicy"])
    )
    return Made(properties["SecretId"])


def rotation(properties: Properties, name: str) -> Made:
    boto3.client("secretsmanager").rotate_secret(
        SecretId=properties["SecretId"],
        RotationLambdaARN=properties["RotationLambdaARN"],
        RotationRules=properties["RotationRules"],
        RotateImmediately=False,
    )
    return Made(properties["SecretId"])


def log_group(properties: Properties, name: str) -> Made:
    logs = boto3.client("logs")
    retention = properties.pop("RetentionInDays", None)
    given = lower_first({"LogGroupName": name, **properties})
    logs.create_log_group(**given)
    if retention is not None:
        logs.put_retention_policy(logGroupName=given["logGroupName"], retentionInDays=retention)
    [found] = logs.describe_log_groups(logGroupNamePrefix=given["logGroupName"])["logGroups"]
    return Made(
        found["logGroupName"],
        {"Arn": found["arn"]},
        lambda: logs.delete_log_group(logGroupName=found["logGroupName"]),
    )


def queue_policy(properties: Properties, name: str) -> Made:
    for queue in properties["Queues"]:
        boto3.client("sqs").set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": json.dumps(properties["PolicyDocument"])}
        )
    return Made(name)


def topic_policy(properties: Properties, name: str) -> Made:
    for topic in properties["Topics"]:
        boto3.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"])
        )
    return Made(name)


def subscription(properties: Properties, name: str) -> Made:
    made = boto3.client("sns").subscribe(ReturnSubscriptionArn=True, **properties)
    return Made(made["SubscriptionArn"])
