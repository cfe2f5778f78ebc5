# SPDX-License-Identifier: MIT
"""As much of the X11 protocol as it takes to keep the last thing that a window showed after the window is gone.

The Composite extension lets us hold on to a window's pixels by a name of their own; the server keeps them for as long
as somebody does. So a program that ends after N frames can be looked at there.
"""
from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

CHANGE_ATTRIBUTES, GET_GEOMETRY, GET_IMAGE, QUERY_EXTENSION = 2, 14, 73, 98
QUERY_VERSION, REDIRECT_SUBWINDOWS, NAME_WINDOW_PIXMAP = 0, 2, 6  # of Composite
ERROR, REPLY, MAP_NOTIFY = 0, 1, 19
EVENT_MASK, SUBSTRUCTURE_NOTIFY = 1 << 11, 1 << 19
Z_PIXMAP = 2


@dataclass
class Picture:
    width: int
    height: int
    pixels: bytes  # four bytes each: blue, green, red, zero

    def colors(self) -> int:
        return len({self.pixels[at:at + 3] for at in range(0, len(self.pixels), 4)})


class Watcher:
    """A client of the X server that sees windows come and names their pixels."""

    def __init__(self, display: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(f"/tmp/.X11-unix/X{display.removeprefix(':')}")
        self.socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        status, length = struct.unpack("<B5xH", self.read(8))
        setup = self.read(length * 4)
        if status != 1:
            raise OSError("the X server refuses us")
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        self.next_id: int = struct.unpack_from("<I", setup, 4)[0]
        self.root: int = struct.unpack_from("<I", setup, 32 + (vendor + 3) // 4 * 4 + formats * 8)[0]
        self.events: list[bytes] = []
        self.composite = self.extension(b"Composite")
        self.watch()

    def close(self) -> None:
        self.socket.close()

    def read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise OSError("the X server ended the connection")
            data += part
        return bytes(data)

    def send(self, opcode: int, detail: int, body: bytes) -> None:
        body += bytes(-len(body) % 4)
        self.socket.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    def receive(self) -> bytes:
        """The next event, or a reply with all that belongs to it."""
        packet = self.read(32)
        if packet[0] == ERROR:
            raise OSError(f"X error {packet[1]} from request {packet[10]}, {struct.unpack_from('<H', packet, 8)[0]}")
        return packet + self.read(struct.unpack_from("<I", packet, 4)[0] * 4) if packet[0] == REPLY else packet

    def ask(self, opcode: int, detail: int, body: bytes) -> bytes:
        self.send(opcode, detail, body)
        while (packet := self.receive())[0] != REPLY:
            self.events.append(packet)
        return packet

    def extension(self, name: bytes) -> int:
        there, opcode = self.ask(QUERY_EXTENSION, 0, struct.pack("<Hxx", len(name)) + name)[8:10]
        if not there:
            raise OSError(f"the X server has no {name.decode()}")
        return opcode

    def watch(self) -> None:
        self.ask(self.composite, QUERY_VERSION, struct.pack("<II", 0, 4))
        self.send(self.composite, REDIRECT_SUBWINDOWS, struct.pack("<IBxxx", self.root, 0))
        self.send(CHANGE_ATTRIBUTES, 0, struct.pack("<III", self.root, EVENT_MASK, SUBSTRUCTURE_NOTIFY))
        self.ask(GET_GEOMETRY, 0, struct.pack("<I", self.root))  # it has done so now

    def next_window(self) -> int:
        """Waits until a window is shown. Returns its pixels' name, which outlives it."""
        while True:
            packet = self.events.pop(0) if self.events else self.receive()
            if packet[0] & 0x7f == MAP_NOTIFY:
                window = struct.unpack_from("<I", packet, 8)[0]
                self.next_id += 1
                self.send(self.composite, NAME_WINDOW_PIXMAP, struct.pack("<II", window, self.next_id))
                return self.next_id

    def picture(self, drawable: int) -> Picture:
        width, height = struct.unpack_from("<HH", self.ask(GET_GEOMETRY, 0, struct.pack("<I", drawable)), 16)
        reply = self.ask(GET_IMAGE, Z_PIXMAP, struct.pack("<IhhHHI", drawable, 0, 0, width, height, 0xffffffff))
        pixels = bytearray(reply[32:32 + width * height * 4])
        pixels[3::4] = bytes(width * height)
        return Picture(width, height, bytes(pixels))
