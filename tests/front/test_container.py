#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest in a container: mount, pid, user, network, ipc and uts namespaces of its own, and in its root nothing but a
program, a stock Mesa guest driver, the libraries both need, and the socket of `pearvisor serve`.

No device node, no file of the host's driver, no /proc, no /sys, no network. The results must be the native ones.
Usage: test_container.py PROGRAM... (e2e programs); environment: PEARVISOR. Skipped where namespaces are refused.
"""
from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from closure import driver_library, guest_manifest, libraries  # noqa: E402
from common import SKIP, VENUS, guest_icd, host_environment, run  # noqa: E402

import vtest as v  # noqa: E402

REFUSED = 78  # exit status of the inner half: no namespaces here
TIMEOUT = 60
NOBODY = 65534
SOCKET, RESULT, ICD = "/gpu.sock", "/out/result", "/icd.json"
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
SIOCGIFFLAGS, IFF_UP = 0x8913, 1


# The inner half: becomes the container and runs the program in it.


def libc_call(name: str, *args: object) -> None:
    """Calls a function of the C library; OSError if it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*(arg.encode() if isinstance(arg, str) else arg for arg in args)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def leave_the_host(user: int | None) -> None:
    """Into new namespaces; as `user` if that is given."""
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        libc_call("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is ours to write again
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWNET | os.CLONE_NEWIPC | os.CLONE_NEWUTS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path("/proc/self", name).write_text(text, encoding="ascii")


def enter(root: str, gpu: str) -> None:
    """Makes `root` the root of the world, with the socket in it."""
    null = ctypes.c_char_p(None)
    libc_call("mount", "none", "/", null, ctypes.c_ulong(MS_REC | MS_PRIVATE), null)
    libc_call("mount", root, root, null, ctypes.c_ulong(MS_BIND | MS_REC), null)
    libc_call("mount", gpu, root + SOCKET, null, ctypes.c_ulong(MS_BIND), null)
    os.chdir(root)
    libc_call("pivot_root", ".", "old")
    os.chdir("/")
    libc_call("umount2", "/old", MNT_DETACH)


def check_world() -> None:
    """That the container is as empty as this test claims."""
    names = [name for _, name in socket.if_nameindex()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        flags = struct.unpack("16xH", fcntl.ioctl(probe, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))[:18])[0]
    if names != ["lo"] or flags & IFF_UP:
        sys.exit(f"the network namespace is not empty: {names}, flags of lo {flags:#x}")
    if os.getpid() != 1:
        sys.exit("the pid namespace is not new")
    if found := [path for path in ("/proc", "/sys", "/dev", "/old", "/home", "/root", "/etc") if os.path.exists(path)
                 and os.listdir(path)]:
        sys.exit(f"there is something in {found}")
    if not stat.S_ISSOCK(os.stat(SOCKET).st_mode):
        sys.exit("the socket is not there")


def inside(task: dict) -> None:
    try:
        leave_the_host(task["user"])
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOSPC, errno.EINVAL, errno.EACCES):
            raise
        print(f"namespaces are refused: {error}", file=sys.stderr)
        sys.exit(REFUSED)
    if child := os.fork():  # the first process of the new pid namespace
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status) & 0xff)
    enter(task["root"], task["socket"])
    check_world()
    print("alone: no network, no devices, no /proc", file=sys.stderr, flush=True)
    os.execve(task["program"], [task["program"], RESULT], task["env"])


# The outer half: builds the container's files and judges.


def build_root(root: Path, program: Path, manifest: Path) -> None:
    """All files of a container: those of the program and of the guest's driver, at the paths they have here."""
    driver = driver_library(manifest)
    # The harness's loader is linked in; the driver is what it opens by name.
    for source in {*libraries(program), *libraries(driver)}:
        target = root / str(source).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755)
    (root / ICD.lstrip("/")).write_text(json.dumps(
        {"file_format_version": "1.0.1", "ICD": {"api_version": "1.4.0", "library_path": str(driver)}}))
    (root / SOCKET.lstrip("/")).touch()
    for name in ("old", "out", "tmp", "dev", "proc", "sys"):
        (root / name).mkdir()
    (root / "out").chmod(0o777)
    hosts = [path.name for path in root.rglob("*")
             if path.is_file() and re.search(r"libvulkan_(?!virtio)|LLVM|pearvisor", path.name)]
    if hosts:
        sys.exit(f"the container has files that are the host's: {hosts}")


def visit(folder: Path, gpu: str, program: Path, manifest: Path, user: int | None) -> tuple[int | None, str, bytes]:
    """Runs a program in a container; its exit status, what it said, and its result."""
    root = folder / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    build_root(root, program, manifest)
    env = {"VN_DEBUG": "vtest", "VTEST_SOCKET_NAME": SOCKET, "VK_DRIVER_FILES": ICD}
    task = {"user": user, "root": str(root), "socket": gpu, "program": str(program), "env": env}
    code, text = run([sys.executable, __file__, "--inside", json.dumps(task)], dict(os.environ), TIMEOUT)
    result = root / RESULT.lstrip("/")
    return code, text, result.read_bytes() if result.exists() else b""


def native(program: Path, folder: Path) -> bytes:
    output = folder / "native"
    code, text = run([str(program), str(output)], host_environment(), TIMEOUT)
    if code != 0:
        sys.exit(f"{program.name} fails natively: {text}")
    return output.read_bytes()


def guests() -> list[tuple[str, Path]]:
    """Guest drivers by name, and their manifests."""
    newer, _ = guest_icd()
    return [("system", guest_manifest(os.environ["PEARVISOR"]))] + ([("next", Path(newer))] if newer else [])


def main(programs: list[Path]) -> int:
    users = [None, NOBODY] if os.getuid() == 0 else [None]
    os.environ["VK_DRIVER_FILES"] = host_environment()["VK_DRIVER_FILES"]  # of the server as well
    failures = 0
    with tempfile.TemporaryDirectory(prefix="pv-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = v.Server(name, "--socket-mode", "0666").ready()
        try:
            for program in programs:
                expected = native(program, folder)
                for guest, manifest in guests():
                    for user in users:
                        code, text, got = visit(folder, server.path, program, manifest, user)
                        if code == REFUSED:
                            print(f"skipped: {text.strip()}")
                            return SKIP
                        good = code == 0 and got == expected and VENUS in text and "alone: " in text
                        failures += not good
                        who = "an ordinary user" if user or os.getuid() else "root"
                        print(f"{program.name}, guest driver '{guest}', as {who}: "
                              + ("identical" if good else f"FAILED, status {code}, {len(got)} bytes of "
                                 f"{len(expected)}:\n{text}"), flush=True)
        finally:
            server.stop(signal.SIGTERM)
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(json.loads(sys.argv[2]))
    sys.exit(main([Path(argument).resolve() for argument in sys.argv[1:]]))
