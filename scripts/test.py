#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the test suites for `./dev test` and sums them up in one closing line.

A suite is one of Meson's, run from build/, or one of the variants below: the same tests from a build of its own, with
sanitizers or with the Vulkan registry of a newer distribution.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

PASSED = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP",)


@dataclass(frozen=True)
class Variant:
    """A further build directory and what is run from it: suites, or single tests as SUITE/TEST."""

    name: str
    why: str
    options: tuple[str, ...]
    selection: tuple[str, ...]
    compiler: str = "cc"
    timeout_multiplier: int = 5

    def selects(self, test: dict) -> bool:
        return any(suite in self.selection or f"{suite}/{test['name']}" in self.selection for suite in suites_of(test))


ADDRESS = Variant("asan", "AddressSanitizer and UndefinedBehaviorSanitizer", ("-Db_sanitize=address,undefined",),
                  ("unit", "ring", "codec", "hostile/stream", "hostile/races"))


def variants() -> dict[str, list[Variant]]:
    """The variants by the name of the suite they belong to; in the order in which they are run."""
    found = {
        "san": [
            ADDRESS,
            # Clang, so that its warnings count as well.
            Variant("tsan", "ThreadSanitizer", ("-Db_sanitize=thread", "-Db_lundef=false"),
                    ("unit", "ring", "hostile/races"), "clang"),
        ],
    }
    if root := os.environ.get("PEARVISOR_VULKAN_NEXT"):
        found["next"] = [Variant("next", "the newer Vulkan registry", (f"-Dvk_root={root}",), ("codec", "front"),
                                 timeout_multiplier=1)]
    return found


@dataclass
class Totals:
    """What became of the tests so far."""

    results: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, result: str) -> None:
        if result in PASSED:
            self.results["passed"] += 1
        elif result in SKIPPED:
            self.results["skipped"] += 1
        else:
            self.results["failed"] += 1
            self.failures.append(f"{name} ({result.lower()})")

    def closing_line(self) -> str:
        line = f"{self.results['passed']} passed, {self.results['failed']} failed"
        return line + (f", {self.results['skipped']} skipped" if self.results["skipped"] else "")


def stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Signal handler: ends us, and by way of `run` whatever we are running."""
    for further in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(further, signal.SIG_IGN)
    print("dev: stopped.", file=sys.stderr)
    sys.exit(128 + number)


def run(command: list[str], environment: dict[str, str] | None = None) -> int:
    """Runs a command in a session of its own, so that everything it started can be ended with it."""
    sys.stdout.flush()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
                          start_new_session=True) as child:
        try:
            return child.wait()
        except SystemExit:
            os.killpg(child.pid, signal.SIGTERM)
            raise


def introspect(build: Path, what: str) -> list[dict]:
    """What Meson knows of a build directory: its tests, its targets."""
    return json.loads(subprocess.check_output(["meson", "introspect", f"--{what}", str(build)]))


def suites_of(test: dict) -> set[str]:
    """The suites of one test as `meson introspect` tells it."""
    return {suite.split(":")[-1] for suite in test["suite"]}


def files_of(build: Path, tests: list[dict]) -> list[str]:
    """What ninja must build for some tests. (`meson test` itself would build what any test needs.)"""
    needed = {target for test in tests for target in test["depends"]}
    return [os.path.relpath(file, build) for target in introspect(build, "targets") if target["id"] in needed
            for file in target["filename"]]


def run_meson(build: Path, label: str, selection: list[str], totals: Totals) -> None:
    """Runs tests of one build directory and adds their results; the log stays in its meson-logs/."""
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    status = run(["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs", *selection])
    before = totals.results.total()
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            totals.add(label + entry["name"], entry["result"])
    if status != 0 and totals.results.total() == before:
        totals.add(label + "meson test", "could not run")


def run_variant(project: Path, variant: Variant, totals: Totals) -> None:
    """Builds what a variant needs and runs it."""
    build = project / f"build-{variant.name}"
    print(f"\n== {variant.name}: {', '.join(variant.selection)} with {variant.why}", flush=True)
    if (build / "build.ninja").exists():
        configure = ["ninja", "-C", str(build), "build.ninja"]
    else:
        configure = ["meson", "setup", str(build), str(project), *variant.options]
        if os.environ.get("CI") == "true":
            configure.append("-Dwerror=true")
    if run(configure, {"CC": variant.compiler}) != 0:
        totals.add(variant.name + ": meson setup", "failed")
        return
    tests = [test for test in introspect(build, "tests") if variant.selects(test)]
    if run(["ninja", "-C", str(build), *files_of(build, tests)]) != 0:
        totals.add(variant.name + ": ninja", "failed")
        return
    run_meson(build, variant.name + ": ", [*sorted({test["name"] for test in tests}), "--timeout-multiplier",
                                           str(variant.timeout_multiplier)], totals)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev test", description="Runs the tests: all of them, or the suites named.")
    parser.add_argument("project", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    return parser.parse_args()


def main() -> int:
    args, totals = arguments(), Totals()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    build = args.project / "build"
    own = sorted(set().union(*map(suites_of, introspect(build, "tests"))))
    further = variants()
    known = own + list(further)
    if args.list:
        print("\n".join(known))
        return 0
    for suite in args.suites:
        if suite not in known:
            print(f"dev: no suite '{suite}'; there are {', '.join(known)}", file=sys.stderr)
            return 2
    chosen = args.suites or known
    if suites := [suite for suite in chosen if suite in own]:
        run_meson(build, "", [argument for suite in suites for argument in ("--suite", suite)], totals)
    for name in further:
        if name in chosen:
            for variant in further[name]:
                run_variant(args.project, variant, totals)
    if totals.failures:
        print("\nfailed:", *totals.failures, sep="\n   ")
    print("\n" + totals.closing_line())
    return 1 if totals.failures else 0


if __name__ == "__main__":
    sys.exit(main())
