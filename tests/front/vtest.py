# SPDX-License-Identifier: MIT
"""A small vtest client, and servers to point it at, for the tests of the vtest door.

The client speaks the protocol by hand, so that it can also break it.
"""

import array
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from collections.abc import Sequence
from pathlib import Path

RESOURCE_UNREF, BUSY_WAIT, CREATE_RENDERER, PING, VERSION = 3, 7, 8, 10, 11
GET_PARAM, GET_CAPSET, CONTEXT_INIT, CREATE_BLOB = 15, 16, 17, 18
SYNC_CREATE, SYNC_UNREF, SYNC_READ, SYNC_WRITE, SYNC_WAIT, SUBMIT_CMD2 = 19, 20, 21, 22, 23, 24

HOST3D = 2
MAPPABLE = 1
FOREVER = 0xffffffff
TIMEOUT = 20.0


def pearvisor() -> str:
    """The tool under test."""
    return os.environ['PEARVISOR']


def lo_hi(value: int) -> tuple[int, int]:
    """A 64-bit value as the two words of the wire."""
    return value & 0xffffffff, value >> 32


class Client:
    """One connection. Nothing is sent until asked for."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(path)

    def __enter__(self) -> 'Client':
        return self

    def __exit__(self, *args: object) -> None:
        self.sock.close()

    def send(self, command: int, words: Sequence[int] = (), length: int | None = None) -> None:
        """Sends a request; `length` overrides the truth in its header."""
        n = len(words) if length is None else length
        self.sock.sendall(struct.pack(f'={2 + len(words)}I', n, command, *words))

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; EOFError if the peer ends the stream."""
        data = b''
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise EOFError(f'{len(data)} of {size} bytes')
            data += part
        return data

    def reply(self, command: int) -> tuple[int, ...]:
        """The words of the next reply, which must be to `command`."""
        words, number = struct.unpack('=2I', self.read(8))
        if not number:  # no command: what the server says in the place of a worker that died
            raise ConnectionResetError('the worker is dead')
        if number != command:
            raise AssertionError(f'a reply to {number}, expected one to {command}')
        return struct.unpack(f'={words}I', self.read(4 * words))

    def fd(self) -> int:
        """The descriptor behind a reply: exactly one, beside exactly one byte."""
        data, control, _, _ = self.sock.recvmsg(1, socket.CMSG_SPACE(2 * 4))
        fds = array.array('i')
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(payload)
        if len(data) != 1 or len(fds) != 1:
            raise AssertionError(f'{len(fds)} descriptors beside {len(data)} bytes')
        return fds[0]

    def ask(self, command: int, *words: int) -> tuple[int, ...]:
        """A request and the words of its reply."""
        self.send(command, words)
        return self.reply(command)

    def introduce(self, name: bytes = b'test\0') -> None:
        """The first request: our name, its length in bytes."""
        self.sock.sendall(struct.pack('=2I', len(name), CREATE_RENDERER) + name)

    def start(self, name: bytes = b'test\0') -> 'Client':
        """Everything up to a context, the way a stock driver does it."""
        self.introduce(name)
        self.send(PING)
        self.send(BUSY_WAIT, (0, 0))
        assert self.reply(PING) == ()
        assert self.reply(BUSY_WAIT) == (0,)
        assert self.ask(VERSION, 4) == (3,)
        self.send(CONTEXT_INIT, (4,))
        return self

    def blob(self, size: int, blob_id: int = 0) -> tuple[int, mmap.mmap]:
        """Shared memory: its resource id and a mapping."""
        resource, = self.ask(CREATE_BLOB, HOST3D, MAPPABLE, *lo_hi(size), *lo_hi(blob_id))
        fd = self.fd()
        try:
            return resource, mmap.mmap(fd, size)
        finally:
            os.close(fd)

    def submit(self, commands: bytes, syncs: Sequence[tuple[int, int]] = (), ring_idx: int | None = None,
               stride: int = 8) -> None:
        """One batch with headers of `stride` words."""
        words = struct.unpack(f'={len(commands) // 4}I', commands)
        start = 1 + stride
        header = [0 if ring_idx is None else 1, start, len(words), start + len(words), len(syncs), ring_idx or 0, 0, 0]
        triples = [word for sync, value in syncs for word in (sync, *lo_hi(value))]
        self.send(SUBMIT_CMD2, [1, *header[:stride], *words, *triples])

    def wait_fd(self, points: Sequence[tuple[int, int]], flags: int = 0, timeout: int = FOREVER) -> int:
        """SYNC_WAIT's descriptor."""
        assert self.ask(SYNC_WAIT, flags, timeout, *(w for s, v in points for w in (s, *lo_hi(v)))) == ()
        return self.fd()

    def ending(self) -> str:
        """How the connection ends: 'reset' or 'end of stream'. Replies that come first are swallowed."""
        try:
            while self.sock.recv(4096):
                pass
            return 'end of stream'
        except ConnectionResetError:
            return 'reset'


def readable(fd: int, seconds: float) -> bool:
    """Whether `fd` turns readable in time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(seconds * 1000))


class Ring:
    """The guest's end of a Venus ring in a blob, as a stock driver lays it out."""

    BUFFER, SIZE = 192, 4096

    def __init__(self, client: Client, key: int = 0x7f00aabbccdd, stride: int = 8) -> None:
        self.client, self.key, self.stride = client, key, stride
        self.resource, self.memory = client.blob(3 * 4096)
        self.words = memoryview(self.memory).cast('I')
        self.tail = 0
        client.submit(self.create_command(), stride=stride)

    def create_command(self) -> bytes:
        """vkCreateRingMESA, monitored every three seconds."""
        return struct.pack('=2I 2Q I Q I Q I 2I 2Q Q 7Q', 188, 0, self.key, 1, 1000384000, 1, 1000384006, 0, 3000000,
                           0, self.resource, 0, 3 * 4096, 1000000, 0, 64, 128, self.BUFFER, self.SIZE,
                           self.BUFFER + self.SIZE, 4)

    @property
    def status(self) -> int:
        """The status word: 1 idle, 2 fatal, 4 alive."""
        return self.words[32]

    def push(self, commands: bytes) -> None:
        """Publishes commands and wakes the renderer."""
        for i in range(0, len(commands), 4):
            position = (self.tail + i) % self.SIZE + self.BUFFER
            self.words[position // 4], = struct.unpack_from('=I', commands, i)
        self.tail = (self.tail + len(commands)) & 0xffffffff
        self.words[16] = self.tail
        self.client.submit(struct.pack('=2I Q 2I', 190, 0, self.key, self.tail, 0), stride=self.stride)

    def version(self) -> int:
        """Asks for Vulkan's version through the ring, as a driver does first of all."""
        resource, memory = self.client.blob(4096)
        set_reply = struct.pack('=2I Q I 2Q', 178, 0, 1, resource, 0, 4096)
        self.push(set_reply + struct.pack('=2I Q', 137, 1, 1))
        if not self.drained():
            raise AssertionError('the ring does not get on')
        command, result, pointer, version = struct.unpack_from('=Ii Q I', memory)
        if (command, result, pointer) != (137, 0, 1):
            raise AssertionError(f'a reply to {command} with result {result}')
        return version

    def drained(self, seconds: float = TIMEOUT) -> bool:
        """Whether everything pushed gets executed in time."""
        return wait_until(lambda: self.words[0] == self.tail, seconds)


def wait_until(condition, seconds: float = TIMEOUT) -> bool:
    """Whether `condition()` comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


class Server:
    """A `pearvisor serve` process with its log."""

    def __init__(self, folder: str, *options: str, path: str | None = None) -> None:
        self.path = path or os.path.join(folder, 'sock')
        self.log_path = Path(folder, f'log-{time.monotonic_ns()}')
        with self.log_path.open('wb') as log:
            self.process = subprocess.Popen([pearvisor(), 'serve', '--socket', self.path, *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    @property
    def log(self) -> str:
        """All it said so far."""
        return self.log_path.read_text(errors='replace')

    def ready(self) -> 'Server':
        """Waits until it listens."""
        if not wait_until(lambda: 'listening on' in self.log or self.process.poll() is not None) or self.process.poll():
            raise AssertionError(f'no server: {self.log}')
        return self

    def logs(self, text: str) -> bool:
        """Whether `text` turns up in the log in time."""
        return wait_until(lambda: text in self.log)

    def workers(self) -> list[int]:
        """The workers alive."""
        found = []
        for stat in Path('/proc').glob('[0-9]*/stat'):
            try:
                fields = stat.read_text().rsplit(')', 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def fds(self) -> int:
        """How many descriptors the broker has open."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(TIMEOUT)


class ServerTest(unittest.TestCase):
    """Tests that share one server."""

    options: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix='pv-')
        cls.server = Server(cls.folder.name, *cls.options).ready()

    @classmethod
    def tearDownClass(cls) -> None:
        status = cls.server.stop()
        cls.folder.cleanup()
        if status:
            raise AssertionError(f'the server ended with {status}')

    def client(self) -> Client:
        """A connection that ends with the test."""
        client = Client(self.server.path)
        self.addCleanup(client.sock.close)
        return client

    def fd_of(self, fd: int) -> int:
        """Closes `fd` with the test."""
        self.addCleanup(os.close, fd)
        return fd
