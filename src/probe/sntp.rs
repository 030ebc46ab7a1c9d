//! One question to an NTP server, by hand: 48 bytes there, 48 bytes back.
//!
//! Source: RFC 4330 (SNTP version 4), sections 3 to 5 and 8.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant as Watch};

use chrono::TimeDelta;
use parsers::stamp::Instant;

use super::wire::{Class, Trouble, remote};

/// Bytes of a packet without authentication.
const PACKET: usize = 48;

/// Seconds from 1900 to 1970.
const EPOCH: i64 = 2_208_988_800;

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// How far this host's clock is behind the server's; negative: ahead.
    pub(super) offset: TimeDelta,
    /// There and back, less what the server took.
    pub(super) delay: TimeDelta,
    /// Steps to the reference clock, 1 to 15.
    pub(super) stratum: u8,
}

/// Why a server's answer is no reading.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// The exchange failed.
    Trouble(Trouble),
    /// Kiss-of-death: the server wants to be left alone; its code, such as `RATE`.
    Kiss(String),
    /// The server does not know the time itself.
    Unsynchronised(u8),
    /// Not an answer to what was asked.
    Odd(&'static str),
}

impl Refusal {
    /// The word in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Trouble(trouble) => trouble.class.name(),
            Self::Kiss(_) => "kiss_of_death",
            Self::Unsynchronised(_) => "unsynchronised",
            Self::Odd(_) => "protocol",
        }
    }
}

/// Asks one server what time it is.
pub(super) fn ask(
    server: SocketAddr,
    timeout: Duration,
    now: impl Fn() -> Instant,
) -> Result<Reading, Refusal> {
    let trouble = |error: std::io::Error| Refusal::Trouble(error.into());
    let here: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((here, 0)).map_err(trouble)?;
    // Connected, so that nobody else's packets arrive and a closed port is heard of.
    socket.connect(server).map_err(trouble)?;
    let started = Watch::now();
    let sent = now();
    socket.send(&question(sent)).map_err(trouble)?;
    let mut odd = None;
    loop {
        let left = timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            let silent = Trouble::new(Class::TimedOut, "no answer in time");
            return Err(odd.unwrap_or(Refusal::Trouble(silent)));
        }
        socket.set_read_timeout(Some(left)).map_err(trouble)?;
        // Extensions may stand behind the packet; they are not asked for.
        let mut buffer = [0; 512];
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                continue;
            }
            Err(error) => return Err(trouble(error)),
        };
        match reading(buffer.get(..length).unwrap_or_default(), sent, now()) {
            // Late answers and forged ones are waited out.
            Err(Refusal::Odd(why)) => odd = Some(Refusal::Odd(why)),
            ended => return ended,
        }
    }
}

/// `LI = 0, VN = 4, Mode = 3 (client)`, the time of sending, and nothing else.
fn question(sent: Instant) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&stamp(sent).to_be_bytes());
    packet
}

/// Reads an answer to what was asked at `sent`, received at `received`.
fn reading(packet: &[u8], sent: Instant, received: Instant) -> Result<Reading, Refusal> {
    let packet: &[u8; PACKET] =
        packet.first_chunk().ok_or(Refusal::Odd("the answer is shorter than an NTP packet"))?;
    let word = |at: usize| {
        packet.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
    };
    let [head, stratum, ..] = *packet;
    if head & 0b111 != 4 {
        return Err(Refusal::Odd("the answer is not one of a server"));
    }
    if word(24) != stamp(sent) {
        return Err(Refusal::Odd("the answer is to another question"));
    }
    match stratum {
        0 => {
            let code = String::from_utf8_lossy(&packet[12..16]);
            return Err(Refusal::Kiss(remote(code.trim_end_matches('\0'))));
        }
        1..=15 if head >> 6 != 3 && word(40) != 0 => {}
        _ => return Err(Refusal::Unsynchronised(stratum)),
    }
    let odd = Refusal::Odd("a time of the answer is outside of the calendar");
    let (Some(arrived), Some(left)) = (instant(word(32)), instant(word(40))) else { return Err(odd) };
    Ok(Reading {
        offset: ((arrived - sent) + (left - received)) / 2,
        delay: (received - sent) - (left - arrived),
        stratum,
    })
}

/// Seconds since 1900, or since 2036 from then on, and fractions of 2⁻³² seconds.
fn stamp(at: Instant) -> u64 {
    // The count of seconds begins anew in 2036.
    let seconds = u64::try_from((at.timestamp() + EPOCH).rem_euclid(1 << 32)).unwrap_or(0);
    let fraction = (u64::from(at.timestamp_subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

/// The instant of a timestamp: with the top bit set 1968 to 2036, else 2036 to 2104.
fn instant(stamp: u64) -> Option<Instant> {
    let seconds = i64::try_from(stamp >> 32).ok()?;
    let era = if seconds >> 31 == 1 { 0 } else { 1 << 32 };
    let nanos = u32::try_from(((stamp & 0xffff_ffff) * 1_000_000_000) >> 32).ok()?;
    Instant::from_timestamp(seconds + era - EPOCH, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Instant {
        Instant::from_timestamp_millis(1_775_107_805_000 + ms).unwrap()
    }

    /// An answer to a question of `at(0)` by a server whose clock is `ahead` ms.
    fn answer(ahead: i64, change: impl Fn(&mut [u8; PACKET])) -> Result<Reading, Refusal> {
        let mut packet = [0; PACKET];
        packet[0] = 0b00_100_100;
        packet[1] = 3;
        packet[24..32].copy_from_slice(&stamp(at(0)).to_be_bytes());
        packet[32..40].copy_from_slice(&stamp(at(10 + ahead)).to_be_bytes());
        packet[40..48].copy_from_slice(&stamp(at(12 + ahead)).to_be_bytes());
        change(&mut packet);
        reading(&packet, at(0), at(22))
    }

    #[test]
    fn an_offset_is_the_mean_of_both_ways() {
        let reading = answer(90_000, |_| ()).unwrap();
        assert!((reading.offset - TimeDelta::seconds(90)).abs() < TimeDelta::milliseconds(1), "{reading:?}");
        assert!((reading.delay - TimeDelta::milliseconds(20)).abs() < TimeDelta::milliseconds(1));
        assert_eq!(reading.stratum, 3);
        assert!(answer(-5_000, |_| ()).unwrap().offset < TimeDelta::seconds(-4));
    }

    #[test]
    fn what_does_not_know_the_time_gives_none() {
        let kiss = answer(0, |packet| {
            packet[1] = 0;
            packet[12..16].copy_from_slice(b"RATE");
        });
        assert!(matches!(kiss, Err(Refusal::Kiss(code)) if code == "RATE"));
        let alarm = answer(0, |packet| packet[0] |= 0b11 << 6);
        assert!(matches!(alarm, Err(Refusal::Unsynchronised(3))));
        assert!(matches!(answer(0, |packet| packet[1] = 16), Err(Refusal::Unsynchronised(16))));
        assert!(matches!(answer(0, |packet| packet[40..].fill(0)), Err(Refusal::Unsynchronised(_))));
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        assert!(matches!(answer(0, |packet| packet[31] ^= 1), Err(Refusal::Odd(_))));
        assert!(matches!(answer(0, |packet| packet[0] = 0b00_100_011), Err(Refusal::Odd(_))));
        assert!(matches!(reading(b"short", at(0), at(1)), Err(Refusal::Odd(_))));
    }

    #[test]
    fn times_after_2036_are_read() {
        let late = Instant::from_timestamp(2_200_000_000, 0).unwrap();
        assert_eq!(instant(stamp(late)), Some(late));
        assert_eq!(instant(stamp(at(0))), Some(at(0)));
    }
}
