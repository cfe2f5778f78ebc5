#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several GPUs on one host: lavapipe twice, as two drivers. All are shown to guests, or those that were chosen."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import vtest as v

FOLDERS = ('/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d')
# Loaded by name as the Vulkan loader does it, in a process of its own; where it came from is in the maps.
FIND = ('import ctypes, sys; ctypes.CDLL(sys.argv[1]); '
        'print(next(line.split()[-1] for line in open("/proc/self/maps") if "vulkan_lvp" in line))')


def lavapipe() -> tuple[Path, Path] | None:
    """The manifest and the library, or None."""
    for manifest in sorted(path for folder in FOLDERS for path in Path(folder).glob('lvp_icd*.json')):
        library = json.loads(manifest.read_text())['ICD']['library_path']
        if library.startswith('.'):
            library = str(manifest.parent / library)
        found = subprocess.run([sys.executable, '-c', FIND, library], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return manifest, Path(found.stdout.strip())
    return None


class Several(unittest.TestCase):
    """Two GPUs that say the same of themselves, so that only their order tells them apart."""

    @classmethod
    def setUpClass(cls) -> None:
        found = lavapipe()
        if not found:
            raise unittest.SkipTest('lavapipe is not installed')
        manifest, library = found
        cls.folder = tempfile.TemporaryDirectory(prefix='pv-')
        cls.addClassCleanup(cls.folder.cleanup)
        second = Path(cls.folder.name, 'second.json')
        copy = Path(cls.folder.name, 'libvulkan_lvp_second.so')
        shutil.copy(library, copy)
        content = json.loads(manifest.read_text())
        content['ICD']['library_path'] = str(copy)
        second.write_text(json.dumps(content))
        cls.env = {**os.environ, 'VK_DRIVER_FILES': f'{manifest}:{second}'}

    def run_tool(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([v.pearvisor(), *args], capture_output=True, text=True, timeout=60, env=self.env,
                              check=False)

    def guests_see(self, *options: str) -> int:
        result = self.run_tool('run', *options, '--', 'vulkaninfo', '--summary')
        self.assertEqual(result.returncode, 0, result.stderr)
        return len(re.findall(r'^GPU\d+:$', result.stdout, re.M))

    def test_all_are_shown(self) -> None:
        self.assertEqual(len(json.loads(self.run_tool('info', '--json').stdout)['gpus']), 2)
        self.assertEqual(self.guests_see(), 2)

    def test_one_is_chosen_by_its_index(self) -> None:
        for index in ('0', '1'):
            self.assertEqual(len(json.loads(self.run_tool('info', '--json', '--gpu', index).stdout)['gpus']), 1)
            self.assertEqual(self.guests_see('--gpu', index), 1)

    def test_several_are_chosen_by_their_indices(self) -> None:
        self.assertEqual(self.guests_see('--gpu', '1,0'), 2)
        self.assertIn('no GPU "2"', self.run_tool('info', '--gpu', '0,2').stderr)

    def test_a_name_that_both_have_is_refused(self) -> None:
        result = self.run_tool('info', '--gpu', 'llvmpipe')
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertIn('names several GPUs', result.stderr)


if __name__ == '__main__':
    unittest.main()
