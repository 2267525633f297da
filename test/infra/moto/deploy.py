"""Deploys synthesized stacks to moto, an independent implementation of AWS, looks at what came of each and deletes it.

usage: deploy.py ASSEMBLY..., each a folder that cdk synth wrote. Ends with 1 where something is not as it should be, or
where what moto does not know is not what unknown.txt says.
"""

import io
import json
import logging
import os
import sys
import warnings
import zipfile
from pathlib import Path

import boto3
from moto import mock_aws

import looks
from added_types import known_types

HERE = Path(__file__).parent
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BUCKET = "assets"
REGION = "eu-west-1"


def read_template(assembly: Path) -> dict:
    [file] = assembly.glob("*.template.json")
    return json.loads(file.read_text())


def upload_assets(assembly: Path, template: dict) -> None:
    """Puts each bundle where the function's code is taken from: a bucket of moto's instead of the CDK's own."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        code = resource["Properties"]["Code"]
        s3.put_object(Bucket=BUCKET, Key=code["S3Key"], Body=zipped(assembly, code["S3Key"]))
        code["S3Bucket"] = BUCKET


def zipped(assembly: Path, key: str) -> bytes:
    """The bundle as the CDK would upload it."""
    folder = assembly / f"asset.{Path(key).stem}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return buffer.getvalue()


def deploy(assembly: Path) -> tuple[list[str], set[str]]:
    """Deploys one stack; gives the problems, and the types that moto does not know."""
    template = read_template(assembly)
    # What the CDK asks of CloudFormation itself: that it was bootstrapped. moto evaluates no rules.
    template.pop("Rules", None)
    upload_assets(assembly, template)
    boto3.client("ssm").put_parameter(Name=BOOTSTRAP, Value="30", Type="String")
    wanted = {name: resource["Type"] for name, resource in template["Resources"].items()}
    unknown = set(wanted.values()) - known_types()
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName="stack", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    [stack] = cloudformation.describe_stacks(StackName="stack")["Stacks"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="stack")
    made = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        # moto lists what it does not know under no name.
        if one["LogicalResourceId"]
    }
    print(f"{assembly.name}: {stack['StackStatus']}, {len(made)} of {len(wanted)} resources")
    problems = [f"{name} was not made" for name in wanted.keys() - made if wanted[name] not in unknown]
    problems += looks.look(template, made, stack)
    cloudformation.delete_stack(StackName="stack")
    problems += looks.look_after_deletion(template, made)
    return [f"{assembly.name}: {problem}" for problem in problems], unknown


def held_against_list(unknown: set[str]) -> list[str]:
    lines = (HERE / "unknown.txt").read_text().splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    for kind in sorted(unknown):
        print(f"moto does not know {kind}")
    return [
        f"unknown.txt {'lacks' if kind in unknown else 'still lists'} {kind}"
        for kind in sorted(unknown ^ listed)
    ]


def main() -> int:
    logging.getLogger("moto").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local", AWS_DEFAULT_REGION=REGION)
    problems: list[str] = []
    unknown: set[str] = set()
    for assembly in sys.argv[1:]:
        # An account of its own for each, and no socket: what boto3 sends is answered in this process. Without Docker no
        # function runs, which is the business of other tests.
        with mock_aws(config={"lambda": {"use_docker": False}}):
            told, unknown_here = deploy(Path(assembly))
        problems += told
        unknown |= unknown_here
    problems += held_against_list(unknown)
    print("\n".join(problems) or "moto found nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
