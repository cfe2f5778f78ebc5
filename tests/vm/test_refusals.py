#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`pearvisor vm` without a VM: wrong words, and what is missing said in one sentence. No guest is booted."""

import os
import shutil
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

    def test_an_empty_disk_for_an_installer(self) -> None:
        iso = self.place.folder / 'installer.iso'
        iso.write_bytes(bytes(1 << 20))
        self.assertEqual(self.place.vm('create', 'a', '--iso', str(iso), '--size', '3G').returncode, 0)
        header = Path(self.place.path_of('a') / 'disk.qcow2').read_bytes()[:32]
        self.assertEqual((header[:4], int.from_bytes(header[24:32], 'big')), (b'QFI\xfb', 3 << 30))


if __name__ == '__main__':
    unittest.main()
