#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`./dev demo`: renders one scene natively and as a guest of PearVisor, compares, and tells what happened."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MANIFESTS = ("/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d")
TIMEOUT = 120


def software_driver() -> str:
    """The manifest of Mesa's software driver: there on every machine, and the same pixels on every machine."""
    for folder in MANIFESTS:
        if found := sorted(glob.glob(f"{folder}/lvp_icd*.json")):
            return found[0]
    sys.exit("demo: Mesa's software driver (lvp_icd.json) is not installed; install mesa-vulkan-drivers.")


def render(what: str, command: list[str | Path], driver: str) -> str:
    """Runs the scene with `driver` as the host's Vulkan driver; returns what it told on stderr."""
    print(f"rendering {what} …", flush=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                               env={**os.environ, "VK_DRIVER_FILES": driver, "VK_ICD_FILENAMES": driver})
    try:
        said = process.communicate(timeout=TIMEOUT)[1]
    except BaseException as stopped:
        process.terminate()
        process.wait()
        if isinstance(stopped, subprocess.TimeoutExpired):
            sys.exit(f"demo: rendering {what} took longer than {TIMEOUT} seconds.")
        raise
    if process.returncode != 0:
        sys.exit(f"{said}demo: rendering {what} failed with status {process.returncode}.")
    return said


def told(said: str, what: str) -> str:
    """What the program found, from the lines `what: …` that it writes to stderr."""
    found = re.search(rf"^{what}: (.*)$", said, re.MULTILINE)
    return found.group(1) if found else "not told"


def report(stats: dict, said: str) -> None:
    """Prints the figures of the guest's run."""
    commands = stats["commands"]
    lines = {
        "guest's GPU": told(said, "device"),
        "guest's driver": told(said, "driver"),
        "API version": told(said, "api"),
        "host's GPU": stats["gpu"],
        "memory path": stats["memory_path"],
        "commands": f"{commands:,}",
        "bytes": f"{stats['bytes']:,}",
        "ns per command": f"{stats['ns'] / max(commands, 1):,.0f}",
        "round trips": f"{stats['replies']:,}",
    }
    for name, value in lines.items():
        print(f"  {name:<15} {value}")
    print("  most frequent:")
    for command in stats["top"][:10]:
        print(f"    {command['count']:>9,}  {command['name']}")


def main() -> int:
    project = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    programs = [path for path in project.glob("build/*/demo/pearvisor-demo") if path.is_file()]
    if not programs:
        sys.exit("demo: build/ holds no demo program; its part of tests/ is missing.")
    driver, picture = software_driver(), project / "demo.png"
    with tempfile.TemporaryDirectory(prefix="pearvisor-demo-") as folder:
        native, guest, figures = (Path(folder) / name for name in ("native.png", "guest.png", "stats"))
        render("natively", [programs[0], native], driver)
        said = render("as a guest of PearVisor",
                      ["pearvisor", "run", "--stats", figures, "--", programs[0], guest], driver)
        picture.write_bytes(guest.read_bytes())
        same = native.read_bytes() == guest.read_bytes()
        report(json.loads(figures.read_text(encoding="utf-8").splitlines()[-1]), said)
    on_pearvisor = "Virtio-GPU Venus" in told(said, "device")
    if not on_pearvisor:
        print("demo: the guest did not run on PearVisor.", file=sys.stderr)
    print(f"picture: {picture}")
    print("images: bit-identical" if same else "images: DIFFER")
    return 0 if same and on_pearvisor else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
