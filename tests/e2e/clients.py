#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""300 clients one after another, 16 at once and some that are killed, against one `pearvisor serve`.

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
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from common import VENUS, host_environment, run

ONE_AFTER_ANOTHER = 300
LIGHT = "e2e-triangle"  # most clients; some are other programs in turn
EVERY = 20
AT_ONCE = 16
ROUNDS_AT_ONCE = 2
KILLED = 10
TIMEOUT = 60
LEFT_WELL = (0, 77)  # 77: it used the device and found that it lacks what the program is about
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
            self.process = subprocess.Popen([program, "serve", "--socket", self.socket], env=env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.client_env = dict(env)

    def __enter__(self) -> "Server":
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.process.kill()
            raise
        exports = subprocess.run([self.program, "env", "--socket", self.socket], env=self.client_env,
                                 capture_output=True, text=True, check=True).stdout
        for word in shlex.split(exports, comments=True):
            name, equals, value = word.partition("=")
            if equals:
                self.client_env[name] = value.rstrip(";")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + 20
        while b"listening" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server did not start: {self.log.read_text(errors='replace')}")
            time.sleep(0.05)

    def settled(self, before: State | None = None) -> State:
        """Its state once every worker has gone and been reaped, or, if something stays, after a while."""
        deadline = time.monotonic() + 20
        while True:
            time.sleep(0.1)
            now = state(self.process.pid, self.program)
            if time.monotonic() > deadline or (now.processes == 1 and not (before and before.leaked(now))):
                return now

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        if code != 0 or self.socket.exists():
            sys.exit(f"the server ended with {code}, its socket is {'still there' if self.socket.exists() else 'gone'}")


def client(server: Server, program: Path, output: Path) -> None:
    code, text = run([str(program), str(output)], server.client_env, TIMEOUT)
    if code not in LEFT_WELL or VENUS not in text:
        sys.exit(f"a client ended with {code}: {text}\nserver: {server.log.read_text(errors='replace')[-2000:]}")


def start(server: Server, program: Path, output: Path) -> subprocess.Popen:
    return subprocess.Popen([program, output], env=server.client_env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def at_once(server: Server, programs: list[Path], folder: Path) -> None:
    running = [start(server, programs[i % len(programs)], folder / f"out-{i}") for i in range(AT_ONCE)]
    codes = [process.wait(timeout=TIMEOUT) for process in running]
    if not set(codes) <= set(LEFT_WELL):
        sys.exit(f"of {AT_ONCE} clients at once some failed: {codes}")


def killed(server: Server, programs: list[Path], folder: Path) -> None:
    """Clients that vanish at any moment of their life."""
    chance = random.Random(1)
    for i in range(KILLED):
        process = start(server, programs[i % len(programs)], folder / "out")
        time.sleep(chance.uniform(0.01, 0.25))
        process.kill()
        process.wait()


def burden(server: Server, programs: list[Path], folder: Path) -> list[str]:
    """Every kind of load in turn; what each has left behind."""

    light = next((program for program in programs if program.name == LIGHT), programs[0])

    def one_after_another(count: int) -> None:
        for i in range(count):
            client(server, light if i % EVERY else programs[i // EVERY * 7 % len(programs)], folder / "out")

    def groups() -> None:
        for i in range(ROUNDS_AT_ONCE):
            at_once(server, [light, *programs[i * 5:i * 5 + 5]], folder)

    loads: list[tuple[str, Callable[[], None]]] = [
        (f"{ONE_AFTER_ANOTHER} one after another", lambda: one_after_another(ONE_AFTER_ANOTHER)),
        (f"{AT_ONCE} at once, {ROUNDS_AT_ONCE} times", groups),
        (f"{KILLED} killed", lambda: killed(server, programs, folder)),
        ("one more", lambda: one_after_another(1)),
    ]
    one_after_another(1)  # whatever is made once is made now
    before = server.settled()
    print(f"before: {before}")
    problems = []
    for title, load in loads:
        load()
        after = server.settled(before)
        leaks = before.leaked(after)
        print(f"{title}: {after}", *leaks, sep="\n  ", flush=True)
        problems += leaks
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("programs", nargs="+", type=Path, help="clients, taken in turn")
    options = parser.parse_args()
    pearvisor = options.pearvisor.resolve()
    with tempfile.TemporaryDirectory(prefix="pearvisor-clients-") as name:
        folder = Path(name)
        with Server(options.pearvisor.resolve(), folder, host_environment()) as server:
            problems = burden(server, options.programs, folder)
            server.stop()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
