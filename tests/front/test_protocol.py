#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of the vtest protocol, as a well-behaved client uses it."""

import struct
import time
import unittest

import vtest as v


class Introduction(v.ServerTest):
    """Up to the context."""

    def test_ping_and_busy_wait_written_back_to_back_are_both_answered(self) -> None:
        client = self.client()
        client.introduce()
        client.send(v.PING)
        client.send(v.BUSY_WAIT, (0, 0))
        self.assertEqual(client.reply(v.PING), ())
        self.assertEqual(client.reply(v.BUSY_WAIT), (0,))

    def test_a_request_may_come_in_pieces(self) -> None:
        client = self.client()
        for byte in struct.pack('=2I', 5, v.CREATE_RENDERER) + b'slow\0' + struct.pack('=3I', 1, v.VERSION, 4):
            client.sock.sendall(bytes([byte]))
            time.sleep(0.002)
        self.assertEqual(client.reply(v.VERSION), (3,))

    def test_version_3_is_agreed_with_every_client(self) -> None:
        client = self.client()
        client.introduce()
        for version in (3, 4, 5):
            self.assertEqual(client.ask(v.VERSION, version), (3,))

    def test_parameters(self) -> None:
        client = self.client()
        client.introduce()
        self.assertEqual(client.ask(v.GET_PARAM, 1), (1, 64))
        for unknown in (0, 2, 99, 0xffffffff):
            self.assertEqual(client.ask(v.GET_PARAM, unknown), (0, 0))

    def test_capset_has_what_stock_drivers_insist_on(self) -> None:
        client = self.client()
        client.introduce()
        valid, *capset = client.ask(v.GET_CAPSET, 4, 0)
        self.assertEqual((valid, len(capset)), (1, 40))
        self.assertEqual(capset[0], 1, 'wire format')
        self.assertGreaterEqual(capset[1] >> 12, 1 << 10 | 1, 'registry at least 1.1')
        self.assertEqual(capset[4], 1, 'supports_blob_id_0')
        self.assertEqual(capset[5] & 1, 1, 'the extension mask is valid')
        self.assertEqual(capset[37:40], [1, 1, 0], 'wait_syncs, timelines, no guest vram')

    def test_other_capsets_are_unknown(self) -> None:
        client = self.client()
        client.introduce()
        for which in ((99, 0), (1, 0), (2, 0), (4, 1), (0, 0)):
            self.assertEqual(client.ask(v.GET_CAPSET, *which), (0,))

    def test_long_names_and_names_without_an_end_do(self) -> None:
        for name in (b'x', b'n' * 4096, b'\xff\x00\n%s%n'):
            self.client().start(name)


class Blobs(v.ServerTest):
    """Shared memory."""

    def test_shared_memory_is_zeroed_and_ids_are_not_reused_while_alive(self) -> None:
        client = self.client().start()
        seen = set()
        for size in (4096, 1 << 20, 12345 * 4):
            resource, memory = client.blob(size)
            self.assertGreater(resource, 0)
            self.assertNotIn(resource, seen)
            seen.add(resource)
            self.assertEqual(memory[:], bytes(size))
            memory[0] = 1
            memory.close()

    def test_unref_of_known_and_unknown_resources(self) -> None:
        client = self.client().start()
        resource, memory = client.blob(4096)
        memory.close()
        for which in (resource, resource, 0, 12345):
            client.send(v.RESOURCE_UNREF, (which,))
        self.assertEqual(client.ask(v.BUSY_WAIT, resource, 1), (0,))

    def test_many_blobs_leave_no_descriptor_behind(self) -> None:
        client = self.client().start()
        for _ in range(2000):
            resource, memory = client.blob(4096)
            memory.close()
            client.send(v.RESOURCE_UNREF, (resource,))
        self.assertEqual(client.ask(v.PING), ())


class Syncs(v.ServerTest):
    """Sync objects."""

    def setUp(self) -> None:
        self.c = self.client().start()

    def new(self, value: int = 0) -> int:
        sync, = self.c.ask(v.SYNC_CREATE, *v.lo_hi(value))
        self.assertGreater(sync, 0)
        return sync

    def value(self, sync: int) -> int:
        low, high = self.c.ask(v.SYNC_READ, sync)
        return low | high << 32

    def write(self, sync: int, value: int) -> None:
        self.c.send(v.SYNC_WRITE, (sync, *v.lo_hi(value)))

    def test_values_have_64_bits_and_may_go_down(self) -> None:
        sync = self.new(0x123456789abcdef0)
        self.assertEqual(self.value(sync), 0x123456789abcdef0)
        for value in (2**64 - 1, 5, 0):
            self.write(sync, value)
            self.assertEqual(self.value(sync), value)

    def test_many_syncs_and_reuse_after_unref(self) -> None:
        syncs = [self.new(i) for i in range(300)]
        self.assertEqual(len(set(syncs)), 300)
        for sync in syncs[::2]:
            self.c.send(v.SYNC_UNREF, (sync,))
        self.assertFalse({self.new(1000) for _ in range(150)} & set(syncs[1::2]))
        self.assertEqual([self.value(s) for s in syncs[1::2]], list(range(1, 300, 2)))

    def test_a_satisfied_wait_is_readable_at_once(self) -> None:
        fd = self.fd_of(self.c.wait_fd([(self.new(7), 7)]))
        self.assertTrue(v.readable(fd, 0))

    def test_a_wait_turns_readable_with_the_write_that_satisfies_it(self) -> None:
        sync = self.new(1)
        fd = self.fd_of(self.c.wait_fd([(sync, 3)]))
        self.write(sync, 2)
        self.value(sync)
        self.assertFalse(v.readable(fd, 0))
        self.write(sync, 4)
        self.assertTrue(v.readable(fd, v.TIMEOUT))

    def test_all_and_any(self) -> None:
        a, b = self.new(), self.new()
        every = self.fd_of(self.c.wait_fd([(a, 1), (b, 1)]))
        some = self.fd_of(self.c.wait_fd([(a, 1), (b, 1)], flags=1))
        self.write(a, 1)
        self.assertTrue(v.readable(some, v.TIMEOUT))
        self.assertFalse(v.readable(every, 0))
        self.write(b, 1)
        self.assertTrue(v.readable(every, v.TIMEOUT))

    def test_waits_of_no_syncs_are_satisfied(self) -> None:
        for flags in (0, 1):
            self.assertTrue(v.readable(self.fd_of(self.c.wait_fd([], flags)), 0))

    def test_a_wait_survives_the_unref_of_its_sync(self) -> None:
        sync = self.new()
        fd = self.fd_of(self.c.wait_fd([(sync, 1)]))
        self.c.send(v.SYNC_UNREF, (sync,))
        self.assertNotEqual(self.new(9), 0)
        self.assertFalse(v.readable(fd, 0.05))

    def test_a_timed_out_wait_stays_unreadable(self) -> None:
        fd = self.fd_of(self.c.wait_fd([(self.new(), 1)], timeout=10))
        self.assertFalse(v.readable(fd, 0.1))


class Submissions(v.ServerTest):
    """SUBMIT_CMD2, with headers of 6 words (Mesa before 25.0) and of 8."""

    def test_syncs_without_a_timeline_are_set_at_once(self) -> None:
        for stride in (6, 8):
            client = self.client().start()
            sync, = client.ask(v.SYNC_CREATE, 0, 0)
            client.submit(b'', [(sync, 5)], stride=stride)
            self.assertEqual(client.ask(v.SYNC_READ, sync), (5, 0))

    def test_timeline_0_retires_when_the_submission_was_consumed(self) -> None:
        for stride in (6, 8):
            client = self.client().start()
            sync, = client.ask(v.SYNC_CREATE, 0, 0)
            fd = self.fd_of(client.wait_fd([(sync, 1 << 40)]))
            client.submit(b'', [(sync, 1 << 40)], ring_idx=0, stride=stride)
            self.assertTrue(v.readable(fd, v.TIMEOUT))

    def test_several_batches_in_one_submission(self) -> None:
        for stride in (6, 8):
            client = self.client().start()
            a, = client.ask(v.SYNC_CREATE, 0, 0)
            b, = client.ask(v.SYNC_CREATE, 0, 0)
            end = 1 + 2 * stride
            headers = [[0, end, 0, end, 1, 0, 0, 0], [0, end, 0, end + 3, 1, 0, 0, 0]]
            words = [2, *headers[0][:stride], *headers[1][:stride], a, 11, 0, b, 12, 0]
            client.send(v.SUBMIT_CMD2, words)
            self.assertEqual(client.ask(v.SYNC_READ, a) + client.ask(v.SYNC_READ, b), (11, 0, 12, 0))

    def test_no_batches_are_nothing(self) -> None:
        client = self.client().start()
        client.send(v.SUBMIT_CMD2, (0,))
        self.assertEqual(client.ask(v.PING), ())

    def test_a_ring_made_over_the_socket_answers(self) -> None:
        for stride in (6, 8):
            client = self.client().start()
            ring = v.Ring(client, stride=stride)
            self.assertGreaterEqual(ring.version() >> 12, 1 << 10 | 1)
            self.assertFalse(ring.status & 2)

    def test_an_idle_ring_reports_that_it_is_alive(self) -> None:
        ring = v.Ring(self.client().start())
        self.assertTrue(v.wait_until(lambda: ring.status & 4, 3.0))
        ring.words[32] &= ~4
        self.assertTrue(v.wait_until(lambda: ring.status & 4, 3.0))


if __name__ == '__main__':
    unittest.main(verbosity=2)
