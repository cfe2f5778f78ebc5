#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command on a display server that nobody else has: `display.py x11 -- CMD…` or `display.py wayland -- CMD…`.

Xvfb finds itself a free number and weston a socket in a folder of its own, so that several of these do not meet. They
end with the command, whose exit status is ours; it is 77, as of a test that is skipped, where there is no such server.
"""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SKIP = 77
PATIENCE = 30  # seconds a server may take to start
NEEDED = {"x11": ("Xvfb",), "wayland": ("weston", "weston-screenshooter")}


def missing(kind: str) -> str:
    """Which program that kind of display lacks here, if any."""
    return next((program for program in NEEDED[kind] if not shutil.which(program)), "")


def environment(folder: Path) -> dict[str, str]:
    """Ours, without anybody's display."""
    others = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
    env = {name: value for name, value in os.environ.items() if name not in others}
    return env | {"XDG_RUNTIME_DIR": str(folder)}


def start_x11(folder: Path, env: dict[str, str]) -> tuple[subprocess.Popen, dict[str, str]]:
    read, write = os.pipe()
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp",
                                   "-noreset"], env=env, pass_fds=[write], stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log)
    os.close(write)
    with os.fdopen(read, "r") as pipe:  # the end of the file, should it not start
        number = pipe.readline().strip()
    return server, {"DISPLAY": f":{number}"} if number else {}


def start_wayland(folder: Path, env: dict[str, str]) -> tuple[subprocess.Popen, dict[str, str]]:
    # --debug lets any client take screenshots; the kiosk shell shows a window and nothing else.
    server = subprocess.Popen(["weston", "--backend=headless", "--renderer=pixman", "--debug", "--shell=kiosk",
                               "--socket=pearvisor", "--no-config", "--width=800", "--height=600", "--idle-time=0",
                               f"--log={folder / 'log'}"], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not (folder / "pearvisor").exists():
        if server.poll() is not None or time.monotonic() > deadline:
            return server, {}
        time.sleep(0.05)
    return server, {"WAYLAND_DISPLAY": "pearvisor"}


@contextmanager
def display(kind: str) -> Iterator[dict[str, str]]:
    """A display server, and the environment of its clients. Ends with us, also where we are told to."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="pearvisor-show-") as name:
        folder = Path(name)
        env = environment(folder)
        server, variables = (start_x11 if kind == "x11" else start_wayland)(folder, env)
        try:
            if not variables:
                sys.exit(f"the display server did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")
            yield env | variables
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def main() -> int:
    kind, dashes, *command = sys.argv[1:] if len(sys.argv) > 3 else ("", "")
    if kind not in NEEDED or dashes != "--" or not command:
        print(__doc__, file=sys.stderr)
        return 2
    if program := missing(kind):
        print(f"skipped: there is no {program}")
        return SKIP
    with display(kind) as env, subprocess.Popen(command, env=env) as child:
        try:
            code = child.wait()
        except SystemExit:
            child.terminate()
            raise
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
