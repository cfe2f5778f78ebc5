#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guests do not share a host driver's cache of compiled shaders: each has one by its name, as it would natively.

A driver whose cache confuses pipelines (NVIDIA's does with and without VK_PIPELINE_CREATE_DISPATCH_BASE_BIT) would hand a
program what another one compiled.
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import vtest as v
from test_doctor import BADICD, HOST_ICD, library_of


class Caches(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.manifest = self.folder / 'icd.json'
        self.manifest.write_text(json.dumps(
            {'file_format_version': '1.0.1', 'ICD': {'api_version': '1.4.0', 'library_path': BADICD}}), encoding='utf-8')

    def told(self, program: str, sandbox: str = 'off', **env: str) -> set[str]:
        """Where the driver of a guest named so would cache shaders."""
        path = self.folder / program
        if not path.exists():
            shutil.copy(shutil.which('vulkaninfo') or '', path)
        result = subprocess.run([v.pearvisor(), 'run', '--sandbox', sandbox, '--', str(path), '--summary'], capture_output=True, text=True,
                                timeout=v.TIMEOUT, check=False,
                                env={**os.environ, 'VK_DRIVER_FILES': str(self.manifest), 'PEARVISOR_BADICD_MODE': 'tell',
                                     'PEARVISOR_BADICD_REAL': library_of(HOST_ICD), 'XDG_CACHE_HOME': str(self.folder / 'cache'), **env})
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = {line.split('shader cache: ')[1] for line in result.stderr.splitlines() if 'shader cache: ' in line}
        return lines - {"the driver's own", env.get('__GL_SHADER_DISK_CACHE_PATH', '')}  # the server's own look at it

    def test_each_program_has_its_own(self) -> None:
        base = self.folder / 'cache/pearvisor/shaders'
        for name in ('first', 'second'):
            self.assertEqual(self.told(name), {str(base / name)})
            self.assertEqual((base / name).stat().st_mode & 0o777, 0o700)

    @unittest.skipIf(os.environ.get('PV_TEST_SANITIZERS', 'none') != 'none', 'a build with sanitizers has no jail')
    def test_in_a_jail_it_is_the_clients_alone(self) -> None:
        told = self.told('first', 'default') - {'/dev/shm'}  # that of the server's own look
        self.assertIn(told, ({'/dev/shm/pearvisor/first'}, {'0'}))  # where the system permits no jail, there is none
        self.assertFalse((self.folder / 'cache/pearvisor').exists())

    def test_in_the_place_that_was_chosen(self) -> None:
        chosen = self.folder / 'chosen'
        self.assertEqual(self.told('first', __GL_SHADER_DISK_CACHE_PATH=str(chosen)), {str(chosen / 'pearvisor/first')})

    def test_names_are_no_paths(self) -> None:
        base = self.folder / 'cache/pearvisor/shaders'
        self.assertEqual(self.told('..a b'), {str(base / '_.a_b')})

    def test_a_client_cannot_fill_the_disk_with_folders(self) -> None:
        base = self.folder / 'cache/pearvisor/shaders'
        for i in range(256):
            (base / str(i)).mkdir(parents=True)
        self.assertEqual(self.told('7'), {str(base / '7')})
        self.assertEqual(self.told('first'), {'0'})
        self.assertEqual(len(list(base.iterdir())), 256)


if __name__ == '__main__':
    unittest.main(verbosity=2)
