//! What the kernel says of a UDP socket: the size of its buffer, and the datagrams it dropped.

use std::net::UdpSocket;

/// A socket as the kernel's tables know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// Bytes of the receive buffer; Linux counts its own book-keeping in. `None`: not known.
    pub(super) receive_buffer: Option<u64>,
    /// Its number in `/proc/net/udp`; `None` where there is no such table.
    inode: Option<u64>,
    is_v6: bool,
}

impl Socket {
    pub(super) fn of(socket: &UdpSocket) -> Self {
        let size = socket2::SockRef::from(socket).recv_buffer_size();
        let is_v6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self { receive_buffer: size.ok().map(|size| size as u64), inode: inode(socket), is_v6 }
    }

    /// Datagrams dropped since the socket was opened; `None` where the kernel does not say.
    pub(super) fn drops(&self) -> Option<u64> {
        let path = if self.is_v6 { "/proc/self/net/udp6" } else { "/proc/self/net/udp" };
        drops(&std::fs::read_to_string(path).ok()?, self.inode?)
    }
}

/// The link of a descriptor reads `socket:[12345]`.
#[cfg(unix)]
fn inode(socket: &UdpSocket) -> Option<u64> {
    use std::os::fd::AsRawFd as _;

    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(not(unix))]
fn inode(_: &UdpSocket) -> Option<u64> {
    None
}

/// The last column of the row with this inode. The header names columns `tr`, `tm->when` apart that the rows write as
/// one: places are counted in the rows.
///
/// Source: observed: Linux 6, `/proc/net/udp`: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops`.
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(9);
        let is_ours = columns.next()?.parse() == Ok(inode);
        if is_ours { columns.nth(2)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  211: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 70411 2 ffff8881049a1200 0
 1234: 0100007F:A1B2 00000000:0000 07 00000000:00033400 00:00000000 00000000  1000        0 70415 2 ffff8881049a1b00 4711
";

    #[test]
    fn drops_stand_behind_the_inode() {
        assert_eq!(drops(TABLE, 70_415), Some(4711));
        assert_eq!(drops(TABLE, 70_411), Some(0));
        assert_eq!(drops(TABLE, 2), None);
        assert_eq!(drops("", 70_415), None);
    }
}
