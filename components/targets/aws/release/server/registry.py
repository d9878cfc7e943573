"""Registries of AWS (ECR), which want a login that ends by itself."""

import base64
import re
from contextlib import contextmanager

import boto3

from common import RELEASE, run

HOST = re.compile(r"\b(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\b")


@contextmanager
def logged_in():
    """The engine may pull what the release has from there; afterwards no login is left on the disk."""
    hosts = sorted({match.group() for text in texts() for match in HOST.finditer(text)})
    try:
        for host in hosts:
            log_in(host)
        yield
    finally:
        for host in hosts:
            run("docker", "logout", host)


def log_in(host):
    account, region = HOST.match(host).groups()
    answer = boto3.client("ecr", region_name=region).get_authorization_token(registryIds=[account])
    token = answer["authorizationData"][0]["authorizationToken"]
    name, _, password = base64.b64decode(token).decode().partition(":")
    run("docker", "login", "--username", name, "--password-stdin", host, input=password)


def texts():
    """Whatever names an image."""
    return [file.read_text() for file in (RELEASE / "compose.yaml", *RELEASE.glob("build/*/Dockerfile*"))]
