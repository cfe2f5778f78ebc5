#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hundred clients one after another, eight at once and some that are killed, against one `pearvisor serve`.

Afterwards the broker's descriptors, threads and memory, the shared memory and the processes are what they were before.
"""
from __future__ import annotations

import argparse
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from common import VENUS, host_environment, run

ONE_AFTER_ANOTHER = 100
AT_ONCE = 8
ROUNDS_AT_ONCE = 4
KILLED = 10
TIMEOUT = 60
RSS_SLACK_KIB = 1024  # allocators keep a little


@dataclass
class State:
    """What must come back."""
    fds: int
    memfds: int
    threads: int
    processes: int  # the broker and its workers
    shm: int
    rss_kib: int

    def leaked(self, later: "State") -> list[str]:
        return [f"{name}: {value} before, {getattr(later, name)} after" for name, value in asdict(self).items()
                if getattr(later, name) > value + (RSS_SLACK_KIB if name == "rss_kib" else 0)]


def links(folder: Path) -> list[str]:
    targets = []
    for entry in folder.iterdir():
        try:
            targets.append(os.readlink(entry))
        except OSError:
            pass  # closed meanwhile
    return targets


def processes_of(program: Path) -> list[int]:
    """Every process that runs this very file."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and Path(os.readlink(entry / "exe")) == program:
                found.append(int(entry.name))
        except OSError:
            pass  # gone, or not ours to look at
    return found


def state(broker: int, program: Path) -> State:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{broker}/status").read_text().splitlines())
    targets = links(Path(f"/proc/{broker}/fd"))
    shm = [entry for entry in Path("/dev/shm").iterdir() if "pearvisor" in entry.name]
    return State(len(targets), sum(target.startswith("/memfd:") for target in targets), int(status["Threads"]),
                 len(processes_of(program)), len(shm), int(status["VmRSS"].split()[0]))


class Server:
    """One `pearvisor serve` on a socket of its own, and the environment of its clients."""

    def __init__(self, program: Path, folder: Path, env: dict[str, str]) -> None:
        self.program = program
        self.socket = folder / "socket"
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([program, "serve", "--socket", self.socket], env=env, stderr=log,
                                            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while b"listening" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server did not start: {self.log.read_text(errors='replace')}")
            time.sleep(0.05)
        exports = subprocess.run([program, "env", "--socket", self.socket], env=env, capture_output=True, text=True,
                                 check=True).stdout
        self.client_env = dict(env)
        for word in shlex.split(exports, comments=True):
            name, equals, value = word.partition("=")
            if equals:
                self.client_env[name] = value.rstrip(";")

    def settled(self) -> State:
        """Its state once every worker has gone."""
        deadline = time.monotonic() + 20
        now = state(self.process.pid, self.program)
        while now.processes != 1 and time.monotonic() < deadline:
            time.sleep(0.1)
            now = state(self.process.pid, self.program)
        return now

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        if code != 0 or self.socket.exists():
            sys.exit(f"the server ended with {code}, its socket is {'still there' if self.socket.exists() else 'gone'}")


def client(server: Server, program: Path, output: Path) -> None:
    code, text = run([str(program), str(output)], server.client_env, TIMEOUT)
    if code != 0 or VENUS not in text:
        sys.exit(f"a client ended with {code}: {text}\nserver: {server.log.read_text(errors='replace')[-2000:]}")


def start(server: Server, program: Path, output: Path) -> subprocess.Popen:
    return subprocess.Popen([program, output], env=server.client_env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def at_once(server: Server, programs: list[Path], folder: Path) -> None:
    running = [start(server, programs[i % len(programs)], folder / f"out-{i}") for i in range(AT_ONCE)]
    codes = [process.wait(timeout=TIMEOUT) for process in running]
    if any(codes):
        sys.exit(f"of {AT_ONCE} clients at once some failed: {codes}")


def killed(server: Server, programs: list[Path], folder: Path) -> None:
    """Clients that vanish at any moment of their life."""
    chance = random.Random(1)
    for i in range(KILLED):
        process = start(server, programs[i % len(programs)], folder / "out")
        time.sleep(chance.uniform(0.01, 0.25))
        process.kill()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("programs", nargs="+", type=Path, help="clients, taken in turn")
    options = parser.parse_args()
    pearvisor = options.pearvisor.resolve()
    problems = []
    with tempfile.TemporaryDirectory(prefix="pearvisor-clients-") as name:
        folder = Path(name)
        server = Server(pearvisor, folder, host_environment())
        client(server, options.programs[0], folder / "out")  # whatever is made once is made now
        before = server.settled()
        for title, work in (
                (f"{ONE_AFTER_ANOTHER} one after another",
                 lambda: [client(server, options.programs[i % len(options.programs)], folder / "out")
                          for i in range(ONE_AFTER_ANOTHER)]),
                (f"{AT_ONCE} at once, {ROUNDS_AT_ONCE} times",
                 lambda: [at_once(server, options.programs, folder) for _ in range(ROUNDS_AT_ONCE)]),
                (f"{KILLED} killed", lambda: killed(server, options.programs, folder)),
                ("one more", lambda: client(server, options.programs[0], folder / "out"))):
            work()
            after = server.settled()
            leaks = before.leaked(after)
            print(f"{title}: {after}{''.join(chr(10) + '  ' + leak for leak in leaks)}", flush=True)
            problems += leaks
        server.stop()
    print(f"before: {before}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
