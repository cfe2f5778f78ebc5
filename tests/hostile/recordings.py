# SPDX-License-Identifier: MIT
"""Recordings of stock clients, made anew by whoever needs them: what a driver sends is not kept in the repository."""
from __future__ import annotations

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from common import run_output  # noqa: E402

HEADER = 16  # bytes of a recording's header
RECORD = 16  # bytes in front of each record
COMMAND = 1  # type of the records that are commands
TIMEOUT = 60


def programs_by_name(programs: list[Path]) -> dict[str, Path]:
    """The end-to-end programs by what they are called in the sources."""
    return {program.name.removeprefix("e2e-"): program for program in programs}


def record(pearvisor: str, folder: Path, arguments: list[str], command: list[str], env: dict[str, str]) -> Path:
    """Runs a guest with --record; the largest recording (some programs make several connections)."""
    code, _, errors = run_output([pearvisor, "run", "--record", str(folder), *arguments, "--", *command], env, TIMEOUT)
    if code:
        raise AssertionError(f"{command[0]}: exit status {code}: {errors}")
    return max(folder.glob("client-*.pvrec"), key=lambda path: path.stat().st_size)


def records(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """The records of a recording: where each starts, its type, its decoder and its bytes."""
    found, at = [], HEADER
    while at < len(data):
        kind, decoder, size = struct.unpack_from("<IIQ", data, at)
        found.append((at, kind, decoder, data[at + RECORD:at + RECORD + size]))
        at += RECORD + size
    return found


def is_transport(command: int) -> bool:
    """Commands of the recorded run's transport, which cannot be sent again."""
    return 178 <= command <= 180 or 188 <= command <= 191 or 251 <= command <= 253


def commands_of(path: Path) -> list[bytes]:
    """The commands of a recording that can be sent again."""
    return [content for _, kind, _, content in records(path.read_bytes())
            if kind == COMMAND and not is_transport(struct.unpack_from("<I", content)[0])]
