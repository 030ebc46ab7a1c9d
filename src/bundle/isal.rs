//! ISA-L inflates a long gzip stream about twice as fast as the portable inflater.

use isal::Codec;
use isal::read::Decoder;
use std::io::{self, Read};

/// Inflates with ISA-L; on anything unusual starts again with the portable inflater.
///
/// The binding drops the bytes it has inflated when it meets an error, and cannot tell a cut-off stream from a damaged
/// one nor garbage from a further member. So its errors only mean that the other inflater must decide: it is run from
/// the beginning, what has been delivered is passed over, and the result is the other inflater's in every case.
pub(super) struct Inflate<R: Read, P, F> {
    state: State<R, P>,
    again: F,
    delivered: u64,
}

enum State<R: Read, P> {
    // Boxed before the first read: the decoder keeps pointers into itself.
    Fast(Box<Decoder<Full<R>>>),
    Portable(P),
}

impl<R: Read, P: Read, F: Fn() -> P> Inflate<R, P, F> {
    /// Inflates `compressed`; `again` inflates the same bytes from the beginning.
    pub(super) fn new(compressed: R, again: F) -> Self {
        let decoder = Box::new(Decoder::new(Full(compressed), Codec::Gzip));
        Self { state: State::Fast(decoder), again, delivered: 0 }
    }

    fn restart(&mut self) -> io::Result<P> {
        let mut portable = (self.again)();
        io::copy(&mut Read::take(&mut portable, self.delivered), &mut io::sink())?;
        Ok(portable)
    }
}

impl<R: Read, P: Read, F: Fn() -> P> Read for Inflate<R, P, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let State::Fast(decoder) = &mut self.state {
            match decoder.read(buf) {
                // No byte at all: an empty stream is unusual enough to have it judged.
                Ok(0) if self.delivered == 0 => {}
                Ok(n) => {
                    self.delivered += n as u64;
                    return Ok(n);
                }
                Err(_) => {}
            }
            self.state = State::Portable(self.restart()?);
        }
        match &mut self.state {
            State::Portable(portable) => portable.read(buf),
            State::Fast(_) => Ok(0),
        }
    }
}

/// Fills the whole buffer unless the input ends: the decoder takes two short reads without output for damage.
struct Full<R>(R);

impl<R: Read> Read for Full<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (filled, failed) = super::content::fill(&mut self.0, buf, buf.len());
        match failed {
            Some(error) if filled == 0 => Err(error),
            _ => Ok(filled),
        }
    }
}
