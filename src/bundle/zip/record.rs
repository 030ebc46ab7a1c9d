//! Fields of zip records: little-endian numbers, extra fields, times.

use super::super::{Modified, ModifiedBasis};

/// Takes fields from the front of some bytes; past their end every number is 0 and every slice empty.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(n).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    fn number(&mut self, n: usize) -> u64 {
        self.bytes(n).iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    pub(super) fn u16(&mut self) -> u16 {
        self.number(2) as u16
    }

    pub(super) fn u32(&mut self) -> u32 {
        self.number(4) as u32
    }

    pub(super) fn u64(&mut self) -> u64 {
        self.number(8)
    }
}

/// What the extra fields of an entry add to it.
#[derive(Default)]
pub(super) struct Extra<'a> {
    /// The values of the zip64 field, which replace those that are all ones.
    pub(super) zip64: Option<Fields<'a>>,
    /// UTC, from the extended timestamp or else the NTFS field.
    pub(super) modified: Option<Modified>,
}

impl<'a> Extra<'a> {
    pub(super) fn read(extra: &'a [u8]) -> Self {
        let mut found = Self::default();
        let mut fields = Fields(extra);
        while fields.0.len() >= 4 {
            let (id, len) = (fields.u16(), fields.u16());
            let mut data = Fields(fields.bytes(len.into()));
            match id {
                0x0001 => found.zip64 = Some(data),
                0x5455 if data.0.len() >= 5 => {
                    let flags = data.bytes(1).first().copied().unwrap_or(0);
                    if flags & 1 != 0 {
                        // A signed number of 32 bits.
                        found.modified = Some(utc(i64::from(data.u32().cast_signed())));
                    }
                }
                0x000a if found.modified.is_none() && data.0.len() >= 32 => {
                    data.bytes(4);
                    let (tag, _) = (data.u16(), data.u16());
                    // Steps of 100 ns since 1601.
                    let seconds = (data.u64() / 10_000_000).cast_signed() - 11_644_473_600;
                    if tag == 1 && seconds > 0 {
                        found.modified = Some(utc(seconds));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// A size or offset of 32 bits, or the 64-bit one that it stands for.
    pub(super) fn wide(&mut self, narrow: u32) -> u64 {
        match &mut self.zip64 {
            Some(fields) if narrow == u32::MAX && fields.0.len() >= 8 => fields.u64(),
            _ => narrow.into(),
        }
    }
}

fn utc(unix_s: i64) -> Modified {
    Modified { unix_s, basis: ModifiedBasis::ZipExtended }
}

/// The time of a DOS stamp; `None` if it is no valid time.
pub(super) fn dos(date: u16, time: u16) -> Option<Modified> {
    let (year, month, day) = (i64::from(date >> 9) + 1980, i64::from(date >> 5 & 15), i64::from(date & 31));
    let (hour, minute, second) = (i64::from(time >> 11), i64::from(time >> 5 & 63), i64::from(time & 31) * 2);
    if !(1..=12).contains(&month) || day == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, with the year beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let unix_s = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Modified { unix_s, basis: ModifiedBasis::ZipDos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dos_stamps() {
        let seconds = |y: u16, mo: u16, d: u16, h: u16, mi: u16, s: u16| {
            dos(((y - 1980) << 9) | (mo << 5) | d, (h << 11) | (mi << 5) | (s / 2)).map(|m| m.unix_s)
        };
        assert_eq!(seconds(1980, 1, 1, 0, 0, 0), Some(315_532_800));
        assert_eq!(seconds(2024, 2, 29, 23, 59, 58), Some(1_709_251_198));
        assert_eq!(seconds(2026, 3, 1, 0, 0, 0), Some(1_772_323_200));
        assert_eq!(dos(0, 0), None);
    }

    #[test]
    fn extra_fields() {
        let mut extra =
            Extra::read(&[0x55, 0x54, 5, 0, 1, 0, 0, 0, 0x80, 1, 0, 8, 0, 7, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(extra.modified.map(|m| m.unix_s), Some(i64::from(i32::MIN)));
        assert_eq!(extra.wide(5), 5);
        assert_eq!(extra.wide(u32::MAX), 7 + (1 << 32));
        assert_eq!(extra.wide(u32::MAX), u64::from(u32::MAX));
        let mut ntfs = vec![0x0a, 0, 32, 0, 0, 0, 0, 0, 1, 0, 24, 0];
        ntfs.extend(((1_700_000_000_i64 + 11_644_473_600) * 10_000_000).to_le_bytes());
        ntfs.extend([0; 16]);
        assert_eq!(Extra::read(&ntfs).modified.map(|m| m.unix_s), Some(1_700_000_000));
        assert!(Extra::read(&[0x55, 0x54, 99, 0, 1]).modified.is_none());
    }
}
