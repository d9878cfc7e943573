"""Mounts the disks of a release. One that holds anything is never formatted."""

import os
import subprocess
import time
from pathlib import Path

from common import DATA, ROOT, Problem, run, say

BY_ID = ROOT / "dev/disk/by-id"
WAIT_SECONDS = 300
LOOKED_AT = 1024 * 1024


def arrange(volumes, release):
    """Mounts each content's volume at its folder, and takes away what is not among them once `release` has stopped
    what works on it."""
    wanted = {DATA / content: device_of(volume) for content, volume in volumes.items()}
    surplus = [folder for folder, device in mounted().items() if wanted.get(folder) != device]
    if surplus:
        release()
    for folder in surplus:
        run("umount", folder)
        say(f"{folder} is not this release's and was unmounted")
    for folder, device in wanted.items():
        hold(folder, device)


def device_of(volume):
    link = BY_ID / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"
    deadline = time.monotonic() + WAIT_SECONDS
    while not link.exists():
        if time.monotonic() > deadline:
            raise Problem(f"volume {volume} is not attached: {link} did not come within {WAIT_SECONDS} seconds")
        time.sleep(1)
    return link.resolve()


def hold(folder, device):
    if folder not in mounted():
        if is_blank(device):
            run("mkfs.ext4", "-q", device)
            say(f"{device} was blank and has a file system now")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("mount", "-t", "ext4", "-o", "noatime,nodev,nosuid", device, folder)
    # Does nothing unless the volume has grown.
    run("resize2fs", device)
    (folder / "data").mkdir(mode=0o755, exist_ok=True)


def is_blank(device):
    """Two things have to say so: that nothing known is on it, and that there are zeros where anything would begin."""
    probed = subprocess.run(["blkid", "--probe", "--output", "export", device], capture_output=True, text=True)
    found = dict(line.split("=", 1) for line in probed.stdout.splitlines() if "=" in line)
    if found.get("TYPE") == "ext4":
        return False
    if found or probed.returncode != 2:
        kind = found.get("TYPE") or found.get("PTTYPE") or probed.stderr.strip() or "something unclear"
        raise Problem(f"{device} holds {kind} where ext4 is expected: nothing was changed on it")
    if not all_zero(device):
        raise Problem(
            f"{device} holds data and no file system that is known: nothing was changed on it. "
            f"If nobody needs what is on it, clear its first and last megabyte by hand"
        )
    return True


def all_zero(device):
    with open(device, "rb") as file:
        first = file.read(LOOKED_AT)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LOOKED_AT))
        return not any(first) and not any(file.read(LOOKED_AT))


def mounted():
    """The folders that disks are mounted at, with their devices."""
    mounts = [line.split()[:2] for line in open("/proc/self/mounts", encoding="utf-8")]
    return {Path(folder): Path(device).resolve() for device, folder in mounts if Path(folder).parent == DATA}
