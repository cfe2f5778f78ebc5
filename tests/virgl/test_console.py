#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is not Vulkan goes to the system's libvirglrenderer: through our library the same must come out as without it.

Also without OpenGL, and with no other library at all: 2D must still work.
"""

import argparse
import difflib
import os
import subprocess
import sys
from pathlib import Path

FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
SKIP = 77


def transcript(console: str, library: str, virgl: str | None) -> tuple[int, list[str]]:
    """What the console program says with this library; `virgl`: PEARVISOR_VIRGL."""
    env = {name: value for name, value in os.environ.items() if name != "PEARVISOR_VIRGL"}
    if virgl:
        env["PEARVISOR_VIRGL"] = virgl
    done = subprocess.run([console, library], stdout=subprocess.PIPE, text=True, env=env, timeout=60)
    return done.returncode, done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--console", required=True)
    parser.add_argument("--library", required=True)
    args = parser.parse_args()
    status, alone = transcript(args.console, args.library, "none")
    wanted = {"create 0", "again 1", "attach 0", "write 0", "part 0", "outside 1", "read 0"}
    if status or not wanted <= set(alone):
        print(*alone, f"without another library: status {status}, missing: {wanted - set(alone)}", sep="\n")
        return 1
    system = next((f"{folder}/libvirglrenderer.so.1" for folder in FOLDERS
                   if Path(folder, "libvirglrenderer.so.1").exists()), None)
    if not system:
        print("skipped: there is no libvirglrenderer to compare with")
        return SKIP
    status, theirs = transcript(args.console, system, None)
    if status:
        print(*theirs, "skipped: OpenGL does not work on this host", sep="\n")
        return SKIP
    _, again = transcript(args.console, system, None)
    status, ours = transcript(args.console, args.library, None)
    if len(ours) == len(theirs) == len(again):  # what changes by itself, such as free memory, cannot be compared
        ours = [mine if first == second else first for mine, first, second in zip(ours, theirs, again)]
    differences = list(difflib.unified_diff(theirs, ours, system, "ours", lineterm="", n=0))
    print(*(differences or ours), sep="\n")
    return 1 if status or differences else 0


if __name__ == "__main__":
    sys.exit(main())
