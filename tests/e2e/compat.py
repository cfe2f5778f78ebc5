# SPDX-License-Identifier: MIT
"""Reads the tables of docs/compat.md: what a guest sees differently, and for which drivers that was written down.

A table counts if it stands between '<!-- NAME -->' and '<!-- end -->'. What the tests take from a cell is in backticks.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

ABSENT = "-"
EXPLAINABLE = ("not exposed", "different")  # verdicts that a row of the programs' table may explain


@dataclass
class Cells:
    """One row of one table."""
    line: int
    cells: list[str]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def read_tables(path: Path) -> dict[str, list[Cells]]:
    """Every marked table by its name; parts of one name are one table. Rows whose first cell quotes nothing (the
    headings) are left out."""
    tables: dict[str, list[Cells]] = {}
    section = "end"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = re.fullmatch(r"<!-- ([\w-]+) -->", line.strip())
        if mark:
            section = mark.group(1)
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if section != "end" and line.startswith("|") and quoted(cells[0]):
            tables.setdefault(section, []).append(Cells(number, cells))
    return tables


@dataclass
class Drivers:
    """Which drivers the document speaks of."""
    host: str  # how the host driver's name and version must begin
    guests: dict[str, str]  # label of a guest driver in the tables -> the same of it

    def label(self, driver: str) -> str | None:
        """What the tables call a guest driver; None if they do not know it."""
        return next((label for label, start in self.guests.items() if driver.startswith(start)), None)


def read_drivers(tables: dict[str, list[Cells]]) -> Drivers:
    drivers = Drivers("", {})
    for row in tables.get("drivers", []):
        name, label = quoted(row.cells[0])[0], row.cells[1]
        if label == "host":
            drivers.host = name
        else:
            drivers.guests[label] = name
    return drivers


@dataclass
class Difference:
    """One documented difference between a native description and a guest's."""
    patterns: list[str]
    native: str
    guest: str
    drivers: str  # the label of the guest driver it is about, or "any"
    line: int
    used: set[str] = field(default_factory=set)

    def covers(self, key: str, native: str, guest: str) -> bool:
        if not (fnmatchcase(native, self.native) and fnmatchcase(guest, self.guest)):
            return False
        matching = {pattern for pattern in self.patterns if fnmatchcase(key, pattern)}
        self.used |= matching
        return bool(matching)


def read_differences(tables: dict[str, list[Cells]], name: str, label: str) -> list[Difference]:
    """The rows of one table that hold for the guest driver `label`."""
    rows = []
    for row in tables.get(name, []):
        native, guest = (quoted(cell) for cell in row.cells[1:3])
        rows.append(Difference(quoted(row.cells[0]), native[0] if native else ABSENT, guest[0] if guest else ABSENT,
                               row.cells[3], row.line))
    return [row for row in rows if row.drivers in ("any", label)]


def compare(native: dict[str, str], guest: dict[str, str], rows: list[Difference]) -> list[str]:
    """Everything that is not as documented: differences without a row, rows without a difference."""
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


@dataclass
class Explanation:
    """Why programs do not have the native run's result on some guest driver and host."""
    programs: list[str]
    verdict: str
    words: str  # pattern of what the program says of it
    hosts: list[str]  # patterns of host drivers that are not restricted; with `restrictions` both empty: any
    restrictions: list[str]
    drivers: list[str]  # labels of guest drivers; empty: any
    why: str
    line: int

    def holds(self, host: str, restriction: str, label: str | None) -> bool:
        """Whether it is about this host driver, restriction ("": none) and guest driver."""
        anywhere = not self.hosts and not self.restrictions
        here = restriction in self.restrictions if restriction else any(fnmatchcase(host, row) for row in self.hosts)
        return (anywhere or here) and (not self.drivers or label in self.drivers)

    def covers(self, program: str, verdict: str, said: str) -> bool:
        return verdict == self.verdict and fnmatchcase(said, self.words) and \
            any(fnmatchcase(program, pattern) for pattern in self.programs)


def read_explanations(tables: dict[str, list[Cells]]) -> list[Explanation]:
    """The table of programs. ValueError, with the line, where a row does not mean anything."""
    rows = []
    for row in tables.get("programs", []):
        if len(row.cells) != 5:
            raise ValueError(f"line {row.line}: a row has programs, verdict, host, guest driver and reason")
        hosts, drivers = quoted(row.cells[2]), row.cells[3]
        verdict, words = row.cells[1].partition(": ")[0], quoted(row.cells[1])
        restrictions = [host.removeprefix("--restrict ") for host in hosts if host.startswith("--restrict ")]
        entry = Explanation(quoted(row.cells[0]), verdict, words[0] if words else "*",
                            [host for host in hosts if not host.startswith("--restrict ")], restrictions,
                            [] if drivers == "any" else [driver.strip() for driver in drivers.split(",")],
                            row.cells[4], row.line)
        if entry.verdict not in EXPLAINABLE or not entry.why or (not hosts and row.cells[2] != "any"):
            raise ValueError(f"line {row.line}: verdict, host or reason of a row cannot be understood")
        if entry.verdict == "different" and (entry.hosts or not entry.restrictions):
            raise ValueError(f"line {row.line}: only a restriction explains a different result")
        rows.append(entry)
    return rows
