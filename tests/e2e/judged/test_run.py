#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the conformance runner with programs that misbehave as guests: each must get its verdict, the runner must go on
to the next and end with a failure, and the table of explanations must hold in both directions.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

RUNNER = Path(__file__).parent.parent / "run.py"
TIMEOUT = 6  # seconds until the runner ends a program that hangs
SKIP = 77
HEAD = "<!-- drivers -->\n| driver | label |\n|---|---|\n| `llvmpipe ` | host |\n| `venus ` | any Venus |\n<!-- end -->\n"


class Failure(Exception):
    """The runner did not do what it must."""


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Failure(what)


class Bench:
    """Runs run.py on some of the programs with a document of ours."""

    def __init__(self, pearvisor: Path, programs: list[Path], folder: Path) -> None:
        self.pearvisor = pearvisor
        self.programs = {program.name.removeprefix("judged-"): program for program in programs}
        self.folder = folder

    def run(self, names: list[str], rows: str = "", *options: str) -> tuple[int, dict]:
        document, report = self.folder / "compat.md", self.folder / "report.json"
        document.write_text(HEAD + "<!-- programs -->\n" + rows + "<!-- end -->\n", encoding="utf-8")
        command = [sys.executable, str(RUNNER), "--pearvisor", str(self.pearvisor), "--guest", "system", "--timeout",
                   str(TIMEOUT), "--document", str(document), "--json", str(report), *options,
                   *(str(self.programs[name]) for name in names)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr, sep="", flush=True)
        if not report.exists():
            raise Failure("the runner wrote no report")
        found = json.loads(report.read_text(encoding="utf-8"))
        report.unlink()
        return done.returncode, found


def outcome(found: dict, name: str) -> dict:
    return found["programs"]["judged-" + name]["guests"]["system"]


def test_verdicts(bench: Bench) -> None:
    """Every kind of bad end has its own name, and after each of them the runner goes on."""
    wanted = {"fail": "failed", "abort": "crashed", "hang": "timed out", "kill_worker": "crashed",
              "stop_worker": "timed out", "differ": "different", "restless": "different", "hide": "not exposed",
              "same": "identical"}
    code, found = bench.run(list(wanted), "", "--jobs", "3")
    for name, verdict in wanted.items():
        got = outcome(found, name)
        if name == "stop_worker" and got["verdict"] == "crashed":
            verdict = "crashed"  # by the watchdog of its own driver, which may be faster than the runner
        expect(got["verdict"] == verdict, f"{name} is {got['verdict']}, not {verdict}: {got['why']}")
        expect(got["good"] == (name == "same"), f"{name} is taken for {'good' if got['good'] else 'bad'}")
    expect(code == 1 and not found["passed"], f"the runner ended with {code}")
    summary = found["guests"]["system"]["summary"]
    expect(summary["timed out"] + summary["crashed"] == 4 and summary["different"] == 2 and summary["identical"] == 1,
           f"the summary is wrong: {summary}")
    expect("it does not work here" in outcome(found, "fail")["why"], "a program's own words are lost")
    expect("section 1" in outcome(found, "differ")["why"], "the difference is not located")
    expect("does not repeat itself" in outcome(found, "restless")["why"], "a restless program is not called so")
    expect("signal 11" in outcome(found, "kill_worker")["why"], "the worker's death is not told")
    for name in ("hang", "kill_worker", "stop_worker"):
        last = outcome(found, name)["last_commands"]
        expect(any("vkGetPipelineCacheData at byte " in line for line in last), f"{name}: last commands: {last}")


def test_explanations(bench: Bench) -> None:
    """A program that is not exposed needs a row; a row needs such a program."""
    hidden = "| `judged-hide` | not exposed | any | any | it is made so |\n"
    code, found = bench.run(["same", "hide"], hidden)
    expect(code == 0 and found["passed"] and outcome(found, "hide")["explanation"] == "it is made so",
           f"an explained skip is not accepted: {found['problems']}")
    code, found = bench.run(["same", "hide"], hidden.replace("any | any", "`another driver *` | any"))
    expect(code == 1, "a row for another host explains too much")
    code, found = bench.run(["same", "hide"], hidden.replace("any | any", "any | another Venus"))
    expect(code == 1, "a row for another guest driver explains too much")
    code, found = bench.run(["same", "hide"], hidden.replace("exposed", "exposed: `skipped: needs *`"))
    expect(code == 0, "a row that quotes the program's reason does not explain it")
    code, found = bench.run(["same", "hide"], hidden.replace("exposed", "exposed: `skipped: no VK_*`"))
    expect(code == 1, "a row that quotes another reason explains too much")
    code, found = bench.run(["same"], hidden.replace("hide", "same"))
    expect(code == 1 and "explains nothing" in "".join(found["problems"]), "a row that explains nothing is accepted")
    code, found = bench.run(["same"], hidden.replace("hide", "gone"), "--complete")
    expect(code == 1 and "does not exist" in "".join(found["problems"]), "a row about no program is accepted")
    code, found = bench.run(["hide"], hidden)
    expect(code == 1, "nothing was identical, and it passed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", type=Path, required=True)
    parser.add_argument("programs", nargs="+", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pearvisor-run-") as folder:
        bench = Bench(options.pearvisor, options.programs, Path(folder))
        try:
            test_verdicts(bench)
            test_explanations(bench)
        except Failure as failure:
            print(f"FAILED: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
