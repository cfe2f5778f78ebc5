#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records stock clients and lets test_mutants (the C program) send damaged copies of it all to the fake driver."""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from common import guest_icd, host_environment  # noqa: E402
from recordings import programs_by_name, record  # noqa: E402

PROGRAMS = ("triangle", "compute", "texture", "queries", "descriptors", "msaa", "sync", "timeline", "dynamic",
            "secondary", "address", "extensions")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", required=True)
    parser.add_argument("--mutants", required=True, help="the C program")
    parser.add_argument("--fakehost", required=True, help="the driver it runs them on")
    parser.add_argument("programs", nargs="+", type=Path, help="end-to-end programs")
    options = parser.parse_args()
    programs = programs_by_name(options.programs)
    icd, reason = guest_icd()
    if not icd:
        print(f"guest driver 'next': left out, {reason}")
    with tempfile.TemporaryDirectory(prefix="pv-mutants-") as name:
        folder = Path(name)
        files = [str(record(options.pearvisor, folder / f"{program}-{guest}", arguments,
                            [str(programs[program]), str(folder / "out")], host_environment()))
                 for guest, arguments in (("system", []), *((("next", ["--icd", icd]),) if icd else ()))
                 for program in PROGRAMS if program in programs]
        sys.stdout.flush()
        return subprocess.run([options.mutants, options.fakehost, *files], env=os.environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
