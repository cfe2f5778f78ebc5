#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stock programs that draw, as guests of each guest driver: they run to their end, on PearVisor and on nothing else.

What they report is compared with the native run as far as it is the same every time: the last frames of vkcube, the
scenes of the benchmarks. No figure is judged, but that it is not zero.
"""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from common import SKIP, VENUS, chosen_guests, host_environment, run_output  # noqa: E402
from display import display, missing  # noqa: E402
from x11 import Picture, Watcher  # noqa: E402

TIMEOUT = 120
FRAMES = 300
# Mesa drops the last one, two or more frames of a program that ends at once, natively most of all. So what is seen last
# of these many frames natively is collected until the guest's picture is among it: the likeliest first, and again.
AROUND = [FRAMES + more for more in (1, 2, 0, 3, -1)] * 8
# Zink takes a GPU of type CPU, as a guest on lavapipe has, only where it is told that software will do.
ZINK = {"MESA_LOADER_DRIVER_OVERRIDE": "zink", "LIBGL_ALWAYS_SOFTWARE": "1"}
SCENE = re.compile(r"^\[(\w+)\] (.*): FPS: \d+ FrameTime: (\d+\.\d+) ms", re.MULTILINE)  # no time without a frame
SCORE = re.compile(r"mark2? Score: (\d+)")

Prefix = list[str]  # what makes a command a guest; empty for the native run
problems: list[str] = []


def expect(condition: bool, complaint: str) -> None:
    if not condition:
        problems.append(complaint)
        print(f"   {complaint}")


def run(prefix: Prefix, command: list[str], env: dict[str, str]) -> str:
    """Everything that a program prints."""
    code, output, errors = run_output([*prefix, *command], env, TIMEOUT)
    expect(code == 0, f"{command[0]} ended with {code}: {errors[-1000:]}")
    if prefix:
        expect(VENUS in output + errors, f"{command[0]} did not run on PearVisor: {output[-1000:]}")
    return output


def last_frame(prefix: Prefix, frames: int, env: dict[str, str]) -> Picture:
    watcher = Watcher(env["DISPLAY"])
    command = [*prefix, "vkcube", "--c", str(frames), "--wsi", "xcb"]
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as cube:
        try:
            pixels = watcher.next_window()
            output, errors = cube.communicate(timeout=TIMEOUT)
        except BaseException:
            cube.kill()
            raise
    expect(cube.returncode == 0, f"vkcube ended with {cube.returncode}: {errors}")
    expect(not prefix or VENUS in output + errors, f"vkcube did not run on PearVisor: {output}")
    picture = watcher.picture(pixels)
    watcher.close()
    return picture


def compare_cube(name: str, guest: Picture, native: dict[bytes, int], env: dict[str, str]) -> None:
    """Looks for a guest's last frame among the native ones, by their pixels; more of these are made as needed."""
    rest = iter(AROUND)
    while guest.pixels not in native and (frames := next(rest, 0)):
        native.setdefault(last_frame([], frames, env).pixels, frames)
    print(f"{name}: {guest.width}x{guest.height}, {guest.colors()} colours, the picture natively seen last of "
          f"{native.get(guest.pixels, 'none of those')} frames")
    expect(guest.pixels in native, f"{name}: vkcube's last frame is none of the {len(native)} native ones")
    expect(guest.colors() > 100, f"{name}: a cube has more than {guest.colors()} colours")


def vkcube_x11(prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    with display("x11") as variables:
        native: dict[bytes, int] = {}
        for name, prefix in prefixes.items():
            compare_cube(name, last_frame(prefix, FRAMES, env | variables), native, env | variables)


def vkcube_wayland(prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    command = ["vkcube", "--c", "100", "--wsi", "wayland"]
    with display("wayland") as variables:
        for name, prefix in prefixes.items():
            run(prefix, command, env | variables)
            print(f"{name}: ended")


def scenes(output: str) -> set[str]:
    """Those that drew something."""
    return {f"{scene} {options}" for scene, options, milliseconds in SCENE.findall(output) if float(milliseconds) > 0}


def benchmark(command: list[str], prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    """Every scene that draws something natively does so as a guest, and there is a score."""
    native = scenes(run([], command, env))
    expect(len(native) > 10, f"native: only {len(native)} scenes")
    for name, prefix in prefixes.items():
        output = run(prefix, command, env)
        found, score = scenes(output), SCORE.search(output)
        print(f"{name}: {len(found)} scenes, score {score[1] if score else 'missing'}")
        expect(score is not None and int(score[1]) > 0, f"{name}: no score")
        expect(found == native, f"{name}: not the scenes that drew something natively: {found ^ native}")


def vkmark(prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    benchmark(["vkmark", "--winsys", "headless", "--size", "200x150", "-b", ":duration=0.2"], prefixes, env)


def glmark2(prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    with display("x11") as variables:
        benchmark(["glmark2", "--size", "80x60", "-b", ":duration=0.1"], prefixes, env | variables | ZINK)


def opengl(prefixes: dict[str, Prefix], env: dict[str, str]) -> None:
    """What OpenGL is drawn by, according to GLX and EGL."""
    renderer = re.compile(r"OpenGL.* renderer(?: string)?: (.*)")
    with display("x11") as variables:
        for name, prefix in prefixes.items():
            for command in (["glxinfo", "-B"], ["eglinfo", "-B", "-p", "surfaceless"], ["eglinfo", "-B", "-p", "x11"]):
                found = renderer.findall(run(prefix, command, env | variables | ZINK))
                print(f"{name}: {' '.join(command)}: {found}")
                expect(bool(found), f"{name}: {command[0]} names no renderer")
                expect(all(line.startswith("zink ") and VENUS in line for line in found), f"{name}: drawn by {found}")


# Each with the programs it needs and the kind of display.
TESTS: dict[str, tuple[Callable[[dict[str, Prefix], dict[str, str]], None], list[str], str]] = {
    "vkcube-x11": (vkcube_x11, ["vkcube"], "x11"),
    "vkcube-wayland": (vkcube_wayland, ["vkcube"], "wayland"),
    "vkmark": (vkmark, ["vkmark"], ""),
    "opengl": (opengl, ["glxinfo", "eglinfo"], "x11"),
    "glmark2": (glmark2, ["glmark2"], "x11"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", required=True, help="the pearvisor program")
    parser.add_argument("test", choices=TESTS)
    options = parser.parse_args()
    test, needed, kind = TESTS[options.test]
    lacking = next((program for program in needed if not shutil.which(program)), missing(kind) if kind else "")
    guests = chosen_guests("all")
    if lacking or not guests:
        print(f"skipped: there is no {lacking or 'guest driver'}")
        return SKIP
    test({guest.name: [options.pearvisor, "run", *guest.arguments, "--"] for guest in guests}, host_environment())
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
