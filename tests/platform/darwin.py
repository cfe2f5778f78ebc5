#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles, with warnings as errors, every file that a build for macOS would contain.

Meson is set up for arm64 macOS and chooses files and flags itself; clang compiles for it against darwin-include/, our
own declarations of what PearVisor uses of macOS. Nothing is linked and nothing runs: a Mac may still disagree.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CROSS = """\
[binaries]
c = ['clang', '--target=arm64-apple-macos14', '-nostdlibinc', '-isystem', '{include}']
c_ld = 'lld'
ar = 'llvm-ar'
pkg-config = 'pkg-config'

[properties]
skip_sanity_check = true
pkg_config_libdir = '{folder}'

[host_machine]
system = 'darwin'
cpu_family = 'aarch64'
cpu = 'arm64'
endian = 'little'
"""
# Libraries that are not the system's own, with their declarations in darwin-include, too.
LIBRARIES = {"inih": "Name: inih\nDescription: reads files of options\nVersion: 58\nLibs: -linih\n"}
MUST_BE_THERE = ("os_darwin.c", "self_darwin.c", "os_posix.c", "thunks.gen.c", "main.c")


def vulkan_root(registry: Path, folder: Path) -> Path:
    """A folder as Meson's option vk_root wants it, made of wherever vk.xml is."""
    headers = registry.parent.parent / "include"
    if not headers.is_dir():  # PREFIX/share/vulkan/registry/vk.xml
        headers = registry.parents[3] / "include"
    (folder / "include").mkdir(parents=True, exist_ok=True)
    for link, target in (("registry", registry.parent), ("include/vulkan", headers / "vulkan"),
                         ("include/vk_video", headers / "vk_video")):
        (folder / link).unlink(missing_ok=True)
        (folder / link).symlink_to(target)
    return folder


def objects_of(build: Path) -> list[str]:
    """What is compiled for the library and the tool. Ends the test if Meson has chosen wrongly."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    names = {Path(entry["file"]).name for entry in entries}
    if missing := [name for name in MUST_BE_THERE if name not in names]:
        sys.exit(f"not in a build for macOS: {missing}")
    if wrong := [name for name in names if name.endswith("_linux.c")]:
        sys.exit(f"in a build for macOS: {wrong}")
    return [entry["output"] for entry in entries]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path, help="where to build")
    parser.add_argument("registry", type=Path, help="vk.xml")
    args = parser.parse_args()
    for program in ("clang", "llvm-ar", "ninja", "meson"):
        if not shutil.which(program):
            print(f"skipped: there is no {program}")
            return 77
    args.folder.mkdir(parents=True, exist_ok=True)
    cross, build = args.folder / "macos.ini", args.folder / "build"
    cross.write_text(CROSS.format(include=HERE / "darwin-include", folder=args.folder), encoding="utf-8")
    for name, text in LIBRARIES.items():
        (args.folder / f"{name}.pc").write_text(text, encoding="utf-8")
    vulkan = vulkan_root(args.registry.resolve(), args.folder / "vulkan")
    again = ["--reconfigure"] if (build / "build.ninja").exists() else []
    subprocess.run(["meson", "setup", *again, str(build), str(args.source), "--cross-file", str(cross), "-Dtests=false",
                    "-Dwerror=true", "-Doptimization=0", f"-Dvk_root={vulkan}"], check=True, stdout=subprocess.DEVNULL)
    objects = objects_of(build)
    done = subprocess.run(["ninja", "-C", str(build), "-k0", *objects])
    print(f"{len(objects)} files compiled for macOS" if done.returncode == 0 else
          f"see above; what macOS does have (its manual says so) is missing in {HERE / 'darwin-include'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
