#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten thousand hostile connections in a row, on a fake host driver, leave the broker as they found it.

Memory, descriptors and threads of the broker are counted after some hundred connections and at the end, a neighbour that
was there all along is asked again, and no worker may be left. Nothing but what this test kills may die of a signal.

CONNECTIONS in the environment overrules the number.
"""

import argparse
import concurrent.futures
import os
import random
import re
import signal
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "front"))
import vtest as v  # noqa: E402

AT_ONCE = 8
SLACK_KIB = 256  # of the broker's memory
SANITIZED = os.environ.get("PV_TEST_SANITIZERS", "none") != "none"  # they keep what was freed


def nothing(client: v.Client, rand: random.Random) -> None:
    """Leaves again."""


def garbage(client: v.Client, rand: random.Random) -> None:
    client.sock.sendall(rand.randbytes(rand.randrange(8, 2000)))
    client.read(1)


def half_a_header(client: v.Client, rand: random.Random) -> None:
    client.sock.sendall(struct.pack("=2I", 5, v.CREATE_RENDERER)[:rand.randrange(1, 8)])


def half_a_request(client: v.Client, rand: random.Random) -> None:
    client.start()
    client.send(v.CREATE_BLOB, (v.HOST3D, 1), length=6)


def any_request(client: v.Client, rand: random.Random) -> None:
    client.start()
    for _ in range(rand.randrange(1, 20)):
        client.send(rand.randrange(0, 26), [rand.choice((0, 1, 2, 4096, 1 << 31, 0xffffffff))
                                            for _ in range(rand.randrange(0, 8))])


def any_commands(client: v.Client, rand: random.Random) -> None:
    client.start()
    client.submit(rand.randbytes(4 * rand.randrange(1, 200)))
    client.ask(v.PING)


def a_ring_of_garbage(client: v.Client, rand: random.Random) -> None:
    client.start()
    v.Ring(client).push(rand.randbytes(4 * rand.randrange(1, 200)))


def memory_that_stays(client: v.Client, rand: random.Random) -> None:
    client.start()
    for _ in range(rand.randrange(1, 50)):
        client.blob(4096 * rand.randrange(1, 64))


def does_not_read(client: v.Client, rand: random.Random) -> None:
    client.start()
    client.sock.settimeout(0.2)
    while True:
        client.send(v.GET_CAPSET, (4, 0))


def waits_without_end(client: v.Client, rand: random.Random) -> None:
    client.start()
    sync, = client.ask(v.SYNC_CREATE, 0, 0)
    for _ in range(rand.randrange(1, 100)):
        os.close(client.wait_fd([(sync, 1)]))


WAYS = (nothing, garbage, half_a_header, half_a_request, any_request, any_commands, a_ring_of_garbage,
        memory_that_stays, does_not_read, waits_without_end)


class Broker:
    def __init__(self, folder: str, fakehost: str) -> None:
        self.server = v.Server(folder, "--driver", fakehost).ready()
        self.ends: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.killed = 0

    def holds(self) -> dict[str, int]:
        """What the broker holds once all workers but the neighbour's are gone."""
        if not v.wait_until(lambda: len(self.server.workers()) <= 1, 60):
            raise AssertionError(f"workers are left: {self.server.workers()}\n{self.server.log[-2000:]}")
        time.sleep(0.2)
        status = Path(f"/proc/{self.server.process.pid}/status").read_text(encoding="ascii")
        return {"fds": self.server.fds(), "threads": int(re.search(r"Threads:\s*(\d+)", status)[1]),
                "kib": int(re.search(r"VmRSS:\s*(\d+)", status)[1])}

    def connect(self, number: int) -> None:
        rand = random.Random(number)
        way = rand.choice(WAYS)
        with v.Client(self.server.path) as client:
            try:
                way(client, rand)
                end = "left"
            except (ConnectionError, EOFError):
                end = "disconnected"
            except TimeoutError:
                end = "blocked"
        with self.lock:
            self.ends[f"{way.__name__}: {end}"] += 1

    def kill_some(self, number: int) -> None:
        """Ends a worker while its client waits: not the neighbour's."""
        with v.Client(self.server.path) as client:
            client.start(f"victim {number}\0".encode())
            client.ask(v.PING)
            pattern = rf'client (\d+): calls itself "victim {number}"'
            who = re.search(pattern, self.server.log) if self.server.logs(f'"victim {number}"') else None
            pid = who and re.search(rf"client {who[1]}: worker pid (\d+)", self.server.log)
            if not pid:
                raise AssertionError("the log does not name the worker")
            os.kill(int(pid[1]), random.Random(number).choice((signal.SIGKILL, signal.SIGSEGV)))
            client.ending()
        self.killed += 1

    def many(self, first: int, count: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.connect, range(first, first + count)))
        self.kill_some(first)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True)
    parser.add_argument("fakehost", help="the driver")
    options = parser.parse_args()
    os.environ["PEARVISOR"] = options.pearvisor
    total = int(os.environ.get("CONNECTIONS", "10000"))
    with tempfile.TemporaryDirectory(prefix="pv-hostile-") as folder:
        broker = Broker(folder, options.fakehost)
        neighbour = v.Ring(v.Client(broker.server.path).start())
        broker.many(0, 200)
        before = broker.holds()
        for first in range(200, total, 200):
            broker.many(first, min(200, total - first))
            if not sys.stdout.isatty() and first % 2000 == 0:
                print(f"{first} of {total} connections", flush=True)
        after = broker.holds()
        alive = neighbour.version() >> 12 >= 1 << 10 and not neighbour.status & 2
        neighbour.client.sock.close()
        status = broker.server.stop()
        log = broker.server.log
    for end, count in sorted(broker.ends.items()):
        print(f"  {end} {count}")
    died = len(re.findall(r"died of signal", log))
    print(f"{total} connections, {broker.killed} workers killed; the broker held {before} after 200, {after} at the end")
    failures = [why for why, failed in (
        ("the broker ended badly", status != 0), ("the neighbour was hurt", not alive),
        (f"{died} workers died of signals", died != broker.killed),
        ("descriptors are left", after["fds"] > before["fds"]), ("threads are left", after["threads"] > before["threads"]),
        ("memory is left", after["kib"] > before["kib"] + SLACK_KIB and not SANITIZED),
        ("no connection was refused", not any(end.endswith("disconnected") for end in broker.ends))) if failed]
    for why in failures:
        print(f"FAILED: {why}")
    if failures:
        print(log[-4000:])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
