#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a folder that runs the conformance programs on another machine, such as one with a real GPU and an older userland.

It carries PearVisor, the programs, both guest drivers and the libraries of all of them, except the C library and its kin,
which must be the machine's own; the machine brings its Vulkan driver, Python 3 and bash. There `./run [--quick]` compares
native with guest and writes a table and JSON. docs/testing.md has more.
"""
from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from closure import driver_library, guest_manifest, installed_library, libraries
from common import guest_icd

HERE = Path(__file__).resolve().parent
SCRIPTS = ("closure.py", "common.py", "compat.py", "judge.py", "run.py", "vulkaninfo_diff.py", "describe/compare.py")
TOOLS = ("vulkaninfo",)
# The C library's family belongs to its machine's kernel and loader.
NOT_OURS = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|nss_.*|gcc_s))\.so.*")
# What a machine's own Vulkan driver may ask for, and a machine without a desktop may not have.
FALLBACK = ("libEGL.so.1", "libGL.so.1", "libGLX.so.0", "libGLdispatch.so.0", "libOpenGL.so.0", "libX11.so.6",
            "libX11-xcb.so.1", "libXext.so.6", "libxcb.so.1", "libxcb-dri3.so.0", "libxcb-present.so.0",
            "libxcb-sync.so.1", "libxcb-xfixes.so.0", "libxcb-randr.so.0", "libxcb-shm.so.0", "libxshmfence.so.1",
            "libwayland-client.so.0", "libwayland-server.so.0", "libdrm.so.2")
RUN = r"""#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs the conformance programs on this machine's Vulkan driver, natively and as guests.
# usage: ./run [--quick] [OPTION of tests/e2e/run.py...]     (results go to $OUT, else to ./results)
#        ./run --bench [OPTION of bench/bench.py...]         measures instead
#
# VK_DRIVER_FILES chooses the driver; it may be left out where the machine has exactly one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$here/results}
mkdir -p "$out"
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

if [ -z "${VK_DRIVER_FILES:-}" ]; then
   manifests=$(ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json 2>/dev/null || true)
   if [ "$(printf '%s\n' "$manifests" | grep -c .)" != 1 ]; then
      echo "run: say which driver in VK_DRIVER_FILES; this machine has: ${manifests:-none}" >&2
      exit 2
   fi
   export VK_DRIVER_FILES=$manifests
fi

# Libraries that this machine has are its own affair; the others are ours to lend.
known=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p)
for library in "$here"/fallback/*; do
   name=${library##*/}
   printf '%s' "$known" | grep -qF "$name " || ln -s "$library" "$temporary/$name"
done
export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}:$temporary
export PATH=$here/bin:$PATH PYTHONDONTWRITEBYTECODE=1
export PEARVISOR_ICD=$here/guest-system/virtio_icd.json
[ ! -e "$here/guest-next" ] || export PEARVISOR_ICD_NEXT=$here/guest-next/virtio_icd.json

if [ "${1:-}" = --bench ]; then
   shift
   python3 "$here/bench/bench.py" --pearvisor "$here/bin/pearvisor" --json "$out/performance.json" "$@" "$here/bin/bench" \
      2>&1 | tee "$out/performance.txt"
   exit "${PIPESTATUS[0]}"
fi

programs=("$here"/programs/e2e-*)
if [ "${1:-}" = --quick ]; then
   shift
   programs=()
   for name in triangle compute texture mapped transfer depth_stencil msaa timeline threads address queries; do
      [ ! -e "$here/programs/e2e-$name" ] || programs+=("$here/programs/e2e-$name")
   done
else
   set -- --complete "$@"
fi

{ date -u +%FT%TZ; uname -srm; pearvisor --version; pearvisor info; } 2>&1 | tee "$out/machine.txt"
status=0
python3 "$here/tests/e2e/run.py" --pearvisor "$here/bin/pearvisor" --json "$out/conformance.json" "$@" "${programs[@]}" \
   2>&1 | tee "$out/conformance.txt" || true
[ "${PIPESTATUS[0]}" = 0 ] || status=1
for guest in system next; do
   python3 "$here/tests/e2e/describe/compare.py" --pearvisor "$here/bin/pearvisor" --guest "$guest" \
      --list --document "$here/docs/compat.md" "$here/bin/describe" >"$out/queries-$guest.txt" 2>&1 || true
   tail -n 1 "$out/queries-$guest.txt"
done
exit $status
"""


def copy(source: Path, target: Path) -> None:
    """A copy without debugging information, where there is a strip(1)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-unneeded", str(target)], check=False, stderr=subprocess.DEVNULL)


def copy_libraries(binary: Path, folder: Path) -> None:
    for library in libraries(binary)[1:]:
        if not NOT_OURS.fullmatch(library.name) and not (folder / library.name).exists():
            copy(library, folder / library.name)


def add_program(binary: Path, out: Path, folder: str) -> None:
    copy(binary, out / folder / binary.name)
    copy_libraries(binary, out / "lib")


def add_driver(manifest: Path, out: Path, name: str) -> None:
    """A guest driver in a folder of its own; libraries of its own stay beside it, the rest is shared."""
    library = driver_library(manifest)
    copy(library, out / name / library.name)
    for needed in libraries(library)[1:]:
        own = needed.parent == library.parent and needed.name.startswith("own-")
        target = out / (name if own else "lib") / needed.name
        if not NOT_OURS.fullmatch(needed.name) and not target.exists():
            copy(needed, target)
    (out / name / "virtio_icd.json").write_text(json.dumps(
        {"file_format_version": "1.0.1", "ICD": {"api_version": "1.4.0", "library_path": f"./{library.name}"}}) + "\n")


def add_fallback(out: Path) -> None:
    for name in FALLBACK:
        if library := installed_library(name):
            copy(library, out / "fallback" / name)
            for needed in libraries(library)[1:]:
                if not NOT_OURS.fullmatch(needed.name) and not (out / "fallback" / needed.name).exists():
                    copy(needed, out / "fallback" / needed.name)


def make(build: Path, out: Path) -> None:
    pearvisor = build / "tools/pearvisor/pearvisor"
    programs = [path for path in sorted((build / "tests/e2e").glob("e2e-*")) if path.is_file()]
    if not programs:
        sys.exit(f"{build} has no conformance programs: build it first")
    for binary in (pearvisor, build / "tests/e2e/describe/describe", build / "bench/bench",
                   *(Path(shutil.which(tool) or tool) for tool in TOOLS)):
        add_program(binary, out, "bin")
    for program in programs:
        add_program(program, out, "programs")
    if loader := installed_library("libvulkan.so.1"):  # opened by name
        copy(loader, out / "lib" / loader.name)
    add_driver(guest_manifest(str(pearvisor)), out, "guest-system")
    newer, reason = guest_icd()
    if newer:
        add_driver(Path(newer), out, "guest-next")
    else:
        print(f"without the second guest driver: {reason}")
    add_fallback(out)
    for script in SCRIPTS:
        (out / "tests/e2e" / script).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / script, out / "tests/e2e" / script)
    (out / "bench").mkdir()
    shutil.copyfile(HERE / "../../bench/bench.py", out / "bench/bench.py")
    (out / "docs").mkdir()
    shutil.copyfile(HERE / "../../docs/compat.md", out / "docs/compat.md")
    (out / "run").write_text(RUN, encoding="utf-8")
    (out / "run").chmod(0o755)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"), help="the build directory")
    parser.add_argument("out", type=Path, help="the folder to make; it must not exist")
    options = parser.parse_args()
    if options.out.exists():
        sys.exit(f"{options.out} exists")
    options.out.mkdir(parents=True)
    make(options.build.resolve(), options.out.resolve())
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {size / (1 << 20):.1f} MiB; copy it, and start its 'run'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
