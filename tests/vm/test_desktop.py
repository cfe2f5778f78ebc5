#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a VM shows: vkcube on a guest's X server, and OpenGL both ways, by virgl and by Zink on Venus.

test_desktop.py SHOW-GL: pictures are compared with the ones that the same programs make here.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / 'show'), str(TESTS / 'e2e')]
import programs  # noqa: E402
import vms  # noqa: E402
from judge import first_difference  # noqa: E402
from x11 import Picture  # noqa: E402

NAME = 'desktop'
SHARE = '/mnt/share'
SCRIPTS = ('show/display.py', 'show/programs.py', 'show/x11.py', 'e2e/common.py', 'vm/guest_cube.py')
RENDERER = re.compile(r'OpenGL.* renderer(?: string)?: (.*)')
ZINK = programs.ZINK | {'ZINK_DEBUG': 'norp'}  # Zink knows the host's driver by name, and then tracks render passes
VENUS = {'VK_LOADER_DRIVERS_SELECT': '*virtio*'}


class Desktop(unittest.TestCase):
    place: vms.Place
    share: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = vms.Place()
        cls.addClassCleanup(shutil.rmtree, cls.place.folder)
        cls.share = cls.place.running(NAME, [SHOW_GL, *(TESTS / script for script in SCRIPTS)])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.stopped(NAME)

    def says(self, *command: str, env: dict[str, str] | None = None) -> str:
        """What a command in the guest prints, on both streams."""
        result = self.place.vm('exec', NAME, '--', 'env', *(f'{name}={value}' for name, value in (env or {}).items()),
                               *command)
        said = (result.stdout + result.stderr).decode(errors='replace')
        self.assertEqual(result.returncode, 0, (command, said))
        return said

    def scene(self, env: dict[str, str]) -> tuple[str, bytes]:
        """What the OpenGL scene says and leaves behind in the guest."""
        said = self.says(f'{SHARE}/{SHOW_GL.name}', '/tmp/scene', env=env)
        self.says('cp', '/tmp/scene', f'{SHARE}/scene')
        return said, (self.share / 'scene').read_bytes()

    def native_scene(self, env: dict[str, str]) -> bytes:
        path = self.place.folder / 'native'
        subprocess.run([SHOW_GL, path], env=self.place.env | env, check=True, capture_output=True, timeout=120)
        return path.read_bytes()

    def test_vkcube_shows_the_native_picture(self) -> None:
        print(self.says('python3', f'{SHARE}/guest_cube.py', f'{SHARE}/cube', env={'PYTHONDONTWRITEBYTECODE': '1'}))
        data = (self.share / 'cube').read_bytes()
        cube = Picture(*struct.unpack_from('<II', data), data[8:])
        with programs.display('x11') as variables:
            programs.compare_cube('vm', cube, {}, self.place.env | variables)
        self.assertEqual(programs.problems, [])

    def test_zink_draws_the_native_scene(self) -> None:
        said, guest = self.scene(ZINK | VENUS)
        self.assertRegex(said, r'device: zink .*Virtio-GPU Venus')
        native = self.native_scene(ZINK)
        self.assertTrue(guest == native, first_difference(native, guest))

    def test_virgl_draws_the_native_scene(self) -> None:
        said, guest = self.scene({'SHOW_GL': 'virgl'})
        self.assertRegex(said, r'device: virgl')
        native = self.native_scene({'SHOW_GL': 'llvmpipe', 'GALLIUM_DRIVER': 'llvmpipe', 'LIBGL_ALWAYS_SOFTWARE': '1'})
        self.assertTrue(guest == native, first_difference(native, guest))

    def test_what_opengl_is_drawn_by(self) -> None:
        for command in (('eglinfo', '-B', '-p', 'gbm'), ('eglinfo', '-B', '-p', 'surfaceless')):
            found = RENDERER.findall(self.says(*command))
            print(command, found)
            self.assertTrue(found and all(line.startswith('virgl') for line in found), found)
            found = RENDERER.findall(self.says(*command, env=ZINK | VENUS))
            print(command, found)
            self.assertTrue(found and all(line.startswith('zink ') and 'Virtio-GPU Venus' in line for line in found), found)


if __name__ == '__main__':
    SHOW_GL = Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1], verbosity=2)
