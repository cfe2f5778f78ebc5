#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the full vulkaninfo of a PearVisor guest with that of the host, and the difference with docs/compat.md.

A difference that the table does not know fails, and so does a row of the table that no longer describes anything:
the document says what a guest sees, no more and no less. The values hold for one host driver and for the guest
drivers named in the table; with any other the comparison is skipped (vulkaninfo itself must still succeed).
"""
from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from common import ICD_NEXT, SKIP, VENUS, guest_icd, host_environment, run_output
from compat import compare, read_differences, read_drivers, read_tables

TIMEOUT = 60
# The loader and its layers are the same programs in both runs; their part of the report describes this machine.
NOT_COMPARED = ("VULKANINFO", "Vulkan Instance Version", "Layers", "VK_LAYER_")


def flatten(text: str) -> dict[str, str]:
    """Key paths (headings and names, joined by '/') and their values, by the indentation of vulkaninfo's text."""
    entries: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or set(stripped) <= {"=", "-"}:
            continue
        depth = len(line) - len(line.lstrip("\t"))
        name, value = split(stripped)
        while path and path[-1][0] >= depth:
            path.pop()
        path.append((depth, name))
        key = "/".join(part for _, part in path)
        number = 2
        while key in entries:  # lists may repeat themselves
            key = f"{key.rsplit('#', 1)[0]}#{number}"
            number += 1
        entries[key] = value
    return {key: value for key, value in entries.items() if not key.startswith(NOT_COMPARED)}


def split(line: str) -> tuple[str, str]:
    """Name and value of 'name = value', 'name : value', 'name: count = n' or a bare line."""
    for separator in (r": count = ", r"\s*=\s+", r"\s+: ", r": "):
        match = re.search(separator, line)
        if match:
            return line[:match.start()].rstrip(), line[match.end():].strip()
    return line.rstrip(":"), ""


def driver_of(entries: dict[str, str]) -> str:
    prefix = "VkPhysicalDeviceVulkan12Properties/"
    for key, value in entries.items():
        if key.endswith(prefix + "driverInfo"):
            return f"{entries[key.replace('driverInfo', 'driverName')]} {value}"
    return "unknown"


def formats(report: str) -> dict[str, str]:
    """What every format can do, out of the JSON report: the text one sorts formats into groups that shift.

    Only that part is parsed, because vulkaninfo 1.4.309 writes broken JSON for a list of layered APIs.
    """
    mark = '"formats": '
    entries = {}
    for name, structs in json.JSONDecoder().raw_decode(report, report.index(mark) + len(mark))[0].items():
        for struct in (struct for struct in structs if struct.startswith("VkFormatProperties")):
            for member, flags in structs[struct].items():
                entries[f"Formats/{name}/{struct}/{member}"] = " ".join(sorted(flags)) or "none"
    return entries


def vulkaninfo(prefix: list[str], env: dict[str, str], folder: str) -> dict[str, str]:
    """Everything both reports say, flattened."""
    code, output, errors = run_output([*prefix, "vulkaninfo"], env, TIMEOUT)
    if code != 0:
        sys.exit(f"{' '.join(prefix + ['vulkaninfo'])} ended with {code}: {errors[-2000:]}")
    name = "guest.json" if prefix else "native.json"
    code, _, errors = run_output([*prefix, "vulkaninfo", "-j", "-o", name], env, TIMEOUT, folder)
    if code != 0:
        sys.exit(f"{' '.join(prefix + ['vulkaninfo', '-j'])} ended with {code}: {errors[-2000:]}")
    return flatten(output) | formats(Path(folder, name).read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("--guest", choices=("system", "next"), default="system",
                        help=f"guest driver: the system's, or the one {ICD_NEXT} names")
    parser.add_argument("document", type=Path, help="docs/compat.md")
    options = parser.parse_args()
    icd, reason = guest_icd() if options.guest == "next" else ("", "")
    if icd is None:
        print(f"skipped: {reason}")
        return SKIP
    env = host_environment()
    env.pop("DISPLAY", None)  # no window system in either run
    env.pop("WAYLAND_DISPLAY", None)
    with tempfile.TemporaryDirectory(prefix="pearvisor-e2e-") as folder:
        native = vulkaninfo([], env, folder)
        chosen = ["--icd", icd] if icd else []
        guest = vulkaninfo([str(options.pearvisor.resolve()), "run", *chosen, "--"], env, folder)
    if not any(key.endswith("/deviceName") and VENUS in value for key, value in guest.items()):
        sys.exit("the guest run did not see a Venus device")
    tables = read_tables(options.document)
    drivers = read_drivers(tables)
    print(f"natively {driver_of(native)}, as a guest {driver_of(guest)}")
    label = drivers.label(driver_of(guest))
    if not driver_of(native).startswith(drivers.host) or not label:
        print(f"skipped: {options.document.name} holds for {drivers.host} with {', '.join(drivers.guests.values())}")
        return SKIP
    rows = read_differences(tables, "differences", label)
    problems = compare(native, guest, rows)
    print("\n".join(problems))
    print(f"{len(native)} entries natively, {len(guest)} as a guest, {len(rows)} documented rows, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
