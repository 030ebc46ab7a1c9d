"""Packs parts/ into bundle.zip: names with back-slashes, a .gz and a zip inside."""
import gzip
import io
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
LOGS = HERE / "parts/uccxpub"
STAMP = (2026, 4, 2, 11, 30, 0)


def entry(name, method=zipfile.ZIP_DEFLATED):
    info = zipfile.ZipInfo(name, STAMP)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    return info


def windows(name):
    info = entry(name.replace("/", "\\"))
    info.create_system = 0
    info.external_attr = 0x20
    return info


inner = io.BytesIO()
with zipfile.ZipFile(inner, "w") as archive:
    archive.writestr(windows("syslog/CiscoSyslog"), (LOGS / "syslog/CiscoSyslog").read_bytes())
traces = LOGS / "uccx/log/MCVD"
packed = gzip.compress((traces / "Cisco001MCVD001.log").read_bytes(), 6, mtime=1775109600)
with zipfile.ZipFile(HERE / "bundle.zip", "w") as archive:
    archive.writestr(windows("uccxpub/uccx/log/MCVD/Cisco001MCVD001.log.gz"), packed)
    archive.writestr(windows("uccxpub/uccx/log/MCVD/Cisco001MCVD002.log"), (traces / "Cisco001MCVD002.log").read_bytes())
    archive.writestr(windows("uccxpub/syslog.zip"), inner.getvalue())
