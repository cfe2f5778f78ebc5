# SPDX-License-Identifier: MIT
"""What the end-to-end scripts share: which drivers to use, and running a command that may hang."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

VENUS = "Virtio-GPU Venus"  # in the name of every device that a guest sees
ICD_NEXT = "PEARVISOR_ICD_NEXT"  # environment: manifest of a second, newer guest driver
FOLDERS = ("/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d")


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
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        code = None
    return code, output.decode(errors="replace"), errors.decode(errors="replace")


def run(command: list[str], env: dict[str, str], timeout: float) -> tuple[int | None, str]:
    """Exit status as above, and stderr."""
    code, _, errors = run_output(command, env, timeout)
    return code, errors
