//! Every field of a report, and whether it holds text: the one list that decides.
//!
//! Each struct is taken apart whole, so that a field added later does not compile until it stands here.

use std::collections::BTreeMap;

use crate::report::*;

/// What a string of the report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// Free text of the input: a line, a message, a path inside a source.
    Text,
    /// A sentence of ours, which may hold names but labels none.
    Said,
    /// The name of a node, an instance or a server, as a whole.
    Name,
    /// The path of a source.
    Path,
    /// A hash over bytes of the input.
    Digest,
    /// The value of the parameter of that name.
    Param(&'a str),
}

/// Told of every string but hashes: what it is, in which field.
pub(super) type Reader<'f, 'a> = &'f mut dyn FnMut(Kind<'a>, &'static str, &'a str);
/// Told of everything that may change.
pub(super) type Writer<'f, 'a> = &'f mut Put<'a>;

/// What shall stand in a field.
pub(super) struct Put<'a> {
    /// Told of every string, answers with what shall stand there, or `None` if it stays.
    pub(super) text: &'a mut dyn FnMut(Kind<'_>, &'static str, &str) -> Option<Text>,
    /// The hash that shall stand instead of one.
    pub(super) digest: &'a dyn Fn(Sha256) -> Sha256,
}

/// Something with strings in it.
pub(super) trait Strings {
    /// Shows every string.
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>);
    /// Replaces strings.
    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>);
}

impl Strings for String {
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        to(kind, place, self);
    }

    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        if let Some(text) = (to.text)(kind, place, self) {
            text.clone_into_string(self);
        }
    }
}

trait IntoString {
    fn clone_into_string(&self, to: &mut String);
}

impl IntoString for Text {
    fn clone_into_string(&self, to: &mut String) {
        to.clear();
        to.push_str(self);
    }
}

impl Strings for Text {
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        to(kind, place, self);
    }

    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        if let Some(text) = (to.text)(kind, place, self) {
            *self = text;
        }
    }
}

impl Strings for Sha256 {
    fn read<'a>(&'a self, _: Kind<'a>, _: &'static str, _: Reader<'_, 'a>) {}

    fn write(&mut self, _: Kind<'_>, _: &'static str, to: Writer<'_, '_>) {
        *self = (to.digest)(*self);
    }
}

impl Strings for Params {
    fn read<'a>(&'a self, _: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        for (name, value) in self.iter() {
            to(Kind::Text, place, name);
            if let Some(Param::Text(text)) = value {
                to(Kind::Param(name), place, text);
            }
        }
    }

    fn write(&mut self, _: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        for (name, mut value) in self.take() {
            if let Some(Param::Text(text)) = &mut value {
                text.write(Kind::Param(&name), place, to);
            }
            let mut name = (to.text)(Kind::Text, place, &name).unwrap_or(name);
            // Two names that become one both stay.
            while !self.add(name.clone(), value.clone()) {
                name = format!("{name}'").into();
            }
        }
    }
}

impl<T: Strings> Strings for Option<T> {
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        if let Some(inner) = self {
            inner.read(kind, place, to);
        }
    }

    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        if let Some(inner) = self {
            inner.write(kind, place, to);
        }
    }
}

impl<T: Strings> Strings for Vec<T> {
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        self.iter().for_each(|inner| inner.read(kind, place, to));
    }

    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        self.iter_mut().for_each(|inner| inner.write(kind, place, to));
    }
}

impl Strings for BTreeMap<String, u64> {
    fn read<'a>(&'a self, kind: Kind<'a>, place: &'static str, to: Reader<'_, 'a>) {
        self.keys().for_each(|key| to(kind, place, key));
    }

    fn write(&mut self, kind: Kind<'_>, place: &'static str, to: Writer<'_, '_>) {
        for (mut key, count) in std::mem::take(self) {
            key.write(kind, place, to);
            *self.entry(key).or_default() += count;
        }
    }
}

/// `Struct "place": field Kind, …`; `Keep` is a number, a time or a word of ours, `Inner` a struct of this list.
macro_rules! fields {
    ($($name:ident $at:literal { $($field:ident $kind:ident),+ $(,)? })+) => {
        $(impl Strings for $name {
            fn read<'a>(&'a self, _: Kind<'a>, _: &'static str, to: Reader<'_, 'a>) {
                let Self { $($field),+ } = self;
                $(fields!(@ $kind, $field, read, concat!($at, ".", stringify!($field)), to);)+
            }

            fn write(&mut self, _: Kind<'_>, _: &'static str, to: Writer<'_, '_>) {
                let Self { $($field),+ } = self;
                $(fields!(@ $kind, $field, write, concat!($at, ".", stringify!($field)), to);)+
            }
        })+
    };
    (@ Keep, $field:ident, $call:ident, $place:expr, $to:ident) => { let _ = ($field, &$to); };
    (@ Inner, $field:ident, $call:ident, $place:expr, $to:ident) => { $field.$call(Kind::Text, $place, $to); };
    (@ $kind:ident, $field:ident, $call:ident, $place:expr, $to:ident) => { $field.$call(Kind::$kind, $place, $to); };
}

fields! {
    Report "report" {
        schema_version Keep, tool Keep, as_of Keep, input Inner, product_instances Inner, events Inner, checks Inner,
        causes Inner, suppressions Inner, signatures Inner, redaction Keep,
    }
    Input "input" { sources Inner, members Inner, coverage Inner, incomplete Said }
    Source "sources" { path Path, kind Keep, bytes Keep, sha256 Digest }
    Member "members" {
        source Path, path Text, node Name, format Keep, bytes Keep, lines Keep, records Keep, events Keep, first Keep,
        last Keep, outcome Keep, reason Said, unread_lines Keep, unread Inner, cut_lines Keep,
    }
    Unread "unread" { line Keep, reason Said, text Text }
    Coverage "coverage" {
        from Keep, to Keep, unread_lines Keep, cut_lines Keep, gaps Inner, debug_seen Text, debug_lacking Text,
        logs Inner, clock_steps Inner,
    }
    LogCoverage "logs" {
        product_instance Name, node Name, log Text, files Keep, records Keep, from Keep, to Keep, holes Keep,
        missing Keep, silences Keep, restarts Keep, collect Said,
    }
    ClockStep "clock_steps" {
        node Name, log Text, source Path, member Text, line_before Keep, before Keep, line_after Keep, after Keep,
        back_s Keep,
    }
    Gap "gaps" { node Name, log Text, from Keep, to Keep, kind Keep, missing Keep }
    ProductInstance "product_instances" {
        id Name, nodes Inner, release Inner, deployment Inner, now Inner, history Inner, deadlines Inner, usage Inner,
        countdown Keep, reversible Inner, readings Inner, entitlements_stated Inner, license_type Inner, services Inner,
        contradictions Inner, clocks Inner, time_reference Name,
    }
    Clocks "clocks" {
        node Name, against Name, ahead_s Keep, pairs Keep, spread_s Keep, by Keep, candidates_s Keep, evidence Inner,
    }
    Node "nodes" { name Name, aliases Name, role Keep, time_zone Keep, clock_skew_s Keep, basis Keep }
    Release "release" { version Keep, regime Keep, basis Keep, evidence Inner }
    Deployment "deployment" { transport Keep, url Text, proxy Name }
    Now "now" { registration Inner, authorization Inner, enforcement Inner }
    StateNow "now" { state Keep, since Keep, since_is_first_seen Keep, basis Keep, cause Said, evidence Inner }
    Interval "history" {
        dimension Keep, state Keep, from Keep, until Keep, basis Keep, cause Said, bounds Keep, evidence Inner,
    }
    Deadline "deadlines" {
        kind Keep, earliest Keep, expected Keep, latest Keep, remaining_s Keep, basis Keep, rule Said, evidence Inner,
    }
    Service "services" { node Name, service Text, state Text, at Keep, said_by Keep, evidence Inner }
    Contradiction "contradictions" { says Said, between_nodes Keep, evidence Inner }
    Usage "usage" {
        purchased Keep, peak Keep, locked Keep, deficit Keep, samples Keep, from Keep, to Keep, clock Keep,
        assumed Said, purchases Inner, entitlements Inner, replays Inner, forecasts Inner, views Inner,
    }
    UsageView "views" { interval_s Keep, rows_before Keep, at Keep, columns Inner }
    UsageColumn "views" { entitlement Text, in_use Keep, purchased Keep }
    Purchase "purchases" { entitlement Text, count Keep, since Keep, basis Keep, evidence Inner }
    EntitlementUse "entitlements" {
        entitlement Text, purchased Keep, purchased_basis Keep, peak Keep, peak_at Keep, peak_state Keep, last Keep,
        locked Keep, deficit Keep, evidence Inner,
    }
    Amount "amounts" { entitlement Text, count Keep }
    Replay "replays" {
        regime Keep, reading Keep, count Keep, path Inner, compared Inner, locked Inner, lacking Inner,
    }
    Predicted "predicted" {
        state Keep, earliest Keep, expected Keep, latest Keep, determined Keep, evidence Inner,
    }
    Compared "compared" {
        predicted Keep, logged Keep, difference_s Keep, agrees Keep, comparable Keep, evidence Inner,
    }
    Forecast "forecasts" {
        entitlement Text, purchased Keep, outlook Keep, needed_days Keep, since Keep, earliest Keep, expected Keep,
        latest Keep, per_week Keep, horizon Keep, days Keep, samples Keep, method Said, backtest Keep,
    }
    ReadingFit "readings" { first Keep, entered Keep, elapsed_s Keep, fits Keep, evidence Inner }
    EntitlementStated "entitlements_stated" { entitlement Text, name Text, count Keep, status Text, evidence Inner }
    LicenseType "license_type" { name Text, evidence Inner }
    Reversible "reversible" {
        count Keep, of Keep, counted_by Keep, reading Keep, until Keep, until_latest Keep, remaining_s Keep,
    }
    Event "events" {
        at Keep, at_candidates Keep, basis Keep, product_instance Name, node Name, kind Keep, facility Text,
        severity Keep, mnemonic Text, params Inner, text Text, witnesses Inner, said Inner,
    }
    Evidence "evidence" {
        source Path, member Text, line Keep, offset Keep, length Keep, sha256 Digest, text Text,
    }
    Said "said" { node Name, at Keep, by Keep }
    Check "checks" {
        id Keep, title Keep, product_instance Name, outcome Keep, severity Keep, confidence Keep, says Said,
        remedy Said, collect Said, source Keep, evidence Inner, follows_from Inner, suppressed Inner, disputed Inner,
    }
    Cause "causes" {
        rank Keep, check Keep, product_instance Name, severity Keep, suppressed Keep, explains Inner,
    }
    Explained "explains" { check Keep, how Said, confidence Keep, evidence Inner }
    Follows "follows_from" { check Keep, how Said, confidence Keep }
    Suppressed "suppressed" { reason Said, expires Keep }
    Suppression "suppressions" { check Keep, product_instance Name, reason Said, expires Keep, status Keep }
    Dispute "disputed" { about Keep, says Keep }
    // A user's own catalog may quote what it looks for; its class and name are matched on.
    Signature "signatures" {
        id Said, class Keep, means Said, remedy Said, severity Keep, confidence Keep, status Keep, source Said,
        refines Said, own Keep, events Keep,
    }
}
