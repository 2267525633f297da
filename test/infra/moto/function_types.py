"""The types around functions: Lambda, CodeDeploy and alarms."""

import boto3

from made import Made, Properties, lower_first


def function(properties: Properties, name: str) -> Made:
    lambdas = boto3.client("lambda")
    reserved = properties.pop("ReservedConcurrentExecutions", None)
    made = lambdas.create_function(**{"FunctionName": name, **properties})
    if reserved is not None:
        lambdas.put_function_concurrency(
            FunctionName=made["FunctionName"], ReservedConcurrentExecutions=reserved
        )
    return Made(
        made["FunctionName"],
        {"Arn": made["FunctionArn"]},
        lambda: lambdas.delete_function(FunctionName=made["FunctionName"]),
    )


def version(properties: Properties, name: str) -> Made:
    made = boto3.client("lambda").publish_version(**properties)
    arn = f"{made['FunctionArn'].removesuffix(':' + made['Version'])}:{made['Version']}"
    return Made(arn, {"Version": made["Version"], "FunctionArn": arn})


def alias(properties: Properties, name: str) -> Made:
    properties.pop("ProvisionedConcurrencyConfig", None)
    made = boto3.client("lambda").create_alias(**properties)
    return Made(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def event_invoke_config(properties: Properties, name: str) -> Made:
    boto3.client("lambda").put_function_event_invoke_config(**properties)
    return Made(name)


def alarm(properties: Properties, name: str) -> Made:
    cloudwatch = boto3.client("cloudwatch")
    alarm_name = properties.setdefault("AlarmName", name)
    cloudwatch.put_metric_alarm(**properties)
    found = cloudwatch.describe_alarms(AlarmNames=[alarm_name])["MetricAlarms"][0]
    return Made(
        alarm_name, {"Arn": found["AlarmArn"]}, lambda: cloudwatch.delete_alarms(AlarmNames=[alarm_name])
    )


def deploy_application(properties: Properties, name: str) -> Made:
    application = properties.setdefault("ApplicationName", name)
    boto3.client("codedeploy").create_application(**lower_first(properties))
    return Made(application)


def deployment_group(properties: Properties, name: str) -> Made:
    group = properties.setdefault("DeploymentGroupName", name)
    boto3.client("codedeploy").create_deployment_group(**lower_first(properties))
    return Made(group)
