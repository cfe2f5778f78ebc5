#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every end-to-end program natively and as a PearVisor guest and compares what they leave behind, byte for byte.

The host driver is the same both times, so anything but identical bytes is a mistake of ours. A guest run only counts if
the program saw a Venus device: a run that silently used another driver would compare the host driver with itself. What
a guest driver does not offer must be explained in docs/compat.md. docs/testing.md describes verdicts and JSON.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from common import ICD_NEXT, SKIP, Guest, chosen_guests, host_environment
from compat import Drivers, Explanation, read_drivers, read_explanations, read_tables
from judge import (DIFFERENT, HIDDEN, IDENTICAL, NATIVE_SKIP, VERDICTS, Device, Run, execute, first_difference, judge,
                   sections)

SCHEMA = 1
TIMEOUT = 60
GOOD = (IDENTICAL, NATIVE_SKIP)
IN_VM = "/mnt/share"  # where a VM's guest sees the folder it shares with us
DOCUMENT = Path(__file__).parent / "../../docs/compat.md"


@dataclass
class Outcome:
    """What became of one program on one guest driver."""
    verdict: str
    why: str
    seconds: float = 0.0
    last_commands: list[str] = field(default_factory=list)
    device: Device = field(default_factory=Device)
    explanation: Explanation | None = None
    unlisted: bool = False  # not exposed, by a guest driver that docs/compat.md does not speak of

    def good(self) -> bool:
        return self.verdict in GOOD or self.explanation is not None or self.unlisted


@dataclass
class Result:
    """One program: its native run and what each guest driver made of it."""
    program: str
    native: Run
    guests: dict[str, Outcome]


class Runner:
    def __init__(self, options: argparse.Namespace, guests: list[Guest]) -> None:
        tables = read_tables(options.document)
        self.drivers: Drivers = read_drivers(tables)
        self.explanations = read_explanations(tables)
        self.restriction: str = options.restrict
        self.timeout: float = options.timeout
        self.guests = guests
        alarm = max(1, int(self.timeout * 5 / 6))  # the program's own, somewhat earlier
        self.env = dict(host_environment(), E2E_LIST="1", E2E_ALARM=str(alarm))
        self.guest_env = dict(self.env, VN_PERF=options.perf) if options.perf else self.env
        self.pearvisor: str = options.pearvisor
        self.prefix = [options.pearvisor, "run", "--log-level", "info"]
        if self.restriction:
            self.prefix += ["--restrict", self.restriction]
        self.share: Path | None = options.share.resolve() if options.share else None

    def run(self, program: Path) -> Result:
        """Runs one program natively and on every guest driver."""
        short = program.name.removeprefix("e2e-")
        with tempfile.TemporaryDirectory(prefix="pearvisor-e2e-", dir=self.share) as folder:
            native = execute([str(program)], self.env, Path(folder, "native"), self.timeout)
            outcomes = {guest.name: self.visit(guest, program, short, native, Path(folder, guest.name))
                        for guest in self.guests}
            if any(outcome.verdict == DIFFERENT for outcome in outcomes.values()):
                self.look_twice(program, native, outcomes, Path(folder, "again"))
        return Result(short, native, outcomes)

    def visit(self, guest: Guest, program: Path, short: str, native: Run, output: Path) -> Outcome:
        if native.status != "ok":
            return Outcome(*judge(native, native))
        visit = self.visit_vm(guest, program, output) if guest.vm else execute(
            [*self.prefix, *guest.arguments, "--", str(program)], self.guest_env, output, self.timeout)
        verdict, why = judge(native, visit)
        outcome = Outcome(verdict, why, visit.seconds, visit.last_commands(), visit.device)
        label = self.drivers.label(visit.device.driver)
        # A device of Vulkan 1.1 does not name its driver; that is no way out.
        outcome.unlisted = verdict == HIDDEN and label is None and bool(visit.device.driver.strip())
        outcome.explanation = next((row for row in self.explanations
                                    if row.holds(native.device.driver, self.restriction, label)
                                    and row.covers(short, verdict, why)), None)
        return outcome

    def visit_vm(self, guest: Guest, program: Path, output: Path) -> Run:
        """The same in a VM, which has only what is in the shared folder and none of our environment."""
        assert self.share
        there = self.share / program.name
        if not there.exists():
            shutil.copy(program, there)
        told = [f"{name}={self.guest_env[name]}" for name in ("E2E_LIST", "E2E_ALARM", "VN_PERF") if name in self.guest_env]
        return execute([self.pearvisor, "vm", "exec", guest.vm, "--", "env", "VK_LOADER_DRIVERS_SELECT=*virtio*", *told,
                        f"{IN_VM}/{program.name}"], self.env, output, self.timeout,
                       f"{IN_VM}/{output.relative_to(self.share)}")

    def look_twice(self, program: Path, native: Run, outcomes: dict[str, Outcome], output: Path) -> None:
        """A program whose native results differ among themselves is the culprit itself."""
        again = execute([str(program)], self.env, output, self.timeout)
        if again.data == native.data:
            return
        for outcome in outcomes.values():
            if outcome.verdict == DIFFERENT:
                outcome.why += f"; natively it does not repeat itself: {first_difference(native.data, again.data)}"

    def stale(self, results: list[Result], complete: bool) -> list[str]:
        """Rows of the table that explain nothing (any more), as far as these results tell."""
        problems = []
        names = {result.program for result in results}
        for row in self.explanations:
            for name in row.programs:
                if complete and "*" not in name and name not in names:
                    problems.append(f"line {row.line} names a program that does not exist: {name}")
            problems += sorted({f"line {row.line} explains nothing: {name} is {said} with guest driver '{guest}'"
                                for name, guest, said in self.unneeded(row, results)})
        return problems

    def unneeded(self, row: Explanation, results: list[Result]) -> Iterator[tuple[str, str, str]]:
        for result in results:
            if result.program not in row.programs:  # by name: a pattern may cover more than it explains
                continue
            for guest, outcome in result.guests.items():
                host = result.native.device.driver
                if outcome.verdict == NATIVE_SKIP:
                    if row.hosts and row.holds(host, "", next(iter(row.drivers), None)):
                        yield result.program, guest, outcome.verdict
                elif outcome.verdict in (IDENTICAL, HIDDEN, DIFFERENT) and outcome.verdict != row.verdict and \
                        row.holds(host, self.restriction, self.drivers.label(outcome.device.driver)):
                    yield result.program, guest, outcome.verdict


def print_result(result: Result, verbose: bool) -> None:
    for guest, outcome in result.guests.items():
        verdict = outcome.verdict if outcome.good() else outcome.verdict.upper()
        why = f"line {outcome.explanation.line}: {outcome.why}" if outcome.explanation else outcome.why
        print(f"  {result.program:24} {guest:8} {verdict:16} {result.native.seconds:6.2f} s {outcome.seconds:6.2f} s  "
              f"{why}".rstrip(), flush=True)
    if verbose and result.native.data:
        for name, data in sections(result.native.data):
            print(f"      {name}: {len(data)} bytes")


def program_report(result: Result) -> dict:
    parts = sections(result.native.data) if result.native.data else []
    return {
        "native": {"status": result.native.status, "seconds": round(result.native.seconds, 3),
                   "sections": [{"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                                for name, data in parts]},
        "guests": {guest: {"verdict": outcome.verdict, "good": outcome.good(), "why": outcome.why,
                           "explanation": outcome.explanation.why if outcome.explanation else None,
                           "seconds": round(outcome.seconds, 3), "last_commands": outcome.last_commands}
                   for guest, outcome in result.guests.items()},
    }


def first_device(devices: Iterator[Device]) -> Device:
    """What is true of all programs: the first device seen, without the list's repetition."""
    return next((device for device in devices if device.name), Device())


def report(results: list[Result], runner: Runner, problems: list[str], passed: bool) -> dict:
    host = first_device(result.native.device for result in results)
    found: dict = {"schema": SCHEMA, "passed": passed, "restriction": runner.restriction or None,
                   "host": asdict(host), "guests": {}, "programs": {}, "problems": problems}
    for guest in runner.guests:
        device = first_device(result.guests[guest.name].device for result in results)
        counts = Counter(result.guests[guest.name].verdict for result in results)
        found["guests"][guest.name] = asdict(device) | {
            "label": runner.drivers.label(device.driver),
            "hidden_extensions": sorted(set(host.extensions) - set(device.extensions)),
            "summary": {verdict: counts[verdict] for verdict in VERDICTS},
            "bad": sum(not result.guests[guest.name].good() for result in results)}
    for result in results:
        found["programs"][result.program] = program_report(result)
    return found


def print_summary(found: dict) -> None:
    host = found["host"]
    limit = f", restricted: {found['restriction']}" if found["restriction"] else ""
    print(f"host: {host['name']}, {host['driver']}, Vulkan {host['api']}, {host['extension_count']} device extensions"
          f"{limit}")
    for name, guest in found["guests"].items():
        if guest["name"]:
            print(f"guest driver '{name}': {guest['driver']}, Vulkan {guest['api']}, {guest['extension_count']} device "
                  f"extensions, {len(guest['hidden_extensions'])} of the host's are not exposed")
        if guest["driver"].strip() and not guest["label"]:
            print("  docs/compat.md does not speak of this guest driver: what it does not expose is only reported")
        counts = [f"{count} {verdict}" for verdict, count in guest["summary"].items() if count]
        print(f"  {', '.join(counts)}: {guest['bad']} bad")
    print(*found["problems"], sep="\n", end="\n" if found["problems"] else "")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True, help="the pearvisor program")
    parser.add_argument("--guest", choices=("system", "next", "all"), default="all",
                        help=f"guest drivers: the system's, the one {ICD_NEXT} names, or both")
    parser.add_argument("--vm", metavar="NAME", help="instead: the driver in this VM of `pearvisor vm`, which runs and...")
    parser.add_argument("--share", type=Path, metavar="DIR", help="...was made with this --share; programs go there")
    parser.add_argument("--perf", default="", metavar="LIST", help="VN_PERF of the guest driver: what it shall not do")
    parser.add_argument("--restrict", default="", metavar="NAME",
                        help="hide from guests what such a host driver does not have (see 'pearvisor run --help')")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="docs/compat.md")
    parser.add_argument("--complete", action="store_true",
                        help="the programs are all there are: the table may not name others")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds one run of one program may take")
    parser.add_argument("--jobs", type=int, default=1, help="programs run at the same time")
    parser.add_argument("--verbose", action="store_true", help="name the sections of every result")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument("programs", nargs="+", type=Path)
    options = parser.parse_args()
    if bool(options.vm) != bool(options.share) or (options.vm and options.restrict):
        parser.error("--vm and --share go together, and without --restrict")
    return options


def main() -> int:
    options = arguments()
    guests = [Guest("vm", [], options.vm)] if options.vm else chosen_guests(options.guest)
    if not guests:
        return SKIP
    runner = Runner(options, guests)
    print(f"  {'program':24} {'guest':8} {'verdict':16} {'native':>8} {'guest':>8}")
    results = []
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for result in pool.map(runner.run, [program.resolve() for program in options.programs]):
            print_result(result, options.verbose)
            results.append(result)
    problems = runner.stale(results, options.complete)
    outcomes = [outcome for result in results for outcome in result.guests.values()]
    passed = not problems and all(outcome.good() for outcome in outcomes) and \
        any(outcome.verdict == IDENTICAL for outcome in outcomes)
    found = report(results, runner, problems, passed)
    print_summary(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    bad = sum(not outcome.good() for outcome in outcomes)
    print(f"{'passed' if passed else 'FAILED'}: {len(results)} programs, {len(guests)} guest drivers, {bad} bad, "
          f"{len(problems)} problems with docs/compat.md")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
