"""Packs parts/ into bundle.tar.gz and cuts it in the middle of the second member."""
import io
import tarfile
import zlib
from pathlib import Path

HERE = Path(__file__).parent
MEMBERS = ["syslog/CiscoSyslog.1", "uccx/log/MCVD/Cisco001MCVD001.log", "uccx/log/MADM/Cisco001MADM001.log"]
MTIME = 1775109600  # 2026-04-02T06:00:00Z
# The archive ends behind these bytes of the second member.
CUT = b"4723: Apr 02 1"

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
    for name in MEMBERS:
        data = (HERE / "parts" / name).read_bytes()
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(data), MTIME
        tar.addfile(info, io.BytesIO(data))
packed = packed.getvalue()
cut = packed.index(CUT) + len(CUT)
deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
# A flushed stream without its end: everything before the cut can be inflated.
stream = deflate.compress(packed[:cut]) + deflate.flush(zlib.Z_SYNC_FLUSH)
header = b"\x1f\x8b\x08\x00" + MTIME.to_bytes(4, "little") + b"\x00\x03"
(HERE / "bundle.tar.gz").write_bytes(header + stream)
