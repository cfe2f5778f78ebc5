#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The broker: its socket, its workers, its end."""

import json
import os
import signal
import socket
import stat
import struct
import tempfile
import unittest
from pathlib import Path

import vtest as v


class Broker(unittest.TestCase):
    """Each test has servers of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def serve(self, *options: str, path: str | None = None) -> v.Server:
        server = v.Server(self.folder, *options, path=path)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server

    def test_the_socket_is_private_unless_asked_otherwise(self) -> None:
        for options, mode in (((), 0o600), (('--socket-mode', '0660'), 0o660), (('--socket-mode', '666'), 0o666)):
            server = self.serve(*options).ready()
            status = os.stat(server.path)
            self.assertTrue(stat.S_ISSOCK(status.st_mode))
            self.assertEqual(stat.S_IMODE(status.st_mode), mode)
            self.assertEqual(server.stop(), 0)

    def test_ends_in_order(self) -> None:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server = self.serve().ready()
            with v.Client(server.path).start() as client:
                workers = server.workers()
                self.assertEqual(len(workers), 1)
                ring = v.Ring(client)
                self.assertEqual(client.ask(v.PING), ())    # the ring is there
                self.assertEqual(server.stop(sig), 0)
                self.assertTrue(ring.status & 2, 'the ring does not say that it is over')
            self.assertFalse(os.path.exists(server.path))
            self.assertFalse(os.path.exists(f'/proc/{workers[0]}'))

    def test_no_worker_outlives_a_killed_broker(self) -> None:
        server = self.serve().ready()
        with v.Client(server.path).start():
            worker, = server.workers()
            server.stop(signal.SIGKILL)
            self.assertTrue(v.wait_until(lambda: not alive(worker), 5))

    def test_a_stale_socket_is_replaced(self) -> None:
        first = self.serve().ready()
        first.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(first.path))
        second = self.serve().ready()
        with v.Client(second.path) as client:
            client.start()

    def test_a_second_server_is_refused(self) -> None:
        first = self.serve().ready()
        second = self.serve()
        self.assertEqual(second.process.wait(v.TIMEOUT), 1)
        self.assertIn('a server already answers on', second.log)
        self.assertEqual(len(second.log.splitlines()), 1)
        with v.Client(first.path) as client:
            client.start()

    def test_paths_that_cannot_be_sockets(self) -> None:
        plain = Path(self.folder, 'plain')
        plain.write_text('keep me')
        for path, line in ((str(plain), 'is not a socket'), (f'{self.folder}/none/sock', 'folder does not exist'),
                           (f'{self.folder}/{"x" * 200}', 'choose a shorter one')):
            server = self.serve(path=path)
            self.assertEqual(server.process.wait(v.TIMEOUT), 1)
            self.assertIn(line, server.log)
            self.assertEqual(len(server.log.splitlines()), 1)
        self.assertEqual(plain.read_text(), 'keep me')

    def test_a_foreign_socket_is_left_alone_at_the_end(self) -> None:
        server = self.serve().ready()
        os.unlink(server.path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(server.path)
            self.assertEqual(server.stop(), 0)
            self.assertTrue(os.path.exists(server.path))

    def test_clients_beyond_the_limit_are_refused(self) -> None:
        server = self.serve('--max-clients', '2').ready()
        with v.Client(server.path).start(), v.Client(server.path).start():
            with v.Client(server.path) as third:
                self.assertIn(third.ending(), ('reset', 'end of stream'))
            self.assertTrue(server.logs('as many as allowed'))
        self.assertTrue(v.wait_until(lambda: not server.workers()))
        with v.Client(server.path) as client:
            client.start()

    def test_clients_leave_nothing_behind(self) -> None:
        server = self.serve().ready()
        before = server.fds()
        for _ in range(20):
            with v.Client(server.path) as client:
                client.start()
        together = [v.Client(server.path) for _ in range(8)]
        for client in together:
            client.start()
        self.assertEqual(len(server.workers()), 8)
        for client in together:
            client.sock.close()
        self.assertTrue(v.wait_until(lambda: not server.workers()))
        self.assertTrue(v.wait_until(lambda: server.fds() == before), f'{server.fds()} descriptors, {before} before')

    def test_no_worker_stays_for_a_client_that_left_an_endless_wait(self) -> None:
        server = self.serve().ready()
        with v.Client(server.path).start() as client:
            ring = v.Ring(client)
            ring.push(struct.pack('=2I Q', 252, 0, 1 << 60))        # the ring waits for the control path,
            client.submit(struct.pack('=2I 2Q', 253, 0, ring.key, ring.tail))   # which waits for the ring
        self.assertEqual(len(server.workers()), 1)
        self.assertTrue(v.wait_until(lambda: not server.workers()))
        self.assertIn('what it left behind does not end', server.log)

    def test_the_broker_loads_no_vulkan_and_its_workers_are_clean(self) -> None:
        server = self.serve().ready()
        with v.Client(server.path).start():
            worker, = server.workers()
            broker = Path(f'/proc/{server.process.pid}/maps').read_text()
            self.assertNotIn('libvulkan', broker)
            self.assertIn('libvulkan', Path(f'/proc/{worker}/maps').read_text())
            environment = Path(f'/proc/{worker}/environ').read_bytes().split(b'\0')
            self.assertIn(b'VK_LOADER_LAYERS_DISABLE=~implicit~', environment)
            self.assertTrue(server.logs(f'worker pid {worker}'))

    def test_workers_do_not_inherit_the_guest_side_of_the_environment(self) -> None:
        old = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(old)))
        os.environ.update(VN_DEBUG='vtest', VTEST_SOCKET_NAME='/nowhere', VN_PERF='no_multi_ring', MESA_KEPT='yes')
        server = self.serve().ready()
        with v.Client(server.path).start():
            worker, = server.workers()
            names = {entry.split(b'=')[0] for entry in Path(f'/proc/{worker}/environ').read_bytes().split(b'\0')}
        self.assertIn(b'MESA_KEPT', names)
        self.assertFalse(names & {b'VN_DEBUG', b'VTEST_SOCKET_NAME', b'VN_PERF'})

    def test_a_client_has_no_more_blobs_than_it_may(self) -> None:
        server = self.serve('--blobs', '10').ready()
        with v.Client(server.path).start() as greedy, v.Client(server.path).start() as other:
            kept = [greedy.blob(4096) for _ in range(10)]
            self.assertFalse('device lost' in server.log)
            greedy.send(v.RESOURCE_UNREF, (kept.pop()[0],))
            kept.append(greedy.blob(4096))  # one makes room for another
            kept.append(greedy.blob(4096))  # memory that nobody else sees: a guest's driver cannot go on without
            self.assertTrue(server.logs('more are to be had with --blobs N'))
            self.assertTrue(server.logs('device lost'))
            self.assertEqual(greedy.ask(v.PING), ())
            other.blob(4096)

    def test_statistics_are_one_line_of_json_per_client(self) -> None:
        stats = Path(self.folder, 'stats')
        server = self.serve('--stats', str(stats)).ready()
        for name in (b'one "quoted"\0', b'two\0'):
            with v.Client(server.path) as client:
                ring = v.Ring(client.start(name))
                ring.push(b'')
                self.assertEqual(client.ask(v.PING), ())
        self.assertTrue(v.wait_until(lambda: stats.exists() and stats.read_text().count('\n') == 2))
        lines = [json.loads(line) for line in stats.read_text().splitlines()]
        self.assertEqual({line['client'] for line in lines}, {'one "quoted"', 'two'})
        for line in lines:
            self.assertTrue(line['gpu'] and line['memory_path'])
            self.assertRegex(line['guest_api'], r'^1\.\d+\.\d+$')
            self.assertGreaterEqual(line['commands'], 2)
            self.assertIn('vkCreateRingMESA', [top['name'] for top in line['top']])


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


if __name__ == '__main__':
    unittest.main(verbosity=2)
