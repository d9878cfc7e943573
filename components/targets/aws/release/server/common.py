"""Where things lie on a server, and what all parts need."""

import os
import subprocess
from pathlib import Path

# Tests have a root of their own.
ROOT = Path(os.environ.get("STRATA_SERVER_ROOT", "/"))

RELEASE = Path(__file__).resolve().parent.parent
STATE = RELEASE.parent

# In memory: what is secret lies nowhere else.
RUN = ROOT / "run/strata"

# A folder for each disk.
DATA = ROOT / "var/lib/strata"


class Problem(Exception):
    """Something that whoever runs this can do something about."""


def run(*words, **options):
    """Runs a command and gives back what it printed; one that fails is a problem that says why."""
    ran = subprocess.run(words, capture_output=True, text=True, **options)
    if ran.returncode != 0:
        command = " ".join(str(word) for word in words)
        raise Problem(f"{command} ended with {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout


def say(text):
    print(text, flush=True)
