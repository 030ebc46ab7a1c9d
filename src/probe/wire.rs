//! Connections that end in time, and why they did not come about.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reports::escape;

/// Longest text from the other side that is shown, in characters.
const REMOTE_MAX: usize = 160;

/// Longest head of an HTTP answer that is read, in bytes.
const HEAD_MAX: usize = 16 << 10;

/// How an exchange failed: each has another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// An answer that says no: the route works, and nothing listens.
    Refused,
    /// No answer at all.
    TimedOut,
    /// A router, or this host itself, says that there is no way.
    Unreachable,
    /// The connection came about and was cut.
    Reset,
    /// The other side speaks something else.
    Protocol,
    /// None of these; the text tells.
    Other,
}

impl Class {
    /// The word in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Other => "other",
        }
    }

    /// The end of a sentence that begins with whom it was about.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Refused => "refused the connection",
            Self::TimedOut => "did not answer in time",
            Self::Unreachable => "is unreachable from this host",
            Self::Reset => "cut the connection",
            Self::Protocol => "speaks another protocol",
            Self::Other => "could not be reached",
        }
    }
}

/// A failed exchange: its class, and what the operating system or the library says.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) class: Class,
    pub(super) text: String,
}

impl Trouble {
    pub(super) fn new(class: Class, text: impl AsRef<str>) -> Self {
        Self { class, text: remote(text.as_ref()) }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::new(Class::Protocol, tls.to_string());
        }
        let class = match error.kind() {
            Kind::ConnectionRefused => Class::Refused,
            // A socket with a time-out says that it would block.
            Kind::TimedOut | Kind::WouldBlock => Class::TimedOut,
            Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::AddrNotAvailable
            | Kind::PermissionDenied => Class::Unreachable,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
                Class::Reset
            }
            _ => Class::Other,
        };
        Self::new(class, error.to_string())
    }
}

/// Text of the other side for a report: its first line, cut, and nothing in it that a terminal obeys.
pub(super) fn remote(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    escape::terminal(&escape::cut(line, REMOTE_MAX)).into_owned()
}

/// Seconds to the millisecond, as JSON gives durations.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// A connection of which every read and write ends at one point in time, however slowly the other side drips.
#[derive(Debug)]
pub(super) struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    /// Connects.
    pub(super) fn connect(to: SocketAddr, timeout: Duration) -> Result<Self, Trouble> {
        let stream = TcpStream::connect_timeout(&to, timeout)?;
        // Without it a small request may wait for the answer to the one before.
        let _ = stream.set_nodelay(true);
        Ok(Self { stream, until: Instant::now() + timeout })
    }

    /// Gives the next exchange `timeout` from now.
    pub(super) fn renew(&mut self, timeout: Duration) {
        self.until = Instant::now() + timeout;
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
        }
        Ok(Some(left))
    }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buf)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The head of an HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// From 100 to 999.
    pub(super) status: u16,
    /// The words behind it, for a report.
    pub(super) reason: String,
    /// The `Date` field as sent.
    pub(super) date: Option<String>,
}

/// Sends a request and reads the head of the answer; the body stays where it is.
pub(super) fn ask(stream: &mut (impl Read + Write), request: &str) -> Result<Answer, Trouble> {
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut head = Vec::new();
    let mut byte = [0];
    // Byte by byte: behind the head of a proxy's answer begins what is not ours to read here.
    while head.len() < HEAD_MAX && !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Many servers close TLS without saying so: what came before counts.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            // The status line is what counts, once it is there.
            Err(error) if !head.contains(&b'\n') => return Err(error.into()),
            Err(_) => break,
        }
    }
    if head.is_empty() {
        return Err(Trouble::new(Class::Reset, "the connection was closed without an answer"));
    }
    answer(&head)
}

/// `HTTP/1.1 407 Proxy Authentication Required` and the fields below it.
fn answer(head: &[u8]) -> Result<Answer, Trouble> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let wrong = || Trouble::new(Class::Protocol, format!("not an HTTP answer: {first}"));
    let mut words = first.trim_end().splitn(3, ' ');
    words.next().filter(|version| version.starts_with("HTTP/")).ok_or_else(wrong)?;
    let status = words.next().and_then(|word| word.parse().ok()).filter(|code| (100..=999).contains(code));
    let date = lines.take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| value.trim().to_owned())
    });
    Ok(Answer { status: status.ok_or_else(wrong)?, reason: remote(words.next().unwrap_or_default()), date })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_head_is_read() {
        let head = b"HTTP/1.1 407 Proxy Authentication Required\r\nDate: Thu, 02 Apr 2026 05:30:05 GMT\r\n\r\nDate: x";
        let expected = Answer {
            status: 407,
            reason: "Proxy Authentication Required".to_owned(),
            date: Some("Thu, 02 Apr 2026 05:30:05 GMT".to_owned()),
        };
        assert_eq!(answer(head).unwrap(), expected);
        assert_eq!(answer(b"HTTP/1.0 200\n\n").unwrap().reason, "");
    }

    #[test]
    fn what_is_no_http_is_shown_in_one_clean_line() {
        let trouble = answer(b"SSH-2.0-\x1b[2Jsshd\r\nmore\r\n").unwrap_err();
        assert_eq!(trouble.class, Class::Protocol);
        assert_eq!(trouble.text, "not an HTTP answer: SSH-2.0-\\u{1b}[2Jsshd");
        assert_eq!(answer(b"HTTP/1.1 99999 x\r\n").unwrap_err().class, Class::Protocol);
        assert!(answer(b"").is_err() && answer(&[0xff; 100]).is_err());
    }

    #[test]
    fn an_endless_head_ends() {
        struct Endless;
        impl Read for Endless {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                buf.fill(b'x');
                Ok(buf.len())
            }
        }
        impl Write for Endless {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                Ok(buf.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let trouble = ask(&mut Endless, "GET / HTTP/1.1\r\n\r\n").unwrap_err();
        assert!(trouble.class == Class::Protocol && trouble.text.len() < 250, "{trouble:?}");
    }

    #[test]
    fn remote_text_is_one_short_line() {
        assert_eq!(remote("a\u{7}b\nc"), "a\\u{7}b");
        assert!(remote(&"x".repeat(10_000)).len() < 200);
    }

    #[test]
    fn failures_of_the_system_have_their_class() {
        #[track_caller]
        fn check(kind: io::ErrorKind, class: Class) {
            assert_eq!(Trouble::from(io::Error::from(kind)).class, class);
        }
        check(io::ErrorKind::ConnectionRefused, Class::Refused);
        check(io::ErrorKind::WouldBlock, Class::TimedOut);
        check(io::ErrorKind::NetworkUnreachable, Class::Unreachable);
        check(io::ErrorKind::ConnectionReset, Class::Reset);
        check(io::ErrorKind::OutOfMemory, Class::Other);
    }
}
