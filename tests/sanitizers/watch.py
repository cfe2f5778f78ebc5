#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one test of a build with sanitizers and fails it if any of its processes had something reported.

Usage: watch.py CMD ARGS…, for instance through `meson test --wrapper`.

A client does not see that its worker leaks or stumbles, so every process writes its reports to a folder of ours, and
whatever is found there fails the test. Two kinds of tests make a host driver misbehave, and say so in the environment:

   SANITIZERS_DRIVER=may-leak   a lost driver is never called again and keeps what it has; the leaks in
                                suppressions.txt beside this file are excused
   SANITIZERS_DRIVER=may-fail   the driver is also fed what Vulkan forbids; reports in its own code are excused, too

What was excused is counted and printed. Nothing in our own code is ever excused. Leaks by code that is not there any
more are none of ours either: a loader that tries several drivers unloads those that it does not use, we are never
unloaded.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "e2e"))
from common import host_environment  # noqa: E402

SUPPRESSIONS = HERE / "suppressions.txt"
FAILED = 99  # no status that a test ends with by itself
HEADLINE = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:")
FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ +(?:in .+? )?\(?(\S+)", re.MULTILINE)
# Places of frames that are the sanitizer's or the C library's, and of those in libraries of the system.
RUNTIME = re.compile(r"lib(?:a|l|ub|t)san|libsanitizer|compiler-rt|tools/pearvisor/pearvisor\+|/libc\.so|/libm\.so|"
                     r"sysdeps/|^\./|^(?:csu|elf|nptl|stdlib|string|dlfcn)/")
LIBRARY = re.compile(r"^/(?:usr/)?lib(?:64)?/")
# Leaks that a program has natively as well, by library and bytes per object, each with what it is.
NATIVE_LEAKS = {
    ("libvulkan_lvp.so", 24): "what llvmpipe 25.0 remembers of multisampled rendering to one sample, in single_sampled",
    ("libvulkan_lvp.so", 536): "what llvmpipe 25.0 draws the points and lines of dynamic_states3 with",
}
DIRECT_LEAK = re.compile(r"^Direct leak of (\d+) byte\(s\) in (\d+) object", re.MULTILINE)
EXCUSED = re.compile(r"^ +(\d+) +\d+ (\S+)$", re.MULTILINE)


def environment(folder: Path, driver: str) -> dict[str, str]:
    """Where and how the sanitizers report; what the caller wants besides comes first and stays."""
    common = {"log_path": folder / "report", "print_stacktrace": 1, "halt_on_error": 1, "abort_on_error": 1}
    chosen = {
        "ASAN_OPTIONS": {**common, "detect_leaks": 1, "detect_stack_use_after_return": 1, "strict_string_checks": 1,
                         "verify_asan_link_order": 0},  # some tests preload a library into workers
        "UBSAN_OPTIONS": common,
        # A process that leaks ends as it would have: whether the leak counts is decided here.
        "LSAN_OPTIONS": {"exitcode": 0, **({"suppressions": SUPPRESSIONS, "print_suppressions": 1} if driver else {})},
    }
    return {name: ":".join(filter(None, [os.environ.get(name), *(f"{key}={value}" for key, value in options.items())]))
            for name, options in chosen.items()}


def culprit(report: str) -> str:
    """Where the first frame of a report is that is neither the sanitizer's nor the C library's."""
    return next((place for place in FRAME.findall(report) if not RUNTIME.search(place)), "")


def is_excused_leak(leak: str) -> bool:
    """Whether one leak, from its headline on, is none of ours. What hangs on it (an indirect one) follows it."""
    place, size = culprit(leak), DIRECT_LEAK.match(leak)
    if not size or place == "<unknown":
        return True
    each = int(size[1]) // int(size[2])
    return any(f"/{library}+" in place and each == bytes_each for library, bytes_each in NATIVE_LEAKS)


def is_excused(report: str, driver: str) -> bool:
    if "LeakSanitizer" in report:
        leaks = re.split(r"^(?=(?:Dir|Indir)ect leak of )", report, flags=re.MULTILINE)[1:]
        return any(map(DIRECT_LEAK.match, leaks)) and all(map(is_excused_leak, leaks))
    return driver == "may-fail" and LIBRARY.search(culprit(report)) is not None


def rules() -> list[str]:
    lines = SUPPRESSIONS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def judge(texts: list[str], driver: str) -> list[str]:
    """The reports that count. Prints what was excused."""
    reports = [text for text in texts if HEADLINE.search(text)]
    bad = [text for text in reports if not is_excused(text, driver)]
    leaks: Counter[str] = Counter()
    for text in texts:
        for count, rule in EXCUSED.findall(text):
            leaks[rule] += int(count)
    print(f"sanitizers: {len(bad)} reports; excused: {len(reports) - len(bad)} reports of others, {leaks.total()} "
          f"leaks by {len(leaks)} of {len(rules()) if driver else 0} suppressions"
          + "".join(f", {rule} {count}" for rule, count in leaks.items()))
    return bad


def main() -> int:
    driver = os.environ.get("SANITIZERS_DRIVER", "")
    with tempfile.TemporaryDirectory(prefix="pv-sanitizers-") as folder:
        env = {**host_environment(), **environment(Path(folder), driver)}
        status = subprocess.run(sys.argv[1:], env=env).returncode
        sys.stdout.flush()
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(Path(folder).iterdir())]
    bad = judge(texts, driver)
    for text in bad[:4]:
        print(text[:6000])
    if bad:
        return FAILED
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main())
