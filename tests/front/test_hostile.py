#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that break the protocol: each is disconnected with one line in the log, and the server goes on."""

import os
import signal
import struct
import unittest

import vtest as v


class Hostile(v.ServerTest):
    """One server for all of them; it must answer a good client after each."""

    def setUp(self) -> None:
        self.seen = len(self.server.log)

    def tearDown(self) -> None:
        with v.Client(self.server.path) as client:
            self.assertEqual(client.start().ask(v.PING), ())

    def ends(self, client: v.Client, line: str) -> None:
        """The connection is reset, and the log says why in one new line."""
        self.assertEqual(client.ending(), 'reset')
        self.assertTrue(v.wait_until(lambda: line in self.server.log[self.seen:]), f'no "{line}" in the log')
        self.assertEqual(self.server.log[self.seen:].count('disconnected'), 1)
        self.seen = len(self.server.log)

    def refused(self, line: str, command: int, *words: int, length: int | None = None) -> None:
        """A good client that sends this is disconnected with `line`."""
        client = self.client().start()
        client.send(command, words, length)
        self.ends(client, line)

    def test_another_protocol(self) -> None:
        client = self.client()
        client.sock.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        self.ends(client, 'does not speak vtest')

    def test_random_bytes_and_a_missing_introduction(self) -> None:
        for data in (os.urandom(7) + b'\xff' + os.urandom(100), struct.pack('=3I', 0, v.PING, 0),
                     struct.pack('=3I', 0, v.CREATE_RENDERER, 0), struct.pack('=3I', 1 << 31, v.CREATE_RENDERER, 0)):
            client = self.client()
            client.sock.sendall(data)
            self.ends(client, 'does not speak vtest')

    def test_an_old_version(self) -> None:
        self.refused('speaks protocol 2', v.VERSION, 2)

    def test_a_second_introduction(self) -> None:
        client = self.client().start()
        client.introduce()
        self.ends(client, 'sent before')

    def test_unknown_and_opengl_commands(self) -> None:
        for command in (0, 1, 2, 4, 6, 9, 12, 25, 38, 39, 0x7fffffff, 0xffffffff):
            self.refused(f'number {command} is not part', command, 0)

    def test_huge_and_wrong_lengths(self) -> None:
        for command in (v.PING, v.SYNC_READ, v.CREATE_BLOB, v.SYNC_WAIT, v.SUBMIT_CMD2):
            for length in (0xffffffff, 0x40000001, 1 << 25):
                self.refused('words of payload, expected', command, 1, 2, 3, length=length)
        self.refused('words of payload, expected', v.SYNC_WRITE, 1, 2)
        self.refused('words of payload, expected', v.CREATE_BLOB, 1, 2, 3, 4, 5, 6, 7)

    def test_a_second_context_and_another_capset(self) -> None:
        self.refused('exists already', v.CONTEXT_INIT, 4)
        client = self.client()
        client.introduce()
        client.send(v.CONTEXT_INIT, (2,))
        self.ends(client, 'capset 2')

    def test_too_early(self) -> None:
        for command, words in ((v.CREATE_BLOB, (2, 1, 4096, 0, 0, 0)), (v.SUBMIT_CMD2, (0,)), (v.RESOURCE_UNREF, (1,))):
            client = self.client()
            client.introduce()
            client.send(command, words)
            self.ends(client, 'before CONTEXT_INIT')

    def test_impossible_blobs(self) -> None:
        self.refused('blob type 1', v.CREATE_BLOB, 1, 1, 4096, 0, 0, 0)
        self.refused('out of range', v.CREATE_BLOB, v.HOST3D, 8, 4096, 0, 0, 0)
        self.refused('out of range', v.CREATE_BLOB, v.HOST3D, 1, 0, 0, 0, 0)
        self.refused('out of range', v.CREATE_BLOB, v.HOST3D, 1, 0, 1 << 31, 0, 0)
        self.refused('no memory object 77', v.CREATE_BLOB, v.HOST3D, 1, 4096, 0, 77, 0)

    def test_unknown_syncs(self) -> None:
        for command, words in ((v.SYNC_READ, (1,)), (v.SYNC_READ, (0,)), (v.SYNC_UNREF, (0xffffffff,)),
                               (v.SYNC_WRITE, (5, 0, 0))):
            self.refused('there is no sync', command, *words)
        self.refused('waits for a sync that does not exist', v.SYNC_WAIT, 0, 0, 3, 0, 0)
        self.refused('not whole waits', v.SYNC_WAIT, 0, 0, 3, 0)
        for flags in (0, 1):
            self.refused('signals', v.SUBMIT_CMD2, 1, flags, 9, 0, 9, 1, 0, 0, 0, 6, 0, 0)

    def test_batches_out_of_bounds(self) -> None:
        big = 0xffffffff
        for words in ((big,), (1,), (1, 0, 9, 0, 9, 0, 0, 0), (2, 0, 9, 0, 9, 0, 0, 0, 0), (1, 0, 8, 0, 8, 0, 0, 0),
                      (1, 0, 0, 0, 0, 0, 0, 0, 0), (big, 0, 9, 0, 9, 0, 0, 0, 0), (1, 0, 9, big, 9, 0, 0, 0, 0),
                      (1, 0, 9, 1, 9, 0, 0, 0, 0), (1, 0, 9, 0, 9, big, 0, 0, 0), (1, 0, 9, 0, big, 1, 0, 0, 0),
                      (1, 0, 9, 0, 9, 0x55555556, 0, 0, 0)):
            self.refused('disconnected at SUBMIT_CMD2', v.SUBMIT_CMD2, *words)
        self.refused('fence descriptors', v.SUBMIT_CMD2, 1, 2, 9, 0, 9, 0, 0, 0, 0)
        self.refused('DRM sync objects', v.SUBMIT_CMD2, 1, 0, 9, 0, 9, 0, 0, 1, 0)
        self.refused('no timeline 64', v.SUBMIT_CMD2, 1, 1, 9, 0, 9, 0, 64, 0, 0)

    def test_a_client_that_leaves_in_the_middle(self) -> None:
        for data in (b'', b'\x01', struct.pack('=I', 5), struct.pack('=2I', 5, v.CREATE_RENDERER),
                     struct.pack('=2I', 5, v.CREATE_RENDERER) + b'te'):
            client = self.client()
            client.sock.sendall(data)
            client.sock.close()
        client = self.client().start()
        client.send(v.SYNC_WRITE, (1,), length=3)
        client.sock.close()
        self.assertTrue(self.server.logs('left in the middle of SYNC_WRITE'))
        self.assertTrue(v.wait_until(lambda: not self.server.workers()))

    def test_waits_without_end_are_refused_at_last(self) -> None:
        client = self.client().start()
        sync, = client.ask(v.SYNC_CREATE, 0, 0)
        request = struct.pack('=7I', 5, v.SYNC_WAIT, 0, v.FOREVER, sync, 1, 0)
        with self.assertRaises((ConnectionResetError, BrokenPipeError, EOFError)):
            for _ in range(5000):
                client.sock.sendall(request)
                client.reply(v.SYNC_WAIT)
                os.close(client.fd())
        self.assertTrue(self.server.logs('too many waits'))


class Undecodable(v.ServerTest):
    """A context that is over keeps its connection: the guest's driver learns of it from the ring."""

    GARBAGE = struct.pack('=2I', 0x7777, 0)

    def check_still_answers(self, client: v.Client, ring: v.Ring) -> None:
        self.assertTrue(v.wait_until(lambda: ring.status & 2), 'no FATAL in the ring')
        sync, = client.ask(v.SYNC_CREATE, 0, 0)
        fd = self.fd_of(client.wait_fd([(sync, 1)]))
        client.submit(self.GARBAGE, [(sync, 1)], ring_idx=0)
        self.assertTrue(v.readable(fd, v.TIMEOUT), 'the fence of an over context did not retire')
        _, memory = client.blob(8192)
        self.assertEqual(memory[:], bytes(8192))

    def test_garbage_over_the_socket(self) -> None:
        client = self.client().start()
        ring = v.Ring(client)
        client.submit(self.GARBAGE)
        self.check_still_answers(client, ring)

    def test_garbage_in_a_ring(self) -> None:
        client = self.client().start()
        ring = v.Ring(client)
        ring.push(self.GARBAGE)
        self.check_still_answers(client, ring)

    def test_a_neighbour_lives_on(self) -> None:
        good, bad = v.Ring(self.client().start()), v.Ring(self.client().start())
        bad.push(self.GARBAGE)
        self.assertTrue(v.wait_until(lambda: bad.status & 2))
        self.assertGreaterEqual(good.version() >> 12, 1 << 10 | 1)
        self.assertFalse(good.status & 2)


class Crashes(v.ServerTest):
    """A worker that dies takes its client with it, at once, and nobody else."""

    def worker_of(self, client: v.Client) -> int:
        client.start()
        pid = self.server.workers()
        self.assertEqual(len(pid), 1)
        return pid[0]

    def test_a_client_that_waits_for_a_dead_worker_is_told(self) -> None:
        client = self.client()
        pid = self.worker_of(client)
        os.kill(pid, signal.SIGSTOP)
        client.send(v.PING)
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(client.ending(), 'reset')
        self.assertTrue(self.server.logs(f'worker pid {pid} died of signal 9'))

    def test_a_crash_is_logged_with_its_signal(self) -> None:
        client = self.client()
        pid = self.worker_of(client)
        os.kill(pid, signal.SIGABRT)
        self.assertTrue(self.server.logs(f'worker pid {pid} died of signal 6 (Aborted)'))
        self.client().start()


if __name__ == '__main__':
    unittest.main(verbosity=2)
