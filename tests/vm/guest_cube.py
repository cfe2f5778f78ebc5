#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs in a guest: vkcube on an X server there; its last frame goes to a file, as width, height and pixels.

The host's test puts this file into the shared folder, with what it imports.
"""
from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import programs

SECONDS = 400  # under emulation


def main() -> int:
    programs.TIMEOUT = SECONDS
    prefix = ["env", "VK_LOADER_DRIVERS_SELECT=*virtio*", "MESA_VK_WSI_DEBUG=sw"]
    with programs.display("x11") as variables:
        picture = programs.last_frame(prefix, programs.FRAMES, dict(os.environ) | variables)
    Path(sys.argv[1]).write_bytes(struct.pack("<II", picture.width, picture.height) + picture.pixels)
    return 1 if programs.problems else 0


if __name__ == "__main__":
    sys.exit(main())
