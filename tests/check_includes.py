#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks who includes whom in src/: nothing points upward.

Usage: check_includes.py SRC. Prints one line per breach, file:line first, and exits with 1 if there was any.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# What a room may include besides its own files and the C library: rooms ("base/"), single headers ("core/renderer.h").
ALLOWED: dict[str, tuple[str, ...]] = {
    'base': (),
    'wire': ('base/', 'vulkan/'),
    'ring': ('base/',),
    'host': ('base/', 'vulkan/'),
    'core': ('wire/', 'ring/', 'host/', 'base/', 'vulkan/'),
    'guard': ('core/renderer.h', 'base/'),
    'front': ('core/renderer.h', 'guard/guard.h', 'pearvisor/', 'base/'),
}

# Headers that belong to one room although their name does not say so.
PRIVATE = {'base/epoch.h': 'base', 'base/os_platform.h': 'base', 'ring/private.h': 'ring'}

# Prefixes that are watched wherever they appear; any other <...> is the C library's or a dependency's.
WATCHED = tuple(f'{room}/' for room in ALLOWED) + ('vulkan/', 'pearvisor/')


def breach(room: str, quote: str, target: str) -> str | None:
    """Says what is wrong with an include in `room`, or None."""
    if '..' in Path(target).parts:
        return 'reaches out of its folder'
    if PRIVATE.get(target, room) != room:
        return f'is private to {PRIVATE[target]}'
    if target.startswith(f'{room}/') or target.startswith(ALLOWED[room]):
        return None
    if target.startswith(WATCHED):
        return f'is not for {room}'
    if quote == '"' and '/' in target:
        return 'is in no room'
    return None


def check_file(path: Path, room: str) -> list[str]:
    """Every breach in one file, as lines to print."""
    found = []
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        match = INCLUDE.match(line)
        why = match and breach(room, match[1], match[2])
        if match and why:
            found.append(f'{path}:{number}: {match[2]} {why}')
    return found


def main(src: Path) -> int:
    files = sorted(p for p in src.rglob('*') if p.suffix in ('.c', '.h', '.m', '.in'))
    rooms = [p.relative_to(src).parts[0] for p in files]
    found = [line for path, room in zip(files, rooms) if room in ALLOWED for line in check_file(path, room)]
    found += [f'{path}: {room} is not a room' for path, room in zip(files, rooms) if room not in ALLOWED]
    print('\n'.join(found) if found else f'{len(files)} files in order')
    return 1 if found or not files else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
