#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the generated C of one room.

    generate.py --registry vk.xml --venus venus.xml --room wire|client|host|core|random --out DIR
"""
from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

import commands
import core
import host
import randoms
import structs
from model import Model

Files = dict[str, Callable[[Model], str]]

ROOMS: dict[str, Files] = {
    "wire": {
        "venus.gen.h": structs.venus_header,
        "structs.gen.h": structs.header,
        "structs_dec.gen.c": lambda m: structs.source(structs.DEC, m, m.ins),
        "structs_part.gen.c": lambda m: structs.source(structs.DEC_PART, m, m.outs),
        "structs_enc.gen.c": lambda m: structs.source(structs.ENC, m, m.outs),
        "commands.gen.h": commands.header,
        "commands.gen.c": commands.source,
    },
    "client": {
        "client.gen.h": commands.client_header,
        "client.gen.c": commands.client_source,
        "client_structs.gen.c": commands.client_structs,
    },
    "host": {"procs.gen.h": host.header, "procs.gen.c": host.source},
    "core": {
        "hooks.gen.h": core.hooks_header,
        "thunks.gen.c": core.thunks_source,
        "protocol.gen.h": core.protocol_header,
        "protocol.gen.c": core.protocol_source,
    },
    "random": {"random.gen.c": randoms.source},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--registry", required=True)
    parser.add_argument("--venus", required=True)
    parser.add_argument("--room", required=True, choices=ROOMS)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    model = Model(options.registry, options.venus)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, write in ROOMS[options.room].items():
        (options.out / name).write_text(write(model))


if __name__ == "__main__":
    main()
