//! A thousand connections that say nothing.

use std::process::Command;

use super::*;

/// How many.
const MANY: usize = 1_000;

/// Set in a process of its own that may have descriptors enough.
const CHILD: &str = "UCCXRAY_TEST_IDLE";

/// Memory of this process in KiB.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn connections(listener: &Listener) -> u64 {
    listener.status().sockets.values().map(|socket| socket.connections).sum()
}

/// Connects so often, each to the end of its handshake, and says nothing.
fn connect(
    listener: &Listener,
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> Vec<StreamOwned<ClientConnection, TcpStream>> {
    let one = |_| {
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        StreamOwned::new(connection, stream)
    };
    let all = (0..MANY).map(one).collect();
    wait("all connections", || connections(listener) == MANY as u64);
    all
}

#[test]
fn a_thousand_idle_tls_connections_leave_room_for_others_and_nothing_behind() {
    if std::env::var_os(CHILD).is_none() {
        // Both ends are here: that is more descriptors than a process has unless it asks for them.
        let test = std::thread::current().name().unwrap().to_owned();
        let script = "ulimit -n 4096 && exec \"$0\" --exact \"$1\" --nocapture";
        let program = std::env::current_exe().unwrap();
        let ran = Command::new("sh").args(["-c", script]).arg(program).arg(test).env(CHILD, "1").output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = Folder::new("idle");
    let ours = authority("Ours");
    let (chain, key) = signed(&ours, "localhost", 2040);
    let files = TlsFiles {
        chain: folder.write("chain.pem", &chain),
        key: folder.write("key.pem", &key),
        client_ca: None,
        client_required: false,
    };
    let endpoint = "tls://127.0.0.1:0".parse::<Endpoint>().unwrap().with_tls(files);
    let limits = Limits { connections_per_address: 2 * MANY, ..Limits::default() };
    let listener = start(&[endpoint, "udp://127.0.0.1:0".parse().unwrap()], limits);
    let [address, datagrams] = listener.addresses()[..] else { panic!("two addresses") };
    let config = client(&ours, None);
    let before = memory();
    let first = connect(&listener, address, &config);
    let open = memory();
    say(address, &ours, None, "speaks\n").unwrap();
    check(&listener, &[("tls 127.0.0.1", "speaks\n")]);
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"another", datagrams).unwrap();
    check(&listener, &[("udp 127.0.0.1", "another\n")]);
    drop(first);
    wait("the end of all", || connections(&listener) == 0);
    // What a thousand left behind would show with the next thousand.
    let second = connect(&listener, address, &config);
    let again = memory();
    let says = format!("KiB: {before} before, {open} with {MANY}, {again} with as many again");
    assert!(open.saturating_sub(before) < MANY as u64 * 100, "{says}");
    assert!(again.saturating_sub(open) < MANY as u64 * 10, "{says}");
    say(address, &ours, None, "still\n").unwrap();
    check(&listener, &[("tls 127.0.0.1", "still\n")]);
    drop(second);
}
