//! One syslog message: a datagram, or a frame on a connection of its own.

use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use super::payload::syslog::framed;
use super::send::Failure;

/// Sends `message`. By UDP nothing tells whether it arrives.
pub(super) fn send(
    tcp: bool,
    host: &str,
    port: u16,
    message: &[u8],
    timeout: Duration,
) -> Result<(), Failure> {
    let unknown = |error: std::io::Error| Failure::soft(format!("the host name is not known: {error}"));
    let address = (host, port).to_socket_addrs().map_err(unknown)?.next();
    let address = address.ok_or_else(|| Failure::soft("the host name has no address"))?;
    let failed = |error: std::io::Error| Failure::soft(format!("the message cannot be sent: {error}"));
    if tcp {
        let mut stream = TcpStream::connect_timeout(&address, timeout).map_err(failed)?;
        stream.set_write_timeout(Some(timeout)).map_err(failed)?;
        stream.write_all(&framed(message)).map_err(failed)?;
        stream.shutdown(std::net::Shutdown::Write).map_err(failed)
    } else {
        let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).map_err(failed)?;
        socket.connect(address).map_err(failed)?;
        socket.send(message).map(|_| ()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_datagram_and_a_frame_arrive() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let port = receiver.local_addr().unwrap().port();
        send(false, "127.0.0.1", port, b"<131>1 hello", Duration::from_secs(5)).unwrap();
        let mut buffer = [0; 100];
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"<131>1 hello");

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        send(true, "127.0.0.1", port, b"hello", Duration::from_secs(5)).unwrap();
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "5 hello");
        drop(listener);
        assert!(send(true, "127.0.0.1", port, b"hello", Duration::from_secs(5)).unwrap_err().retry);
    }
}
