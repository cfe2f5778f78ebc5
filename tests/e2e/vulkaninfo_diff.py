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
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from common import ICD_NEXT, VENUS, guest_icd, host_environment, run_output

SKIP = 77
TIMEOUT = 60
ABSENT = "-"
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


@dataclass
class Row:
    """One documented difference."""
    patterns: list[str]
    native: str
    guest: str
    drivers: str
    line: int
    used: set[str] = field(default_factory=set)

    def covers(self, key: str, native: str, guest: str) -> bool:
        if not (fnmatchcase(native, self.native) and fnmatchcase(guest, self.guest)):
            return False
        matching = {pattern for pattern in self.patterns if fnmatchcase(key, pattern)}
        self.used |= matching
        return bool(matching)


@dataclass
class Document:
    host: str  # how the host driver's name and version must begin
    drivers: dict[str, str]  # label of a guest driver in the table -> the same of it
    rows: list[Row]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def read_document(path: Path) -> Document:
    """The tables between the '<!-- NAME -->' and '<!-- end -->' marks of docs/compat.md."""
    document, section = Document("", {}, []), ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark = re.fullmatch(r"<!-- (\w+) -->", line.strip())
        if mark:
            section = mark.group(1)
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|") or not quoted(cells[0]):
            continue
        if section == "drivers":
            if cells[1] == "host":
                document.host = quoted(cells[0])[0]
            else:
                document.drivers[cells[1]] = quoted(cells[0])[0]
        elif section == "differences":
            native, guest = (quoted(cell) for cell in cells[1:3])
            document.rows.append(Row(quoted(cells[0]), native[0] if native else ABSENT, guest[0] if guest else ABSENT,
                                     cells[3], number))
    return document


def driver_of(entries: dict[str, str]) -> str:
    prefix = "VkPhysicalDeviceVulkan12Properties/"
    for key, value in entries.items():
        if key.endswith(prefix + "driverInfo"):
            return f"{entries[key.replace('driverInfo', 'driverName')]} {value}"
    return "unknown"


def compare(native: dict[str, str], guest: dict[str, str], rows: list[Row]) -> list[str]:
    """Everything that is not as documented."""
    problems = []
    for key in sorted(native.keys() | guest.keys()):
        values = native.get(key, ABSENT), guest.get(key, ABSENT)
        if values[0] == values[1]:
            continue
        covered = [row for row in rows if row.covers(key, *values)]
        if not covered:
            shown = [value[:100] or "there" for value in values]
            problems.append(f"not documented: {key}: natively {shown[0]}, guest {shown[1]}")
    for row in rows:
        for pattern in row.patterns:
            if pattern not in row.used:
                problems.append(f"line {row.line} describes nothing: {pattern}: "
                                f"natively {row.native}, guest {row.guest}")
    return problems


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
    document = read_document(options.document)
    print(f"natively {driver_of(native)}, as a guest {driver_of(guest)}")
    labels = [label for label, start in document.drivers.items() if driver_of(guest).startswith(start)]
    if not driver_of(native).startswith(document.host) or not labels:
        print(f"skipped: {options.document.name} holds for {document.host} with "
              f"{', '.join(document.drivers.values())}")
        return SKIP
    rows = [row for row in document.rows if row.drivers in ("any", labels[0])]
    problems = compare(native, guest, rows)
    print("\n".join(problems))
    print(f"{len(native)} entries natively, {len(guest)} as a guest, {len(rows)} documented rows, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
