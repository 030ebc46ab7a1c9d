"""Packs parts/ into bundle.zip: the trace encrypted (traditional PKWARE encryption), the system log not.

The password is "sample". Python's zipfile cannot encrypt, so the cipher is here; see APPNOTE.TXT, section 6.1.
"""
import io
import struct
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).parent
SECRET, PLAIN = "uccx/log/MCVD/Cisco001MCVD001.log", "syslog/CiscoSyslog"
STAMP = (2026, 4, 2, 11, 30, 0)


def entry(name, method=zipfile.ZIP_DEFLATED):
    info = zipfile.ZipInfo(name, STAMP)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    return info


def crc_step(crc, byte):
    return zlib.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def encrypt(data, password, check):
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = crc_step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc_step(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    # Twelve bytes in front, random in life, fixed here; the last one lets a reader check the password.
    for byte in bytes(range(11)) + bytes([check]) + data:
        temp = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((temp * (temp ^ 1)) >> 8 & 0xFF))
        update(byte)
    return bytes(out)


secret = (HERE / "parts" / SECRET).read_bytes()
crc = zlib.crc32(secret)
hidden = encrypt(secret, b"sample", crc >> 24)
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr(entry(SECRET, zipfile.ZIP_STORED), hidden)
    archive.writestr(entry(PLAIN, zipfile.ZIP_STORED), (HERE / "parts" / PLAIN).read_bytes())
whole = bytearray(packed.getvalue())
# The first entry, in both places that describe it: encrypted, checksum and size of the plain text.
for at, flags, sums in ((0, 6, 14), (whole.index(b"PK\x01\x02"), 8, 16)):
    struct.pack_into("<H", whole, at + flags, 1)
    struct.pack_into("<III", whole, at + sums, crc, len(hidden), len(secret))
(HERE / "bundle.zip").write_bytes(whole)
