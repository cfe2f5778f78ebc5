#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what Vulkan costs as a guest of PearVisor and natively, on one host driver and in one run.

Native and guest take turns, so that whatever else the machine does hits both. A run of the program reports the best of
some tries for each figure; here are the medians of these over all rounds, the smallest and the largest, and the median
of the ratios to the native run of the same round. The ratios are what may be quoted, together with the environment
printed above. A program that finds wrong bytes ends the comparison.

The table of docs/performance.md is made by this script: --document FILE --table NAME puts it between the marks of that
name, with --load FILE from the JSON of a run on another machine.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/e2e"))
from closure import guest_manifest  # noqa: E402
from common import SKIP, VENUS, guest_icd, host_environment, run_output  # noqa: E402

# Figures of memory end in the number of the memory type. The unit: nanoseconds, or MiB/s.
WHAT = {
    "write": ("MiB/s", "the processor copies into mapped memory"),
    "read": ("MiB/s", "the processor copies out of mapped memory"),
    "upload": ("MiB/s", "upload: copied in, then by the GPU to its own memory"),
    "download": ("MiB/s", "download: copied by the GPU from its own memory, then out"),
    "cold": ("ns", "1 MiB allocated, mapped, touched, freed: for the first time"),
    "warm": ("ns", "1 MiB allocated, mapped, touched, freed: again and again"),
    "submit": ("ns", "empty `vkQueueSubmit` and the wait for its fence"),
    "job": ("ns", "one `vkCmdFillBuffer` recorded, submitted, awaited, its result read"),
    "query": ("ns", "a query that needs an answer (`vkGetImageSubresourceLayout`)"),
    "fill": ("ns", "each of 20,000 `vkCmdFillBuffer` recorded, submitted and awaited"),
    "dispatch": ("ns", "each of 5,000 `vkCmdDispatch` with push constants"),
    "draw": ("ns", "each of 5,000 `vkCmdDraw` with push constants"),
    "kernel": ("ns", "one large compute kernel, a product of matrices"),
    "token": ("ns", "a token of a language model: 144 small dispatches, each waiting for the last"),
}
FLAGS = ("device-local", "host-visible", "coherent", "cached", "lazy", "protected")
TOLD = ("device: ", "driver: ", "api: ")
TIMEOUT = 300


@dataclass
class Way:
    """One way to run the program: natively, or as whose guest."""
    label: str
    command: list[str]
    groups: list[str]
    env: dict[str, str]
    guest: bool
    driver: str = ""
    rounds: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Output:
    """What one run of the program wrote."""
    figures: dict[str, float] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)


def read_output(text: str) -> Output:
    output = Output()
    for kind, name, value in map(str.split, text.splitlines()):
        if kind == "figure":
            output.figures[name] = float(value)
        elif kind == "hash":
            output.hashes[name] = value
        else:
            output.types[name] = int(value)
    return output


def measure(way: Way) -> Output:
    """One run; notes the driver."""
    with tempfile.NamedTemporaryFile("r", prefix="pearvisor-bench-") as file:
        code, _, errors = run_output([*way.command, file.name, *way.groups], way.env, TIMEOUT)
        text = file.read()
    told = dict(line.split(": ", 1) for line in errors.splitlines() if line.startswith(TOLD))
    if code == SKIP:
        print(f"bench: {errors.splitlines()[-1]}")
        sys.exit(SKIP)
    if code != 0 or way.guest != (VENUS in told.get("device", "")):
        sys.exit(f"bench: {' '.join(way.command)} ended with {code}: {errors}")
    way.driver = f"{told['device']}, {told['driver']}, Vulkan {told['api']}"
    return read_output(text)


def mesa(way: Way) -> str:
    """A guest's column says which guest driver it is."""
    found = re.search(r"Mesa (\d+\.\d+)", way.driver)
    return f"{way.label}, Mesa {found[1]}" if found and way.guest else way.label


class Peer:
    """Another renderer that serves vtest, to compare with."""

    def __init__(self, command: str, env: dict[str, str], folder: str) -> None:
        self.socket = str(Path(folder, "peer.sock"))
        self.log = open(Path(folder, "peer.log"), "wb")
        self.process = subprocess.Popen([part.replace("{socket}", self.socket) for part in shlex.split(command)],
                                        env=env, stdout=self.log, stderr=self.log)
        for _ in range(100):
            if Path(self.socket).exists():
                return
            time.sleep(0.1)
        sys.exit("bench: the peer makes no socket")

    def environment(self, env: dict[str, str], manifest: str) -> dict[str, str]:
        return dict(env, VN_DEBUG="vtest", VTEST_SOCKET_NAME=self.socket, VK_DRIVER_FILES=manifest)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.log.close()


def all_ways(options: argparse.Namespace, env: dict[str, str], peer: Peer | None) -> list[Way]:
    pearvisor, program = str(options.pearvisor.resolve()), str(options.program.resolve())
    newer, why_not = guest_icd()
    groups = options.only or []
    ways = [Way("native", [program], groups, env, False),
            Way("PearVisor", [pearvisor, "run", "--", program], groups, env, True)]
    if newer:
        ways.append(Way("PearVisor", [pearvisor, "run", "--icd", newer, "--", program], groups, env, True))
    else:
        print(f"no newer guest driver: {why_not}")
    if peer:
        manifests = [str(guest_manifest(pearvisor)), *([newer] if newer else [])]
        ways += [Way(options.peer_name, [program], groups, peer.environment(env, manifest), True)
                 for manifest in manifests]
    return ways


def processor() -> str:
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor()


def environment(options: argparse.Namespace) -> dict[str, str]:
    version = subprocess.run([options.pearvisor, "--version"], capture_output=True, text=True, check=True).stdout
    return {"date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": f"{processor()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start",
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "version": version.strip(), "rounds": str(options.rounds)}


def compare(options: argparse.Namespace) -> dict:
    """All rounds, as they go into the JSON."""
    env = dict(host_environment(), E2E_ALARM=str(TIMEOUT))
    about = environment(options)
    with tempfile.TemporaryDirectory(prefix="pearvisor-bench-") as folder:
        peer = Peer(options.peer, env, folder) if options.peer else None
        try:
            ways = all_ways(options, env, peer)
            types = take_turns(ways, options.rounds)
        finally:
            if peer:
                peer.end()
    return {"schema": 1, "environment": about, "types": types,
            "ways": [{"label": mesa(way), "driver": way.driver, "rounds": way.rounds} for way in ways]}


def take_turns(ways: list[Way], rounds: int) -> dict[str, int]:
    """Runs them all; returns the flags of the native memory types."""
    hashes: dict[str, str] = {}
    types: dict[str, int] = {}
    for number in range(rounds):
        for i in range(len(ways)):
            way = ways[(i + number) % len(ways)]
            output = measure(way)
            way.rounds.append(output.figures)
            types = types if way.guest else output.types
            for name, value in output.hashes.items():
                if hashes.setdefault(name, value) != value:
                    sys.exit(f"bench: {mesa(way)}: the result of '{name}' is not that of the other runs")
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return types


def pretty(value: float, unit: str) -> str:
    """Three digits and a unit of a fitting size."""
    if unit == "ns":
        scales = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns"))
    else:
        scales = ((1024, "GiB/s"), (1, "MiB/s"))
    scale, name = next((pair for pair in scales if value >= pair[0]), scales[-1])
    scaled = value / scale
    return f"{scaled:.{0 if scaled >= 100 else 1 if scaled >= 10 else 2}f} {name}"


def cell(values: list[float], unit: str) -> str:
    """The median, and from where to where; the unit once where it is the same."""
    if not values:
        return "not there"
    middle, low, high = (pretty(value, unit) for value in (statistics.median(values), min(values), max(values)))
    if low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{middle} ({low}–{high})"


def ratio(values: list[float], native: list[float]) -> str:
    if not values or not native:
        return ""
    found = statistics.median(value / of for value, of in zip(values, native))
    return f"{found:.{0 if found >= 100 else 1 if found >= 10 else 2}f}"


def describe(name: str) -> str:
    what, _, number = name.partition(".")
    return f"type {number}: {WHAT[what][1]}" if number else WHAT[what][1]


def flag_names(flags: int) -> str:
    return ", ".join(name for i, name in enumerate(FLAGS) if flags >> i & 1)


def all_names(found: dict) -> list[str]:
    """The figures in order: by memory type, the rest after it."""
    names = dict.fromkeys(name for way in found["ways"] for name in way["rounds"][0])
    order = list(WHAT)
    return sorted(names, key=lambda name: (name.partition(".")[2] or "~", order.index(name.partition(".")[0])))


def table(found: dict) -> list[str]:
    """What is printed and what docs/performance.md shows."""
    about, ways = found["environment"], found["ways"]
    lines = [f"{about['date']}, {about['version']}, {about['rounds']} rounds. {about['machine']}, {about['system']}.",
             ""]
    lines += [f"- {way['label']}: {way['driver']}" for way in ways]
    numbers = sorted({name.partition(".")[2] for name in all_names(found) if "." in name})
    lines += [f"- memory type {number}: {flag_names(found['types'][number])}" for number in numbers] + [""]
    lines.append("| what | native | " + " | ".join(f"{way['label']} | ratio" for way in ways[1:]) + " |")
    lines.append("|---|---|" + "---|---|" * (len(ways) - 1))
    for name in all_names(found):
        unit = WHAT[name.partition(".")[0]][0]
        columns = [[figures[name] for figures in way["rounds"] if name in figures] for way in ways]
        cells = [cell(columns[0], unit)]
        for column in columns[1:]:
            cells += [cell(column, unit), ratio(column, columns[0])]
        lines.append(f"| {describe(name)} | " + " | ".join(cells) + " |")
    return lines


def put_into(document: Path, name: str, lines: list[str]) -> None:
    """Replaces what stands between the marks of this name."""
    text = document.read_text(encoding="utf-8")
    begin, end = f"<!-- table {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, also, after = rest.partition(end)
    if not found or not also:
        sys.exit(f"bench: {document} has no marks for '{name}'")
    document.write_text(before + begin + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", type=Path, help="the pearvisor program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=("memory", "commands", "compute", "mapped"),
                        metavar="GROUP", help="memory, commands or compute, or of memory only the processor's copies "
                        "(mapped), which many rounds can be made of; may be given again")
    parser.add_argument("--peer", metavar="COMMAND",
                        help="also measure what COMMAND serves on the vtest socket {socket}")
    parser.add_argument("--peer-name", default="peer", metavar="NAME", help="its column")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round to FILE")
    parser.add_argument("--load", type=Path, metavar="FILE", help="measure nothing, take the figures from such a FILE")
    parser.add_argument("--document", type=Path, metavar="FILE", help="put the table into FILE...")
    parser.add_argument("--table", default="lavapipe", metavar="NAME", help="...at the marks of this name")
    parser.add_argument("program", type=Path, nargs="?", help="the program that measures")
    options = parser.parse_args()
    if not options.load and not (options.pearvisor and options.program):
        parser.error("--pearvisor and the program, or --load, must be given")
    return options


def main() -> int:
    options = arguments()
    found = json.loads(options.load.read_text(encoding="utf-8")) if options.load else compare(options)
    lines = table(found)
    print("\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.document:
        put_into(options.document, options.table, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
