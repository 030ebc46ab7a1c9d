"""Writes bundle/ of this sample: a trace with bytes that are not UTF-8, NUL bytes, CRLF and no last line end."""
from pathlib import Path

LINES = """\
5000: Apr 02 09:50:00.211 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master
5001: Apr 02 09:55:00.348 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms
5002: Apr 02 10:00:00.485 IST %MCVD-LIB_CFG-7-UNK:configuration snapshot compared, 0 entries differ
5003: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance will enter Out of Compliance state because of insufficient licenses.: This Product Instance will enter Out of Compliance state in =45 minutes
5004: Apr 02 10:05:00.622 IST %MCVD-CRA_CMM-7-UNK:no message waits in the outgoing queue
5005: Apr 02 10:10:00.759 IST %MCVD-LIB_EVENT-7-UNK:dispatcher idle, 2 listeners
5006: Apr 02 10:11:30.005 IST %MCVD-LIB_EVENT-7-UNK:user M{LATIN}ller signed in, token {JUNK} kept
5007: Apr 02 10:15:00.896 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master
5008: Apr 02 10:20:00.133 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms
5009: Apr 02 10:25:00.270 IST %MCVD-LIB_CFG-7-UNK:configuration snapshot compared, 0 entries differ
5010: Apr 02 10:30:00.407 IST %MCVD-CRA_CMM-7-UNK:no message waits in the outgoing queue
5011: Apr 02 10:30:05.207 IST %MCVD-LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.: This Product Instance will enter Out of Compliance state in =15 minutes
5012: Apr 02 10:35:00.544 IST %MCVD-LIB_EVENT-7-UNK:dispatcher idle, 2 listeners
5013: Apr 02 10:40:00.681 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master
5014: Apr 02 10:45:05.760 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance is currently in Out of Compliance state because of insufficient licenses."""

trace = LINES.encode().replace(b"\n", b"\r\n")
trace = trace.replace(b"{LATIN}", b"\xfc").replace(b"{JUNK}", b"\xff\xfe\xc3\x28\xf0\x9f")
# What a file system leaves when power fails: zeros where the end of the last block was, then the next record.
number = LINES[: LINES.index("SYSTEM_TO_ENTER_OOC_STATE_SHORTLY")].splitlines()[-1].split(":")[0].encode()
trace = trace.replace(number + b": ", b"\0" * 96 + number + b": ")
out = Path(__file__).parent / "bundle/uccx/log/MCVD/Cisco001MCVD001.log"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_bytes(b"\xef\xbb\xbf" + trace)
