"""Fills the templates of a release and lays the files out in memory, where containers are given them."""

import hashlib
import hmac
import json
import os
import secrets
import shutil
from urllib.parse import quote

from common import DATA, RELEASE, RUN, STATE, Problem

KEY = STATE / "fingerprint-key"


def fill(values):
    """The services of the release, each with its files' texts."""
    services = json.loads((RELEASE / "templates.json").read_text())
    for service in services.values():
        service["files"] = {name: text_of(pieces, values) for name, pieces in service["files"].items()}
    return services


def text_of(pieces, values):
    return "".join(piece if isinstance(piece, str) else value_of(piece["value"], values) for piece in pieces)


def value_of(name, values):
    if name not in values:
        raise Problem(f'the release asks for "{name}", which its secret does not have')
    return values[name]


def write(services):
    """In the place of what was there. Containers have copies, so none misses its files while they are written."""
    shutil.rmtree(RUN / "run", ignore_errors=True)
    for folder in (RUN, RUN / "run"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, service in services.items():
        (RUN / "files" / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, text in service["files"].items():
            write_file(RUN / path, text, 0o400)
    link = RELEASE / "run"
    link.unlink(missing_ok=True)
    link.symlink_to(RUN / "run")
    revisions = {service["revision"]: fingerprint(service["files"]) for service in services.values()}
    variables = {"STRATA_FILES": RUN / "files", "STRATA_DATA": DATA, **revisions}
    environment = RELEASE / ".env"
    environment.unlink(missing_ok=True)
    write_file(environment, "".join(f"{name}={value}\n" for name, value in variables.items()), 0o600)


def write_file(path, text, mode):
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def fingerprint(texts):
    """Stands in a label that many may read: without the key nobody can try out what a weak secret was."""
    if not KEY.exists():
        write_file(KEY, secrets.token_hex(32), 0o400)
    text = json.dumps(sorted(texts.items()))
    return hmac.new(KEY.read_bytes(), text.encode(), hashlib.sha256).hexdigest()[:16]


def lines_of(values):
    """What must not be printed: each line of a secret that is long enough to be one, as programs write it."""
    lines = {line.strip() for value in values.values() for line in value.splitlines()}
    written = {text for line in lines if len(line) >= 8 for text in spellings(line)}
    return sorted(written, key=len, reverse=True)


def spellings(text):
    """As it is, in JSON and in a URL."""
    return {text, json.dumps(text)[1:-1], quote(text), quote(text, safe="")}
