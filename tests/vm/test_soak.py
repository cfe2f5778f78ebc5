#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Minutes of guest programs, three at a time, in one VM: each leaves the same bytes every time, and the host's processes
hold at rest as much at the end as near the beginning.

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import vms

NAME = "soak"
SECONDS = int(os.environ.get("SOAK_SECONDS", "300"))
REST = 10  # seconds after which what has ended is gone
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


def grown(name: str, before: Counter[str], after: Counter[str]) -> list[str]:
    for key in SLACK:
        print(f"{name}: {key}: {before[key]} at rest after the first rounds, {after[key]} at the end")
    return [f"{name}'s {key}: {before[key]}, then {after[key]}" for key, slack in SLACK.items()
            if after[key] > before[key] + slack]


def run_programs(place: vms.Place, programs: list[Path], seconds: int) -> list[str]:
    """All of them at the same time, for so long."""
    def loop(program: Path) -> subprocess.CompletedProcess:
        return place.vm("exec", NAME, "--", "env", "VK_LOADER_DRIVERS_SELECT=*virtio*", "sh", "-c", LOOP, "sh",
                        program.name, vms.VENUS, str(seconds), timeout=seconds + vms.TIMEOUT)
    found = []
    with ThreadPoolExecutor() as pool:
        for program, result in zip(programs, pool.map(loop, programs)):
            print(f"{program.name}: {result.stdout.decode().strip()} times", flush=True)
            if result.returncode or int(result.stdout or b"0") < 3:
                said = result.stderr.decode(errors="replace")[-500:]
                found.append(f"{program.name} ended with {result.returncode}: {said}")
    return found


def soak(place: vms.Place, share: Path, programs: list[Path]) -> list[str]:
    """The first fifth fills caches and pools; what there is at rest after it must be all there is at the end."""
    for program in programs:
        subprocess.run([program, share / f"{program.name}.native"], env=place.env, check=True, capture_output=True)
    found, looks, workers = [], [], set()
    for seconds in (SECONDS // 5, SECONDS - SECONDS // 5):
        found += run_programs(place, programs, seconds)
        time.sleep(REST)
        workers.add(place.worker())
        looks.append((look(place.qemu()), look(place.worker())))
    if len(workers) != 1:
        found.append(f"there were {len(workers)} workers")
    return found + grown("QEMU", looks[0][0], looks[1][0]) + grown("the worker", looks[0][1], looks[1][1])


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
