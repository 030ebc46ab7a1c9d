"""Packs parts/ into bundle.zip and cuts off its central directory."""
import io
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
MEMBERS = ["uccx/log/MCVD/Cisco001MCVD001.log", "uccx/log/MADM/Cisco001MADM001.log", "syslog/CiscoSyslog"]
STAMP = (2026, 4, 2, 11, 30, 0)


def entry(name, method=zipfile.ZIP_DEFLATED):
    info = zipfile.ZipInfo(name, STAMP)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    return info


packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    for name in MEMBERS:
        archive.writestr(entry(name), (HERE / "parts" / name).read_bytes())
whole = packed.getvalue()
(HERE / "bundle.zip").write_bytes(whole[: whole.index(b"PK\x01\x02")])
