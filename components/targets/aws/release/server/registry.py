"""Registries of AWS (ECR), which want a login that ends by itself."""

import base64
import re
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from common import RELEASE, Problem, run, say

HOST = re.compile(r"\b(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\b")


@contextmanager
def logged_in():
    """The engine may pull what the release has from there; afterwards no login is left on the disk."""
    hosts = sorted({match.group() for text in texts() for match in HOST.finditer(text)})
    reached = [host for host in hosts if log_in(host)]
    try:
        yield
    finally:
        for host in reached:
            run("docker", "logout", host)


def log_in(host):
    """Where it fails, images that are here already still start: whether one is missing, the engine finds out."""
    account, region = HOST.match(host).groups()
    try:
        answer = boto3.client("ecr", region_name=region).get_authorization_token(registryIds=[account])
        token = answer["authorizationData"][0]["authorizationToken"]
        name, _, password = base64.b64decode(token).decode().partition(":")
        run("docker", "login", "--username", name, "--password-stdin", host, input=password)
    except (BotoCoreError, ClientError, Problem) as problem:
        say(f"no login at {host}: {problem}")
        return False
    return True


def texts():
    """Whatever names an image."""
    return [file.read_text() for file in (RELEASE / "compose.yaml", *RELEASE.glob("build/*/Dockerfile*"))]
