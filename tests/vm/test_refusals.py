#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`pearvisor vm` without a VM: wrong words, and what is missing said in one sentence. No guest is booted."""

import os
import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

import vms


class Refusals(unittest.TestCase):
    def setUp(self) -> None:
        self.place = vms.Place()
        self.addCleanup(shutil.rmtree, self.place.folder)

    def refused(self, status: int, *args: str, env: dict[str, str] | None = None) -> str:
        result = self.place.vm(*args, env=env)
        self.assertEqual(result.returncode, status, (args, result.stderr))
        self.assertEqual(result.stdout, b'', args)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr.decode()

    def tool(self, name: str, text: str) -> None:
        path = self.place.folder / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
        path.chmod(0o755)

    def test_wrong_usage_is_one_line_and_status_2(self) -> None:
        for args in ((), ('nonsense',), ('create',), ('start',), ('stop',), ('delete',), ('exec',), ('exec', 'a'),
                     ('screenshot', 'a'), ('screenshot', 'a', 'b', 'c'), ('console',), ('list', 'a'), ('stop', 'a', 'b'),
                     ('run', '--nonsense'), ('run', '--headless', 'a'), ('run', '--memory', '0'), ('run', '--cpus', '0'),
                     ('run', '--display', 'tv'), ('run', '--accel', 'warp'), ('create', 'a', 'b')):
            self.refused(2, *args)

    def test_every_command_has_help(self) -> None:
        for command in ('run', 'create', 'start', 'stop', 'list', 'delete', 'exec', 'screenshot', 'console'):
            result = self.place.vm(command, '--help')
            self.assertEqual((result.returncode, result.stderr), (0, b''))
            self.assertTrue(result.stdout.startswith(b'usage: pearvisor vm ' + command.encode()))

    def test_names(self) -> None:
        for name in ('../a', '.a', 'a/b', 'a' * 64, 'a b'):
            self.assertIn('is no name', self.refused(1, 'create', name))
        for command in (('start',), ('stop',), ('delete',), ('exec', 'true'), ('console',)):
            self.assertIn("there is no VM 'none'", self.refused(1, command[0], 'none', *command[1:]))
        self.assertFalse(any(self.place.path_of('').glob('*')))

    def test_missing_files(self) -> None:
        for option in ('--disk', '--iso', '--share'):
            self.assertIn('No such file', self.refused(1, 'create', 'a', option, '/no/such/thing'))
        for option in ('--disk', '--iso'):
            self.assertIn('is a folder', self.refused(1, 'create', 'a', option, str(self.place.folder)))
        self.assertIn('is no folder', self.refused(1, 'create', 'a', '--share', __file__))
        text = self.place.folder / 'comma,disk'
        text.touch()
        self.assertIn('comma', self.refused(1, 'create', 'a', '--disk', str(text)))
        self.assertFalse(self.place.path_of('a').exists())

    def test_qemu_missing_or_old(self) -> None:
        machine = os.uname().machine
        empty = {'PATH': str(self.place.folder / 'bin')}
        disk = self.place.folder / 'disk.raw'
        disk.write_bytes(bytes(1 << 20))
        self.assertIn('install it', self.refused(1, 'run', '--disk', str(disk), env=empty))
        self.tool(f'qemu-system-{machine}', 'echo QEMU emulator version 8.2.2 of a test')
        self.assertIn('is 8.2, and Venus needs 9.2 or newer', self.refused(1, 'run', '--disk', str(disk), env=empty))
        self.assertEqual(list(self.place.path_of('').glob('*')), [])

    def disk(self) -> str:
        path = self.place.folder / 'disk.raw'
        path.write_bytes(bytes(1 << 20))
        return str(path)

    def test_no_disk_space(self) -> None:
        """On a file system of four megabytes, in a mount namespace."""
        small = self.place.folder / 'small'
        small.mkdir()
        for variable, args in (('XDG_DATA_HOME', ['--disk', self.disk()]), ('XDG_CACHE_HOME', [])):
            script = f'mount -t tmpfs -o size=4m none "{small}" && exec "$@"'
            result = subprocess.run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh',
                                     vms.PEARVISOR, 'vm', 'create', 'a', *args], env=self.place.env | {variable: str(small)},
                                    capture_output=True, text=True, timeout=60, check=False)
            if 'unshare' in result.stderr or 'mount' in result.stderr:
                self.skipTest(f'no mounts here: {result.stderr}')
            self.assertRegex(result.stderr, rf'^pearvisor: .* are needed: make room, or let {variable} name another folder\n$')
            self.assertEqual((result.returncode, result.stdout), (1, ''))

    def test_an_image_in_use(self) -> None:
        """QEMU itself has it, for writing; nothing runs there."""
        disk, monitor = self.disk(), self.place.folder / 'monitor'
        owner = subprocess.Popen([f'qemu-system-{os.uname().machine}', '-S', '-display', 'none', '-nodefaults', '-machine',
                                  'q35', '-drive', f'file={disk},format=raw,if=virtio', '-qmp',
                                  f'unix:{monitor},server=on,wait=off'], env=self.place.env)
        self.addCleanup(owner.wait)
        self.addCleanup(owner.kill)
        end = time.monotonic() + 60
        while not monitor.exists() and time.monotonic() < end:
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(monitor))
            client.sendall(b'{"execute": "qmp_capabilities"}{"execute": "query-status"}')
            said = b''
            while said.count(b'"return"') < 2:  # it answers when it has opened the disk
                said += client.recv(4096)
        self.assertEqual(self.place.vm('create', 'a', '--disk', disk).returncode, 0)
        for args in (('start', 'a'), ('run', 'a', '--', 'true')):
            result = self.place.vm(*args)
            self.assertEqual((result.returncode, result.stdout), (1, b''))
            self.assertRegex(result.stderr.decode().splitlines()[-1],
                             '^pearvisor: a disk image is in use by another program; end that, or give another image$')
            self.assertNotIn(b'cannot ask', result.stderr)
        owner.kill()
        owner.wait()
        self.assertEqual(self.place.wait_for_none(), {})

    def test_no_display_to_show_a_window_on(self) -> None:
        env = {name: value for name, value in self.place.env.items() if name not in ('DISPLAY', 'WAYLAND_DISPLAY')}
        self.place.env = env
        for display in ('sdl', 'gtk'):
            self.assertIn('--headless', self.refused(1, 'run', '--display', display, '--disk', self.disk()))

    def test_no_rights_to_kvm(self) -> None:
        """As somebody who may not open it; only root can try that."""
        kvm = Path('/dev/kvm')
        if os.geteuid() or not kvm.exists() or kvm.stat().st_mode & 0o006:
            self.skipTest('not root, or no /dev/kvm that is not for everybody')
        self.disk()
        for path in (self.place.folder, *self.place.folder.rglob('*')):
            os.chown(path, 65534, 65534)
        command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', vms.PEARVISOR, 'vm', 'run', '--accel', 'kvm',
                   '--headless', '--disk', self.disk()]
        result = subprocess.run(command, env=self.place.env | {'XDG_CACHE_HOME': str(self.place.folder)},
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, 'pearvisor: kvm cannot be used: you may not open /dev/kvm; run: sudo usermod -aG kvm '
                                        '$USER, and log in again\n')

    def test_a_disk_of_ones_own_stays_as_it_is(self) -> None:
        disk = self.place.folder / 'disk.raw'
        disk.write_bytes(bytes(1 << 20))
        self.assertEqual(self.place.vm('create', 'a', '--disk', str(disk)).returncode, 0)
        self.assertIn("a VM 'a' already", self.refused(1, 'create', 'a', '--disk', str(disk)))
        listed = self.place.vm('list').stdout.decode().splitlines()
        self.assertEqual(len(listed), 2)
        self.assertRegex(listed[1], rf'^a +stopped .* {disk}$')
        self.assertIn('not running', self.refused(1, 'exec', 'a', 'true'))
        self.assertEqual(self.place.vm('delete', 'a').returncode, 0)
        self.assertEqual(disk.read_bytes(), bytes(1 << 20))
        self.assertFalse(self.place.path_of('a').exists())

    def test_a_guest_that_takes_no_command(self) -> None:
        disk = self.place.folder / 'disk.raw'
        disk.write_bytes(bytes(1 << 20))
        result = self.place.vm('run', '--headless', '--disk', str(disk), '--wait', '3', '--', 'true')
        self.assertEqual((result.returncode, result.stdout), (1, b''))
        self.assertIn('nothing in the guest took the command within 3 seconds', result.stderr.decode())
        self.assertEqual(self.place.wait_for_none(), {})

    def test_an_empty_disk_for_an_installer(self) -> None:
        iso = self.place.folder / 'installer.iso'
        iso.write_bytes(bytes(1 << 20))
        self.assertEqual(self.place.vm('create', 'a', '--iso', str(iso), '--size', '3G').returncode, 0)
        header = Path(self.place.path_of('a') / 'disk.qcow2').read_bytes()[:32]
        self.assertEqual((header[:4], int.from_bytes(header[24:32], 'big')), (b'QFI\xfb', 3 << 30))


if __name__ == '__main__':
    unittest.main()
