#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_platform.py finds what only one system has and lets the rest pass. Usage: test_check_platform.py CHECKER."""

import subprocess
import sys
import tempfile
from pathlib import Path

# (file, its text, whether that is a breach)
CASES = [
    ("a.c", "int fd = memfd_create(name, 0);", True),
    ("a_linux.c", "int fd = memfd_create(name, 0);", False),
    ("a_darwin.c", "char ***e = _NSGetEnviron();", False),
    ("a.c", "char ***e = _NSGetEnviron();", True),
    ("a.c", "// memfd_create(name, 0) is Linux's\n/* and\n so is eventfd(0, 0) */", False),
    ("a.c", "int memfd_created = 1, count_eventfds;", False),
    ("a.c", "#include <sys/eventfd.h>", True),
    ("a.c", "# include <sys/prctl.h>", True),
    ("a.c", "#include <sys/socket.h>", False),
    ("a.c", "int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);", True),
    ("a.c", "int fd = open(path, O_RDONLY | O_CLOEXEC);", False),
    ("a.c", "readlink(\"/proc/self/exe\", path, size);", True),
    ("a.c", "const char *url = \"http://memfd_create(x)\"; // eventfd(1)", True),
    ("a.c", "#ifdef __linux__\nint x;\n#endif", True),
    ("a.c", "#if defined(__APPLE__)\nint x;\n#endif", True),
    ("a.c", "#ifndef MSG_CMSG_CLOEXEC\n#define MSG_CMSG_CLOEXEC 0\n#endif\nint f = MSG_CMSG_CLOEXEC;", False),
    ("a.c", "return -ENOTUNIQ;", True),
    ("a.h", "int gettid(void);", True),
]


def main(checker: str) -> int:
    wrong = 0
    for name, text, bad in CASES:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, name).write_text(f"// comment\n{text}\n", encoding="utf-8")
            Path(folder, "other.c").write_text("int x;\n", encoding="utf-8")
            run = subprocess.run([sys.executable, checker, folder], capture_output=True, text=True)
            if run.returncode != int(bad) or (bad and f"{name}:" not in run.stdout):
                print(f"{name}: {text!r}: exit {run.returncode}, said {run.stdout!r}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
