#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares everything a PearVisor guest is told about its device with what the host is told, and the difference with
docs/compat.md.

The `describe` program asks: extensions, features, properties, every format, image, sparse image and external handle, memory
requirements, descriptor set layouts and more. A difference needs a row in one of the document's tables. Structs of
extensions that one side does not have are left out: the lists of extensions are compared, that says it all.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from common import ICD_NEXT, SKIP, VENUS, guest_icd, host_environment, run_output  # noqa: E402
from compat import Drivers, compare, read_differences, read_drivers, read_tables  # noqa: E402

TIMEOUT = 120
SHOWN = 40  # problems, where there are many
STRUCT = re.compile(r"Vk[A-Z]\w+")
DRIVER = "VkPhysicalDeviceVulkan12Properties/"


def describe(command: list[str], env: dict[str, str]) -> dict[str, str]:
    code, output, errors = run_output(command, env, TIMEOUT)
    if code != 0:
        sys.exit(f"{' '.join(command)} ended with {code}: {errors[-2000:]}")
    entries: dict[str, str] = {}
    for line in output.splitlines():
        key, equals, value = line.partition(" = ")
        if not equals or key in entries:
            sys.exit(f"{' '.join(command)}: not a line of its own: {line}")
        entries[key] = value.rstrip()
    return entries


def structs(entries: dict[str, str]) -> set[str]:
    return {part for key in entries for part in key.split("/") if STRUCT.fullmatch(part)}


def without_lonely_structs(native: dict[str, str], guest: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Both, less the structs that only one of them has at all."""
    lonely = structs(native) ^ structs(guest)

    def kept(entries: dict[str, str]) -> dict[str, str]:
        return {key: value for key, value in entries.items() if lonely.isdisjoint(key.split("/"))}

    return kept(native), kept(guest)


def driver_of(entries: dict[str, str]) -> str:
    return f"{entries.get(DRIVER + 'driverName', 'unknown')} {entries.get(DRIVER + 'driverInfo', '')}"


def problems_of(native: dict[str, str], guest: dict[str, str], document: Path) -> list[str] | None:
    """Everything that is not as documented; None if the document does not speak of these drivers."""
    tables = read_tables(document)
    drivers: Drivers = read_drivers(tables)
    label = drivers.label(driver_of(guest))
    if not driver_of(native).startswith(drivers.host) or not label:
        return None
    # What vulkaninfo_diff.py keeps up to date holds here as well; that it is not all used is no problem here.
    known = read_differences(tables, "differences", label)
    rest = {key for key in native.keys() | guest.keys()
            if not any(row.covers(key, native.get(key, "-"), guest.get(key, "-")) for row in known)}
    own = read_differences(tables, "queries", label)
    return compare({key: value for key, value in native.items() if key in rest},
                   {key: value for key, value in guest.items() if key in rest}, own)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pearvisor", type=Path, required=True, help="the pearvisor program")
    parser.add_argument("--guest", choices=("system", "next"), default="system",
                        help=f"guest driver: the system's, or the one {ICD_NEXT} names")
    parser.add_argument("--document", type=Path, required=True, help="docs/compat.md")
    parser.add_argument("--list", action="store_true", help="name every difference where none is judged")
    parser.add_argument("describe", type=Path, help="the program that asks")
    options = parser.parse_args()
    icd, reason = guest_icd() if options.guest == "next" else ("", "")
    if icd is None:
        print(f"skipped: {reason}")
        return SKIP
    env, program = host_environment(), str(options.describe.resolve())
    chosen = ["--icd", icd] if icd else []
    native = describe([program], env)
    guest = describe([str(options.pearvisor.resolve()), "run", *chosen, "--", program], env)
    if VENUS not in guest["VkPhysicalDeviceProperties/deviceName"]:
        sys.exit("the guest run did not see a Venus device")
    print(f"natively {driver_of(native)}, {len(native)} entries; as a guest {driver_of(guest)}, {len(guest)}")
    problems = problems_of(*without_lonely_structs(native, guest), options.document)
    if problems is None:
        found = compare(*without_lonely_structs(native, guest), [])
        print(*(found if options.list else []), sep="\n")
        print(f"skipped: {options.document.name} does not speak of these drivers; {len(found)} differences, not judged")
        return SKIP
    print(*problems[:SHOWN], sep="\n", end="\n" if problems else "")
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
