#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged recordings of stock clients, each sent to a worker of its own on the host's real driver.

Values that Vulkan forbids may crash a driver; that is what the worker processes are for. So a crash is counted. But a
crash in our own code, a broker that dies, or a neighbour that notices, fails the test.
"""
from __future__ import annotations

import argparse
import os
import random
import re
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "front"), str(HERE)]
from common import host_environment  # noqa: E402
from recordings import commands_of, programs_by_name, record  # noqa: E402
import vtest as v  # noqa: E402

PROGRAMS = ("triangle", "compute", "texture", "queries", "descriptors", "msaa", "sync")
LIBC = ("libc.so", "libpthread", "linux-vdso", "ld-linux")
REPLY_BYTES = 1 << 20
PATIENCE = 10.0
SET_REPLY = 178
ABSURD = (0, 1, 2, 3, 0x10, 0xff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff)


def damage(rand: random.Random, command: bytes) -> bytes:
    """One thing about the command that is wrong now."""
    words = bytearray(command)
    at = rand.randrange(0, len(words), 4)
    kind = rand.randrange(6)
    if kind == 0:
        struct.pack_into("<I", words, at, rand.choice(ABSURD))
    elif kind == 1 and at + 8 <= len(words):
        struct.pack_into("<Q", words, at, rand.choice((0, 1, 2**32, 2**62, 2**64 - 1, rand.randrange(1, 60))))
    elif kind == 2:
        words[rand.randrange(len(words))] ^= 1 << rand.randrange(8)
    elif kind == 3:
        value, = struct.unpack_from("<I", words, at)
        struct.pack_into("<I", words, at, (value + rand.choice((1, -1, 4096))) & 0xffffffff)
    elif kind == 4 and len(words) > 16:  # values, not handles or counts: most of them decode
        at = rand.randrange(8, len(words), 4)
        struct.pack_into("<f", words, at, rand.choice((0.0, -1.0, 1e30, float("inf"), float("nan"))))
    else:
        del words[at:at + 4 * rand.randrange(1, 4)]
    return bytes(words)


class Workers:
    """The server, the recordings and what became of the cases."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.recordings = self.record()
        os.environ["LD_PRELOAD"] = str(Path(options.crashtrace).resolve())
        try:
            self.server = v.Server(str(folder)).ready()
        finally:
            del os.environ["LD_PRELOAD"]
        self.ends: Counter[str] = Counter()
        self.neighbour = v.Ring(v.Client(self.server.path).start())

    def record(self) -> list[list[bytes]]:
        """What stock clients send, found out anew."""
        programs = programs_by_name(self.options.programs)
        return [commands_of(record(self.options.pearvisor, self.folder / f"rec-{name}", [],
                                   [str(programs[name]), str(self.folder / "out")], dict(os.environ)))
                for name in PROGRAMS]

    def stream(self, rand: random.Random) -> bytes:
        """A recording with a few damaged commands, replies going to resource 1."""
        commands = rand.choice(self.recordings)
        victims = set(rand.sample(range(len(commands)), rand.randrange(1, 4)))
        window = struct.pack("<2I Q I 2Q", SET_REPLY, 0, 1, 1, 0, REPLY_BYTES)
        parts = []
        for number, command in enumerate(commands):
            if command[4] & 1:
                parts.append(window)
            parts.append(damage(rand, command) if number in victims else command)
        return b"".join(parts)

    def case(self, rand: random.Random) -> str:
        """One client with one stream; how it ended."""
        with v.Client(self.server.path) as client:
            client.start()
            client.blob(REPLY_BYTES)
            sync, = client.ask(v.SYNC_CREATE, 0, 0)
            fd = client.wait_fd([(sync, 1)])
            try:
                client.submit(self.stream(rand), [(sync, 1)], ring_idx=0)
                client.sock.settimeout(PATIENCE)
                client.ask(v.PING)
                return "answered" if v.readable(fd, PATIENCE) else "NOT RETIRED"
            except (ConnectionResetError, BrokenPipeError, EOFError):
                return "worker gone"
            except TimeoutError:
                return "driver busy"
            finally:
                os.close(fd)

    def neighbours_live(self) -> None:
        """One that has been there all along, and a new one."""
        for ring in (self.neighbour, v.Ring(v.Client(self.server.path).start())):
            if ring.version() >> 12 < 1 << 10 | 1 or ring.status & 2:
                raise AssertionError("a neighbour was hurt")
            if ring is not self.neighbour:
                ring.client.sock.close()

    def run(self) -> None:
        """All cases, with a look at the neighbours now and then."""
        for number in range(self.options.cases):
            self.ends[self.case(random.Random(self.options.seed + number))] += 1
            if number % 16 == 15:
                self.neighbours_live()
        self.neighbours_live()


def culprits(log: str) -> tuple[Counter[str], list[str]]:
    """In whose code the crashes were, and the lines of those in ours."""
    whose: Counter[str] = Counter()
    bad = []
    for line in re.findall(r"^crashtrace: .*$", log, re.MULTILINE):
        frames = [frame for frame in line.split()[3:] if not frame.startswith(LIBC)]
        top = frames[0].split("+")[0] if frames else "nowhere"
        whose[top] += 1
        if top.startswith(("libpearvisor", "pearvisor")):
            bad.append(line)
    return whose, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True)
    parser.add_argument("--crashtrace", required=True, help="the library to preload into workers")
    parser.add_argument("--cases", type=int, default=int(os.environ.get("HOSTILE_WORKERS", "300")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("HOSTILE_SEED", "1")))
    parser.add_argument("programs", nargs="+", type=Path)
    options = parser.parse_args()
    os.environ.update(host_environment(), PEARVISOR=options.pearvisor)
    with tempfile.TemporaryDirectory(prefix="pv-hostile-") as folder:
        workers = Workers(options, Path(folder))
        try:
            workers.run()
            broker_lives = workers.server.process.poll() is None
        finally:
            status = workers.server.stop()
        log = workers.server.log
    overs = len(re.findall(r": over (?:at|after)", log))
    lost = log.count(": device lost")
    crashes = len(re.findall(r"died of signal", log))
    whose, bad = culprits(log)
    print(f"{options.cases} damaged streams: {dict(workers.ends)}; {overs} contexts over, {lost} lost, {crashes} "
          f"workers crashed, in {dict(whose)}")
    for line in bad:
        print(f"in our own code: {line}")
    killed = len(re.findall(r"died of signal 9 ", log))
    watched = "log_path=" in os.environ.get("ASAN_OPTIONS", "")
    failures = [why for why, failed in (
        ("a crash in our own code", bool(bad)),
        # Of what AddressSanitizer finds it says itself whose it is (tests/sanitizers/watch.py).
        ("a crash that nobody explains", crashes - killed > sum(whose.values()) and not watched),
        ("the broker died", not broker_lives or status != 0),
        ("a fence that never retired", workers.ends["NOT RETIRED"] > 0),
        ("too many drivers that hang", workers.ends["driver busy"] > options.cases // 20),
        ("damage that changes nothing", overs < options.cases // 4)) if failed]
    for why in failures:
        print(f"FAILED: {why}")
    if failures:
        print(log[-6000:])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
