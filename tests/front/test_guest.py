#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stock guest driver and the ends a server can come to: the guest's program must end too, never hang."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import vtest as v

# A stock driver looks for a sign of life about every 3.5 seconds while it waits; far less than a hang.
PATIENCE = 15.0


def guest(server: v.Server) -> subprocess.Popen:
    """vulkaninfo as a client of `server`, in the environment that `pearvisor env` prints."""
    script = 'eval "$("$PEARVISOR" env --socket "$0")"; exec vulkaninfo'
    return subprocess.Popen(['sh', '-c', script, server.path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Endings(unittest.TestCase):
    """The server, or a worker, goes away while a guest is at work."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.server = v.Server(folder.name).ready()
        self.addCleanup(self.server.stop, signal.SIGKILL)

    def guest_at_work(self, seconds: float) -> subprocess.Popen:
        """A guest that has had its worker for so long, or is done already."""
        process = guest(self.server)
        self.addCleanup(process.kill)
        v.wait_until(lambda: self.server.workers() or process.poll() is not None)
        time.sleep(seconds)
        return process

    def test_a_guest_left_alone_succeeds(self) -> None:
        self.assertEqual(guest(self.server).wait(v.TIMEOUT), 0)

    def test_a_guest_whose_worker_is_killed_ends(self) -> None:
        for delay in (0, 0.01, 0.02, 0.04, 0.06):
            process = self.guest_at_work(delay)
            for worker in self.server.workers():
                os.kill(worker, signal.SIGKILL)
            process.wait(PATIENCE)

    def test_a_guest_whose_server_is_stopped_ends(self) -> None:
        process = self.guest_at_work(0.03)
        self.assertEqual(self.server.stop(), 0)
        process.wait(PATIENCE)


if __name__ == '__main__':
    if not shutil.which('vulkaninfo'):
        print('vulkaninfo is not installed')
        sys.exit(77)
    unittest.main(verbosity=2)
