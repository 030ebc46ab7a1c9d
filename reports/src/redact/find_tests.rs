//! What each rule finds and what it leaves.

use super::*;

#[track_caller]
fn check(text: &str, expected: &[(Rule, &str)]) {
    let mut found = Vec::new();
    hits(text, &mut found);
    found.retain(|hit| !hit.if_domain);
    let found: Vec<(Rule, &str)> = found.iter().map(|hit| (hit.rule, &text[hit.start..hit.end])).collect();
    for one in expected {
        assert!(found.contains(one), "{text:?}: {one:?} not in {found:?}");
    }
    if expected.is_empty() {
        assert_eq!(found, [], "{text:?}");
    }
}

#[test]
fn addresses_are_found_and_versions_times_and_object_names_are_not() {
    check("peer 192.0.2.7 gone", &[(Rule::Ipv4, "192.0.2.7")]);
    check("from 192.0.2.1-192.0.2.9.", &[(Rule::Ipv4, "192.0.2.1"), (Rule::Ipv4, "192.0.2.9")]);
    check("at 2a02:810::7, up", &[(Rule::Ipv6, "2a02:810::7")]);
    check("00:50:56:AB:cd:ef", &[(Rule::Mac, "00:50:56:AB:cd:ef")]);
    check("0050.56ab.cdef", &[(Rule::Mac, "0050.56ab.cdef")]);
    for kept in [
        "Active UCCX Version: 12.5.1.11",
        "12.5.1.10000-24",
        "12.5.1.11-24",
        "OID 1.3.6.1.4.1.9.9",
        "IP Mask : 255.255.255.000",
        "127.0.0.1 and 0.0.0.0 and ::1",
        "05:30:05.123 up 10:00:00",
        "std::vec and a::b1z",
    ] {
        check(kept, &[]);
    }
}

#[test]
fn addresses_in_names_of_files_are_found_and_longer_rows_of_numbers_are_not() {
    for (text, address) in [
        ("logs/10.88.1.7.log", "10.88.1.7"),
        ("a.10.88.1.11.txt.log", "10.88.1.11"),
        ("x.log.10.88.1.13", "10.88.1.13"),
        ("uccx2.10.88.1.14.zip", "10.88.1.14"),
        ("10.88.1.15.20210402.log", "10.88.1.15"),
        ("10.88.1.16.2021-04-02.log", "10.88.1.16"),
        ("10.88.1.17-20210402.log", "10.88.1.17"),
        ("2021-04-02.10.88.1.22.log", "10.88.1.22"),
        ("10.88.1.18-2021-04-02.log", "10.88.1.18"),
        ("node_10.88.1.19_04_02.csv", "10.88.1.19"),
        ("gone to 10.88.1.20...", "10.88.1.20"),
        ("...10.88.1.21", "10.88.1.21"),
    ] {
        check(text, &[(Rule::Ipv4, address)]);
    }
    for kept in [
        "12.5.1.11002-481",
        "UCSInstall_12.5.1.11-24.sgn.iso",
        "12.5.1.11.24",
        "4.12.5.1.11",
        "12.5.1.11.10000-24.log",
        "at x(axis-1.4.0.1.jar:1.4)",
        "OID .1.3.6.1.4.1.9.9.1",
    ] {
        check(kept, &[]);
    }
}

#[test]
fn secrets_of_messages_and_addresses_are_found() {
    let message = r#"{"nonce":"884422116655","signature":{"type":"SHA256","key":"91827364","value":"QmxhdTEyMzQ1Njc4OTA=="}}"#;
    check(message, &[(Rule::Token, "884422116655"), (Rule::Signature, "QmxhdTEyMzQ1Njc4OTA==")]);
    let escaped = message.replace('"', "\\\"");
    check(&escaped, &[(Rule::Token, "884422116655"), (Rule::Signature, "QmxhdTEyMzQ1Njc4OTA==")]);
    check(
        "url=https://ssm.example.com/x?user=jmueller&tok=ZTQ0-abcXyz, mode=x",
        &[(Rule::User, "jmueller"), (Rule::Token, "ZTQ0-abcXyz")],
    );
    for key in ["token", "access_token", "auth", "key", "sig", "signature", "password", "pwd"] {
        check(&format!("https://ssm/x?{key}=ab12cd&y=1"), &[(Rule::Token, "ab12cd")]);
    }
    check(
        "http://svcuser:Geheim77@proxy44:3128/",
        &[(Rule::User, "svcuser"), (Rule::Token, "Geheim77"), (Rule::Host, "proxy44")],
    );
    check("http://svcuser@proxy44/", &[(Rule::User, "svcuser"), (Rule::Host, "proxy44")]);
    check("Cookie: JSESSIONID=AB77CD88EF99; x", &[(Rule::Token, "AB77CD88EF99")]);
    check("serial FOC2311R1HE of", &[(Rule::Serial, "FOC2311R1HE")]);
    for kept in ["serial description of", "http://tools.cisco.com:443/x@y", "keyboard?x=1&monkeys=abcd"] {
        check(kept, &[]);
    }
}

#[test]
fn numbers_and_persons_are_found_whole() {
    check("callerId: 004915112345678,", &[(Rule::Phone, "004915112345678")]);
    check("dialed 0049-89-555-7788 x", &[(Rule::Phone, "0049-89-555-7788")]);
    check("AgentID=jule Name=Juliane Walross left", &[(Rule::User, "jule"), (Rule::User, "Juliane Walross")]);
    check("[agentId=jule][Name=Juliane Öhlund-Ek]", &[(Rule::User, "Juliane Öhlund-Ek")]);
    check("agentName=Juliane Walross, x", &[(Rule::User, "Juliane Walross")]);
    for text in [r"user ACME\walter via", r"user ACME\walter via", r#"user="ACME\walter""#] {
        check(text, &[(Rule::User, "walter"), (Rule::Host, "ACME")]);
    }
    check(r"user DOM\walter via", &[(Rule::User, r"DOM\walter"), (Rule::User, "walter")]);
    check(
        r#"virtual account "VA Sued 88" smart account (Wal AG 99) tenant"#,
        &[(Rule::Account, "VA Sued 88"), (Rule::Account, "Wal AG 99")],
    );
    check(r#"no virtual account \"VA Sued 88\" there"#, &[(Rule::Account, "VA Sued 88")]);
    check("a smart account (if any) or a virtual account of it", &[]);
}

#[test]
fn names_are_found_and_classes_files_and_hosts_of_cisco_are_not() {
    check("https://ssm.example.com:8443/x", &[(Rule::Domain, "ssm.example.com")]);
    check("uccx1.corp.acme.de resolves locally", &[(Rule::Domain, "uccx1.corp.acme.de")]);
    check("https://ssm.acme.xyz/x", &[(Rule::Domain, "ssm.acme.xyz")]);
    check("mail jane.doe@acme.com!", &[(Rule::Email, "jane.doe@acme.com")]);
    check("java.net.UnknownHostException: ssm", &[(Rule::Host, "ssm")]);
    for kept in [
        "java.net.UnknownHostException",
        "com.cisco.wf.lib_license.LicenseManager.run",
        "https://tools.cisco.com/its/service",
        "smartreceiver.cisco.com",
        "Cisco001MCVD001.log in bundle.zip and x.tar.gz",
        "regid.2019-06.com.cisco.CCX_FLEX_STD,12.5_be49ea3c-8224-4a1c-b3cc-f98b7c63de3b",
    ] {
        check(kept, &[]);
    }
}

#[test]
fn values_behind_labels_are_found_in_every_shape() {
    for text in [
        "user=jsmith",
        "userid: jsmith",
        "user id jsmith2 x",
        "[UserID=jsmith]",
        r#"{"agentId":"jsmith"}"#,
        "<loginName>jsmith</loginName>",
        r#"\"user\":\"jsmith\""#,
        "AuditUser = jsmith,",
        "user 'jsmith'",
        "/home/jsmith/x",
        r"C:\Users\jsmith\x",
    ] {
        let name = if text.contains("jsmith2") { "jsmith2" } else { "jsmith" };
        check(text, &[(Rule::User, name)]);
    }
    check("[NodeID=uccxpub][ClusterID=]", &[(Rule::Host, "uccxpub")]);
    check(
        "UDI: PID:UCM,SN:37624abc,UUID:6fe83addc80240bc92dc071ac7a37624",
        &[(Rule::Udi, "37624abc"), (Rule::Piid, "6fe83addc80240bc92dc071ac7a37624")],
    );
    check("<udi>P:UCCX,S:53ecfccbfe23</udi>", &[(Rule::Udi, "53ecfccbfe23")]);
    check("Serial Number: FCH1234V0AB", &[(Rule::Serial, "FCH1234V0AB")]);
    check(
        "PIID: be49ea3c-8224-4a1c-b3cc-f98b7c63de3b",
        &[(Rule::Piid, "be49ea3c-8224-4a1c-b3cc-f98b7c63de3b")],
    );
    check(
        "Smart Account: BU Production Test\n  Virtual Account: TAC-Collab",
        &[(Rule::Account, "BU Production Test"), (Rule::Account, "TAC-Collab")],
    );
    check(
        "Smart Account: BU Test Virtual Account: TAC Export-Controlled",
        &[(Rule::Account, "BU Test"), (Rule::Account, "TAC")],
    );
    check(
        "CN=uccx9, OU=Voice Team, O=Acme",
        &[(Rule::Host, "uccx9"), (Rule::Account, "Voice Team"), (Rule::Account, "Acme")],
    );
    check("license smart register idtoken QWxh3ZGRpbjpv force", &[(Rule::Token, "QWxh3ZGRpbjpv")]);
    check("Authorization: Basic QWxhZGRpbjpv", &[(Rule::Token, "QWxhZGRpbjpv")]);
    check("password=s3cret!", &[(Rule::Token, "s3cret!")]);
    check("call +4971112345678", &[(Rule::Phone, "+4971112345678")]);
    check("extension 2001 and ANI=5551234", &[(Rule::Phone, "2001"), (Rule::Phone, "5551234")]);
    check(
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE----- x",
        &[(Rule::Certificate, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")],
    );
    for kept in [
        "the agent state changed for every user of the system",
        "Smart Agent for Licensing: 1.3.4",
        "user=null",
        "O=Cisco Systems",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce",
    ] {
        check(kept, &[]);
    }
}

#[test]
fn an_empty_value_does_not_make_a_name_of_the_next_label() {
    check("ClusterID : NodeID : ccx1 TimeStamp : x", &[(Rule::Host, "ccx1")]);
    check("#012ClusterID : #012NodeID : ccx1#012 TimeStamp", &[(Rule::Host, "ccx1")]);
    check("[ClusterID=][AppID=]", &[]);
    check("Unable to create provider -- Operation timed out", &[]);
    check(
        "Unable to create provider -- ccm-1/192.0.2.3",
        &[(Rule::Host, "ccm-1"), (Rule::Ipv4, "192.0.2.3")],
    );
}
