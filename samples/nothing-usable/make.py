"""Writes bundle/screenshot.png: eight by eight pixels of grey."""
import struct
import zlib
from pathlib import Path


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


pixels = b"".join(b"\0" + bytes(0x80 + 8 * ((x + y) % 8) for x in range(8)) for y in range(8))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
png += chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
(Path(__file__).parent / "bundle/screenshot.png").write_bytes(png)
