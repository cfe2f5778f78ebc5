#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Driver restrictions: what `pearvisor info` and a guest see under each, and what a wrong name gets."""

import argparse
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from common import host_environment  # noqa: E402

PEARVISOR = ""
NAMES = ("moltenvk", "kosmickrisp", "nvidia", "vulkan11")


def info(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PEARVISOR, "info", "--json", *arguments], env=host_environment() | variables, text=True,
                          capture_output=True, timeout=60, check=False)


def gpu(*arguments: str, **variables: str) -> dict:
    done = info(*arguments, **variables)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)["gpus"][0]


class Masks(unittest.TestCase):
    def test_each_hides_something_and_still_shares_memory(self) -> None:
        plain = gpu()
        for name in NAMES:
            with self.subTest(name):
                masked = gpu("--restrict", name)
                self.assertLess(masked["extensions_host"], plain["extensions_host"])
                self.assertEqual(masked["memory_path"], "host-pointer (memfd)")

    def test_the_version_is_the_imitated_drivers(self) -> None:
        self.assertTrue(gpu("--restrict", "vulkan11")["guest_api_version"].startswith("1.1."))
        self.assertTrue(gpu("--restrict", "kosmickrisp")["guest_api_version"].startswith("1.3."))

    def test_the_environment_says_it_too_and_the_option_wins(self) -> None:
        self.assertEqual(gpu(PEARVISOR_RESTRICT="nvidia"), gpu("--restrict", "nvidia"))
        self.assertEqual(gpu("--restrict", "moltenvk", PEARVISOR_RESTRICT="nvidia"), gpu("--restrict", "moltenvk"))

    def test_a_wrong_name_is_refused_with_the_right_ones(self) -> None:
        done = info("--restrict", "riva128")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        for name in NAMES:
            self.assertIn(name, done.stderr)

    def test_a_server_does_not_start_with_a_wrong_name(self) -> None:
        done = subprocess.run([PEARVISOR, "run", "--restrict", "riva128", "--", "true"], env=host_environment(),
                              text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("riva128", done.stdout + done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", type=Path, required=True)
    options, rest = parser.parse_known_args()
    PEARVISOR = os.fspath(options.pearvisor.resolve())
    unittest.main(argv=[sys.argv[0], *rest])
