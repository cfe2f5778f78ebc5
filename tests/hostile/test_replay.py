#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records stock Mesa clients, reads and writes every command of theirs again, and replays the recordings.

Nothing recorded is kept in the repository: what a stock driver sends is found out anew each time.
"""
from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from common import guest_icd, host_environment, run_output  # noqa: E402
from recordings import HEADER, RECORD, TIMEOUT, programs_by_name, record, records  # noqa: E402

PROGRAMS = ("triangle", "compute", "texture", "queries", "descriptors", "timeline", "threads", "large_commands")

options = argparse.Namespace()


class Recordings(unittest.TestCase):
    """Each program is recorded once per guest driver."""

    files: dict[str, Path] = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.env = host_environment()
        cls.temporary = tempfile.TemporaryDirectory(prefix="pv-record-")
        cls.folder = Path(cls.temporary.name)
        programs = programs_by_name(options.programs)
        commands = {name: [str(programs[name]), str(cls.folder / "out")] for name in PROGRAMS}
        commands["vulkaninfo"] = ["vulkaninfo"]
        icd, reason = guest_icd()
        if not icd:
            print(f"guest driver 'next': left out, {reason}")
        for guest, arguments in (("system", []), *((("next", ["--icd", icd]),) if icd else ())):
            for name, command in commands.items():
                cls.files[f"{name}-{guest}"] = record(options.pearvisor, cls.folder / f"{name}-{guest}", arguments,
                                                      command, cls.env)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.temporary.cleanup()

    def replay(self, path: Path) -> tuple[int | None, str, str]:
        """`pearvisor replay`."""
        return run_output([options.pearvisor, "replay", str(path)], self.env, TIMEOUT)

    def test_every_command_is_written_as_it_was_read(self) -> None:
        for name, path in self.files.items():
            with self.subTest(name):
                code, output, errors = run_output([options.recorded, str(path)], self.env, TIMEOUT)
                print(f"  {name:20} {output.strip().splitlines()[-1] if output else errors}")
                self.assertEqual(code, 0, output[-2000:] + errors)

    def test_every_recording_replays(self) -> None:
        for name, path in self.files.items():
            with self.subTest(name):
                commands = sum(kind == 1 for _, kind, _, _ in records(path.read_bytes()))
                code, output, errors = self.replay(path)
                self.assertEqual((code, errors), (0, ""))
                words = output.split()
                self.assertEqual(int(words[0]) + int(words[3]), commands, output)
                self.assertGreater(int(words[0]), 20)
                self.assertTrue(output.endswith("the context is alive\n"), output)

    def test_rings_and_executed_streams_are_told_apart(self) -> None:
        """The control path is 0 and makes the ring; what a stream holds follows the command that executes it."""
        found = [(decoder, content[:4]) for _, kind, decoder, content in
                 records(self.files["large_commands-system"].read_bytes()) if kind == 1]
        ids = {name: struct.pack("<I", number) for name, number in (("execute", 180), ("ring", 188), ("fill", 118))}
        self.assertIn((0, ids["ring"]), found)
        self.assertEqual({decoder for decoder, _ in found}, {0, 1})
        at = found.index((1, ids["execute"]))
        self.assertGreater(found[at:].count((1, ids["fill"])), 1000)

    def refused(self, data: bytes, *phrases: str) -> None:
        """A file with this content ends the replay with 1 and one line that says all of `phrases`."""
        path = self.folder / "damaged.pvrec"
        path.write_bytes(data)
        code, _, errors = self.replay(path)
        self.assertEqual(code, 1, errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)
        for phrase in phrases:
            self.assertIn(phrase, errors)

    def test_files_that_are_no_recordings(self) -> None:
        whole = self.files["compute-system"].read_bytes()
        self.refused(b"", "too short")
        self.refused(b"\x7fELF" + bytes(100), "is no recording")
        self.refused(whole[:8] + struct.pack("<I", 99) + whole[12:], "another version")
        code, _, errors = self.replay(self.folder / "nothing.pvrec")
        self.assertEqual(code, 1)
        self.assertIn("No such file", errors)

    def test_damaged_and_cut_recordings(self) -> None:
        whole = self.files["compute-system"].read_bytes()
        all_records = records(whole)
        at, _, _, content = all_records[len(all_records) // 2]
        self.refused(whole[:at + RECORD + len(content) - 4], f"at byte {at}", "in the middle of it")
        self.refused(whole[:at + 3], "in the middle of it")
        self.refused(whole[:at], f"at byte {at}", "cut off here")
        self.refused(whole[:at] + struct.pack("<IIQ", 77, 0, 4) + whole[at:], f"at byte {at}", "damaged")
        self.refused(whole[:at] + struct.pack("<IIQ", 1, 0, 6) + whole[at:], "damaged")
        self.refused(whole[:at] + struct.pack("<IIQ", 1, 0, 1 << 62) + whole[at:], "in the middle of it")
        self.refused(whole + bytes(4), "damaged")

    def test_a_recording_whose_commands_do_not_decode(self) -> None:
        whole = self.files["compute-system"].read_bytes()
        at = next(at for at, kind, _, content in records(whole) if kind == 1 and content[:4] == struct.pack("<I", 50))
        self.refused_at_command(whole[:at + RECORD] + struct.pack("<I", 0x7777) + whole[at + RECORD + 4:], at)

    def refused_at_command(self, data: bytes, at: int) -> None:
        """Two lines: the context's own, and which record it was."""
        path = self.folder / "damaged.pvrec"
        path.write_bytes(data)
        code, output, errors = self.replay(path)
        self.assertEqual(code, 1, errors)
        self.assertIn("the context is over", output)
        self.assertRegex(errors, r"over at unknown command \(30583\)")
        self.assertIn(f"at byte {at}: this command ended the context", errors)

    def test_a_wait_whose_end_was_not_recorded(self) -> None:
        """A recording whose submissions were taken out, with the waits for them left in, is not waited for for ever."""
        whole = self.files["compute-system"].read_bytes()
        submits = (struct.pack("<I", 18), struct.pack("<I", 232))  # vkQueueSubmit, vkQueueSubmit2
        kept = whole[:HEADER] + b"".join(whole[at:at + RECORD + len(content)] for at, kind, _, content in records(whole)
                                         if kind != 1 or content[:4] not in submits)
        path = self.folder / "unsubmitted.pvrec"
        path.write_bytes(kept)
        code, _, errors = self.replay(path)
        self.assertEqual(code, 1)
        self.assertIn("waits for something that was not recorded", errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True, help="the pearvisor program")
    parser.add_argument("--recorded", required=True, help="the program that decodes recordings")
    parser.add_argument("programs", nargs="+", type=Path, help="end-to-end programs")
    parser.parse_args(namespace=options)
    unittest.main(argv=[sys.argv[0]], verbosity=2)


if __name__ == "__main__":
    main()
