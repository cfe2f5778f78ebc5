#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that what docs/architecture.md names is there: functions (`name()`) in src/, files and folders in the tree.

Generated functions are recognised by their pattern, and the command they belong to must be one of gen/venus.xml.

Usage: check_docs.py SOURCE_ROOT [PAGE…]
"""

import re
import sys
from pathlib import Path

GENERATED = re.compile(r"(?:thunk|pv_(?:dec|enc|enc_reply|dec_reply|call|drop))_(vk\w+)")
FUNCTION = re.compile(r"`(\w+)\(\)`")
PATH = re.compile(r"`((?:src|include|gen|tools|tests|docs|scripts|examples|packaging)/[\w./-]*)`")
DEFINITION = r"^[\w\s*]*?\b{}\((?:[^;{{}}]|\n)*?\)\s*\n?{{"


def sources(root: Path) -> str:
    """Every C file and header of src/."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "src").rglob("*.[ch]")))


def is_defined(name: str, code: str, commands: str) -> bool:
    if generated := GENERATED.fullmatch(name):
        return f'"{generated.group(1)}"' in commands
    return re.search(DEFINITION.format(name), code, re.MULTILINE) is not None


def main() -> int:
    root = Path(sys.argv[1])
    pages = [Path(page) for page in sys.argv[2:]] or [root / "docs/architecture.md"]
    code, commands = sources(root), (root / "gen/venus.xml").read_text(encoding="utf-8")
    checked, missing = 0, []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for name in sorted(set(FUNCTION.findall(text))):
            checked += 1
            if not is_defined(name, code, commands):
                missing.append(f"{page.name}: no function {name}() in src/")
        for path in sorted(set(PATH.findall(text))):
            checked += 1
            if not (root / path).exists():
                missing.append(f"{page.name}: no {path} in the tree")
    print(*missing, sep="\n", end="\n" if missing else "")
    print(f"{checked} names checked, {len(missing)} missing")
    return 1 if missing or checked < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
