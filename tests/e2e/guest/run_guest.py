#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs programs about what every guest has, whatever the host: each must end well, on a Venus device. A program that
skips fails, for what it needs is missing then.

    run_guest.py --pearvisor PEARVISOR --guest system|next [--restrict NAME] PROGRAM...
"""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from common import SKIP, VENUS, Guest, chosen_guests, host_environment, run_output  # noqa: E402

TIMEOUT = 60
# Options of `pearvisor run` and arguments of the program, one pair per run; other programs run once without any.
BUDGET = 256 << 20
RUNS: dict[str, list[tuple[list[str], list[str]]]] = {
    "guest-budget": [([], []), (["--memory", str(BUDGET)], [str(BUDGET)])],
}


def verdict(pearvisor: str, guest: Guest, program: Path, options: list[str], arguments: list[str]) -> str:
    """"passed", or what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        command = [pearvisor, "run", *guest.arguments, *options, "--", str(program), os.path.join(folder, "result"),
                   *arguments]
        code, _, errors = run_output(command, host_environment(), TIMEOUT)
    last = errors.strip().splitlines()[-1:] or [""]
    if code != 0:
        return f"FAILED with {'a timeout' if code is None else code}: {last[0]}"
    return "passed" if VENUS in errors else "FAILED: it did not see a guest's device"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True, help="the pearvisor program")
    parser.add_argument("--guest", required=True, choices=("system", "next"), help="the guest driver")
    parser.add_argument("--restrict", metavar="NAME", help="hide from guests what such a host driver does not have")
    parser.add_argument("programs", nargs="+", type=Path)
    args = parser.parse_args()
    guests = chosen_guests(args.guest)
    restriction = ["--restrict", args.restrict] if args.restrict else []
    verdicts = []
    for guest in guests:
        for program in args.programs:
            for options, arguments in RUNS.get(program.name, [([], [])]):
                verdicts.append(verdict(args.pearvisor, guest, program.resolve(), restriction + options, arguments))
                print(f"{guest.name:8} {' '.join([program.name, *restriction, *options]):58} {verdicts[-1]}")
    if not verdicts:
        return SKIP
    return any(v != "passed" for v in verdicts)


if __name__ == "__main__":
    sys.exit(main())
