"""Runs Docker Compose on a release."""

import json
import re
import subprocess

import registry
from common import RELEASE, Problem, run, say

COMPOSE = ("docker", "compose", "--ansi", "never", "--progress", "quiet")
WAIT_SECONDS = 900
SHOWN_LINES = 25


def up(secrets):
    """Ends when every service is healthy; a failure names those that are not, with what they said last."""
    before = images()
    with registry.logged_in():
        ran = subprocess.run(
            [*COMPOSE, "up", "--detach", "--build", "--remove-orphans", "--wait", "--wait-timeout", str(WAIT_SECONDS)],
            cwd=RELEASE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # They keep the lock of whoever started this.
            close_fds=False,
        )
    if ran.returncode == 0:
        forget(before - images())
        return
    show(ran.stdout, secrets)
    failed = failing()
    for service in failed:
        say(f"--- {service}, its last lines:")
        show(compose("logs", "--no-color", "--no-log-prefix", "--tail", str(SHOWN_LINES), service), secrets)
    names = f": {', '.join(failed)}" if failed else ""
    raise Problem(f"the services did not become healthy{names}")


def stop():
    """Not by Compose, which knows the services of this release alone and needs all of its files."""
    running = containers("--quiet")
    if running:
        run("docker", "stop", *running)


def failing():
    """Services that are not well; where there are none, those that are not well yet."""
    names = {service_of(container): container for container in inspected()}
    unwell = sorted(name for name, container in names.items() if is_unwell(container))
    return unwell or sorted(name for name, container in names.items() if health(container) == "starting")


def status():
    """How each service is; of several containers the first that is not well speaks for all."""
    found = {}
    for container in inspected():
        well = not is_unwell(container) and health(container) != "starting"
        if found.get(service_of(container), {"well": True})["well"]:
            found[service_of(container)] = {"well": well, "state": in_words(container)}
    return found


def in_words(container):
    state = container["State"]
    more = str(state["ExitCode"]) if state["Status"] == "exited" else health(container)
    return f"{state['Status']} ({more})" if more else state["Status"]


def inspected():
    ids = containers("--all", "--quiet")
    return json.loads(run("docker", "inspect", *ids)) if ids else []


def service_of(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def is_unwell(container):
    state = container["State"]
    if state["Status"] == "exited":
        return state["ExitCode"] != 0
    # One that ends again and again may be running when it is looked at.
    ends_again = container["RestartCount"] > 0 and health(container) != "healthy"
    return ends_again or state["Status"] in ("restarting", "dead") or health(container) == "unhealthy"


def health(container):
    return container["State"].get("Health", {}).get("Status")


def images():
    """What the containers of this project were made from."""
    return set(containers("--all", "--format", "{{.Image}}"))


def containers(*words):
    return run("docker", "ps", "--filter", of_project(), *words).split()


def forget(unused):
    """So that the disk does not fill with what earlier releases ran. What something else uses stays."""
    for image in unused:
        subprocess.run(["docker", "image", "rm", image], capture_output=True)
    run("docker", "image", "prune", "--force", "--filter", of_project())


def of_project():
    name = re.search(r"^name: (\S+)$", (RELEASE / "compose.yaml").read_text(), re.MULTILINE)[1]
    return f"label=com.docker.compose.project={name}"


def compose(*words):
    return run(*COMPOSE, *words, cwd=RELEASE)


def show(text, secrets):
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    say("\n".join(text.splitlines()[-SHOWN_LINES:]))
