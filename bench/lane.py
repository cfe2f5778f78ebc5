#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one command costs in the renderer alone: nanoseconds, and instructions as callgrind counts them.

Commands go from a ring through the renderer to a driver that does nothing (bench/lane). Instructions are the same on a
machine that is busy with something else and are what a change is judged by; nanoseconds say what they come to. Without
valgrind there are only those.

The table of docs/performance.md is made by this script: --document FILE puts it between its marks.
"""
from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench import processor, put_into  # noqa: E402

TRIES_COUNTED = 4       # under callgrind, where each try is the same
MEASURED, KIND = "measured", "measure"  # functions of bench/lane/main.c: what counts, and where a kind ends


@dataclass
class Kind:
    """A kind of command: what bench/lane says of it, and what callgrind counted."""
    told: dict
    instructions: float | None = None
    functions: Counter = field(default_factory=Counter)     # instructions per command by function

    @property
    def name(self) -> str:
        return self.told["name"]


def run_lane(options: argparse.Namespace, *more: str) -> list[dict]:
    command = [*more, options.lane, "--json", *(["--tries", str(TRIES_COUNTED)] if more else []), options.driver]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"lane: {' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)["kinds"]


def read_profile(path: Path) -> Counter:
    """Instructions by function, each function's own, of one file of callgrind's (its manual has the format)."""
    names: dict[tuple[str, str], str] = {}     # by number; files and functions have numbers of their own
    own: Counter = Counter()
    file, function, is_call = "", "", False
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"(c?f[nile]|c?ob)=\((\d+)\)(?: (.*))?", line)
        if found:
            space = found[1].removeprefix("c")[:2]
            key = ("file" if space in ("fl", "fi", "fe") else space, found[2])
            if found[3]:
                names[key] = Path(found[3]).name if key[0] == "file" else found[3].partition("'")[0]
            if found[1] == "fl":
                file = names[key]
            elif found[1] == "fn":
                function = f"{names[key]} ({file})"
        elif line.startswith("calls="):
            is_call = True      # what follows is the cost of what is called
        elif re.match(r"[+\-*\d]", line):
            if not is_call:
                own[function] += int(line.split()[1])
            is_call = False
    return own


def count(options: argparse.Namespace, kinds: list[Kind]) -> None:
    with tempfile.TemporaryDirectory(prefix="pearvisor-lane-") as folder:
        out = Path(folder, "out")
        told = run_lane(options, "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no",
                        f"--toggle-collect={MEASURED}", f"--dump-after={KIND}")
        for number, (kind, same) in enumerate(zip(kinds, told), 1):
            commands = same["commands"] * TRIES_COUNTED
            for function, instructions in read_profile(Path(f"{out}.{number}")).items():
                kind.functions[function] = instructions / commands
            kind.instructions = kind.functions.total()


def figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(kinds: list[Kind]) -> list[str]:
    lines = ["| what | of 32 | bytes | ns | instructions |", "|---|---|---|---|---|"]
    for kind in kinds:
        told = kind.told
        lines.append(f"| {told['what']} | {told['share']} | {told['bytes']:.0f} | {figure(told['least_ns'])} "
                     f"(median {figure(told['median_ns'])}) | {figure(kind.instructions)} |")
    return lines


def top(kind: Kind, most: int) -> list[str]:
    lines = [f"{figure(kind.instructions)} instructions per command of '{kind.name}', of them each function's own:"]
    return lines + [f"{value:9.2f}  {name}" for name, value in kind.functions.most_common(most)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--document", type=Path, metavar="FILE", help="put the table into FILE")
    parser.add_argument("--top", action="append", metavar="KIND", help="list the functions of KIND (mix); may be given "
                        "again")
    parser.add_argument("--most", type=int, default=25, help="how many of them")
    parser.add_argument("lane", type=Path, help="the program that measures")
    parser.add_argument("driver", type=Path, help="the driver that does nothing")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    kinds = [Kind(told) for told in run_lane(options)]
    if shutil.which("valgrind"):
        count(options, kinds)
    else:
        print("lane: no valgrind here, so no instructions", file=sys.stderr)
    lines = [f"{processor()}.", "", *table(kinds)]
    print("\n".join(lines))
    for kind in kinds:
        if kind.functions and kind.name in (options.top or ["mix"]):
            print("\n" + "\n".join(top(kind, options.most)))
    if options.json:
        found = [{**k.told, "instructions": k.instructions, "functions": dict(k.functions.most_common())} for k in kinds]
        options.json.write_text(json.dumps({"schema": 1, "kinds": found}, indent=1) + "\n", encoding="utf-8")
    if options.document:
        put_into(options.document, "lane", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
