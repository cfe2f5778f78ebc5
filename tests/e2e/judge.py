# SPDX-License-Identifier: MIT
"""One program, once natively and once as a guest: running it, and the verdict on what it left behind."""
from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from common import SKIP, VENUS, run

ALARM = 124  # exit status of a program that the harness's own alarm ended

IDENTICAL = "identical"
DIFFERENT = "different"
NATIVE_SKIP = "skipped natively"
HIDDEN = "not exposed"
CRASHED = "crashed"
TIMED_OUT = "timed out"
FAILED = "failed"
ELSEWHERE = "not on PearVisor"
NATIVE_FAILURE = "failed natively"
VERDICTS = (IDENTICAL, NATIVE_SKIP, HIDDEN, DIFFERENT, CRASHED, TIMED_OUT, FAILED, ELSEWHERE, NATIVE_FAILURE)

OURS = "pearvisor: "  # begins every line that is PearVisor's and not the program's
# What of it explains a bad end.
TELLING = re.compile(r"over at |device lost at |died of |disconnected at |does not end|does not ask|were asked for|"
                     r"refused|cannot |ended with")
DIED = re.compile(r"died of signal (\d+)")
LAST = re.compile(r"last commands?: (.*)")


@dataclass
class Device:
    """What a program printed about the device it saw."""
    name: str = ""
    driver: str = ""
    api: str = ""
    extension_count: int = 0
    extensions: list[str] = field(default_factory=list)

    @staticmethod
    def parse(text: str) -> "Device":
        device = Device()
        for line in text.splitlines():
            key, _, value = line.partition(": ")
            if key == "device":
                device.name = value
            elif key == "driver":
                device.driver = value
            elif key == "api":
                device.api = value
            elif key == "extensions":
                device.extension_count = int(value)
            elif key == "extension":
                device.extensions.append(value)
        return device


@dataclass
class Run:
    """One execution of one program."""
    status: str  # "ok", "skipped", or a verdict on its end: FAILED, CRASHED, TIMED_OUT
    seconds: float
    device: Device
    notes: list[str]  # what it had to say besides
    server: list[str]  # what PearVisor logged meanwhile
    data: bytes = b""
    end_signal: int = 0  # that ended it

    def last_commands(self) -> list[str]:
        """What the worker of each of its clients had decoded last."""
        return [match[1] for line in self.server if (match := LAST.search(line))]

    def worker_signal(self) -> int:
        return next((int(match[1]) for line in self.server if (match := DIED.search(line))), 0)


def status_of(code: int | None) -> tuple[str, int]:
    """A verdict on an exit status, and the signal in it."""
    if code is None or code == ALARM:
        return TIMED_OUT, 0
    if code < 0 or code > 128:
        return CRASHED, -code if code < 0 else code - 128
    return {0: "ok", SKIP: "skipped"}.get(code, FAILED), 0


def execute(command: list[str], env: dict[str, str], output: Path, timeout: float, name: str = "") -> Run:
    """Runs a program that writes to `output`, which it may know by another name."""
    start = time.monotonic()
    code, text = run([*command, name or str(output)], env, timeout)
    seconds = time.monotonic() - start
    known = ("device: ", "driver: ", "api: ", "extensions: ", "extension: ")
    lines = [line for line in text.splitlines() if line.strip()]
    server = [line.removeprefix(OURS) for line in lines if line.startswith(OURS)]
    notes = [line for line in lines if not line.startswith((OURS, *known))]
    status, end_signal = status_of(code)
    data = output.read_bytes() if output.exists() else b""
    return Run(status, seconds, Device.parse(text), notes, server, data, end_signal)


def sections(data: bytes) -> list[tuple[str, bytes]]:
    """The named parts of a result file (see result() in harness.c); any other file is one part."""
    if not data.startswith(b"# "):
        return [("file", data)]
    parts, at = [], 0
    while at < len(data) and (end := data.find(b"\n", at)) >= 0:
        name, size = data[at + 2:end].decode(errors="replace").rsplit(" ", 1)
        parts.append((name, data[end + 1:end + 1 + int(size)]))
        at = end + 1 + int(size) + 1
    return parts


def first_difference(native: bytes, guest: bytes) -> str:
    for number, (a, b) in enumerate(zip(sections(native), sections(guest))):
        if a == b:
            continue
        if a[0] != b[0] or len(a[1]) != len(b[1]):
            return f"section {number}: {a[0]} of {len(a[1])} bytes natively, {b[0]} of {len(b[1])} as a guest"
        at = next(i for i, (x, y) in enumerate(zip(a[1], b[1])) if x != y)
        count = sum(x != y for x, y in zip(a[1], b[1]))
        return f"section {number} ({a[0]}): {count} of {len(a[1])} bytes differ, the first at {at}"
    return f"{len(native)} bytes natively, {len(guest)} as a guest"


def explain(visit: Run) -> str:
    """Why a run ended badly: its own last words and PearVisor's."""
    words = visit.notes[-3:] + [line for line in visit.server if TELLING.search(line)][-3:]
    if visit.end_signal:
        words.insert(0, f"ended by signal {visit.end_signal}")
    if visit.status != "skipped":
        words += [f"last command: {last}" for last in visit.last_commands() if not any(last in word for word in words)]
    return "; ".join(words)


def judge(native: Run, guest: Run) -> tuple[str, str]:
    """The verdict on a guest run and, for one that is not identical, why."""
    if native.status == "skipped":
        return NATIVE_SKIP, "; ".join(native.notes[-1:])
    if native.status != "ok":
        return NATIVE_FAILURE, f"{native.status}: {explain(native)}"
    if guest.worker_signal() not in (0, signal.SIGKILL):  # whatever the program made of it; KILL: we ended a hang
        return CRASHED, explain(guest)
    if guest.status == "skipped":
        return HIDDEN, explain(guest)
    if guest.status != "ok":
        return guest.status, explain(guest)
    if VENUS not in guest.device.name:
        return ELSEWHERE, f"the program ran on {guest.device.name or 'an unknown device'}"
    if guest.data != native.data:
        return DIFFERENT, first_difference(native.data, guest.data)
    return IDENTICAL, ""
