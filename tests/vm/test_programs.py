#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The conformance programs in a VM, all of those given: tests/e2e/run.py runs them there and judges them as ever."""

import shutil
import subprocess
import sys
from pathlib import Path

import vms

NAME = 'programs'
RUNNER = Path(__file__).resolve().parent.parent / 'e2e/run.py'
TIMEOUT = '300'  # for one program, under emulation


def main() -> int:
    place = vms.Place()
    try:
        share = place.running(NAME, [])
        code = subprocess.run([sys.executable, RUNNER, '--pearvisor', vms.PEARVISOR, '--vm', NAME, '--share', share,
                               '--timeout', TIMEOUT, '--jobs', '2', '--complete', *sys.argv[1:]], env=place.env,
                              check=False).returncode
        place.stopped(NAME)
        return code
    finally:
        place.vm('stop', NAME)  # should it still run
        shutil.rmtree(place.folder)


if __name__ == '__main__':
    sys.exit(main())
