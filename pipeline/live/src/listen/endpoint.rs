//! Where to listen, as a person writes it: `udp://0.0.0.0:514`, `tcp://[::]:514`, `tls://192.0.2.5`.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use super::Error;
use super::tls::TlsFiles;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One message a datagram.
    ///
    /// Source: RFC 5426, section 3.1.
    Udp,
    /// Messages in a stream, counted or by line.
    ///
    /// Source: RFC 6587, section 3.4.
    Tcp,
    /// The same stream inside of TLS.
    ///
    /// Source: RFC 5425.
    Tls,
}

impl Kind {
    /// `udp`, `tcp` or `tls`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The port that is meant where none is named.
    ///
    /// Source: RFC 5426, section 3.3 (514); RFC 5425, section 4.1 (6514). TCP has no port of its own for syslog;
    /// Cisco's products send to 514 there too.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 514,
            Self::Tls => 6514,
        }
    }
}

/// One address to listen at. [`FromStr`] reads it; [`fmt::Display`] writes it with its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How messages travel.
    pub kind: Kind,
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// The port; 0: any that is free (see [`super::Listener::addresses`]).
    pub port: u16,
    /// Certificate and key; `None` until [`Endpoint::with_tls`]. Only [`Kind::Tls`] needs them.
    pub tls: Option<TlsFiles>,
}

impl Endpoint {
    /// The same with certificate and key.
    #[must_use]
    pub fn with_tls(self, files: TlsFiles) -> Self {
        Self { tls: Some(files), ..self }
    }

    /// The addresses that the host stands for.
    ///
    /// # Errors
    /// A name that does not resolve.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let found: Vec<SocketAddr> = found.map_err(|source| Error::bind(self, &source))?.collect();
        if found.is_empty() {
            return Err(Error::Bind { endpoint: self.to_string(), why: "the name has no address".into() });
        }
        Ok(found)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// `KIND://HOST[:PORT]`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Endpoint { text: text.to_owned(), why: why.to_owned() };
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("it does not begin with udp://, tcp:// or tls://"))?;
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "udp" => Kind::Udp,
            "tcp" => Kind::Tcp,
            "tls" => Kind::Tls,
            _ => return Err(wrong("it does not begin with udp://, tcp:// or tls://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = if let Some(inside) = rest.strip_prefix('[') {
            let (host, behind) = inside.split_once(']').ok_or_else(|| wrong("a bracket is not closed"))?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(wrong("in the brackets stands no IPv6 address"));
            }
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return Err(wrong("behind the bracket stands no port")),
            }
        } else {
            match rest.split_once(':') {
                Some((_, port)) if port.contains(':') => {
                    return Err(wrong("an IPv6 address stands in brackets: [::]:514"));
                }
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        if host.is_empty() {
            return Err(wrong("the host is missing; 0.0.0.0 stands for every IPv4 address"));
        }
        if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '@' | '[' | ']')) {
            return Err(wrong("that is no host"));
        }
        let port = match port {
            // `parse` would take a sign.
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| wrong("a port is a number from 0 to 65535"))?
            }
            Some(_) => return Err(wrong("a port is a number from 0 to 65535")),
            None => kind.default_port(),
        };
        Ok(Self { kind, host: host.to_owned(), port, tls: None })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name();
        if self.host.contains(':') {
            write!(f, "{kind}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{kind}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is understood, written out; or a part of what is wrong.
    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        match (text.parse::<Endpoint>(), expected) {
            (Ok(endpoint), Ok(expected)) => assert_eq!(endpoint.to_string(), expected),
            (Err(error), Err(expected)) => {
                let error = error.to_string();
                assert!(error.contains(expected) && error.contains(text), "{error}");
            }
            (is, expected) => panic!("{text}: {is:?}, not {expected:?}"),
        }
    }

    #[test]
    fn kind_host_and_port_are_read() {
        check("udp://0.0.0.0:514", Ok("udp://0.0.0.0:514"));
        check("TCP://example.com:1514/", Ok("tcp://example.com:1514"));
        check("tls://[::]:6514", Ok("tls://[::]:6514"));
        check("udp://127.0.0.1:0", Ok("udp://127.0.0.1:0"));
    }

    #[test]
    fn a_port_that_is_not_named_is_that_of_the_rfc() {
        check("udp://0.0.0.0", Ok("udp://0.0.0.0:514"));
        check("tcp://[::1]", Ok("tcp://[::1]:514"));
        check("tls://192.0.2.5", Ok("tls://192.0.2.5:6514"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("0.0.0.0:514", Err("does not begin with udp://"));
        check("http://example.com", Err("does not begin with udp://"));
        check("udp://:514", Err("host is missing"));
        check("udp://", Err("host is missing"));
        check("udp://::1:514", Err("in brackets"));
        check("tcp://[::1:514", Err("not closed"));
        check("tcp://[example.com]:514", Err("no IPv6 address"));
        check("tcp://[::1]514", Err("no port"));
        check("tcp://example.com:65536", Err("from 0 to 65535"));
        check("tcp://example.com:+5", Err("from 0 to 65535"));
        check("tcp://example.com:", Err("from 0 to 65535"));
        check("tcp://a b:5", Err("no host"));
        check("tcp://user@example.com:5", Err("no host"));
    }
}
