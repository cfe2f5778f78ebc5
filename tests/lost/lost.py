#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest whose device gets lost under it hears of it in time and leaves in peace, with every way it may wait."""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
from common import VENUS, guest_icd, host_environment, run  # noqa: E402

# Stock drivers watch memory for completion, or ask: both must end.
WAYS = {"feedback": "", "no feedback": "no_fence_feedback,no_semaphore_feedback,no_event_feedback,no_query_feedback"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", required=True)
    parser.add_argument("--guest", choices=["system", "next"], required=True)
    parser.add_argument("program")
    args = parser.parse_args()
    icd, reason = guest_icd() if args.guest == "next" else (None, "")
    if args.guest == "next" and not icd:
        print(f"skipped: no second guest driver: {reason}")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for way, knobs in WAYS.items():
            command = [args.pearvisor, "run", "--memory", "512M", *(["--icd", icd] if icd else []), "--", args.program,
                       str(Path(folder) / "result")]
            code, errors = run(command, host_environment() | {"VN_PERF": knobs}, 60)
            losses = sum("device lost" in line for line in errors.splitlines())
            good = code == 0 and losses == 1 and VENUS in errors
            failed += not good
            print(f"{way}: exit status {code}, {losses} loss in the log: {'as it should be' if good else 'WRONG'}")
            if not good:
                print(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
