//! The terminal view: state, countdown, alerts, events and sources, as large as the terminal allows.
//!
//! [`draw`] is pure: a snapshot, the time and what the reader chose make one picture. [`run`] owns the terminal while
//! it shows pictures, and gives it back however it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parsers::stamp::Instant;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph};
use reports::escape::{SHOWN_MAX, ascii, cut, terminal};
use reports::report::{ProductInstance, Severity};
use reports::time::{Time, Zone, spell};
use reports::words::{deadline_kind, headline, mood, nodes, shared_zone, standing, state, zone};
use tokio::sync::watch;

use super::parts::{by_need, bytes, failed, first_line, last_events};
use super::wrap::wrapped;
use crate::clock::Clock;
use crate::status::Snapshot;

/// Most rows of one list: enough to scroll through, bounded whatever a sender sends.
const ROWS_MAX: usize = 500;
/// Time between two pictures when nothing happens: the countdown shows seconds.
const FRAME: Duration = Duration::from_millis(250);

/// The lists that a reader can choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Alerts that are raised.
    #[default]
    Alerts,
    /// The last events, newest first.
    Events,
    /// Checks that failed.
    Checks,
    /// Files, senders, sockets and sinks.
    Sources,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Alerts, Self::Events, Self::Checks, Self::Sources];

    fn name(self) -> &'static str {
        match self {
            Self::Alerts => "Alerts",
            Self::Events => "Events",
            Self::Checks => "Failed checks",
            Self::Sources => "Sources",
        }
    }

    fn turned(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// What the reader chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The list that is shown.
    pub tab: Tab,
    /// Lines of it that are scrolled away.
    pub scroll: u16,
    /// Whether the keys are explained.
    pub help: bool,
    /// Whether colors may be used; attributes such as bold are used anyway.
    pub color: bool,
    /// Whether only ASCII may be written.
    pub ascii: bool,
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Draw again.
    Go,
    /// Leave.
    Quit,
}

impl View {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Next {
        if key.kind == KeyEventKind::Release {
            return Next::Go;
        }
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if with_control => return Next::Quit,
            KeyCode::Esc if self.help => self.help = false,
            KeyCode::Char('q') | KeyCode::Esc => return Next::Quit,
            KeyCode::Char('?' | 'h') => self.help = !self.help,
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(Tab::ALL.len() - 1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll = self.scroll.saturating_add(10),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Home => self.scroll = 0,
            _ => {}
        }
        Next::Go
    }

    fn turn(&mut self, by: usize) {
        self.tab = self.tab.turned(by);
        self.scroll = 0;
    }

    fn text(&self, text: &str) -> String {
        let text = cut(text, SHOWN_MAX);
        if self.ascii { ascii(&text).into_owned() } else { terminal(&text).into_owned() }
    }

    fn of(&self, mood: &str) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        match mood {
            _ if !self.color => style,
            "good" => style.fg(Color::Green),
            "warn" => style.fg(Color::Yellow),
            "bad" => style.fg(Color::Red),
            _ => style,
        }
    }

    fn severity(&self, severity: Option<Severity>) -> Style {
        self.of(match severity {
            Some(Severity::Critical | Severity::High) => "bad",
            Some(Severity::Medium) => "warn",
            _ => "plain",
        })
    }

    fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn block(&self, title: String) -> Block<'static> {
        const PLAIN: border::Set<'_> = border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        };
        Block::bordered().border_set(if self.ascii { PLAIN } else { border::ROUNDED }).title(title)
    }
}

/// Draws `snapshot` as it stands at `now`, by the clock of the watch.
pub fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot, now: Instant, view: &View) {
    let area = frame.area();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let (state_lines, _) = wrapped(states(snapshot, now, view, area.width), area.width.saturating_sub(2));
    // The states come first; the list gets what is left, and half of a small screen.
    let wanted = u16::try_from(state_lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let most = area.height.saturating_sub(2).saturating_mul(3) / 5;
    let bars = u16::from(area.height > 6);
    let [top, state, list, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(wanted.min(most)),
        Constraint::Min(0),
        Constraint::Length(bars),
    ])
    .areas(area);
    frame.render_widget(head(snapshot, now, view), top);
    let hidden = usize::from(wanted.saturating_sub(state.height));
    let title = if hidden > 0 { format!(" Now ({hidden} more lines) ") } else { " Now ".to_owned() };
    frame.render_widget(Paragraph::new(state_lines).block(view.block(title)), state);
    lists(frame, snapshot, view, list);
    frame.render_widget(Line::styled(" q quit  tab next list  up/down scroll  ? keys", view.dim()), bottom);
    if view.help {
        help(frame, view);
    }
}

fn head(snapshot: &Snapshot, now: Instant, view: &View) -> Line<'static> {
    let zone = shared_zone(&snapshot.report);
    let mut spans = vec![
        Span::styled(" UCCX license watch ", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(zone.show(now)),
    ];
    if snapshot.replay {
        spans.push(Span::styled("  REPLAY", view.of("warn")));
    }
    if let Some(first) = snapshot.troubles.first() {
        let more = snapshot.troubles.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        spans.push(Span::styled(format!("  TROUBLE: {}{more}", view.text(first)), view.of("bad")));
    }
    Line::from(spans)
}

/// Two lines or more for each Product Instance: its headline, its next deadline, its states.
fn states(snapshot: &Snapshot, now: Instant, view: &View, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for instance in snapshot.report.product_instances.iter().take(ROWS_MAX) {
        let (head, of) = headline(instance);
        lines.push(Line::from(vec![
            Span::styled(view.text(&head), view.of(mood(of))),
            Span::styled(format!("  {}", view.text(&nodes(instance))), view.dim()),
        ]));
        lines.push(Line::raw(format!("  {}", view.text(&standing(&snapshot.report, instance, of)))));
        lines.push(countdown(instance, now, view));
        lines.extend(dimensions(instance, view, width));
    }
    if lines.is_empty() {
        lines.push(Line::raw("No license line of a UCCX system was read yet."));
    }
    lines
}

fn countdown(instance: &ProductInstance, now: Instant, view: &View) -> Line<'static> {
    let ahead = instance.deadlines.iter().find(|deadline| deadline.expected.0 > now);
    let Some(deadline) = ahead.or(instance.deadlines.last()) else {
        return Line::styled("  No deadline follows from the lines.", view.dim());
    };
    let Time(at) = deadline.expected;
    let kind = view.text(&deadline_kind(&deadline.kind));
    let when = zone(instance).show(at);
    if at <= now {
        let passed = format!("  {kind}: passed {} ago, {when} [{}]", spell(now - at), deadline.basis.name());
        return Line::styled(passed, view.of("bad"));
    }
    Line::from(vec![
        Span::raw(format!("  {kind} in ")),
        Span::styled(left(at, now), view.of(if (at - now).num_hours() < 24 { "bad" } else { "warn" })),
        Span::raw(format!(", {when} [{}]", deadline.basis.name())),
    ])
}

/// How long until `at`, to the second within the last day.
fn left(at: Instant, now: Instant) -> String {
    let s = (at - now).num_seconds().max(0);
    if s >= 86_400 {
        return spell(at - now);
    }
    format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

/// The three states, on one line where they fit.
fn dimensions(instance: &ProductInstance, view: &View, width: u16) -> Vec<Line<'static>> {
    let parts = [
        ("registration", &instance.now.registration),
        ("authorization", &instance.now.authorization),
        ("enforcement", &instance.now.enforcement),
    ];
    let shown = parts.map(|(name, now)| (name, view.text(&state(&now.state)), view.of(mood(now))));
    let spans = |before: &'static str, (name, state, style): &(&'static str, String, Style)| {
        [Span::raw(before), Span::styled(format!("{name} "), view.dim()), Span::styled(state.clone(), *style)]
    };
    // Two blanks between them, and the frame.
    let chars: usize = shown.iter().map(|(name, state, _)| name.len() + state.chars().count() + 3).sum();
    if chars <= usize::from(width) {
        let line: Vec<Span<'_>> = shown
            .iter()
            .enumerate()
            .flat_map(|(at, part)| spans(if at > 0 { "  " } else { "" }, part))
            .collect();
        return vec![Line::from(line)];
    }
    shown.iter().map(|part| Line::from(spans("  ", part).to_vec())).collect()
}

/// The chosen list; on a large screen alerts and events stand side by side with it.
fn lists(frame: &mut Frame<'_>, snapshot: &Snapshot, view: &View, area: Rect) {
    if area.width >= 140 && area.height >= 12 {
        let [one, two] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area);
        // What is chosen stands left and scrolls; beside it what is most looked for.
        let beside = if view.tab == Tab::Events { Tab::Alerts } else { Tab::Events };
        list(frame, snapshot, view, one);
        list(frame, snapshot, &View { tab: beside, scroll: 0, ..*view }, two);
    } else {
        list(frame, snapshot, view, area);
    }
}

fn list(frame: &mut Frame<'_>, snapshot: &Snapshot, view: &View, area: Rect) {
    let zone = shared_zone(&snapshot.report);
    let lines = match view.tab {
        Tab::Alerts => alerts(snapshot, zone, view),
        Tab::Events => events(snapshot, zone, view),
        Tab::Checks => checks(snapshot, view),
        Tab::Sources => sources(snapshot, zone, view),
    };
    let n = match view.tab {
        Tab::Alerts => snapshot.alerts.len(),
        Tab::Events => snapshot.report.events.len(),
        Tab::Checks => failed(snapshot).len(),
        Tab::Sources => snapshot.sources.len(),
    };
    let lines = if lines.is_empty() { vec![Line::styled("None.", view.dim())] } else { lines };
    let (lines, last) = wrapped(lines, area.width.saturating_sub(2));
    // The last line stays in sight however far a reader scrolls.
    let last = u16::try_from(last).unwrap_or(u16::MAX);
    let text = Paragraph::new(Text::from(lines)).scroll((view.scroll.min(last), 0));
    frame.render_widget(text.block(view.block(format!(" {} ({n}) ", view.tab.name()))), area);
}

fn at(at: Option<Time>, zone: Zone) -> String {
    at.map_or("not known".to_owned(), |Time(at)| zone.show(at))
}

fn alerts(snapshot: &Snapshot, zone: Zone, view: &View) -> Vec<Line<'static>> {
    // The top line has room for the beginning of one trouble only.
    let troubles = snapshot.troubles.iter().take(ROWS_MAX);
    let mut lines: Vec<Line<'static>> =
        troubles.map(|says| Line::styled(format!("trouble {}", view.text(says)), view.of("bad"))).collect();
    for alert in snapshot.alerts.iter().take(ROWS_MAX) {
        let about = alert.node.as_deref().or(alert.product_instance.as_deref()).unwrap_or("the watch itself");
        lines.push(Line::from(vec![
            Span::styled(format!("{} ", alert.severity.name()), view.severity(Some(alert.severity))),
            Span::styled(view.text(&alert.title), Style::new().add_modifier(Modifier::BOLD)),
            Span::styled(format!("  {}, since {}", view.text(about), at(alert.since, zone)), view.dim()),
        ]));
        if !alert.says.is_empty() {
            lines.push(Line::raw(format!("  {}", view.text(&alert.says))));
        }
        if !alert.remedy.is_empty() {
            lines.push(Line::raw(format!("  What to do: {}", view.text(&alert.remedy))));
        }
    }
    lines
}

fn events(snapshot: &Snapshot, zone: Zone, view: &View) -> Vec<Line<'static>> {
    let shown = last_events(snapshot).take(ROWS_MAX).map(|event| {
        Line::from(vec![
            Span::styled(format!("{} ", at(event.at, zone)), view.dim()),
            Span::styled(format!("{} ", view.text(event.node.as_deref().unwrap_or("-"))), view.dim()),
            Span::styled(
                format!("{} ", view.text(&event.kind.replace('_', " "))),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Span::raw(view.text(&first_line(&event.text))),
        ])
    });
    shown.collect()
}

fn checks(snapshot: &Snapshot, view: &View) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for check in failed(snapshot).into_iter().take(ROWS_MAX) {
        let word = check.severity.map_or("", Severity::name);
        lines.push(Line::from(vec![
            Span::styled(format!("{word} "), view.severity(check.severity)),
            Span::raw(view.text(&check.says)),
            Span::styled(format!("  {}", view.text(&check.id)), view.dim()),
        ]));
        if let Some(remedy) = &check.remedy {
            lines.push(Line::raw(format!("  What to do: {}", view.text(remedy))));
        }
    }
    lines
}

fn sources(snapshot: &Snapshot, zone: Zone, view: &View) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for source in by_need(snapshot).into_iter().take(ROWS_MAX) {
        let bad = source.trouble.is_some() || source.missing > 0 || source.over_limit > 0;
        lines.push(Line::from(vec![
            Span::styled(view.text(&source.name), if bad { view.of("warn") } else { Style::new() }),
            Span::styled(format!("  last {}", at(source.last_bytes, zone)), view.dim()),
        ]));
        let mut counts = format!(
            "  {}, {} records, {} events, {} unread lines, {} missing, {} over limit",
            bytes(source.bytes),
            source.records,
            source.events,
            source.unread_lines,
            source.missing,
            source.over_limit
        );
        if let Some(behind) = source.behind_bytes {
            counts.push_str(&format!(", {} behind", bytes(behind)));
        }
        lines.push(Line::raw(counts));
        if let Some(says) = &source.trouble {
            lines.push(Line::styled(format!("  {}", view.text(says)), view.of("bad")));
        }
    }
    for (name, socket) in snapshot.listening.sockets.iter().take(ROWS_MAX) {
        let drops = socket.kernel_drops.map_or("not known".to_owned(), |n| n.to_string());
        let refused: u64 = socket.refused.values().fold(0, |sum, n| sum.saturating_add(*n));
        lines.push(Line::raw(format!(
            "{}  {} messages, dropped by the kernel: {drops}, {} connections, {refused} refused",
            view.text(name),
            socket.messages,
            socket.connections
        )));
    }
    for sink in snapshot.sinks.iter().take(ROWS_MAX) {
        lines.push(Line::styled(
            format!(
                "{} ({})  {} delivered, {} failed, {} given up, {} waiting{}",
                view.text(&sink.name),
                view.text(&sink.kind),
                sink.delivered,
                sink.failed,
                sink.dead,
                sink.waiting,
                sink.trouble.as_ref().map_or(String::new(), |says| format!(": {}", view.text(says)))
            ),
            if sink.dead > 0 || sink.trouble.is_some() { view.of("warn") } else { Style::new() },
        ));
    }
    lines
}

fn help(frame: &mut Frame<'_>, view: &View) {
    let lines = [
        "q, Esc, Ctrl-C   quit",
        "Tab, right       next list",
        "Shift-Tab, left  list before",
        "up, down, j, k   scroll",
        "PgUp, PgDn, Home scroll faster, to the top",
        "?                these keys",
    ];
    let area = frame.area();
    let (width, height) = (area.width.min(48), area.height.min(8));
    let inner = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    frame.render_widget(Clear, inner);
    frame.render_widget(
        Paragraph::new(lines.map(Line::raw).to_vec()).block(view.block(" Keys ".to_owned())),
        inner,
    );
}

/// Shows what `snapshots` holds until the reader leaves or the watch ends. Gives the terminal back in every case, a
/// panic included.
pub fn run(mut snapshots: watch::Receiver<Arc<Snapshot>>, clock: &Clock, view: View) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut snapshots, clock, view);
    ratatui::try_restore()?;
    shown
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    snapshots: &mut watch::Receiver<Arc<Snapshot>>,
    clock: &Clock,
    mut view: View,
) -> io::Result<()> {
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        terminal.draw(|frame| draw(frame, &snapshot, clock.now(), &view))?;
        // The size of the terminal is asked for with every picture, so that a resize needs nothing more.
        if event::poll(FRAME)?
            && let Input::Key(key) = event::read()?
            && view.key(key) == Next::Quit
        {
            return Ok(());
        }
        if snapshots.has_changed().is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
