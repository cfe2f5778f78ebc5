#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thousand swapchains, made, used and destroyed by one guest, leave nothing behind in its worker or in the broker.

Descriptors, mappings, threads and memory are counted after the first 100, while the guest lives, and after 1,000 more.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from clients import Server  # noqa: E402
from common import VENUS, chosen_guests, host_environment  # noqa: E402

COUNT = 1000
PATIENCE = 15  # seconds in which what is freed late must be gone: freed memory is kept for a while, to be used again
QUIET = 4  # seconds without a change, and it is
SLACK_KIB = 2048  # allocators keep a little; one image of each swapchain would be 16 MB at the least


@dataclass
class Holding:
    """What a process holds, without the shared memory that the guest itself still maps: its driver's own streams."""
    fds: int
    memfds: int
    threads: int
    mappings: int
    mapped_kib: int  # without what is only reserved
    private_kib: int

    def more_than(self, before: "Holding") -> list[str]:
        slack = {"mapped_kib": SLACK_KIB, "private_kib": SLACK_KIB, "mappings": 8}
        return [f"{name}: {asdict(before)[name]} before, {value} after" for name, value in asdict(self).items()
                if value > asdict(before)[name] + slack.get(name, 0)]


@dataclass
class Mapping:
    inode: int  # 0: of no file
    kib: int
    memfd: bool


def mappings(pid: int) -> list[Mapping]:
    """All that something can be read from."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        area, rights, _, _, inode, *name = line.split(maxsplit=5)
        first, end = (int(number, 16) for number in area.split("-"))
        if rights.startswith("r"):
            found.append(Mapping(int(inode), (end - first) // 1024, "/memfd:" in "".join(name)))
    return found


def open_files(pid: int) -> Iterator[tuple[int, str]]:
    """Inode and name of each."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield entry.stat().st_ino, os.readlink(entry)
        except OSError:
            pass  # closed meanwhile


def workers(broker: int) -> list[int]:
    return [int(pid) for task in Path(f"/proc/{broker}/task").iterdir()
            for pid in (task / "children").read_text().split()]


def holding(pid: int, guest: int | None = None) -> Holding:
    shared = {mapping.inode for mapping in mappings(guest) if mapping.memfd} if guest else set()
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    own = [mapping for mapping in mappings(pid) if mapping.inode not in shared]
    files = [name for inode, name in open_files(pid) if inode not in shared]
    return Holding(len(files), sum(name.startswith("/memfd:") for name in files), int(status["Threads"]), len(own),
                   sum(mapping.kib for mapping in own), int(status["RssAnon"].split()[0]))


def quiet(processes: list[int], guest: int) -> dict[int, Holding]:
    """What each holds once nothing is given back any more."""
    now: dict[int, Holding] = {}
    since, deadline = time.monotonic(), time.monotonic() + PATIENCE
    while time.monotonic() < min(since + QUIET, deadline):
        time.sleep(0.2)
        before, now = now, {pid: holding(pid, guest) for pid in processes}
        if now != before:
            since = time.monotonic()
    return now


def wait_for(client: subprocess.Popen, word: str) -> None:
    line = client.stdout.readline().strip() if client.stdout else ""
    if line != word:
        sys.exit(f"the guest said {line!r} instead of {word!r}: {client.communicate()[1]}")


def go_on(client: subprocess.Popen) -> None:
    client.stdin.write("go on\n")
    client.stdin.flush()


def kept(before: dict[int, Holding], guest: int | None) -> list[str]:
    """What each has more than before, after some patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        now = {pid: holding(pid, guest) for pid in before}
        problems = [f"process {pid}: {line}" for pid in now for line in now[pid].more_than(before[pid])]
        if not problems or time.monotonic() > deadline:
            print(*(f"   {pid}: {state}" for pid, state in now.items()), sep="\n")
            return problems
        time.sleep(0.2)


def look(server: Server, program: Path, folder: Path) -> list[str]:
    broker = server.process.pid
    command = [str(program), str(folder / "out"), str(COUNT)]
    with subprocess.Popen(command, env=server.client_env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as client:
        try:
            wait_for(client, "first")
            if len(workers(broker)) != 1:
                sys.exit(f"there are {len(workers(broker))} workers for one guest")
            before = quiet([broker, *workers(broker)], client.pid)
            print(*(f"   {pid}: {state}" for pid, state in before.items()), sep="\n")
            go_on(client)
            wait_for(client, "all")
            problems = kept(before, client.pid)
            go_on(client)
            _, errors = client.communicate(timeout=60)
        except BaseException:
            client.kill()
            raise
    if client.returncode == 77:
        sys.exit(f"the guest lacks what this needs: {errors}")
    if client.returncode != 0 or VENUS not in errors:
        problems.append(f"the guest ended with {client.returncode}: {errors}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("program", type=Path, help="the guest")
    options = parser.parse_args()
    problems = []
    for guest in chosen_guests("all"):
        print(f"guest driver '{guest.name}'")
        with tempfile.TemporaryDirectory(prefix="pearvisor-leaks-") as name:
            env = host_environment()
            if guest.arguments:
                env["PEARVISOR_ICD"] = guest.arguments[-1]
            with Server(options.pearvisor.resolve(), Path(name), env) as server:
                broker = server.process.pid
                before = holding(broker)
                problems += look(server, options.program.resolve(), Path(name))
                problems += kept({broker: before}, None)
                problems += [f"worker {pid} stays" for pid in workers(broker)]
                server.stop()
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
