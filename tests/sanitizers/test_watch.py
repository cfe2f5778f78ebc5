#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""watch.py fails a run in which a worker had a bug, although the client saw nothing, and excuses no code of ours."""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "front"))
import vtest as v  # noqa: E402

FAILED = 99
# What is planted, what else the test may have said of its driver, and what must be reported then.
CASES = [
    ("nothing", "", None),
    ("leak", "", "LeakSanitizer: detected memory leaks"),
    ("leak", "may-leak", "LeakSanitizer: detected memory leaks"),
    ("leak", "may-fail", "LeakSanitizer: detected memory leaks"),
    ("overflow", "", "heap-buffer-overflow"),
    ("overflow", "may-fail", "heap-buffer-overflow"),
    ("undefined", "", "signed integer overflow"),
    ("undefined", "may-fail", "signed integer overflow"),
]


def visit(driver: str) -> int:
    """One client of a server on the planted driver. Whatever becomes of its worker, this succeeds."""
    with tempfile.TemporaryDirectory() as folder:
        server = v.Server(folder, "--driver", driver).ready()
        try:
            with v.Client(server.path) as client:
                client.start()
                client.ask(v.PING)
        except (ConnectionError, EOFError):
            pass
        return server.stop()


def watched(driver: str, bug: str, said: str) -> tuple[int, str]:
    env = {**os.environ, "PEARVISOR_PLANTED": bug, "SANITIZERS_DRIVER": said}
    done = subprocess.run([sys.executable, str(HERE / "watch.py"), sys.executable, __file__, "--visit", driver], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visit", action="store_true")
    parser.add_argument("driver", help="the planted driver")
    args = parser.parse_args()
    driver = str(Path(args.driver).resolve())
    if args.visit:
        return visit(driver)
    wrong = 0
    for bug, said, report in CASES:
        status, text = watched(driver, bug, said)
        good = status == FAILED and report in text if report else status == 0 and "sanitizers: 0 reports" in text
        print(f"{bug} {said}: exit status {status}: {'as it should be' if good else 'WRONG'}")
        if not good:
            print(text)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
