#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stock Debian 13 guest on a stock QEMU, with our GPU in it: booted once, asked many things, powered off.

Usage: test_guest.py [--next] PROGRAM…: conformance programs, which tests/e2e/run.py runs in the guest. With --next, on the
newer QEMU in the folder that PEARVISOR_QEMU_NEXT names.
"""

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import vms

NAME = 'guest'
RUNNER = Path(__file__).resolve().parent.parent / 'e2e/run.py'
PROGRAMS: list[Path] = []
NEXT = ''  # the folder above that of the newer QEMU, if it is to be used


def picture(data: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of an RGB PNG without filters."""
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, pixels, size = 8, b'', (0, 0)
    while at < len(data):
        length, kind = struct.unpack_from('>I4s', data, at)
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from('>I', data, at + 8 + length)[0]
        if kind == b'IHDR':
            size = struct.unpack_from('>II', body)
        elif kind == b'IDAT':
            pixels += body
        at += length + 12
    rows, stride = zlib.decompress(pixels), size[0] * 3 + 1
    return size[0], size[1], [rows[y * stride + 1:(y + 1) * stride] for y in range(size[1])]


class Guest(unittest.TestCase):
    place: vms.Place
    share: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = vms.Place()
        cls.addClassCleanup(shutil.rmtree, cls.place.folder)
        cls.share = cls.place.running(NAME, [])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.stopped(NAME)

    def guest(self, *command: str, stdin: bytes = b'') -> subprocess.CompletedProcess:
        return self.place.vm('exec', NAME, '--', *command, stdin=stdin)

    def says(self, *command: str) -> str:
        result = self.guest(*command)
        self.assertEqual(result.returncode, 0, (command, result.stderr))
        return result.stdout.decode()

    def colours(self) -> set[bytes]:
        """Those of one line across the guest's screen."""
        path = self.place.folder / 'screen.png'
        result = self.place.vm('screenshot', NAME, str(path))
        self.assertEqual((result.returncode, result.stderr), (0, b''))
        width, height, rows = picture(path.read_bytes())
        self.assertEqual((width, height), (1280, 800))
        return {bytes(rows[height // 2][x:x + 3]) for x in range(0, width * 3, 3 * 64)}

    def test_the_kernel_has_a_gpu(self) -> None:
        self.assertEqual(self.says('ls', '/sys/class/drm').split().count('renderD128'), 1)
        self.assertIn('virtio_gpu', self.says('cat', '/proc/modules'))

    def test_vulkaninfo_shows_venus_on_the_hosts_device(self) -> None:
        native = subprocess.run(['vulkaninfo', '--summary'], env=self.place.env, capture_output=True, text=True, timeout=60,
                                check=True).stdout
        device = next(line.split('= ')[1] for line in native.splitlines() if 'deviceName' in line)
        seen = [line.split('= ')[1] for line in self.says('vulkaninfo', '--summary').splitlines() if 'deviceName' in line]
        self.assertIn(f'Virtio-GPU Venus ({device})', seen)

    def test_programs_leave_the_hosts_own_bytes(self) -> None:
        command = [sys.executable, RUNNER, '--pearvisor', vms.PEARVISOR, '--vm', NAME, '--share', self.share, '--jobs', '3',
                   '--timeout', '300', *PROGRAMS]
        self.assertEqual(subprocess.run(command, env=self.place.env, check=False).returncode, 0)

    def test_the_library_in_qemu_is_ours(self) -> None:
        qemu = self.place.qemu()
        maps = Path(f'/proc/{qemu}/maps').read_text(encoding='utf-8')
        ours = Path(vms.PEARVISOR).resolve().parents[2] / 'src/virgl'
        self.assertIn(f'{ours}/libvirglrenderer.so.1', maps)
        self.says('vulkaninfo', '--summary')
        self.assertTrue(self.place.worker())
        program = Path(f'/proc/{qemu}/exe').resolve()
        self.assertEqual(program.is_relative_to(NEXT) if NEXT else program.parent == Path('/usr/bin'), True, program)

    def test_statuses_and_streams_are_the_commands(self) -> None:
        result = self.guest('sh', '-c', 'echo out; echo err >&2; exit 7')
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, b'out\n', b'err\n'))
        self.assertEqual(self.guest('sh', '-c', 'kill -9 $$').returncode, 137)
        self.assertEqual(self.guest('no-such-command').returncode, 127)
        self.assertEqual(self.guest('/etc/fstab').returncode, 126)
        data = os.urandom(3 << 20)
        self.assertEqual(self.guest('cat', stdin=data).stdout, data)

    def test_one_command_after_another(self) -> None:
        """Each begins when the guest has not noticed yet that the last one's client has gone."""
        for number in range(60):
            result = self.place.vm('exec', NAME, '--', 'echo', str(number), timeout=60)
            self.assertEqual((result.returncode, result.stdout), (0, f'{number}\n'.encode()))

    def test_commands_run_side_by_side(self) -> None:
        with ThreadPoolExecutor() as pool:  # each waits for the other
            first = pool.submit(self.guest, 'sh', '-c', 'mkfifo -m 600 /run/meet 2>&-; echo here >/run/meet')
            second = pool.submit(self.guest, 'sh', '-c', 'mkfifo -m 600 /run/meet 2>&-; cat /run/meet')
            self.assertEqual((first.result().returncode, second.result().stdout), (0, b'here\n'))

    def test_a_killed_client_takes_its_command_along(self) -> None:
        command = [vms.PEARVISOR, 'vm', 'exec', NAME, '--', 'sh', '-c', 'echo up; exec sleep 12345']
        with subprocess.Popen(command, env=self.place.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as client:
            self.assertEqual(client.stdout.readline(), b'up\n')
            client.kill()
        self.says('sh', '-c', 'while pgrep -f "sleep [1]2345"; do sleep 0.1; done')

    def test_a_picture_of_the_screen(self) -> None:
        self.says('sh', '-c', 'printf "\\033[H\\033[47m\\033[2J" >/dev/tty1')
        end, grey = time.monotonic() + 60, b'\xaa\xaa\xaa'
        while (colours := self.colours()) != {grey} and time.monotonic() < end:  # it is drawn when the guest draws it
            time.sleep(0.5)
        self.assertEqual(colours, {grey})

    def test_what_runs_is_protected(self) -> None:
        for command in (('start', NAME), ('delete', NAME), ('run', NAME, '--', 'true')):
            result = self.place.vm(*command)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'is running', result.stderr)
        self.assertRegex(self.place.vm('list').stdout.decode(), rf'(?m)^{NAME} +running ')


class Run(unittest.TestCase):
    def test_a_command_is_all_there_is(self) -> None:
        place = vms.Place()
        self.addCleanup(shutil.rmtree, place.folder)
        vms.require_guest(place)
        result = place.vm('run', NAME, '--headless', '--', 'sh', '-c', 'cat >/tmp/note; echo done; exit 5', stdin=b'kept')
        self.assertEqual((result.returncode, result.stdout), (5, b'done\n'), result.stderr)
        place.check_nothing_left(NAME)

    def test_a_signal_powers_the_guest_off(self) -> None:
        place = vms.Place()
        self.addCleanup(shutil.rmtree, place.folder)
        vms.require_guest(place)
        command = [vms.PEARVISOR, 'vm', 'run', NAME, '--headless', '--cpus', '2']
        with subprocess.Popen(command, env=place.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:
            said = b''
            while b'the guest is up' not in said:
                line = run.stderr.readline()
                self.assertTrue(line, said)
                said += line
            run.send_signal(signal.SIGINT)
            seen, rest = run.communicate(timeout=vms.TIMEOUT)
        self.assertIn(vms.VENUS.encode(), seen)
        self.assertEqual((run.returncode, rest), (0, b''))
        place.check_nothing_left(NAME)


if __name__ == '__main__':
    if sys.argv[1] == '--next':
        folder = os.environ.get('PEARVISOR_QEMU_NEXT', '')
        if not folder:
            print('skipped: there is no second QEMU; ./dev said why when it looked for it')
            sys.exit(vms.SKIP)
        NEXT = str(Path(folder).resolve().parent)
        os.environ['PATH'] = f"{folder}:{os.environ['PATH']}"
    PROGRAMS = [Path(argument).resolve() for argument in sys.argv[1:] if argument != '--next']
    unittest.main(argv=sys.argv[:1], verbosity=2)
