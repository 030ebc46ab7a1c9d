"""Writes the odd files of bundle/: an empty one, one with a line of 1.2 MB, one in UTF-16, and a symbolic link."""
from pathlib import Path

NODE = Path(__file__).parent / "bundle/uccxpub"
HEAD = "5001: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance will enter Out of Compliance state because of insufficient licenses.: This Product Instance will enter Out of Compliance state in =45 minutes 5002: Apr 02 10:00:05.131 IST %MCVD-LIB_CFG-7-UNK:dump of the cache "
REST = """\
5003: Apr 02 10:05:00.211 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master
5004: Apr 02 10:10:00.348 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms
5005: Apr 02 10:15:00.485 IST %MCVD-LIB_CFG-7-UNK:configuration snapshot compared, 0 entries differ
5006: Apr 02 10:20:00.622 IST %MCVD-CRA_CMM-7-UNK:no message waits in the outgoing queue
5007: Apr 02 10:25:00.759 IST %MCVD-LIB_EVENT-7-UNK:dispatcher idle, 2 listeners
5008: Apr 02 10:30:00.896 IST %MCVD-CLUSTER_MGR-7-UNK:view 41 still valid, members=[1], this node is master
5009: Apr 02 10:30:05.207 IST %MCVD-LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.: This Product Instance will enter Out of Compliance state in =15 minutes
5010: Apr 02 10:35:00.133 IST %MCVD-NODE_MGR-7-UNK:keep-alive answered by CCX Engine after 3 ms
5011: Apr 02 10:40:00.270 IST %MCVD-LIB_CFG-7-UNK:configuration snapshot compared, 0 entries differ
"""
SERVICES = """\
admin:utils service list
Requesting service status, please wait...
System SSH                                      [STARTED]
Cluster Manager                                 [STARTED]
Name Service Cache                              [STARTED]
Service Manager                                 [STARTED]
A Cisco DB                                      [STARTED]
A Cisco DB Replicator                           [STARTED]
Cisco AMC Service                               [STARTED]
Cisco DRF Local                                 [STARTED]
Cisco Syslog Agent                              [STARTED]
Cisco Tomcat                                    [STARTED]
Cisco Unified CCX Administration                [STARTED]
Cisco Unified CCX Cluster View Daemon           [STARTED]
Cisco Unified CCX CVD Dependent Webapp          [STARTED]
Cisco Unified CCX Database                      [STARTED]
Cisco Unified CCX Engine                        [STARTED]
Cisco DRF Master                                [STOPPED]  Service Not Activated
Primary Node =true

admin:
"""

traces = NODE / "uccx/log/MCVD"
traces.mkdir(parents=True, exist_ok=True)
filler = "".join(f"entry{i % 100000:05}=0 " for i in range(96_800))
(traces / "Cisco001MCVD001.log").write_bytes((HEAD + filler[:1_258_291] + "\n" + REST).encode())
(traces / "Cisco001MCVD002.log").write_bytes(b"")
(NODE / "cli").mkdir(exist_ok=True)
(NODE / "cli/utils_service_list.txt").write_bytes(b"\xff\xfe" + SERVICES.replace("\n", "\r\n").encode("utf-16-le"))
link = NODE.parent / "outside.log"
link.unlink(missing_ok=True)
link.symlink_to("../outside")
