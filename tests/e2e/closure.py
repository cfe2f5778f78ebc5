# SPDX-License-Identifier: MIT
"""Which files a program or a Vulkan driver needs to run somewhere else."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path


def libraries(path: Path) -> list[Path]:
    """What the dynamic loader would load for a program or library, itself first."""
    listing = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    if "not found" in listing:
        sys.exit(f"{path} misses a library:\n{listing}")
    return [path, *(Path(found) for found in re.findall(r"(/\S+) \(0x", listing))]


def installed_library(name: str) -> Path | None:
    """A library of this system by its file name."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^\s*{re.escape(name)} .*=> (\S+)", cache, re.MULTILINE)
    return Path(found[1]) if found else None


def driver_library(manifest: Path) -> Path:
    """The library of a Vulkan driver's manifest, found as the Vulkan loader finds it."""
    name = json.loads(manifest.read_text(encoding="utf-8"))["ICD"]["library_path"]
    found = (manifest.parent / name).resolve() if "/" in name else installed_library(name)
    if not found:
        sys.exit(f"{manifest} names {name}, which is nowhere")
    return found


def guest_manifest(pearvisor: str) -> Path:
    """The guest driver that PearVisor finds by itself."""
    env = subprocess.run([pearvisor, "env"], capture_output=True, text=True, check=True).stdout
    manifest = re.search(r"VK_DRIVER_FILES='?([^'\s;]+)", env)
    if not manifest:
        sys.exit(f"'pearvisor env' names no driver: {env}")
    return Path(manifest[1])
