#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest whose worker dies under it ends, whatever it is blocked in, soon and without spinning.

The server stays, says which worker died of which signal, and serves the next client.
"""
from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "front")]
from common import guest_icd, host_environment, run_output  # noqa: E402
import vtest as v  # noqa: E402

NO_FEEDBACK = "no_fence_feedback,no_semaphore_feedback,no_event_feedback,no_query_feedback"
# How it waits, and whether its driver watches memory for the end of it or asks the renderer.
WAITS = [("fence", ""), ("fence", NO_FEEDBACK), ("queue", ""), ("queue", NO_FEEDBACK), ("device", ""),
         ("semaphore", ""), ("semaphore", NO_FEEDBACK), ("query", ""), ("query", NO_FEEDBACK), ("socket", NO_FEEDBACK)]
SIGNALS = (signal.SIGKILL, signal.SIGSEGV)
BLOCKED = (0.5, 4.0, 6.0, 9.0)  # seconds it has been blocked for by then: drivers look for us at ever longer intervals
LONGEST = 5.0                   # seconds until it must have ended
MOST_CPU = 1.0                  # seconds of CPU time it may take for that
TOGETHER = 20                   # guests at a time


def guest_environment(args: argparse.Namespace, path: str, knobs: str) -> dict[str, str]:
    """What `pearvisor env` says, and the driver's switches."""
    env = dict(os.environ, VN_PERF=knobs)
    command = [args.pearvisor, "env", "--socket", path, *(["--icd", args.icd] if args.icd else [])]
    code, output, errors = run_output(command, env, 20)
    if code:
        raise AssertionError(f"pearvisor env: {errors}")
    for line in output.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        env[name] = value.strip("'\"")
    return env


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Case:
    """One guest, blocked in one way for some time, and one signal for its worker."""

    def __init__(self, env: dict[str, str], program: str, server: v.Server, wait: str, blocked: float,
                 number: int) -> None:
        self.server, self.blocked, self.signal = server, blocked, signal.Signals(number)
        self.name = (f"{wait}{', no feedback' if env['VN_PERF'] else ''}, "
                     f"{self.signal.name} after {self.blocked:.1f} s")
        self.why = ""
        others = set(server.workers())
        self.guest = subprocess.Popen([program, os.devnull, wait], env=env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.workers: set[int] = set()
        v.wait_until(lambda: self.find_worker(others) or self.guest.poll() is not None)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def find_worker(self, others: set[int]) -> bool:
        """Whether the server started a worker for this guest."""
        self.workers = set(self.server.workers()) - others
        return bool(self.workers)

    def run(self) -> None:
        """Says in `why` what is wrong, if anything is."""
        try:
            if self.guest.stdout.readline() != b"blocked\n":
                self.why = f"it did not get as far: {self.guest.communicate()[1].decode(errors='replace')}"
                return
            time.sleep(self.blocked)
            if self.guest.poll() is not None:
                self.why = f"it was not blocked: {self.guest.communicate()[1].decode(errors='replace')}"
                return
            worker, = self.workers
            self.why = self.kill(worker)
        finally:
            self.guest.kill()
            self.guest.communicate()

    def kill(self, worker: int) -> str:
        """Ends the worker and watches the guest; what is wrong, or nothing."""
        before = cpu_seconds(self.guest.pid)
        started = time.monotonic()
        os.kill(worker, self.signal)
        used = 0.0
        while time.monotonic() - started < LONGEST:
            pid, status, usage = os.wait4(self.guest.pid, os.WNOHANG)
            if pid:
                self.guest.returncode = os.waitstatus_to_exitcode(status)
                used = usage.ru_utime + usage.ru_stime - before
                break
            time.sleep(0.02)
        else:
            return f"still there after {LONGEST} s, {cpu_seconds(self.guest.pid) - before:.1f} s of CPU time later"
        print(f"  {self.name:45} {time.monotonic() - started:.1f} s, {used:.2f} s of CPU time, "
              f"exit status {self.guest.returncode}")
        if used > MOST_CPU:
            return f"it took {used:.1f} s of CPU time to end"
        if not self.server.logs(f"worker pid {worker} died of signal {int(self.signal)} "):
            return f"the server does not say so: {self.server.log[-2000:]}"
        return ""


def next_client_works(server: v.Server) -> bool:
    """A whole conversation with the server that has lost workers."""
    with v.Client(server.path) as client:
        return v.Ring(client.start()).version() >= 1 << 22


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True)
    parser.add_argument("--guest", choices=["system", "next"], required=True)
    parser.add_argument("program")
    args = parser.parse_args()
    args.icd, reason = guest_icd() if args.guest == "next" else (None, "")
    if args.guest == "next" and not args.icd:
        print(f"skipped: no second guest driver: {reason}")
        return 77
    os.environ.update(host_environment(), PEARVISOR=args.pearvisor)
    todo = [(wait, knobs, blocked, SIGNALS[(i + k) % len(SIGNALS)])
            for k, blocked in enumerate(BLOCKED) for i, (wait, knobs) in enumerate(WAITS)]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="pv-killed-") as folder:
        server = v.Server(folder).ready()
        try:
            envs = {knobs: guest_environment(args, server.path, knobs) for _, knobs in WAITS}
            fds = server.fds()
            for first in range(0, len(todo), TOGETHER):
                cases = [Case(envs[knobs], args.program, server, wait, blocked, number)
                         for wait, knobs, blocked, number in todo[first:first + TOGETHER]]
                for case in cases:
                    case.thread.join()
                    if case.why:
                        print(f"{case.name}: {case.why}")
                    failed += bool(case.why)
            if not next_client_works(server):
                print("the next client is not served")
                failed += 1
            if not v.wait_until(lambda: server.fds() == fds):
                print(f"the server had {fds} descriptors before and has {server.fds()} now")
                failed += 1
        finally:
            if server.stop() != 0:
                print(f"the server did not end well: {server.log[-2000:]}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
