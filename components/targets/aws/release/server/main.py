"""Runs the release that this file came with (`up`: ids of volumes and secret values come by standard input), stops what
runs of it (`stop`), or says how it is (`status`)."""

import json
import sys

import compose
import files
import volumes
from common import Problem


def up():
    given = json.load(sys.stdin)
    filled = files.fill(given["values"])
    volumes.arrange(given["volumes"], release=compose.stop)
    files.write(filled)
    compose.up(secrets=files.lines_of(given["values"]))


def status():
    print(json.dumps(compose.status()))


if __name__ == "__main__":
    try:
        {"up": up, "stop": compose.stop, "status": status}[sys.argv[1]]()
    except Problem as problem:
        sys.exit(f"strata-release: {problem}")
