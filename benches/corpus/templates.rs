//! The texts of the corpora: shapes as in public UCCX and VOS excerpts, contents made up.
//!
//! `«…»` is a hole, see `compile`; a newline inside a text starts a continuation line.

/// Agents' names; a number is added.
pub(super) const AGENTS: [&str; 24] = [
    "asmith",
    "bjones",
    "cmiller",
    "dgarcia",
    "ebrown",
    "fwilson",
    "gtaylor",
    "hmoore",
    "ijackson",
    "jmartin",
    "klee",
    "lperez",
    "mthompson",
    "nwhite",
    "oharris",
    "psanchez",
    "qclark",
    "rramirez",
    "slewis",
    "trobinson",
    "uwalker",
    "vyoung",
    "wallen",
    "xking",
];

/// Contact service queues.
pub(super) const QUEUES: [&str; 12] = [
    "CSQ_Sales",
    "CSQ_Support_L1",
    "CSQ_Support_L2",
    "CSQ_Billing",
    "CSQ_Spanish",
    "CSQ_Returns",
    "CSQ_VIP",
    "CSQ_Collections",
    "CSQ_HR",
    "CSQ_IT_Helpdesk",
    "CSQ_Overflow",
    "CSQ_AfterHours",
];

pub(super) const MIVR: &[(u32, &str)] = &[
    (
        70,
        "«seq»: «t» %MIVR-SS_TEL-7-UNK:CallID:«call» MediaId:«media»/1 Task:«task» com.cisco.jtapi.CiscoRTPInputStoppedEvImpl received",
    ),
    (
        72,
        "«seq»: «t» %MIVR-SS_TEL-7-UNK:CallID:«call» MediaId:«media»/1 Task:«task» Got CallActiveEv, ConnCreatedEv «ext»::1, ConnConnectedEv «ext»::1, CallCtlConnInitiatedEv «ext»::1, TermConnCreatedEv SEP«x12», TermConnActiveEv SEP«x6», CallCtlTermConnTalkingEv,  events on the AddressCallObserver. eventIndex=«d5» provider «peer»",
    ),
    (50, "«seq»: «t» %MIVR-SS_TEL-7-UNK:CallID:«call» MediaId:«media»/1 Task:«task» Digit received: «d1»"),
    (
        64,
        "«seq»: «t» %MIVR-SS_TEL-7-UNK:Call.attributed() JTAPICallContact[id=«call»,type=Cisco JTAPI Call,implId=«media»/1,active=true,state=CALL_RECEIVED,inbound=true,handled=false,locale=en_US,aborting=false,app=App[name=AA,type=Cisco Script Application,id=4,desc=AA,enabled=true,max=«d2»,valid=true,cfg=[ApplicationConfig[schema=ApplicationConfig,time=2024-04-07 07:10:40.0,recordId=«d3»,desc=AA,name=AA,type=Cisco Script Application,id=4,enabled=true,sessions=4]]],task=«task»,session=Session[id=0x«x8»,parent=null,active=true,state=SESSION_IN_USE,time=«d6»],seqNum=0,cn=«ext»,dn=«ext»,cgn=9«d9»,ani=null,dnis=null,clid=null,atype=DIRECT,lrd=null,ocn=«ext»,route=RP[num=«ext»],TP=0000«d4»]",
    ),
    (
        70,
        "«seq»: «t» %MIVR-LIB_MEDIA-7-UNK:PrPl: appId=4, confId=9, parId=0, channelId=«d2», channelImplId=7, contactId=«call», contactImplId=«media»/1 -> PromptPlayer.initializeDataSource() prompt=SP[«csq»_welcome_«d2».wav] elapsed=«d3»ms",
    ),
    (
        60,
        "«seq»: «t» %MIVR-LIB_MEDIA-7-UNK:PrPl: appId=4, confId=9, parId=0, channelId=«d2», channelImplId=7, contactId=«call», contactImplId=«media»/1 -> play() promptQ.size=«d1», rtp «peer»:2«d4», ssrc «x8»",
    ),
    (
        30,
        "«seq»: «t» %MIVR-LIB_MEDIA-7-RTP_PROPERTIES_REASSIGNED:RTP Properties Reassigned: Method Name=setTxDestination(),HOST NAME=«peer»,PORT NUMBER=2«d4»,PACKET SIZE=20",
    ),
    (
        80,
        "«seq»: «t» %MIVR-ENG-7-UNK:Execute step of Task «task» : Call Redirect (cOutbound to Callbacknumber) elapsed=«d3» frame=«x8»",
    ),
    (
        60,
        "«seq»: «t» %MIVR-ENG-7-UNK:Execute step of Task «task» : If ( (state == 1) && (retries < «d1») ) in /default/SimpleQueuing.aef, position «d3», csq «csq», session 0x«x8»",
    ),
    (
        60,
        "«seq»: «t» %MIVR-STEP_CALL_CONTROL-7-UNK:Task:«task» RedirectStep (CallRedirect): OriginalCalledAddressExpr Selected: Destination, contact=«call» hash=«x6»",
    ),
    (
        70,
        "«seq»: «t» %MIVR-ICD_CTI-7-UNK: CSOutboundMsgProcessor: got an event message: { length=-1 type=BEGIN_CALL_EVENT, monitorID: 0, peripheralID: 1, peripheralType: 21, numCTIClients: 0, numNamedVars: 0, numNamedArrays: 0, callType: 1, ConnectionDeviceType: 0, connectionCallID: 16«d6», calledPartyDisposition: 0, connectionDeviceID: «ext», ani1: 2«d3», dnis: 7000, dialedNumber: null}",
    ),
    (
        25,
        "«seq»: «t» %MIVR-ICD_CTI-7-UNK:writing... MHDR:\n 0000: 00 00 00 36 00 00 00 17                            ...6....\nMDATA:\n 0000: 00 00 00 00 00 00 00 «d2» 00 15 00 00 00 00 00 00   ................\n 0010: 00 01 00 00 01 00 01 10 00 00 08 05 32 30 «d2» «d2»   ............2006",
    ),
    (
        60,
        "«seq»: «t» %MIVR-SS_CM-7-UNK:RIMgrAddressCallObserver: callChangedEvent CallID:«call» «thread» events=«d1» ConnAlertingEv «ext» leg=«x6» cause=NORMAL(100) state=ALERTING",
    ),
    (
        50,
        "«seq»: «t» %MIVR-SS_CMT-7-UNK:MediaDialogChannel id=«d2»,state=IN_USE MDC::clear com.cisco.wf.cmt.dialogs.CMTSimpleDigitStringDialogImpl@«x6» abortWaiting=false",
    ),
    (
        50,
        "«seq»: «t» %MIVR-SESSIONS_MGR-7-UNK:Session[id=0x«x8»,parent=null,active=true,state=SESSION_IN_USE,time=«d7»] mapped to contact «call»; sessions in use «d2», idle «d3»",
    ),
    (
        50,
        "«seq»: «t» %MIVR-LIB_EVENT-7-UNK:Process JTAPI Msg: com.cisco.wf.subsystems.jtapi.TAPIPortGroup$Port.InService[] event queue size=«d1» thread=MIVR_SS_TEL_JTAPI_OBSERVER_THREAD-«thread»",
    ),
    (
        40,
        "«seq»: «t» %MIVR-SS_HTTP-7-UNK:HTTP contact [id=«call»] GET /uccx-webservices/getContact?csq=«csq»&agent=«agent» from «peer» status=200 bytes=«d4» in «d2» ms",
    ),
    (
        40,
        "«seq»: «t» %MIVR-LIB_DATABASE-7-UNK:DBConnection: executeQuery select * from contactcalldetail where sessionid=«d9» and nodeid=1; rows=«d2»; time «d2» ms; pool free «d1»",
    ),
    (
        12,
        "«seq»: «t» %MIVR-SS_TEL-4-ModuleRunTimeFailure:Real-time failure in JTAPI subsystem: Module=JTAPI Subsystem,Failure Cause=7,Failure Module=JTAPI_PROVIDER_INIT,Exception=com.cisco.jtapi.PlatformExceptionImpl: Unable to create provider -- «peer»\n«seq»: «t» %MIVR-SS_TEL-7-EXCEPTION:com.cisco.jtapi.PlatformExceptionImpl: Unable to create provider -- «peer»\n\tat com.cisco.jtapi.JtapiPeerImpl.getProvider(JtapiPeerImpl.java:«d3»)\n\tat com.cisco.wf.subsystems.jtapi.SubsystemJTAPI.getProvider(SubsystemJTAPI.java:2«d3»)\n\tat com.cisco.wf.subsystems.jtapi.SubsystemJTAPI.initProvider(SubsystemJTAPI.java:2«d3»)\n\tat com.cisco.executor.impl.ExecutorStubImpl$RequestImpl.runCommand(ExecutorStubImpl.java:690)\n\tat com.cisco.executor.impl.ExecutorStubImpl$RequestImpl.run(ExecutorStubImpl.java:486)\n\tat java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1149)\n\tat java.lang.Thread.run(Thread.java:748)",
    ),
    (
        8,
        "«seq»: «t» %MIVR-LIB_DATABASE-3-EXCEPTION:java.sql.SQLException: Could not do a physical-order read to fetch next row.\n\tat com.informix.jdbc.IfxSqli.addException(IfxSqli.java:3133)\n\tat com.informix.jdbc.IfxSqli.receiveError(IfxSqli.java:3443)\n\tat com.informix.jdbc.IfxSqli.dispatchMsg(IfxSqli.java:2376)\n\tat com.cisco.wf.db.DBConnection.executeQuery(DBConnection.java:«d3»)\n\tat com.cisco.wf.db.DBTask.run(DBTask.java:«d3»)\nCaused by: java.sql.SQLException: ISAM error: record is locked.\n\t... 12 more",
    ),
];

pub(super) const MIVR_RELEVANT: &[(u32, &str)] = &[
    (
        80,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:ClearConnectionReqMsgHandler: runHandler connectedAgents.size: «d1» for contact «call» on «ext» rsrc «agent» csq «csq» dialog «d6»",
    ),
    (
        70,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:isCTIRoutePoint, addr: «ext»:true, task «task» agent «agent» device SEP0«d2»A«d3» from «peer»",
    ),
    (
        70,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:Processing msg: AgentStateEventMsg (Rsrc:«agent» State:READY Reason:«d3» PeripheralID:1 extension:«ext» skillGroupState:3 eventTime:1730«d5»)",
    ),
    (
        60,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:RmEventMgr:ResourceStateChanged rsrc «agent» from AVAILABLE to RESERVED csq=«csq» contact=«call» wait=«d3» availableCount=«d2» loggedIn=«d2»",
    ),
    (
        60,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:RIMgrAddressCallObserver: got [Address: «ext»] [CallID:«call»] TermConnRinging device SEP00A«x4» rsrc=«agent» state=RESERVED; «csq» position «d1»",
    ),
    (
        50,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:allocate for csq «csq» : candidates [«agent», «d3», «d3»] criteria=LONGEST_AVAILABLE selected=«agent» tookMs=«d1» contact=«call» task=«task»",
    ),
    (
        40,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:[MsgType=ROUTE_SELECT][InvokeID=«d6»][RouteRegisterReqID=«d4»][CrossRefID=«d6»][Contact=«call»][Destination=«ext»][Agent=«agent»] sent to «peer», queue depth «d1»",
    ),
    (
        20,
        "«seq»: «t» %MIVR-SS_RM-7-UNK:LicenseUtil loggedInAgents=«d3» supervisors=«d2» premiumSeats=«d3» reserved=«d2» task=«task» changed by «agent» state READY",
    ),
    (
        2,
        "«seq»: «t» %MIVR-SS_RM-7-EXCEPTION:com.cisco.wf.subsystems.rmcm.ResourceNotFoundException: «agent»\n\tat com.cisco.wf.subsystems.rmcm.RmEventMgr.find(RmEventMgr.java:«d3»)\n\tat java.lang.Thread.run(Thread.java:748)",
    ),
];

pub(super) const MCVD: &[(u32, &str)] = &[
    (
        80,
        "«seq»: «t» %MCVD-CVD-7-UNK:ConvergenceImpl: heartbeat from node 2 («peer») sequence «d6» delay «d2» ms, members=[1,2], master=1, view id «x8», last stable 17305«d8», free memory «d7» kB, threads «d3»",
    ),
    (
        70,
        "«seq»: «t» %MCVD-CRA_CMM-7-UNK:CMM message type=HEART_BEAT from «peer»:4900 length=«d3» queued=«d1» thread=MCVD_CMM_RECEIVER-«thread», checksum «x8», from member uccxsub1 to member uccxpub, acknowledged sequence «d6»",
    ),
    (
        60,
        "«seq»: «t» %MCVD-CLUSTER_MGR-7-UNK:ClusterMgr.serviceStateChanged node=1 service=Cisco Unified CCX Engine state=IN_SERVICE module=«csq» stamp=17305«d8»",
    ),
    (
        60,
        "«seq»: «t» %MCVD-LIB_CLUSTER_CFG-7-UNK:getConfig(com.cisco.crs.cluster.config.ServiceConfig) cached, record id «d4», profile default, hash «x8»",
    ),
    (
        50,
        "«seq»: «t» %MCVD-GENERIC-7-UNK:RMI lookup rmi://«peer»:6999/BootstrapMgr returned stub [endpoint:[«peer»:3«d4»](remote),objID:[«x8»:«x8»:-7fff, «d6»«d9»]]",
    ),
    (
        50,
        "«seq»: «t» %MCVD-NODE_MGR-7-UNK:NodeMgr thread=«thread» poll serviceList: 23 services, 23 in service, 0 partial, elapsed «d2» ms, free heap «d6» kB",
    ),
    (
        40,
        "«seq»: «t» %MCVD-LIB_DATABASE-7-UNK:dbcheck node 1 db_cra ONLINE replicate=active lag=«d3» ms rows=«d5» session «d6»",
    ),
    (
        40,
        "«seq»: «t» %MCVD-BOOTSTRAP_MGR-7-UNK:BootstrapMgr.getRevision ClassName=com.cisco.crs.bootstrap.Config revision=«d3» requestedBy=«peer» [task «task»]",
    ),
    (
        6,
        "«seq»: «t» %MCVD-CRA_CMM-3-EXCEPTION:java.net.SocketTimeoutException: Read timed out\n\tat java.net.SocketInputStream.socketRead0(Native Method)\n\tat java.net.SocketInputStream.read(SocketInputStream.java:150)\n\tat com.cisco.crs.cmm.Receiver.read(Receiver.java:«d3»)\n\tat com.cisco.crs.cmm.Receiver.run(Receiver.java:«d3»)\n\tat java.lang.Thread.run(Thread.java:748)",
    ),
];

pub(super) const MCVD_RELEVANT: &[(u32, &str)] = &[
    (
        60,
        "«seq»: «t» %MCVD-LIB_LICENSE-7-UNK:SmartLicenseUtil.computeEntitlement() seats=«d3» premium=«d3» enhanced=«d2» ports=«d3» overage=0 cycle=«d4» reserved=«d2» source=SS_RMCM teamCount=«d2» elapsed=«d1» ms",
    ),
    (
        50,
        "«seq»: «t» %MCVD-LIB_LICENSE-7-UNK:[REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil queue size «d1», pending requests «d1», thread SmartAgent-«thread», tag regid.2020-10.com.cisco.UCCX_Premium_Agent,14.0_«x8»-«x4»-«x4»",
    ),
    (
        40,
        "«seq»: «t» %MCVD-LIB_LICENSE-7-UNK:SmartAgentImpl#requestEntitlement - enter requestEntitlement(), count: «d3» nonce «d9» version 14.0 by SmartAgent-«thread»",
    ),
    (
        40,
        "«seq»: «t» %MCVD-LIB_LICENSE-7-UNK:LicenseCache.get(«csq») hit=true age=«d5» ms entries=«d2» agent=«agent» lastReport=1730«d4»",
    ),
    (
        30,
        "«seq»: «t» %MCVD-LIB_LICENSE-7-UNK:AsyncRequestProcessor#sendAUTH - queue auth message, status: true id=«d7» node=«node» transport=TransportCallHome attempts=«d1» queue=«d1» thread SmartAgent-«thread»",
    ),
];

pub(super) const MADM: &[(u32, &str)] = &[
    (
        60,
        "«seq»: «t» %MADM-ADM_CFG-7-UNK:ConfigStubImpl.getAll(com.cisco.wf.config.SkillConfig) returned «d2» records in «d2» ms, session «x12», user admin from «peer»",
    ),
    (
        50,
        "«seq»: «t» %MADM-LIB_AXL-7-UNK:AXL request <axl:getUser sequence=\"«d5»\"><userid>«agent»</userid><returnedTags><firstName/><lastName/><department/></returnedTags></axl:getUser> to «peer»:8443",
    ),
    (
        50,
        "«seq»: «t» %MADM-LIB_AXL-7-UNK:AXL response 200 length=«d4» time=«d3» ms, user «agent», cache entries «d3»",
    ),
    (
        50,
        "«seq»: «t» %MADM-LIB_DATABASE-7-UNK:DBConnection pool=ADM active=«d1» idle=«d1» statement=select resourceloginid, extension from resource where resourcegroupid=«d2» and active='t' rows=«d3»",
    ),
    (
        40,
        "«seq»: «t» %MADM-ADM-7-UNK:AppAdminServlet: action=/resource.do csq=«csq» method=list page=«d1» jsessionid=«x16» elapsed «d3»",
    ),
    (
        40,
        "«seq»: «t» %MADM-GENERIC-7-UNK:ServletFilter: user=admin uri=/appadmin/CSQ/edit.do?id=«d3» remote=«peer» thread=http-bio-8443-exec-«thread» status 200",
    ),
    (
        6,
        "«seq»: «t» %MADM-LIB_AXL-3-EXCEPTION:java.io.IOException: Server returned HTTP response code: 503 for URL: https://«peer»:8443/axl/\n\tat sun.net.www.protocol.http.HttpURLConnection.getInputStream0(HttpURLConnection.java:1894)\n\tat com.cisco.wf.axl.AxlClient.call(AxlClient.java:«d3»)\n\tat com.cisco.wf.axl.AxlClient.getUser(AxlClient.java:«d3»)\nCaused by: java.net.SocketException: Connection reset\n\t... 9 more",
    ),
];

pub(super) const MADM_RELEVANT: &[(u32, &str)] = &[
    (
        50,
        "«seq»: «t» %MADM-LIB_LICENSE-7-UNK:LicenseInfo page: premium=«d3» used=«d3» registration=REGISTERED authorization=AUTHORIZED session «x8» user admin from «peer»",
    ),
    (
        30,
        "«seq»: «t» %MADM-LIB_LICENSE-7-UNK:SmartLicenseStub.getStatus() took «d3» ms from «peer», cached=true, revision «d5»",
    ),
];

pub(super) const SYSLOG: &[(u32, &str)] = &[
    (
        60,
        "«s» «node» local7 6 : «seq»: «node».example.com: «utc» :  %UC_CALLMANAGER-6-DeviceRegistered: %[DeviceName=SEP«x12»][IPAddress=«peer»][Protocol=SIP][DeviceType=«d3»][AppID=Cisco CallManager][ClusterID=StandAloneCluster][NodeID=«node»]: An endpoint, a gateway, or a trunk has registered.",
    ),
    (
        40,
        "«s» «node» local7 3 : «seq»: «node».example.com: «utc» :  %UC_CALLMANAGER-3-EndPointUnregistered: %[DeviceName=SEP«x12»][IPAddress=«peer»][Protocol=SIP][DeviceType=«d3»][Description=«agent»][Reason=«d1»][AppID=Cisco CallManager][ClusterID=StandAloneCluster][NodeID=«node»]: An endpoint has unregistered",
    ),
    (60, "«s» «node» cron 6 crond[«d5»]: (root) CMD (  /etc/rc.d/init.d/fiostats show)"),
    (
        40,
        "«s» «node» local7 6 Cisco: Database Layer Monitor: DBNotify queue depth «d1», delay «d2» ms, session «d6»",
    ),
    (
        40,
        "«s» «node» authpriv 6 sshd[«d5»]: pam_unix(sshd:session): session opened for user ccmbase by (uid=0) from «peer» port «d5»",
    ),
    (
        30,
        "«s» «node» daemon 6 ntpd[«d4»]: kernel time sync status change 2001, offset 0.00«d4» s, server «peer» stratum 3",
    ),
    (
        40,
        "«s» «node» user 6 ilog_impl: emitted platform-event (--no-wait platform-event-perfmon-«d4» id=«x8»)",
    ),
    (
        30,
        "«s» «node» local7 5 : «seq»: «node».example.com: «utc» :  %UC_AUDITLOG-5-AdministrativeEvent: %[UserID=admin][ClientAddress=«peer»][Severity=5][EventType=UserLogging][ResourceAccessed=CUCMAdmin][EventStatus=Success][CompulsoryEvent=No][AuditCategory=AdministrativeEvent][ComponentID=Cisco CUCM Administration][AuditDetails=Login «agent» «x8»][AppID=Cisco Tomcat][ClusterID=][NodeID=«node»]: Audit Event is generated by this application",
    ),
];

pub(super) const SYSLOG_RELEVANT: &[(u32, &str)] = &[
    (
        10,
        "«s» «node» local7 2 : «seq»: «node».example.com: «utc» :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=LogPartitionLowWaterMarkExceeded][AlertDetail= UsedDiskSpace : «d2» MessageString :  AppID : Cisco Log Partition Monitoring Tool ClusterID :  NodeID : «node»  TimeStamp : «java»][AppID=Cisco AMC Service][ClusterID=][NodeID=«node»]: RTMT Alert",
    ),
    (
        10,
        "«s» «node» local7 2 : «seq»: «node».example.com: «utc» :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=CpuPegging][AlertDetail=  Processor load over configured threshold for configured duration of time . Configured high threshold is 90 % cef (97%) uses most of the CPU. Processor_Info: For processor instance _Total: %CPU= «d2», %User= «d2», %System= «d1».][AppID=Cisco AMC Service][ClusterID=][NodeID=«node»]: RTMT Alert",
    ),
];

pub(super) const ALERT_LOG_HEADER: &str =
    "Time Stamp,Alert Name,Node,Alert Message,Type,Description,Severity,PollValue,Action,Group ID\n";

pub(super) const ALERT_LOG: &[(u32, &str)] = &[
    (
        50,
        "«java»,CpuPegging,«node»,\"Processor load over configured threshold, most of the CPU used by java (pid «d5»), load «d2» %\",Perfmon,CPU pegging,3,«d2»,Default,System",
    ),
    (
        40,
        "«java»,LowActivePartitionAvailableDiskSpace,«node»,\"Active partition space low, used «d2» %, inodes «d2» %, on «addr»\",Perfmon,Low space,3,«d2»,Default,System",
    ),
    (
        30,
        "«java»,CriticalServiceDown,«node»,\"Service operational status is DOWN. Cisco Trace Collection Service, poll «d5»\",Service,Critical service down,2,«d1»,Default,System",
    ),
];

/// In the state, shortly to enter, to enter.
pub(super) const MCVD_ALARM: [&str; 3] = [
    "«seq»: «t» %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance is currently in Out of Compliance state because of insufficient licenses.",
    "«seq»: «t» %MCVD-LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.: This Product Instance will enter Out of Compliance state in =«min» minutes",
    "«seq»: «t» %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance will enter Out of Compliance state because of insufficient licenses.: This Product Instance will enter Out of Compliance state in =«min» minutes",
];

/// The same three, then as nested in an RTMT alert of the publisher.
pub(super) const SYSLOG_ALARM: [&str; 6] = [
    "«s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.",
    "«s» «node» local7 0 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.",
    "«s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance will enter Out of Compliance state because of insufficient licenses.",
    "«s» «node» local7 2 : «seq»: «node».example.com: «utc» :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At «java» on node «node».example.com, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Alert#012MatchedEvent : «s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : «node»#012 TimeStamp : «java»][AppID=Cisco AMC Service][ClusterID=][NodeID=«node»]: RTMT Alert",
    "«s» «node» local7 2 : «seq»: «node».example.com: «utc» :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At «java» on node «node».example.com, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Emergency#012MatchedEvent : «s» «node» local7 0 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: The time required for the Product to be in compliance is about to expire.#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : «node»#012 TimeStamp : «java»][AppID=Cisco AMC Service][ClusterID=][NodeID=«node»]: RTMT Alert",
    "«s» «node» local7 2 : «seq»: «node».example.com: «utc» :  %UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At «java» on node «node».example.com, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Alert#012MatchedEvent : «s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance will enter Out of Compliance state because of insufficient licenses.#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : «node»#012 TimeStamp : «java»][AppID=Cisco AMC Service][ClusterID=][NodeID=«node»]: RTMT Alert",
];

/// The same three, as rows of the RTMT alert log.
pub(super) const ALERT_LOG_ALARM: [&str; 3] = [
    "«java»,SyslogSeverityMatchFound,«node»,\"At «java» on node «node», the following SyslogSeverityMatchFound events generated: SeverityMatch : Alert MatchedEvent : «s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance is currently in Out of Compliance state because of insufficient licenses. AppID : Cisco Syslog Agent\",Syslog,Severity match,2,1,Default,System",
    "«java»,SyslogSeverityMatchFound,«node»,\"At «java» on node «node», the following SyslogSeverityMatchFound events generated: SeverityMatch : Emergency MatchedEvent : «s» «node» local7 0 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses. AppID : Cisco Syslog Agent\",Syslog,Severity match,2,1,Default,System",
    "«java»,SyslogSeverityMatchFound,«node»,\"At «java» on node «node», the following SyslogSeverityMatchFound events generated: SeverityMatch : Alert MatchedEvent : «s» «node» local7 1 : «aseq»: «node».example.com: «utc» :  %UC_LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: %[The time remaining to enter OOC state=«min» minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=«node»]: This Product Instance will enter Out of Compliance state because of insufficient licenses. AppID : Cisco Syslog Agent\",Syslog,Severity match,2,1,Default,System",
];
