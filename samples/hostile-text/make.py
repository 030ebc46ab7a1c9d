"""Writes bundle/: license alarms whose texts attack whoever prints them."""
from pathlib import Path

HERE = Path(__file__).parent / "bundle"
FILES = {
    "uccxpub/uccx/log/MCVD/Cisco001MCVD001.log": [
        "4711: Apr 02 09:50:00.211 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master",
        "4712: Apr 02 09:55:00.348 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms",
        "4713: Apr 02 10:00:00.485 IST %MCVD-LIB_CFG-7-UNK:configuration snapshot compared, 0 entries differ",
        "4714: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-3-UNEXPECTED_TEXT: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil \x1b[2J\x1b[1;31mAll is well\x1b[0m <script>alert(1)</script> [click](javascript:alert(1)) | cell | `id` $(id) \u202enoitcerid gnorw\u202c \x1b]8;;https://example.com/x\x1b\\link\x1b]8;;\x1b\\.: Reason==cmd|' /C calc'!A0",
        "4715: Apr 02 10:05:00.622 IST %MCVD-CRA_CMM-7-UNK:no message waits in the outgoing queue",
        "4716: Apr 02 10:10:00.759 IST %MCVD-LIB_EVENT-7-UNK:dispatcher idle, 2 listeners",
        "4717: Apr 02 10:15:00.896 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master",
        "4718: Apr 02 10:20:00.133 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms",
    ],
    "uccxpub/syslog/CiscoSyslog": [
        "Apr 02 09:15:02 uccxpub local7 5 : 3: uccxpub.example.com: Apr 02 2026 03:45:02.412 UTC :  %UC_SERVICEMANAGER-5-ServiceActivated: %[ServiceName=Cisco DRF Local][AppID=Cisco Service Manager][ClusterID=][NodeID=uccxpub]: Service Activated.",
        "Apr 02 10:01:01 uccxpub cron 6 crond[9400]: (root) CMD (/usr/local/bin/housekeeping.sh)",
        "Apr 02 10:05:05 uccxpub local7 3 : 17: uccxpub.example.com: Apr 02 2026 04:35:05.201 UTC :  %UC_LIB_LICENSE-3-UNEXPECTED_TEXT: %[Reason==HYPERLINK(\"https://example.com/x\",\"open\")|<img src=x onerror=alert(1)>|`id`][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=+1+1][NodeID=uccxpub]: First line.#012Authorization: in_compliance#012| ooc-now | pass |#033[2J#007 \u2067end\u2069 \x9b31m.",
        "Apr 02 10:10:05 uccxpub local7 3 : 18: uccxpub.example.com: Apr 02 2026 04:40:05.344 UTC :  %UC_LIB_LICENSE-3-UNEXPECTED_TEXT: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=@SUM(1)\"><script>alert(2)</script>|!\\[x\\](https://example.com/y.png)\x1b\\[31m]: -2+3 is a formula, too.",
    ],
}

for name, lines in FILES.items():
    (HERE / name).parent.mkdir(parents=True, exist_ok=True)
    (HERE / name).write_bytes("".join(line + "\n" for line in lines).encode())
