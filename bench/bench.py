#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what Vulkan calls cost as a guest of PearVisor and natively, on one host driver and in one run.

Native and guest take turns, so that whatever else the machine does hits both. The columns are medians over all rounds
and their ratio to the native one; the ratios are what may be quoted, together with the environment printed above.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/e2e"))
from common import VENUS, guest_icd, host_environment, run_output  # noqa: E402

WHAT = {
    "fill": "vkCmdFillBuffer, recorded, submitted and awaited by the thousand",
    "submit": "empty vkQueueSubmit and the wait for its fence",
    "query": "a synchronous query",
    "memory": "1 MiB allocated, mapped, touched, freed",
}
TOLD = ("device: ", "driver: ", "api: ")
TIMEOUT = 300


def measure(command: list[str], env: dict[str, str], guest: bool) -> tuple[dict[str, float], dict[str, str]]:
    """One run: nanoseconds by name, and what the program told of device, driver and API."""
    with tempfile.NamedTemporaryFile("r", prefix="pearvisor-bench-") as file:
        code, _, errors = run_output([*command, file.name], env, TIMEOUT)
        output = file.read()
    told = dict(line.split(": ", 1) for line in errors.splitlines() if line.startswith(TOLD))
    if code != 0 or guest != (VENUS in told.get("device", "")):
        sys.exit(f"bench: {' '.join(command)} ended with {code}: {errors}")
    return {name: float(value) for name, value in map(str.split, output.splitlines())}, told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("program", type=Path, help="the program that measures")
    options = parser.parse_args()
    env, pearvisor, program = host_environment(), str(options.pearvisor.resolve()), str(options.program.resolve())

    ways = {"native": [program], "guest": [pearvisor, "run", "--", program]}
    newer, why_not = guest_icd()
    if newer:
        ways["newer guest"] = [pearvisor, "run", "--icd", newer, "--", program]
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    drivers = {}
    for _ in range(options.rounds):
        for way, command in ways.items():
            figure, told = measure(command, env, way != "native")
            figures[way].append(figure)
            drivers[way] = f"{told['device']}, {told['driver']}, Vulkan {told['api']}"

    print(f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors, "
          f"{options.rounds} rounds")
    for way, driver in drivers.items():
        print(f"  {way}: {driver}")
    if not newer:
        print(f"  no newer guest driver: {why_not}")
    print()
    median = {way: {name: statistics.median(figure[name] for figure in figures[way]) for name in WHAT} for way in ways}
    print("".join(f"{way:>22}" for way in ways), "  nanoseconds each (ratio to native)")
    for name, what in WHAT.items():
        native = median["native"][name]
        print("".join(f"{median[way][name]:>13,.0f} ({median[way][name] / native:5.2f})" for way in ways), f"  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
