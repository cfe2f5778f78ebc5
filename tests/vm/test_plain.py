#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""QEMU without `pearvisor vm`: an unpatched one, started by hand as docs/vmm/qemu.md says, has our GPU through
LD_LIBRARY_PATH alone. The guest is the stock one, asked over its serial console."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'show'))
import vms  # noqa: E402
from display import display  # noqa: E402

NAME = 'plain'
OURS = Path(vms.PEARVISOR).resolve().parents[2] / 'src/virgl'
MACHINE = ['-machine', 'q35,memory-backend=memory', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '2G',
           '-object', 'memory-backend-memfd,id=memory,size=2G,share=on']
GPU = ['-vga', 'none', '-device', 'virtio-gpu-gl-pci,venus=on,blob=on,hostmem=4G', '-display',
       'sdl,gl=on']


class Console:
    """A guest's serial console, where root is logged in."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
        self.socket.connect(str(path))
        self.socket.settimeout(vms.TIMEOUT)
        self.said = b''

    def wait_for(self, words: bytes) -> None:
        while words not in self.said:
            data = self.socket.recv(4096)
            if not data:
                raise AssertionError(f'QEMU has ended; the guest said {self.said[-2000:]!r}')
            self.said += data

    def ask(self, command: str) -> str:
        """Runs a command; what it and the echo of it say."""
        self.said = b''
        self.socket.sendall(f'{command}; echo en""d=$?\n'.encode())
        self.wait_for(b'end=')
        return self.said.decode(errors='replace')


class Plain(unittest.TestCase):
    def test_qemu_by_hand(self) -> None:
        place = vms.Place()
        self.addCleanup(shutil.rmtree, place.folder)
        vms.require_guest(place)
        self.assertEqual(place.vm('create', NAME).returncode, 0)
        disk, serial = place.path_of(NAME) / 'disk.qcow2', place.folder / 'serial'
        stock = Path(json.loads(subprocess.check_output(['qemu-img', 'info', '--output=json', disk]))['full-backing-filename'])
        command = [f'qemu-system-{os.uname().machine}', *MACHINE, *GPU, '-drive', f'file={disk},if=virtio', '-nic',
                   'user,model=virtio-net-pci', '-kernel', stock.parent / 'vmlinuz', '-initrd', stock.parent / 'initrd',
                   '-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.firstboot=off', '-serial',
                   f'unix:{serial},server=on,wait=off']
        with display('x11') as variables:
            env = place.env | variables | {'LD_LIBRARY_PATH': str(OURS), 'SDL_VIDEODRIVER': 'x11'}
            with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, cwd=place.folder) as qemu:
                self.addCleanup(qemu.kill)
                console = Console(serial)
                self.addCleanup(console.socket.close)
                console.wait_for(b'root@guest:~# ')
                self.assertIn('renderD128', console.ask('ls /dev/dri'))
                self.assertIn(vms.VENUS, console.ask('vulkaninfo --summary | grep deviceName'))
                self.assertIn('renderer: virgl', console.ask('eglinfo -B -p surfaceless | grep renderer'))
                self.assertIn(f'{OURS}/libvirglrenderer.so.1', Path(f'/proc/{qemu.pid}/maps').read_text(encoding='utf-8'))
                console.socket.sendall(b'poweroff\n')
                self.assertEqual(qemu.wait(timeout=vms.TIMEOUT), 0)
        self.assertEqual(place.wait_for_none(), {})


if __name__ == '__main__':
    unittest.main(verbosity=2)
