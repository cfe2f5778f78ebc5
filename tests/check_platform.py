#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that only files of one system, NAME_linux.c and NAME_darwin.c, use what only that system has.

A name that a file defines itself where the system does not (`#ifndef MSG_X`, `#define MSG_X 0`) is no breach.

Usage: check_platform.py FOLDER…. Prints one line per breach, file:line first, and exits with 1 if there was any.
"""

import re
import sys
from pathlib import Path

# Headers, functions, flags and paths of Linux (some of other systems, but not of macOS) and of macOS.
FOREIGN = re.compile(r"""
   \#\s*include\s*<(?:linux/\S+|asm/\S+|sys/(?:epoll|eventfd|signalfd|timerfd|inotify|prctl|syscall|sendfile|sysinfo|
                      vfs|capability|random)\.h|mach[-_/]\S*|crt_externs\.h|TargetConditionals\.h|libproc\.h|error\.h|
                      malloc\.h|endian\.h|byteswap\.h|features\.h)>
 | \b(?:memfd_create|eventfd\w*|epoll_\w+|signalfd|timerfd_\w+|inotify_\w+|futex\w*|accept4|pipe2|dup3|prctl|syscall|
      gettid|ppoll|close_range|closefrom|clock_nanosleep|pthread_condattr_setclock|pthread_setaffinity_np|
      sched_setaffinity|secure_getenv|execvpe|strchrnul|mremap|fallocate|posix_fallocate|getrandom|
      sendfile|splice|unshare|setns|clone3?|pidfd_\w+|process_vm_\w+|qsort_r|canonicalize_file_name|
      program_invocation_\w+|error_at_line|posix_spawn_file_actions_\w+_np|fexecve|
      statx|mallinfo2?|malloc_trim|ptsname_r|sysinfo)\s*\(
 | \b(?:SOCK_CLOEXEC|SOCK_NONBLOCK|MSG_CMSG_CLOEXEC|O_PATH|O_TMPFILE|MFD_\w+|F_ADD_SEALS|F_GET_SEALS|F_SEAL_\w+|EFD_\w+|
      EPOLL\w*|PR_SET_\w+|SYS_\w+|MAP_POPULATE|MAP_FIXED_NOREPLACE|MAP_HUGETLB|MREMAP_\w+|SO_PEERCRED|SCM_CREDENTIALS|
      POLLRDHUP|AT_EMPTY_PATH|CLONE_\w+|ENOTUNIQ|EBADFD|ECHRNG|EUCLEAN|EREMOTEIO|ENOMEDIUM|ERESTART|
      F_GETPATH|kern_return_t|_NS\w+)\b
 | "/(?:proc|sys|dev/shm|dev/dri)\b
 | \#\s*(?:if|elif|ifdef|ifndef)\b.*\b(?:__linux__|__linux|__APPLE__|__MACH__)\b
""", re.VERBOSE)
OF_ONE_SYSTEM = re.compile(r".*_(?:linux|darwin)\.[ch]")
# Where it has to be all the same: the end of the file's path, what it says, and why.
EXCUSED = {
    ("virgl/delegate.c", "#ifdef __APPLE__"): "the file name of a library, nothing that is called",
    ("pearvisor/doctor_host.c", '"/dev/dri'): "a folder that is looked into if it is there",
}
DEFINED = re.compile(r"^\s*#\s*define\s+(\w+)", re.MULTILINE)
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def without_comments(text: str) -> str:
    """The text with comments blanked, lines and strings kept."""
    return COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text)


def check_file(path: Path, used: set[tuple[str, str]]) -> list[str]:
    """Every breach in one file, as lines to print; adds the excuses it needed to `used`."""
    text = without_comments(path.read_text(encoding="utf-8"))
    own = set(DEFINED.findall(text))
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for match in FOREIGN.finditer(line):
            what = match[0].strip()
            excuse = next((key for key in EXCUSED if path.as_posix().endswith(key[0]) and key[1] == what), None)
            if excuse:
                used.add(excuse)
            elif what not in own:
                found.append(f"{path}:{number}: {what}: not on every system; put it into a file of one (NAME_linux.c)")
    return found


def main(folders: list[str]) -> int:
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.[ch]"))
    common = [path for path in files if not OF_ONE_SYSTEM.fullmatch(path.name)]
    used: set[tuple[str, str]] = set()
    found = [line for path in common for line in check_file(path, used)]
    here = {key for key in EXCUSED if any(path.as_posix().endswith(key[0]) for path in common)}
    found += [f"{name}: no longer says {what}: take it out of check_platform.py" for name, what in here - used]
    print("\n".join(found) if found else f"{len(common)} files in order, {len(files) - len(common)} of one system")
    return 1 if found or not common else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
