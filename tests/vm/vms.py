# SPDX-License-Identifier: MIT
"""What the tests of `pearvisor vm` share: the tool, a place of their own for VMs, and a look at the host's processes."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIP = 77
PEARVISOR = os.environ['PEARVISOR']
VENUS = 'Virtio-GPU Venus'  # in the name of every device that a guest sees
TIMEOUT = 600  # a guest under emulation, on a busy machine


class Place:
    """A data folder of its own; the cache, with the stock guest in it, is the user's."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix='pv-vm-'))
        self.env = {**os.environ, 'XDG_DATA_HOME': str(self.folder / 'data')}
        if 'VK_DRIVER_FILES' not in self.env:
            icds = sorted(Path('/usr/share/vulkan/icd.d').glob('lvp_icd*.json'))
            if icds:
                self.env['VK_DRIVER_FILES'] = str(icds[0])

    def vm(self, *args: str, stdin: bytes = b'', env: dict[str, str] | None = None,
           timeout: float = TIMEOUT) -> subprocess.CompletedProcess:
        """Runs `pearvisor vm ARGS`."""
        return subprocess.run([PEARVISOR, 'vm', *args], input=stdin, capture_output=True, timeout=timeout,
                              env={**self.env, **(env or {})}, check=False)

    def path_of(self, name: str) -> Path:
        return self.folder / 'data/pearvisor/vms' / name

    def processes(self) -> dict[int, str]:
        """Every process that has to do with a VM of this place, by its working directory, command or environment."""
        found = {}
        needle = os.fsencode(self.folder)
        for entry in Path('/proc').glob('[0-9]*'):
            try:
                words = (entry / 'cmdline').read_bytes()
                known = words + os.fsencode(os.readlink(entry / 'cwd')) + (entry / 'environ').read_bytes()
            except OSError:
                continue
            if needle in known and int(entry.name) != os.getpid() and words:
                found[int(entry.name)] = words.split(b'\0')[0].decode()
        return found

    def running(self, name: str, files: list[Path], *options: str) -> Path:
        """Makes and starts a VM with a shared folder that has these files. Returns the folder."""
        share = self.folder / 'share'
        share.mkdir()
        for file in files:
            shutil.copy(file, share)
        require_guest(self)
        for args in (('create', name, '--headless', '--cpus', '2', '--share', str(share), *options), ('start', name)):
            result = self.vm(*args)
            assert result.returncode == 0, result.stderr.decode()
        return share

    def stopped(self, name: str) -> None:
        """Powers it off, and looks at what is there afterwards: no process, no socket, no display; its disk, its logs."""
        result = self.vm('stop', name)
        assert result.returncode == 0, result.stderr.decode()
        self.check_nothing_left(name)

    def check_nothing_left(self, name: str) -> None:
        processes = self.wait_for_none()
        assert not processes, processes
        left = sorted(path.name for path in self.path_of(name).iterdir() if not path.name.startswith('port.'))
        assert left == ['config', 'console', 'disk.qcow2', 'lock', 'log'], left

    def qemu(self) -> int:
        """The only QEMU of this place."""
        return next(pid for pid, name in self.processes().items() if 'qemu-system' in name)

    def worker(self) -> int:
        """QEMU's renderer; 0 if it has none, as before the guest's first program."""
        for child in Path(f'/proc/{self.qemu()}/task/{self.qemu()}/children').read_text(encoding='utf-8').split():
            if b'\0worker\0' in Path(f'/proc/{child}/cmdline').read_bytes():
                return int(child)
        return 0

    def wait_for_none(self) -> dict[int, str]:
        """The processes that are still there when they should long be gone."""
        end = time.monotonic() + 30
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.1)
        return left


def require_guest(place: Place) -> None:
    """Makes the stock guest if it is not in the cache; ends the test as skipped where it cannot be made."""
    result = place.vm('create', 'first')
    if result.returncode != 0:
        print(result.stderr.decode(), file=sys.stderr)
        sys.exit(SKIP)
    place.vm('delete', 'first')
