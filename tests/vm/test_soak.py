#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Minutes of guest programs, three at a time, in one VM: each leaves the same bytes every time, and the host's processes
hold as much at the end as at the beginning.

test_soak.py PROGRAM PROGRAM PROGRAM; SOAK_SECONDS says how long.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import vms

NAME = "soak"
SECONDS = int(os.environ.get("SOAK_SECONDS", "300"))
EVERY = 2.0  # between two looks
# Each program again and again, as long as its results are the native ones. It prints how often that was.
LOOP = """n=0; end=$(($(date +%s) + $3))
while [ $(date +%s) -lt $end ]; do
   "/mnt/share/$1" /tmp/$1 >/tmp/$1.log 2>&1 || { cat /tmp/$1.log >&2; exit 1; }
   cmp /tmp/$1 "/mnt/share/$1.native" || exit 1
   n=$((n + 1))
done
grep -q "$2" /tmp/$1.log && echo $n"""
MIB = 1 << 20
# What may be more at the end: a descriptor or a thread not at all; memory by what an allocator keeps.
SLACK = {"descriptors": 0, "shared memory descriptors": 0, "threads": 0, "mappings": 16, "memory": 12 * MIB}


def memory_of(process: Path) -> int:
    """What a process has for itself, without the code that QEMU makes out of the guest's: that grows to a size of its
    own, whatever the guest does."""
    total, counts = 0, True
    for line in (process / "smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+)", line):
            counts = match[1] != "rwxp"
        elif counts and line.startswith("Anonymous:"):
            total += int(line.split()[1]) << 10
    return total


def look(pid: int) -> Counter[str]:
    """What a process holds."""
    process, targets = Path("/proc", str(pid)), []
    for entry in (process / "fd").iterdir():
        try:
            targets.append(os.readlink(entry))
        except OSError:
            pass  # closed meanwhile
    return Counter({"descriptors": len(targets), "threads": len(list((process / "task").iterdir())),
                    "shared memory descriptors": sum(target.startswith("/memfd:") for target in targets),
                    "mappings": (process / "maps").read_text(encoding="utf-8", errors="replace").count("\n"),
                    "memory": memory_of(process)})


def grown(name: str, looks: list[Counter[str]]) -> list[str]:
    """Between the second fifth and the last: the least of each, because programs come and go."""
    fifth = len(looks) // 5
    found = []
    for key, slack in SLACK.items():
        first = min(one[key] for one in looks[fifth:2 * fifth])
        last = min(one[key] for one in looks[-fifth:])
        most = max(one[key] for one in looks)
        print(f"{name}: {key}: {first} early, {last} at the end, {most} at most")
        if last > first + slack:
            found.append(f"{name}'s {key}: {first} early, {last} at the end")
    return found


def soak(place: vms.Place, share: Path, programs: list[Path]) -> list[str]:
    for program in programs:
        subprocess.run([program, share / f"{program.name}.native"], env=place.env, check=True, capture_output=True)
    place.vm("exec", NAME, "--", "true")  # it has booted
    with ThreadPoolExecutor() as pool:
        def start(program: Path) -> Future:
            return pool.submit(place.vm, "exec", NAME, "--", "env", "VK_LOADER_DRIVERS_SELECT=*virtio*", "sh", "-c", LOOP,
                               "sh", program.name, vms.VENUS, str(SECONDS), timeout=SECONDS + vms.TIMEOUT)
        loops = {program.name: start(program) for program in programs}
        looks: dict[str, list[Counter[str]]] = {"QEMU": [], "the worker": []}
        workers = set()
        while not any(loop.done() for loop in loops.values()):
            time.sleep(EVERY)
            if worker := place.worker():
                workers.add(worker)
                looks["QEMU"].append(look(place.qemu()))
                looks["the worker"].append(look(worker))
        found = []
        for name, loop in loops.items():
            result = loop.result()
            print(f"{name}: {result.stdout.decode().strip()} times")
            if result.returncode or int(result.stdout or b"0") < 3:
                found.append(f"{name} ended with {result.returncode}: {result.stderr.decode(errors='replace')[-500:]}")
    if len(workers) != 1:
        found.append(f"there were {len(workers)} workers")
    if len(looks["QEMU"]) < 10:
        found.append(f"only {len(looks['QEMU'])} looks at the host")
        return found
    return found + grown("QEMU", looks["QEMU"]) + grown("the worker", looks["the worker"])


def main() -> int:
    place = vms.Place()
    programs = [Path(argument).resolve() for argument in sys.argv[1:]]
    try:
        share = place.running(NAME, programs)
        found = soak(place, share, programs)
        place.stopped(NAME)
    finally:
        place.vm("stop", NAME)
        shutil.rmtree(place.folder)
    print(*found, f"{len(found)} problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
