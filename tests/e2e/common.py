# SPDX-License-Identifier: MIT
"""What the end-to-end scripts share: which drivers to use, and running a command that may hang."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SKIP = 77
VENUS = "Virtio-GPU Venus"  # in the name of every device that a guest sees
ICD_NEXT = "PEARVISOR_ICD_NEXT"  # environment: manifest of a second, newer guest driver
FOLDERS = ("/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d")
GRACE = 8  # seconds between asking a command to end and ending it; longer than a server's own patience with a worker


@dataclass
class Guest:
    """A guest driver."""
    name: str
    arguments: list[str]  # for `pearvisor run`
    vm: str = ""  # or the VM it is in, a running one of `pearvisor vm`


def host_environment() -> dict[str, str]:
    """The environment for both runs. The host driver is the caller's choice (VK_DRIVER_FILES), else lavapipe."""
    env = dict(os.environ)
    if "VK_DRIVER_FILES" not in env:
        found = sorted(path for folder in FOLDERS for path in Path(folder).glob("lvp_icd*.json"))
        if not found:
            sys.exit("lavapipe is not installed: install Mesa's Vulkan drivers, or name a host in VK_DRIVER_FILES")
        env["VK_DRIVER_FILES"] = str(found[0])
    return env


def guest_icd() -> tuple[str | None, str]:
    """The second guest driver's manifest, or None and the reason."""
    path = os.environ.get(ICD_NEXT)
    if not path:
        return None, f"{ICD_NEXT} is not set"
    if not Path(path).exists():
        return None, f"{path} does not exist"
    return path, ""


def chosen_guests(which: str) -> list[Guest]:
    """The guest drivers asked for ("system", "next" or "all"); says which one is not there."""
    guests = []
    if which in ("system", "all"):
        guests.append(Guest("system", []))
    if which in ("next", "all"):
        icd, reason = guest_icd()
        if icd:
            guests.append(Guest("next", ["--icd", icd]))
        else:
            print(f"guest driver 'next': skipped, {reason}")
    return guests


def stop(process: subprocess.Popen) -> tuple[bytes, bytes]:
    """Ends a command and all it started: in order if it can, so that it still says what it knows."""
    process.terminate()
    try:
        process.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return process.communicate()


def run_output(command: list[str], env: dict[str, str], timeout: float,
               folder: str | None = None) -> tuple[int | None, str, str]:
    """Exit status (None after a timeout; then the whole process group is gone), stdout and stderr."""
    process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    code: int | None
    try:
        output, errors = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        output, errors = stop(process)
        code = None
    return code, output.decode(errors="replace"), errors.decode(errors="replace")


def run(command: list[str], env: dict[str, str], timeout: float) -> tuple[int | None, str]:
    """Exit status as above, and stderr."""
    code, _, errors = run_output(command, env, timeout)
    return code, errors
