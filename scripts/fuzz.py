#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the fuzzers of tests/fuzz and runs them for `./dev fuzz`.

What a fuzzer has found interesting stays in build-fuzz/corpus/TARGET, and it goes on from there the next time; what it
crashes with is left in build-fuzz. `--coverage` runs them in a build that counts lines instead of looking for mistakes,
from the same corpus; `--afl` has AFL++ do the fuzzing.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TARGETS = {
    "fuzz_decode": "any bytes as any command, decoded",
    "fuzz_decode_threaded": "the same, two at a time, while objects come and go",
    "fuzz_decode_no_memory": "the same, while allocations fail",
    "fuzz_dispatch": "command streams through the renderer, on a driver that checks every handle",
    "fuzz_dispatch_no_memory": "the same, while allocations fail",
    "fuzz_ring": "rings, executed streams and reply windows in memory that the guest writes to",
    "fuzz_ring_threaded": "the same, rings on threads, and a guest that writes meanwhile",
    "fuzz_vtest": "a client of the vtest door",
    "fuzz_virgl": "the calls of a VMM on the libvirglrenderer door",
}
# Whose recordings are seeds; by the name of the end-to-end program.
RECORDED = ("triangle", "transfer", "storage_images", "queries", "timeline")
LONGEST = 65536  # bytes of an input
STEPS = 64  # of a seed; an input may have a few more
AFL_SEEDS = 100
SEEK = struct.pack("<IIQ", 179, 0, 0)  # vkSeekReplyCommandStreamMESA to 0
COVERAGE = ("-fprofile-instr-generate", "-fcoverage-mapping")

# What the lines of coverage are summed up by.
GROUPS: dict[str, Callable[[str], bool]] = {
    "generated decoders": lambda name: name.endswith((".gen.c", ".gen.h")) and "/src/wire/" in name
                          and not name.endswith(("client.gen.c", "client_structs.gen.c")),
    "generated thunks": lambda name: name.endswith("thunks.gen.c"),
    "handwritten hooks": lambda name: "/src/core/hook_" in name,
    "rest of src/core": lambda name: "/src/core/" in name and "/hook_" not in name and ".gen." not in name,
    "src/ring": lambda name: "/src/ring/" in name,
    "src/front": lambda name: "/src/front/" in name,
}


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


def build(project: Path, directory: Path, options: list[str], targets: list[str], compiler: str = "clang") -> None:
    """Brings what is needed of a build directory up to date."""
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", "-Dfuzz=true", "-Db_lundef=false", *options, directory, project], check=True,
                       env={**os.environ, "CC": compiler}, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory, "tests/hostile/libfakehost.so",
                    *(f"tests/fuzz/{target}" for target in targets)], check=True, stdout=subprocess.DEVNULL)


def recordings(project: Path) -> list[list[bytes]]:
    """Commands of stock clients, recorded now; none where there is no ordinary build."""
    sys.path.insert(0, str(project / "tests" / "hostile"))
    from recordings import commands_of, record  # pylint: disable=import-outside-toplevel
    pearvisor, found = project / "build/tools/pearvisor/pearvisor", []
    for name in RECORDED:
        program = project / f"build/tests/e2e/e2e-{name}"
        if not pearvisor.exists() or not program.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = record(str(pearvisor), Path(folder), [], [str(program), f"{folder}/out"], dict(os.environ))
                found.append(commands_of(path))
            except (AssertionError, OSError, ValueError) as error:
                say(f"no seed of {name}: {error}")
    return found


def as_program(head: bytes, kind: int, commands: list[bytes]) -> bytes:
    """Commands as an input (tests/fuzz/program.h), as many as there is room for, in steps of several each."""
    ready = [(SEEK if struct.unpack_from("<I", command, 4)[0] & 1 else b"") + command for command in commands]
    each = -(-len(ready) // STEPS)
    out = head
    for first in range(0, len(ready), each):
        payload = b"".join(ready[first:first + each])
        if len(out) + 4 + len(payload) > LONGEST:
            break
        out += struct.pack("<BBH", kind, 0, len(payload) // 4) + payload
    return out


def make_corpus(project: Path, directory: Path, target: str) -> Path:
    """A target's corpus, with its seeds if it is new."""
    corpus = directory / "corpus" / target
    if corpus.exists():
        return corpus
    corpus.mkdir(parents=True)
    if target.startswith("fuzz_decode"):
        subprocess.run([directory / "tests/fuzz/fuzz_seeds", corpus], check=True,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # it ends at once
    how = {"fuzz_dispatch": (bytes([0, 0, 1, 0]), 0), "fuzz_dispatch_no_memory": (bytes([0, 0, 1, 0]), 0),
           "fuzz_vtest": (bytes([16, 0, 0, 0]), 2)}.get(target)
    for number, commands in enumerate(recordings(project) if how else []):
        (corpus / f"recorded-{number}").write_bytes(as_program(how[0], how[1], commands))
    return corpus


def coverage(directory: Path, targets: list[str], profiles: list[Path]) -> None:
    """Prints which share of the lines was executed."""
    merged = directory / "merged.profdata"
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", merged, *profiles], check=True)
    objects = [argument for target in targets for argument in ("-object", directory / "tests/fuzz" / target)]
    if "fuzz_virgl" in targets:
        objects += ["-object", directory / "src/virgl/libvirglrenderer.so.1"]
    report = subprocess.check_output(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", *objects[1:]])
    files = json.loads(report)["data"][0]["files"]
    for group, belongs in GROUPS.items():
        chosen = [(os.path.realpath(f["filename"]), f["summary"]["lines"]) for f in files
                  if belongs(os.path.realpath(f["filename"]))]
        lines = sum(summary["count"] for _, summary in chosen)
        covered = sum(summary["covered"] for _, summary in chosen)
        print(f"{group:20} {covered:6} of {lines:6} lines, {100 * covered / max(lines, 1):5.1f} %")
        for name, summary in sorted(chosen):
            print(f"   {os.path.basename(name):25} {summary['covered']:6} of {summary['count']:6}"
                  f" {summary['percent']:6.1f} %")


def fuzz(args: argparse.Namespace) -> int:
    """libFuzzer, with sanitizers or counting lines."""
    project = args.project
    corpora, directory = project / "build-fuzz", project / ("build-coverage" if args.coverage else "build-fuzz")
    if args.coverage:
        build(project, directory, [f"-Dc_args={' '.join(COVERAGE)}", f"-Dc_link_args={COVERAGE[0]}"], args.targets)
    build(project, corpora, ["-Db_sanitize=address,undefined"], [*args.targets, "fuzz_seeds"])
    profiles = []
    for target in args.targets:
        corpus = make_corpus(project, corpora, target)
        say(f"{target}, {args.seconds} seconds")
        profiles.append(directory / f"{target}.profraw")
        limit = f"-max_total_time={args.seconds}" if args.seconds else "-runs=0"
        status = subprocess.run([directory / "tests/fuzz" / target, limit, f"-max_len={LONGEST}", "-timeout=60",
                                 "-print_final_stats=1", corpus], cwd=directory, check=False,
                                env={**os.environ, "LLVM_PROFILE_FILE": str(profiles[-1])}).returncode
        if status:
            say(f"{target} found something: what it was given is in {directory}")
            return status
    if args.coverage:
        coverage(directory, args.targets, profiles)
    return 0


def fuzz_afl(args: argparse.Namespace) -> int:
    """AFL++ instead; it knows nothing of our steps, and finds its way by bytes."""
    if not shutil.which("afl-clang-fast"):
        say("there is no AFL++ here: install the package afl++")
        return 1
    project, directory = args.project, args.project / "build-afl"
    build(project, project / "build-fuzz", ["-Db_sanitize=address,undefined"], ["fuzz_seeds"])
    build(project, directory, ["-Dafl=true"], args.targets, compiler="afl-clang-fast")
    for target in args.targets:
        corpus = make_corpus(project, project / "build-fuzz", target)
        seeds = directory / "seeds" / target  # it tries each several times first: the smallest will do
        shutil.rmtree(seeds, ignore_errors=True)
        seeds.mkdir(parents=True)
        (directory / "findings").mkdir(exist_ok=True)
        (seeds / "empty").write_bytes(bytes(8))
        for path in sorted(corpus.iterdir(), key=lambda path: path.stat().st_size)[:AFL_SEEDS]:
            shutil.copy(path, seeds)
        say(f"{target} by AFL++, {args.seconds} seconds")
        environment = {"AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_NO_UI": "1",
                       "AFL_AUTORESUME": "1"}
        status = subprocess.run(["afl-fuzz", "-V", str(args.seconds), "-t", "10000", "-m", "none", "-i", seeds, "-o",
                                 directory / "findings" / target, directory / "tests/fuzz" / target],
                                check=False, env={**os.environ, **environment}).returncode
        if status:
            return status
        if any((directory / "findings" / target / "default/crashes").glob("id*")):
            say(f"{target} found something: it is in {directory}/findings/{target}/default/crashes")
            return 1
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Fuzzes what reads guests' bytes; all targets, "
                                     "or those named.")
    parser.add_argument("project", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target (60); 0: its corpus only")
    parser.add_argument("--list", action="store_true", help="name the targets and end")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--coverage", action="store_true", help="print which lines were executed")
    how.add_argument("--afl", action="store_true", help="with AFL++")
    args = parser.parse_args()
    args.project = args.project.resolve()
    args.targets = [name if name.startswith("fuzz_") else f"fuzz_{name}" for name in args.targets]
    for name in args.targets:
        if name not in TARGETS:
            parser.error(f"no target '{name}'; there are {', '.join(TARGETS)}")
    args.targets = args.targets or list(TARGETS)
    return args


def main() -> int:
    args = arguments()
    if args.list:
        for name, about in TARGETS.items():
            print(f"{name:25} {about}")
        return 0
    try:
        return fuzz_afl(args) if args.afl else fuzz(args)
    except subprocess.CalledProcessError as error:
        say(f"this failed: {' '.join(map(str, error.cmd))}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
