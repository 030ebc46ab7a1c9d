//! `utils ntp status`: whether the clock follows a server, the node's zone and its own time.
//!
//! Source: Cisco tech notes 215537 and 215013 (output with both spellings, synchronised and synchronized); the
//! columns of the peer table: ntpq(8), "peers".
//!
//! ```text
//! synchronised to NTP server (192.0.2.123) at stratum 3
//! Current time in UTC is : Fri Sep  6 20:54:50 UTC 2019
//! Current time in America/New_York is : Fri Sep  6 16:54:50 EDT 2019
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while1};
use nom::character::complete::{alpha1, char, digit1, space0, space1};
use nom::combinator::{opt, rest, value, verify};
use nom::{IResult, Parser};

use super::sections::sections;
use super::{Content, DocumentFormat, Passage, service_list};
use crate::event::Says;
use crate::grammar;
use crate::stamp::Stamp;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "utils-ntp-status",
    read,
    samples: &[
        "admin:utils ntp status\nntpd (pid 28435) is running...\n\n     remote           refid      st t when poll reach   delay   offset  jitter\n==============================================================================\n*192.0.2.123     192.0.2.124      2 u   31   64  377    0.431   -1.250    0.050\n\nsynchronised to NTP server (192.0.2.123) at stratum 3\n   time correct to within 32 ms\n   polling server every 64 s\n\nCurrent time in UTC is : Fri Sep  6 20:54:50 UTC 2019\nCurrent time in America/New_York is : Fri Sep  6 16:54:50 EDT 2019\nadmin:\n",
        "ntpd (pid 900) is running...\r\n\r\nunsynchronized\r\n   polling server every 8 s\r\n\r\nCurrent time in UTC is : Thu Apr  2 05:31:10 UTC 2026\r\nCurrent time in Asia/Kolkata is : Thu Apr  2 11:01:10 IST 2026\r\n",
        "Current time in UTC is : Fri Sep 6 20:54:50 UTC 2019\nCurrent time in America/New_York is : Fri Sep 6 16:54:50 EDT 2019\n",
    ],
};

/// What a line holds.
#[derive(Clone, Debug, PartialEq)]
enum Item<'a> {
    /// Whether the clock follows a server, and at which stratum.
    State { synchronised: bool, stratum: Option<u32> },
    /// `time correct to within 32 ms`
    Within(u64),
    /// A row of the table: whether it is the server followed, and its offset in milliseconds.
    Peer { chosen: bool, offset_ms: Option<i64> },
    /// A zone and the node's time in it.
    Time(&'a str, Stamp),
    /// What opens the output.
    Opening,
    /// Headings, intervals.
    Furniture,
}

/// Reads the output; empty if neither its state nor its time stands in the text.
fn read(text: &str) -> Vec<Passage> {
    if !text.contains("Current time in") && !text.contains("ntpd") && !text.contains("utils ntp status") {
        return Vec::new();
    }
    let mut passages: Vec<Passage> = Vec::new();
    let mut says = false;
    for section in sections(text) {
        // The state stands before its accuracy and behind the server's offset.
        let (mut inside, mut state, mut offset) = (false, None::<usize>, None);
        // A prompt belongs to what follows it on its line.
        let mut prompt = Some(section.from).filter(|from| *from < section.start);
        for (start, line) in service_list::lines(section.text) {
            let (start, mut rest) = (section.start + start, line.trim());
            if rest.is_empty() {
                continue;
            }
            let end = start + line.trim_end().len();
            let before = passages.len();
            // A copy of a web page has the whole output on one line.
            while let Ok((behind, item)) = item(rest) {
                let range = prompt.take().unwrap_or(end - rest.len())..end - behind.len();
                rest = behind.trim_start();
                let content = match item {
                    Item::Opening => {
                        (inside, state, offset) = (true, None, None);
                        Content::Known
                    }
                    Item::Time(zone, stamp) => {
                        (inside, says) = (true, true);
                        Content::Says(Says::CurrentTime { zone: zone.into(), stamp })
                    }
                    _ if !inside => continue,
                    Item::State { synchronised, stratum } => {
                        says = true;
                        state = Some(passages.len());
                        Content::Says(Says::Ntp { synchronised, stratum, within_ms: None, offset_ms: offset })
                    }
                    Item::Within(ms) => {
                        let known =
                            state.and_then(|at| passages.get_mut(at)).map(|passage| &mut passage.content);
                        if let Some(Content::Says(Says::Ntp { within_ms, .. })) = known {
                            *within_ms = Some(ms);
                        }
                        Content::Known
                    }
                    Item::Peer { chosen, offset_ms } => {
                        if chosen {
                            offset = offset_ms;
                        }
                        Content::Known
                    }
                    Item::Furniture => Content::Known,
                };
                passages.push(Passage { range, content });
            }
            inside &= passages.len() > before;
            prompt = None;
        }
        if let Some(range) = section.closing.filter(|_| inside) {
            passages.push(Passage { range, content: Content::Known });
        }
    }
    if says { passages } else { Vec::new() }
}

/// `item = opening / time / state / within / furniture / peer`
fn item(i: &str) -> IResult<&str, Item<'_>> {
    alt((opening, time, state, within, furniture, peer)).parse(i)
}

/// `opening = "utils ntp status" / "ntpd" SP "(pid" SP number ")" ["is running" …]`
fn opening(i: &str) -> IResult<&str, Item<'_>> {
    let command = tag_no_case("utils ntp status").map(|_| ());
    let running = (space1, tag("is"), space1, alpha1, opt(tag("...")));
    let daemon = (tag("ntpd"), space1, tag("(pid"), space0, digit1, char(')'), opt(running)).map(|_| ());
    value(Item::Opening, alt((command, daemon))).parse(i)
}

/// `time = "Current time in" SP zone SP "is" *SP ":" *SP java-date`
fn time(i: &str) -> IResult<&str, Item<'_>> {
    let (i, _) = (tag_no_case("Current time in"), space1).parse(i)?;
    let (i, zone) = zone_id(i)?;
    let (i, _) = (space1, tag_no_case("is"), space0, char(':'), space0).parse(i)?;
    let (i, stamp) = grammar::java_date(i)?;
    Ok((i, Item::Time(zone, stamp)))
}

/// `zone-id = 1*40(ALPHA / DIGIT / "/" / "_" / "-" / "+")`, as in `America/Argentina/Buenos_Aires`.
pub(super) fn zone_id(i: &str) -> IResult<&str, &str> {
    let word = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    verify(word, |word: &str| word.len() <= 40 && word.starts_with(|c: char| c.is_ascii_alphabetic()))
        .parse(i)
}

/// `state = "unsynchroni" ("s" / "z") "ed" / "synchroni" ("s" / "z") "ed to" … ["at stratum" SP number]`
fn state(i: &str) -> IResult<&str, Item<'_>> {
    let word =
        |i| (tag_no_case("synchroni"), alt((tag_no_case("s"), tag_no_case("z"))), tag_no_case("ed")).parse(i);
    let (i, no) = opt(tag_no_case("un")).parse(i)?;
    let (i, _) = word(i)?;
    if no.is_some() {
        let (i, _) = opt((space0, char(','), space0, tag_no_case("time server re-starting"))).parse(i)?;
        return Ok((i, Item::State { synchronised: false, stratum: None }));
    }
    let (i, _) = (space1, tag_no_case("to")).parse(i)?;
    // The server's name is a few words at most.
    let window = grammar::floor_char_boundary(i, 200);
    let stratum = window.split_once("at stratum").and_then(|(server, _)| i.get(server.len()..));
    let stratum = stratum.and_then(|i| (tag("at stratum"), space1, grammar::number).parse(i).ok());
    match stratum {
        Some((i, (_, _, number))) => {
            Ok((i, Item::State { synchronised: true, stratum: u32::try_from(number).ok() }))
        }
        // Without a stratum the line ends behind the server.
        None => Ok(("", Item::State { synchronised: true, stratum: None })),
    }
}

/// `within = "time correct to within" SP number SP "ms"`
fn within(i: &str) -> IResult<&str, Item<'_>> {
    let (i, _) = (tag_no_case("time correct to within"), space1).parse(i)?;
    let (i, (ms, _, _)) = (grammar::number, space0, tag("ms")).parse(i)?;
    Ok((i, Item::Within(ms)))
}

/// Headings, separators, intervals.
fn furniture(i: &str) -> IResult<&str, Item<'_>> {
    const COLUMNS: [&str; 10] =
        ["remote", "refid", "st", "t", "when", "poll", "reach", "delay", "offset", "jitter"];
    let columns = words(i);
    if columns.iter().eq(COLUMNS.iter()) {
        return Ok((behind_words(i, &columns), Item::Furniture));
    }
    let line = verify(take_while1(|c| c == '='), |text: &str| text.len() >= 8).map(|_| ());
    let interval = (space1, digit1, space1, char('s')).map(|_| ());
    let polling = (tag_no_case("polling server every"), alt((interval, rest.map(|_| ())))).map(|_| ());
    let restarting = tag_no_case("time server re-starting").map(|_| ());
    value(Item::Furniture, alt((line, polling, restarting))).parse(i)
}

/// The first ten words of a text.
fn words(i: &str) -> Vec<&str> {
    i.split_whitespace().take(10).collect()
}

/// What stands behind words that a text begins with.
fn behind_words<'a>(i: &'a str, words: &[&str]) -> &'a str {
    words.iter().fold(i, |rest, word| rest.trim_start().strip_prefix(word).unwrap_or(rest))
}

/// `peer = [tally] remote refid st t when poll reach delay offset jitter`, as ntpq prints it.
fn peer(i: &str) -> IResult<&str, Item<'_>> {
    let fail = nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Verify));
    let columns = words(i);
    let [_, _, stratum, kind, _, _, reach, delay, offset, jitter] = columns.as_slice() else {
        return Err(fail);
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let digits = |text: &str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(stratum)
        || !digits(reach)
        || kind.len() != 1
        || number(delay).is_none()
        || number(jitter).is_none()
    {
        return Err(fail);
    }
    // A float of this size is whole milliseconds to the digit; `as` saturates.
    let offset_ms = number(offset).map(|ms| ms.round() as i64);
    Ok((behind_words(i, &columns), Item::Peer { chosen: i.starts_with('*'), offset_ms }))
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat};
    use super::*;

    fn says(text: &str) -> Vec<Says> {
        let passages = read(text).into_iter();
        passages
            .filter_map(|it| if let Content::Says(says) = it.content { Some(says) } else { None })
            .collect()
    }

    fn zones(text: &str) -> Vec<String> {
        let said = says(text).into_iter();
        said.filter_map(
            |it| if let Says::CurrentTime { zone, .. } = it { Some(zone.to_string()) } else { None },
        )
        .collect()
    }

    #[test]
    fn a_synchronised_clock_states_stratum_accuracy_and_offset() {
        let expected =
            Says::Ntp { synchronised: true, stratum: Some(3), within_ms: Some(32), offset_ms: Some(-1) };
        assert_eq!(says(FORMAT.samples[0])[0], expected);
    }

    #[test]
    fn both_spellings_are_read() {
        let expected = Says::Ntp { synchronised: false, stratum: None, within_ms: None, offset_ms: None };
        assert_eq!(says(FORMAT.samples[1])[0], expected);
        assert_eq!(says(&FORMAT.samples[1].replace("zed", "sed"))[0], expected);
        assert_eq!(says(&FORMAT.samples[0].replace("sed", "zed")).len(), 3);
    }

    #[test]
    fn the_zone_and_the_time_in_it_are_stated() {
        for text in FORMAT.samples {
            assert_eq!(zones(text)[0], "UTC");
            assert!(["America/New_York", "Asia/Kolkata"].contains(&zones(text)[1].as_str()));
        }
    }

    #[test]
    fn words_of_other_programs_say_nothing() {
        for text in [
            "unsynchronised\n",
            "ntpd started\nunsynchronised\n",
            "Current time in Berlin is late\n",
            "Current time in UTC is : soon",
            "ntpd (pid 7) is running...\n",
            "7: Apr 02 10:30:05.123 IST %MCVD-CVD-7-UNK:x\nCurrent time in UTC is : Fri Sep 6 20:54:50 UTC 2019",
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_output_flattened_to_one_line_says_the_same() {
        for text in FORMAT.samples {
            assert_eq!(says(&flat(text)), says(text), "{text}");
            check_broken(&FORMAT, &flat(text));
        }
        let both = flat(&format!("{}{}", FORMAT.samples[0], FORMAT.samples[1]));
        assert_eq!(says(&both), [says(FORMAT.samples[0]), says(FORMAT.samples[1])].concat());
    }

    #[test]
    fn a_clock_without_a_server_may_say_that_it_starts() {
        let text = "ntpd (pid 7) is running...\nunsynchronised\n  time server re-starting\n   polling server every 64 s\n";
        let expected = Says::Ntp { synchronised: false, stratum: None, within_ms: None, offset_ms: None };
        assert_eq!(says(text), std::slice::from_ref(&expected));
        assert_eq!(says(&flat(text)), [expected]);
        check_covered(&FORMAT, text);
    }

    #[test]
    fn every_line_of_the_output_is_covered() {
        for text in FORMAT.samples {
            let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
            assert_eq!(read(text).len(), lines, "{text}");
        }
    }
}
