#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The jail of workers: what a hostile driver inside one can do, and what the kernel says about it from outside."""

import ctypes
import glob
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'front'))
import vtest as v  # noqa: E402

LAVAPIPE = sorted(glob.glob('/usr/lib/*/libvulkan_lvp.so'))
NAMESPACES = ('user', 'mnt', 'pid', 'net', 'ipc', 'uts')
NOBODY = 65534
# Tries that must fail at either stage, and those that must not.
REFUSED = {'local-bind', 'read-secret', 'read-passwd', 'write-new', 'write-secret', 'list-proc', 'victim-mem', 'connect',
           'signal-broker', 'signal-victim', 'signal-all', 'signal-thread', 'read-memory', 'pidfd', 'ptrace', 'exec',
           'mount', 'namespace', 'user-namespace'}
REFUSED_LATE = REFUSED | {'socket', 'local-stream', 'local-datagram', 'local-connect', 'fork'}
ALLOWED = {'allowed-library', 'allowed-linked', 'allowed-null', 'allowed-cache', 'allowed-socketpair', 'allowed-local-packets', 'allowed-abstract-bind', 'allowed-signal-self'}
# Tries that get through where there is no jail: without them, a refusal would prove nothing. Root can do the rest, too.
FREE = {'read-secret', 'read-passwd', 'write-new', 'write-secret', 'list-proc', 'connect', 'signal-broker',
        'signal-victim', 'signal-thread', 'pidfd', 'exec', 'socket', 'local-stream', 'local-datagram', 'local-connect',
        'local-bind', 'fork'} | ALLOWED


def status_field(text: str, name: str) -> str:
    match = re.search(rf'^{name}:\s*(\S+)', text, re.MULTILINE)
    return match[1] if match else ''


@unittest.skipUnless(LAVAPIPE, 'there is no lavapipe to hide in')
class Jail(unittest.TestCase):
    """As whoever runs it, and, if that is root, as an ordinary user as well."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o777)
        self.secret = Path(self.folder, 'secret')
        self.secret.write_text('secret')
        self.secret.chmod(0o666)
        # What LD_LIBRARY_PATH leads to may be a link to somewhere else.
        elsewhere = Path(self.folder, 'elsewhere')
        self.links = Path(self.folder, 'links')
        elsewhere.mkdir()
        self.links.mkdir()
        (elsewhere / 'libelsewhere.so.1').write_bytes(b'')
        (self.links / 'libelsewhere.so.1').symlink_to(elsewhere / 'libelsewhere.so.1')
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        self.local = os.path.join(self.folder, 'local')
        packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(packets.close)
        packets.bind(self.local)
        os.chmod(self.local, 0o777)
        packets.listen(100)
        self.byte = ctypes.c_char(b'x')
        self.port = listener.getsockname()[1]

    def serve(self, sandbox: str, user: int | None = None) -> v.Server:
        victim = subprocess.Popen(['sleep', '1000'], user=user, group=user)
        self.addCleanup(victim.wait)
        self.addCleanup(victim.kill)
        with open(f'/proc/{victim.pid}/maps', encoding='ascii') as maps:
            address = maps.read().split('-')[0]
        jail = {'REAL': LAVAPIPE[0], 'SECRET': self.secret, 'NEW': f'{self.folder}/new', 'SOCKET': self.local,
                'LINKED': self.links / 'libelsewhere.so.1', 'VICTIM': victim.pid, 'PORT': self.port,
                'ADDRESS': f'0x{address}'}
        environment = {f'PEARVISOR_JAIL_{name}': str(value) for name, value in jail.items()}
        environment['A_SECRET'] = 'secret'
        environment['LD_LIBRARY_PATH'] = ':'.join(filter(None, (os.environ.get('LD_LIBRARY_PATH'), str(self.links))))
        server = v.Server.__new__(v.Server)
        server.path = os.path.join(self.folder, 'sock')
        server.log_path = Path(self.folder, 'log')
        with server.log_path.open('wb') as log:
            server.process = subprocess.Popen(
                [v.pearvisor(), 'serve', '--socket', server.path, '--sandbox', sandbox, '--driver',
                 os.environ['PV_TEST_ESCAPE'], '--log-level', 'debug'], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **environment}, user=user, group=user,
                extra_groups=[] if user else None)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server

    def tries(self, server: v.Server, stage: str) -> dict[str, int]:
        """By name, the errno of each try; the last worker's, which is the client's and not the start-up check's."""
        found = re.findall(rf'^escape {stage} (\S+) (\d+)$', server.log, re.MULTILINE)
        return {name: int(error) for name, error in found}

    def check_worker(self, pid: int) -> None:
        for task in Path(f'/proc/{pid}/task').iterdir():
            status = (task / 'status').read_text(encoding='ascii')
            self.assertEqual(status_field(status, 'NoNewPrivs'), '1', task)
            self.assertEqual(status_field(status, 'Seccomp'), '2', task)
            self.assertEqual(status_field(status, 'CapEff').strip('0'), '', task)
        self.assertNotIn(b'A_SECRET', Path(f'/proc/{pid}/environ').read_bytes())
        for kind in NAMESPACES:
            self.assertNotEqual(os.readlink(f'/proc/{pid}/ns/{kind}'), os.readlink(f'/proc/self/ns/{kind}'), kind)

    def check(self, sandbox: str, user: int | None = None) -> None:
        server = self.serve(sandbox, user).ready()
        if 'does not permit' in server.log:
            self.skipTest(server.log.strip())
        self.assertIn(f'sandbox: {sandbox}, all of it applied', server.log)
        with v.Client(server.path).start():
            self.assertTrue(server.logs('escape late done'), server.log)
            early, late = self.tries(server, 'early'), self.tries(server, 'late')
            for names, got in ((REFUSED, early), (REFUSED_LATE, late)):
                self.assertEqual({name for name in names if got[name] == 0}, set())
            for got in (early, late):
                self.assertEqual({name: got[name] for name in ALLOWED if got[name] != 0}, {})
            self.check_worker(server.workers()[0])
        self.assertFalse(os.path.exists(f'{self.folder}/new'))
        self.assertFalse(os.path.exists('/dev/shm/escape-cache'), 'the cache is not private')

    def test_default(self) -> None:
        self.check('default')

    def test_strict(self) -> None:
        self.check('strict')

    @unittest.skipIf(os.getuid(), 'not root')
    def test_default_as_an_ordinary_user(self) -> None:
        self.check('default', NOBODY)

    @unittest.skipIf(os.getuid(), 'not root')
    def test_strict_as_an_ordinary_user(self) -> None:
        self.check('strict', NOBODY)

    def test_without_a_jail_the_tries_get_through(self) -> None:
        server = self.serve('off').ready()
        self.addCleanup(lambda: Path('/dev/shm/escape-cache').unlink(missing_ok=True))
        self.assertIn('sandbox: off', server.log)
        got = self.tries(server, 'early')
        free = FREE if os.getuid() else FREE | REFUSED_LATE
        self.assertEqual({name: got[name] for name in free if got[name] != 0}, {})

    def test_default_goes_on_without_what_is_not_permitted_and_strict_does_not(self) -> None:
        within = ['unshare', '--user', '--map-root-user', 'sh', '-c',
                  'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', 'sh']
        if subprocess.run([*within, 'true'], capture_output=True, check=False).returncode:
            self.skipTest('user namespaces are not permitted here')
        run = [v.pearvisor(), 'run', '--sandbox', 'default', '--', 'sh', '-c', 'echo ran; exit 7']
        result = subprocess.run([*within, *run], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (7, 'ran\n'), result.stderr)
        self.assertRegex(result.stderr, r'sandbox: default, without what this system does not permit: user namespace \(')
        run[run.index('default')] = 'strict'
        result = subprocess.run([*within, *run], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (1, ''), result.stderr)
        self.assertRegex(result.stderr, r'sandbox: strict is refused, this system does not permit: user namespace \(')
        result = subprocess.run([*within, v.pearvisor(), 'doctor'], capture_output=True, text=True, check=False)
        self.assertRegex(result.stdout, r'warning +sandbox: workers cannot be jailed wholly; missing: user namespace \(')

    def test_an_unknown_sandbox_is_refused(self) -> None:
        run = subprocess.run([v.pearvisor(), 'run', '--sandbox', 'bogus', '--', 'true'], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--sandbox must be strict, default or off, not 'bogus'", run.stderr)
        run = subprocess.run([v.pearvisor(), 'run', '--', 'true'], capture_output=True, text=True, check=False,
                             env={**os.environ, 'PEARVISOR_SANDBOX': 'bogus'})
        self.assertEqual(run.returncode, 1)
        self.assertIn("must be strict, default or off, not 'bogus'", run.stderr)


if __name__ == '__main__':
    unittest.main()
