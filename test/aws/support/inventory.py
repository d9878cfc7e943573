"""Prints what an account of an emulator has, as JSON: kind -> names. What is shown for a while after its end is left out."""
import json

import boto3

NAMED = [
    ("acm", "list_certificates", "CertificateSummaryList", "DomainName"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("backup", "list_backup_plans", "BackupPlansList", "BackupPlanName"),
    ("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_users", "Users", "UserName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ("sns", "list_topics", "Topics", "TopicArn"),
]

EC2 = [
    "describe_addresses",
    "describe_flow_logs",
    "describe_instances",
    "describe_internet_gateways",
    "describe_launch_templates",
    "describe_nat_gateways",
    "describe_route_tables",
    "describe_security_groups",
    "describe_subnets",
    "describe_volumes",
    "describe_vpc_endpoints",
    "describe_vpcs",
]


def named():
    for service, operation, members, name in NAMED:
        found = getattr(boto3.client(service), operation)()[members]
        yield f"{service} {members}", [one[name] for one in found]


def keys():
    client = boto3.client("kms")
    for key in client.list_keys()["Keys"]:
        told = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if "default" not in told["Description"].lower():
            yield told["KeyState"], told["Description"]


def of_ec2():
    client = boto3.client("ec2")
    for operation in EC2:
        said = getattr(client, operation)()
        found = next(members for members in said.values() if isinstance(members, list))
        for one in found if operation != "describe_instances" else [i for r in found for i in r["Instances"]]:
            state = one.get("State", "")
            tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])}
            if "stack" in tags and (state["Name"] if isinstance(state, dict) else state) not in ("terminated", "deleted"):
                yield operation.replace("describe_", "ec2 "), tags.get("Name", "")
    for one in client.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        if not one.get("Description"):
            yield "ec2 snapshots", ""


inventory = {kind: names for kind, names in named()}
for kind, name in of_ec2():
    inventory.setdefault(kind, []).append(name)
for state, name in keys():
    inventory.setdefault(f"kms {state}", []).append(name)
print(json.dumps({kind: sorted(names) for kind, names in inventory.items() if names}))
