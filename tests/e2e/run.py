#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every end-to-end program natively and as a PearVisor guest and compares what they leave behind, byte for byte.

The host driver is the same both times, so anything but identical bytes is a mistake of ours. A guest run only counts if
the program saw a Venus device: a run that silently used another driver would compare the host driver with itself.
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from common import ICD_NEXT, VENUS, guest_icd, host_environment, run

TIMEOUT = 60
SKIP = 77
GOOD = ("identical", "skipped natively", "hidden")


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
    status: str  # "ok", "skipped", "failed", "crashed (signal N)", "timed out"
    seconds: float
    device: Device
    notes: list[str]  # what it had to say besides
    data: bytes = b""


def execute(command: list[str], env: dict[str, str], output: Path) -> Run:
    start = time.monotonic()
    code, text = run([*command, str(output)], env, TIMEOUT)
    seconds = time.monotonic() - start
    known = ("device: ", "driver: ", "api: ", "extensions: ", "extension: ")
    notes = [line for line in text.splitlines() if line.strip() and not line.startswith(known)]
    if code is None:
        status = "timed out"
    elif code == 0:
        status = "ok"
    elif code == SKIP:
        status = "skipped"
    elif code < 0 or code > 128:
        status = f"crashed (signal {-code if code < 0 else code - 128})"
    else:
        status = "failed"
    data = output.read_bytes() if output.exists() else b""
    return Run(status, seconds, Device.parse(text), notes, data)


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


def judge(native: Run, guest: Run) -> tuple[str, str]:
    """The verdict on a guest run and, for a bad one, why."""
    said = "; ".join(guest.notes[-3:])
    if guest.status == "skipped":
        return "not exposed", said
    if guest.status != "ok":
        return guest.status, said
    if VENUS not in guest.device.name:
        return "not on PearVisor", f"the program ran on {guest.device.name or 'an unknown device'}"
    if guest.data != native.data:
        return "DIFFERENT", first_difference(native.data, guest.data)
    return "identical", ""


@dataclass
class Guest:
    name: str
    arguments: list[str]  # for `pearvisor run`


def guest_environment(env: dict[str, str], perf: str) -> dict[str, str]:
    """The same, with the guest driver's performance switches (VN_PERF) set."""
    return dict(env, VN_PERF=perf) if perf else env


def chosen_guests(which: str) -> list[Guest]:
    guests = []
    if which in ("system", "all"):
        guests.append(Guest("system", []))
    if which in ("next", "all"):
        icd, reason = guest_icd()
        if icd:
            guests.append(Guest("next", ["--icd", icd]))
        else:
            print(f"guest driver 'next': skipped, {reason}")
    return guests


def describe(guest: Guest, device: Device, native: Device) -> None:
    gone = sorted(set(native.extensions) - set(device.extensions))
    print(f"guest driver '{guest.name}': {device.driver}, Vulkan {device.api}, {device.extension_count} device "
          f"extensions (native: {native.api}, {native.extension_count}, of which {len(gone)} are not exposed)")


def compare(program: Path, guests: list[Guest], options: argparse.Namespace, env: dict[str, str],
            report: dict) -> list[str]:
    """Runs one program natively and on every guest driver; returns the verdicts."""
    verdicts = []
    short = program.name.removeprefix("e2e-")
    with tempfile.TemporaryDirectory(prefix="pearvisor-e2e-") as folder:
        native = execute([str(program)], env, Path(folder, "native"))
        row = report["programs"][program.name] = {"native": {"status": native.status, "seconds": native.seconds}}
        report["native"] = report["native"] or asdict(native.device)
        for guest in guests:
            if native.status == "skipped":
                verdict, why, seconds = "skipped natively", "; ".join(native.notes[-1:]), 0.0
            elif native.status != "ok":
                verdict, why, seconds = "FAILED NATIVELY", "; ".join(native.notes[-3:]), 0.0
            else:
                visit = execute([options.pearvisor, "run", *guest.arguments, "--", str(program)],
                                guest_environment(env, options.perf), Path(folder, guest.name))
                verdict, why = judge(native, visit)
                if verdict == "not exposed" and short in options.may_hide.split(","):
                    verdict = "hidden"
                seconds = visit.seconds
                if visit.device.name and guest.name not in report["guests"]:
                    report["guests"][guest.name] = asdict(visit.device)
            row[guest.name] = {"verdict": verdict, "why": why, "seconds": seconds}
            verdicts.append(verdict)
            print(f"  {short:16} {guest.name:8} {verdict:18} "
                  f"{native.seconds:6.2f} s {seconds:6.2f} s  {why}".rstrip(), flush=True)
    return verdicts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True, help="the pearvisor program")
    parser.add_argument("--guest", choices=("system", "next", "all"), default="all",
                        help=f"guest drivers: the system's, the one {ICD_NEXT} names, or both")
    parser.add_argument("--perf", default="", metavar="LIST", help="VN_PERF of the guest driver: what it shall not do")
    parser.add_argument("--may-hide", default="", metavar="LIST",
                        help="programs whose features the guest driver need not expose")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument("programs", nargs="+", type=Path)
    options = parser.parse_args()
    env = dict(host_environment(), E2E_LIST="1")
    guests = chosen_guests(options.guest)
    if not guests:
        return SKIP
    report: dict = {"native": None, "guests": {}, "programs": {}}
    print(f"  {'program':16} {'guest':8} {'verdict':18} {'native':>8} {'guest':>8}")
    verdicts = []
    for program in options.programs:
        verdicts += compare(program.resolve(), guests, options, env, report)
    for guest in guests:
        if guest.name in report["guests"]:
            describe(guest, Device(**report["guests"][guest.name]), Device(**report["native"]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    bad = [verdict for verdict in verdicts if verdict not in GOOD]
    print(f"{verdicts.count('identical')} identical, {verdicts.count('skipped natively')} skipped natively, "
          f"{verdicts.count('hidden')} hidden, {len(bad)} bad")
    return 1 if bad or "identical" not in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
