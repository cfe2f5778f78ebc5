#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the test suites for `./dev test` and sums them up in one closing line.

A suite is one of Meson's, run from build/, or one of the variants below: the same tests from a build of its own, with
sanitizers, with the Vulkan registry of a newer distribution, or for another processor. `all` is everything, with more
rounds of what is random and more guest drivers under the sanitizers.
"""

import argparse
import json
import os
import shutil
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
    left_out: tuple[str, ...] = ()  # of the selection, unless `./dev test all`
    compiler: str = "cc"
    timeout_multiplier: int = 5
    wrapper: str = ""  # a script of ours that each test is run by
    environment: dict[str, str] = field(default_factory=dict)
    besides: tuple[str, ...] = ()  # what is built although the tests do not need it
    files: dict[str, str] = field(default_factory=dict)  # written to the build directory before it is set up
    missing: str = ""  # why it cannot be run here

    def selects(self, test: dict, thorough: bool) -> bool:
        names = {f"{suite}/{test['name']}" for suite in suites_of(test)}
        if not thorough and names.intersection(self.left_out):
            return False
        return bool(names.union(suites_of(test)).intersection(self.selection))


# Everything that runs code of ours; the guests' side, Mesa and the programs, is without sanitizers. Clang, because
# GCC's UndefinedBehaviorSanitizer writes to stderr whatever it is told. Not `function`: the fake driver's functions
# are called by types that are only like their own.
ADDRESS = Variant("asan", "AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer",
                  ("-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dc_args=-fno-sanitize=function"),
                  ("unit", "ring", "codec", "front", "e2e", "lost", "hostile", "memory", "soak-lite",
                   "sanitizers"),
                  # Each runs what one of the others runs, with another guest driver or for longer.
                  left_out=("e2e/programs-system", "e2e/programs-system-no-feedback", "e2e/programs-next-synchronous",
                            "e2e/describe-system", "e2e/bench-bytes", "e2e/demo", "front/doctor", "lost/lost-system",
                            "lost/killed-system", "soak-lite/clients"),
                  compiler="clang", wrapper="tests/sanitizers/watch.py", environment={"HOSTILE_WORKERS": "60"})
# On the fake host driver only: a real one without ThreadSanitizer is noise.
THREAD = Variant("tsan", "ThreadSanitizer", ("-Db_sanitize=thread", "-Db_lundef=false"),
                 ("unit", "ring", "front/sync", "hostile/races", "hostile/waits"), compiler="clang")
# Fixed rounds of the fuzzers, which are built as `./dev fuzz` builds them.
FUZZ = Variant("fuzz", "libFuzzer and sanitizers", ("-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"),
               ("fuzz",), compiler="clang", missing="" if shutil.which("clang") else "there is no clang")


def variants() -> dict[str, list[Variant]]:
    """The variants by the name of the suite they belong to; in the order in which they are run."""
    vulkan, sysroot = os.environ.get("PEARVISOR_VULKAN_NEXT", ""), os.environ.get("PEARVISOR_AARCH64", "")
    return {
        "fuzz": [FUZZ],
        "san": [ADDRESS, THREAD],
        "next": [Variant("next", "the newer Vulkan registry", (f"-Dvk_root={vulkan}",), ("codec", "front"),
                         timeout_multiplier=1, missing="" if vulkan else "there is no newer registry")],
        # qemu-user orders memory as this machine does: it tests the code, not the barriers.
        "aarch64": [Variant("aarch64", "a cross build under qemu-user",
                            ("--cross-file", "{build}/sysroot.ini", "--cross-file", "scripts/aarch64.ini"),
                            ("unit", "ring", "codec", "front/sync", "hostile/races", "hostile/waits",
                             "platform/pages"), timeout_multiplier=10,
                            besides=("tools/pearvisor/pearvisor",),
                            files={"sysroot.ini": f"[constants]\nsysroot = '{sysroot}'\n"},
                            missing="" if sysroot else "there are no libraries for it")],
    }


# Run only when named, or by `./dev test all`: they make a guest's disk of some hundred megabytes first, or take minutes.
APART = ("soak", "vm")
# What `./dev test all` asks of the tests besides.
THOROUGH = {"HOSTILE_CASES": "1000000", "HOSTILE_ROUNDS": "10", "HOSTILE_WORKERS": "2000"}


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


def run_meson(build: Path, label: str, selection: list[str], totals: Totals,
              environment: dict[str, str] | None = None) -> None:
    """Runs tests of one build directory and adds their results; the log stays in its meson-logs/."""
    logs = build / "meson-logs"
    for log in logs.glob("testlog*.json"):
        log.unlink()
    status = run(["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs", *selection], environment)
    before = totals.results.total()
    for log in logs.glob("testlog*.json"):  # its name has the wrapper in it
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            totals.add(label + entry["name"], entry["result"])
    if status != 0 and totals.results.total() == before:
        totals.add(label + "meson test", "could not run")


def configure(project: Path, build: Path, variant: Variant) -> int:
    """Sets a variant's build directory up, or brings it up to date."""
    if (build / "build.ninja").exists():
        return run(["ninja", "-C", str(build), "build.ninja"])
    build.mkdir(exist_ok=True)
    for name, text in variant.files.items():
        (build / name).write_text(text, encoding="utf-8")
    options = [option.format(build=build) for option in variant.options]
    if os.environ.get("CI") == "true":
        options.append("-Dwerror=true")
    return run(["meson", "setup", str(build), str(project), *options], {"CC": variant.compiler})


def run_variant(project: Path, variant: Variant, thorough: bool, totals: Totals) -> None:
    """Builds what a variant needs and runs it."""
    build = project / f"build-{variant.name}"
    print(f"\n== {variant.name}: {', '.join(variant.selection)} with {variant.why}", flush=True)
    if variant.missing:
        print(f"skipped: {variant.missing}")
        totals.add(variant.name, "SKIP")
        return
    if configure(project, build, variant) != 0:
        totals.add(variant.name + ": meson setup", "failed")
        return
    tests = [test for test in introspect(build, "tests") if variant.selects(test, thorough)]
    if run(["ninja", "-C", str(build), *files_of(build, tests), *variant.besides]) != 0:
        totals.add(variant.name + ": ninja", "failed")
        return
    how = ["--timeout-multiplier", str(variant.timeout_multiplier * (10 if thorough else 1))]
    if variant.wrapper:
        how += ["--wrapper", f"{sys.executable} {project / variant.wrapper}"]
    run_meson(build, variant.name + ": ", [*sorted({test["name"] for test in tests}), *how], totals,
              variant.environment | (THOROUGH if thorough else {}))


def arguments() -> argparse.Namespace:
    about = ("Runs the tests: every suite, or those named. `all` is every suite with ten times the random input and "
             "every guest driver under sanitizers.")
    parser = argparse.ArgumentParser(prog="./dev test", description=about)
    parser.add_argument("project", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    return parser.parse_args()


def main() -> int:
    args, totals = arguments(), Totals()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    build, thorough = args.project / "build", "all" in args.suites
    own = sorted(set().union(*map(suites_of, introspect(build, "tests"))))
    further = variants()
    known = own + list(further)
    if args.list:
        print(*known, "all", sep="\n")
        return 0
    for suite in args.suites:
        if suite not in [*known, "all"]:
            print(f"dev: no suite '{suite}'; there are {', '.join(known)}, all", file=sys.stderr)
            return 2
    chosen = args.suites or [suite for suite in known if suite not in APART]
    if thorough:
        chosen = known
    if suites := [suite for suite in chosen if suite in own]:
        how = [argument for suite in suites for argument in ("--suite", suite)]
        run_meson(build, "", how + ["--timeout-multiplier", "10"] * thorough, totals, THOROUGH if thorough else None)
    for name in further:
        if name in chosen:
            for variant in further[name]:
                run_variant(args.project, variant, thorough, totals)
    if totals.failures:
        print("\nfailed:", *totals.failures, sep="\n   ")
    print("\n" + totals.closing_line())
    return 1 if totals.failures else 0


if __name__ == "__main__":
    sys.exit(main())
