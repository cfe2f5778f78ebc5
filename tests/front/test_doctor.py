#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`pearvisor doctor`: each thing that leaves a guest without a GPU is broken on purpose, and must be found."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import vtest as v

BADICD = os.environ.get('PV_TEST_BADICD', '')
HOST_ICD = Path(os.environ.get('VK_DRIVER_FILES') or '/usr/share/vulkan/icd.d/lvp_icd.json')


def library_of(manifest: Path) -> str:
    """The library a manifest names, as an absolute path where it has folders."""
    path = json.loads(manifest.read_text(encoding='utf-8'))['ICD']['library_path']
    return str(manifest.parent / path) if '/' in path else path


def guest_icd() -> Path:
    """The guest driver that `pearvisor env` chooses."""
    text = subprocess.run([v.pearvisor(), 'env'], capture_output=True, text=True, check=True).stdout
    return Path(next(line.split('=', 1)[1].strip("'\"") for line in text.splitlines() if 'VK_DRIVER_FILES=' in line))


class Doctor(unittest.TestCase):
    """One broken thing each."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def manifest(self, library: str, name: str = 'icd.json') -> str:
        """Writes a driver manifest."""
        path = self.folder / name
        path.write_text(json.dumps({'file_format_version': '1.0.0',
                                    'ICD': {'library_path': library, 'api_version': '1.4.0'}}), encoding='utf-8')
        return str(path)

    def examine(self, *args: str, **env: str) -> tuple[int, list[dict[str, str]]]:
        """Runs the doctor; status and findings."""
        result = subprocess.run([v.pearvisor(), 'doctor', '--json', *args], capture_output=True, text=True, timeout=120,
                                env={**os.environ, 'VK_DRIVER_FILES': str(HOST_ICD), **env}, check=False)
        self.assertEqual(result.stderr, '')
        report = json.loads(result.stdout)
        for state, key in (('problem', 'problems'), ('warning', 'warnings')):
            self.assertEqual(report[key], sum(f['state'] == state for f in report['findings']))
        for finding in report['findings']:
            self.assertTrue(finding['cause'])
            self.assertEqual(bool(finding.get('fix')), finding['state'] != 'ok', finding)
            self.assertNotIn('\n', finding['cause'] + finding.get('fix', ''))
        return result.returncode, report['findings']

    def finds(self, check: str, cause: str, fix: str, *args: str, state: str = 'problem', **env: str) -> None:
        """The doctor must come to this conclusion, and to no good end if it is a problem."""
        status, findings = self.examine(*args, **env)
        self.assertTrue(any(f['check'] == check and f['state'] == state and cause in f['cause'] and fix in f['fix']
                            for f in findings if f['state'] != 'ok'), json.dumps(findings, indent=1))
        self.assertEqual(status, 1 if any(f['state'] == 'problem' for f in findings) else 0)

    def broken(self, mode: str) -> dict[str, str]:
        """The environment of a host driver with something wrong."""
        return {'VK_DRIVER_FILES': self.manifest(BADICD), 'PEARVISOR_BADICD_MODE': mode, 'PEARVISOR_BADICD_REAL': library_of(HOST_ICD)}

    def test_a_good_host(self) -> None:
        status, findings = self.examine()
        self.assertEqual(status, 0)
        self.assertFalse([f for f in findings if f['state'] == 'problem'])
        good = {f['check'] for f in findings if f['state'] == 'ok'}
        self.assertLessEqual({'host GPU', 'guest memory', 'guest GPU'}, good)
        text = subprocess.run([v.pearvisor(), 'doctor'], capture_output=True, text=True, timeout=120, check=True,
                              env={**os.environ, 'VK_DRIVER_FILES': str(HOST_ICD)}).stdout
        self.assertRegex(text, r'\n0 problems, \d+ warnings?\n$')

    def test_a_manifest_that_is_missing_or_rubbish(self) -> None:
        self.finds('host driver', 'cannot be read', 'VK_DRIVER_FILES', VK_DRIVER_FILES='/nonexistent.json')
        rubbish = self.folder / 'rubbish.json'
        rubbish.write_text('{}', encoding='utf-8')
        self.finds('host driver', 'names no library', 'VK_DRIVER_FILES', VK_DRIVER_FILES=str(rubbish))

    def test_no_driver_installed(self) -> None:
        if any(list(Path(root, 'vulkan/icd.d').glob('*.json')) for root in ('/etc', '/usr/local/etc')):
            self.skipTest('drivers are installed below /etc')
        self.finds('host driver', 'no Vulkan driver is installed', 'install', VK_DRIVER_FILES='',
                   XDG_DATA_DIRS=str(self.folder))

    def test_a_library_that_does_not_load(self) -> None:
        self.finds('host driver', 'cannot be loaded', 'install', VK_DRIVER_FILES=self.manifest('/nonexistent.so'))
        self.finds('host driver', '--driver', 'shared library', '--driver', '/nonexistent.so')

    def test_a_driver_that_crashes(self) -> None:
        self.finds('host driver', 'crashed (signal 11)', 'choose another', **self.broken('crash'))

    def test_a_driver_that_hangs(self) -> None:
        self.finds('host driver', 'did not answer', 'choose another', **self.broken('hang'))

    def test_a_driver_that_refuses(self) -> None:
        self.finds('host driver', 'vkCreateInstance', 'choose another', **self.broken('refuse'))

    def test_a_device_that_cannot_be_made(self) -> None:
        self.finds('host GPU', 'no device can be made', 'kernel log', **self.broken('no-device'))

    def test_a_device_too_old(self) -> None:
        self.finds('host GPU', 'Vulkan 1.0', 'update', state='warning', **self.broken('old'))
        self.finds('host GPU', 'no GPU that guests could use', 'see above', **self.broken('old'))

    def test_memory_that_cannot_be_shared(self) -> None:
        self.finds('guest memory', 'cannot map memory', 'VK_EXT_external_memory_host', **self.broken('no-memory'))

    def test_a_software_driver_unawares(self) -> None:
        self.finds('host GPU', 'software driver', '', state='warning')
        status, findings = self.examine(**self.broken('hardware'))
        self.assertEqual(status, 0)
        self.assertFalse([f for f in findings if 'software' in f['cause']])

    def test_the_host_uses_the_guests_driver(self) -> None:
        self.finds('host driver', "guests' driver", 'unset VK_DRIVER_FILES', VK_DRIVER_FILES=str(guest_icd()))

    def test_an_unknown_gpu(self) -> None:
        self.finds('renderer', 'no such gpu', 'pearvisor info', '--gpu', 'no such gpu')

    def test_a_missing_guest_driver(self) -> None:
        self.finds('guest driver', '/nonexistent.json', 'mesa-vulkan-drivers', '--icd', '/nonexistent.json')
        self.finds('guest driver', 'cannot be loaded', 'install', '--icd', self.manifest('/nonexistent.so'))

    def test_a_guest_driver_that_is_another(self) -> None:
        self.finds('guest GPU', 'instead of PearVisor', 'virtio', '--icd', str(HOST_ICD))

    def test_a_guest_driver_too_old(self) -> None:
        self.finds('guest driver', 'too old', 'Mesa 25.0', '--icd', self.manifest(BADICD), PEARVISOR_BADICD_MODE='ancient',
                   PEARVISOR_BADICD_REAL=library_of(guest_icd()))

    def test_sockets(self) -> None:
        missing, file = self.folder / 'missing', self.folder / 'file'
        file.write_text('', encoding='utf-8')
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(self.folder / 'stale'))
        stale.close()
        self.finds('socket', 'no server answers', 'pearvisor serve', '--socket', str(missing))
        self.finds('socket', 'no server answers', 'no socket', '--socket', str(file))
        self.finds('socket', 'no server answers', 'pearvisor serve', '--socket', str(self.folder / 'stale'))
        self.finds('socket', 'longer than', 'shorter', '--socket', '/tmp/' + 'x' * 200)

    def test_a_socket_of_somebody_else(self) -> None:
        if os.getuid():
            self.skipTest('only root can become somebody else')
        if not all(folder.stat().st_mode & 0o001 for folder in Path(v.pearvisor()).resolve().parents):
            self.skipTest('somebody else could not enter the folder that the program is in')
        closed = socket.socket(socket.AF_UNIX)
        self.addCleanup(closed.close)
        closed.bind(str(self.folder / 'closed'))
        closed.listen()
        os.chmod(self.folder / 'closed', 0o600)
        os.chmod(self.folder, 0o755)
        result = subprocess.run([v.pearvisor(), 'doctor', '--json', '--socket', str(self.folder / 'closed')],
                                capture_output=True, text=True, timeout=120, user=65534, group=65534, extra_groups=[],
                                env={**os.environ, 'VK_DRIVER_FILES': str(HOST_ICD)}, check=False)
        findings = json.loads(result.stdout)['findings']
        self.assertTrue(any('--socket-mode' in f.get('fix', '') for f in findings), result.stdout)
        self.assertEqual(result.returncode, 1)

    def test_a_running_server(self) -> None:
        server = v.Server(str(self.folder))
        self.addCleanup(server.stop)
        server.ready()
        status, findings = self.examine('--socket', server.path)
        self.assertEqual(status, 0)
        self.assertTrue(any(f['check'] == 'socket' and f['state'] == 'ok' for f in findings))
        self.assertTrue(any(f['check'] == 'guest GPU' and f['state'] == 'ok' for f in findings))

    def test_the_environment(self) -> None:
        self.finds('environment', 'VN_DEBUG', 'pearvisor env', VTEST_SOCKET_NAME='/tmp/socket', VN_DEBUG='')
        self.finds('environment', 'OpenGL', 'zink', state='warning', LIBGL_ALWAYS_SOFTWARE='1')


if __name__ == '__main__':
    sys.exit(unittest.main())
