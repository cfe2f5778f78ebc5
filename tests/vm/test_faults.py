#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may happen to a VM with our GPU, one thing after another: after each the next guest program works as natively, and the
host's side is clean.

Usage: test_faults.py WORKS BUSY: an end-to-end program to see whether the GPU works, and one that keeps it busy for long.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import vms

NAME = 'faults'
RUNNER = Path(__file__).resolve().parent.parent / 'e2e/run.py'
PROGRAMS: list[Path] = []
PATIENCE = 120.0


def count(pid: int, what: str) -> int:
    return len(os.listdir(f'/proc/{pid}/{what}'))


class Faults(unittest.TestCase):
    place: vms.Place
    share: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = vms.Place()
        cls.addClassCleanup(shutil.rmtree, cls.place.folder)
        cls.share = cls.place.running(NAME, [str(program) for program in PROGRAMS])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.stopped(NAME)

    def guest(self, script: str) -> subprocess.CompletedProcess:
        return self.place.vm('exec', NAME, '--', 'sh', '-c', script)

    def says(self, script: str) -> str:
        result = self.guest(script)
        self.assertEqual(result.returncode, 0, (script, result.stdout, result.stderr))
        return result.stdout.decode().strip()

    def works(self) -> None:
        """A program leaves the same bytes behind as natively."""
        command = [sys.executable, RUNNER, '--pearvisor', vms.PEARVISOR, '--vm', NAME, '--share', self.share, '--timeout', '120',
                   PROGRAMS[0]]
        done = subprocess.run(command, env=self.place.env, check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def busy(self) -> subprocess.Popen:
        """A guest program that has been at work for a moment."""
        child = subprocess.Popen([vms.PEARVISOR, 'vm', 'exec', NAME, '--', 'env', 'VK_LOADER_DRIVERS_SELECT=*virtio*',
                                  f'/mnt/share/{PROGRAMS[1].name}', '/dev/null'], env=self.place.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.says(f'while ! pgrep -x {PROGRAMS[1].name[:15]}; do sleep 0.1; done; sleep 2')
        self.assertIsNone(child.poll())
        return child

    def settles(self, what: str, pid: int, most: dict[str, int]) -> None:
        """No more threads and descriptors than before, soon."""
        end = time.monotonic() + PATIENCE
        while (more := {kind: number for kind in most if (number := count(pid, kind)) > most[kind]}) and \
                time.monotonic() < end:
            time.sleep(0.2)
        self.assertFalse(more, (what, most))

    def test_programs_that_are_killed_at_work(self) -> None:
        self.works()
        worker, qemu = self.place.worker(), self.place.qemu()
        before = {pid: {kind: count(pid, kind) for kind in ('fd', 'task')} for pid in (worker, qemu)}
        before[qemu]['task'] += 8  # QEMU's own helpers come and go
        before[qemu]['fd'] += 8
        for delay in (0.0, 0.3, 0.7):
            child = self.busy()
            self.says(f'sleep {delay}; pkill -KILL -x {PROGRAMS[1].name[:15]}')
            self.assertEqual(child.wait(PATIENCE), 128 + signal.SIGKILL)
        self.settles('worker', worker, before[worker])
        self.settles('QEMU', qemu, before[qemu])
        self.assertEqual(self.place.worker(), worker)
        self.works()

    def test_the_worker_is_killed(self) -> None:
        self.works()
        qemu = self.place.qemu()
        for _ in range(2):
            child, worker = self.busy(), self.place.worker()
            os.kill(worker, signal.SIGKILL)
            self.assertNotEqual(child.wait(PATIENCE), 0)  # it has lost its GPU, and ends
            self.works()
            self.assertNotIn(self.place.worker(), (0, worker))
        self.assertEqual(self.place.qemu(), qemu)
        self.assertIn('gone', (self.place.path_of(NAME) / 'log').read_text(encoding='utf-8', errors='replace'))

    def test_the_driver_goes_and_comes_back(self) -> None:
        self.works()
        device = self.says('cd /sys/bus/virtio/drivers/virtio_gpu && echo virtio*')
        self.says('for c in /sys/class/vtconsole/*; do grep -q frame $c/name && echo 0 >$c/bind; done; '
                  f'echo {device} >/sys/bus/virtio/drivers/virtio_gpu/unbind')
        self.assertEqual(self.guest('ls /dev/dri/renderD128').returncode, 2)
        self.says(f'echo {device} >/sys/bus/virtio/drivers/virtio_gpu/bind; udevadm settle; ls /dev/dri/renderD128')
        self.works()

    def test_the_guest_reboots(self) -> None:
        self.works()
        qemu, boot = self.place.qemu(), self.says('cat /proc/sys/kernel/random/boot_id')
        before = count(qemu, 'fd')
        child = self.busy()
        self.guest('systemctl reboot')
        child.wait(PATIENCE)
        end = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < end:  # a command may come between the old guest and the new
            result = self.guest('cat /proc/sys/kernel/random/boot_id')
            if result.returncode == 0 and result.stdout.decode().strip() != boot:
                break
        self.works()
        self.assertEqual(self.place.qemu(), qemu)
        self.assertLessEqual(count(qemu, 'fd'), before + 8)

    def test_z_qemu_is_killed(self) -> None:
        self.works()
        child, processes = self.busy(), self.place.processes()
        os.kill(self.place.qemu(), signal.SIGKILL)
        self.assertNotEqual(child.wait(PATIENCE), 0)
        left = self.place.wait_for_none()
        self.assertFalse(left, f'of {processes}')
        self.assertRegex(self.place.vm('list').stdout.decode(), rf'(?m)^{NAME} +stopped ')
        self.assertEqual(self.place.vm('start', NAME).returncode, 0)
        self.works()


if __name__ == '__main__':
    PROGRAMS = [Path(argument).resolve() for argument in sys.argv[1:]]
    unittest.main(argv=sys.argv[:1], verbosity=2)
