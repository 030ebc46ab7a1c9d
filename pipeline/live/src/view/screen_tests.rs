//! The terminal view on screens of all sizes.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::view::testing::{hostile, kitchen_sink, time};

fn picture(snapshot: &Snapshot, width: u16, height: u16, view: View) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let now = time("2026-04-02T05:53:00Z").0;
    terminal.draw(|frame| draw(frame, snapshot, now, &view)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[track_caller]
fn check(text: &str, needles: &[&str]) {
    for needle in needles {
        assert!(text.contains(needle), "{needle}\n{text}");
    }
}

#[test]
fn a_small_screen_tells_state_countdown_and_alerts() {
    let text = picture(&kitchen_sink(1), 80, 24, View::default());
    check(
        &text,
        &[
            "UCCX license watch 2026-04-02 11:23:00 +05:30",
            "TROUBLE: the store is full",
            "OUT OF COMPLIANCE  uccxpub",
            "  Enforcement in 89 d 23 h, 2026-07-01 10:45:05 +05:30 [derived]",
            "registration not known  authorization out of compliance",
            "Alerts (2)",
            "critical Out of Compliance since 05:30 UTC",
            "trouble the store is full: 0 bytes are free",
            "What to do: Buy what is lacking.",
            "medium uccxsub1 has been silent for 20 minutes",
            "q quit",
        ],
    );
}

#[test]
fn each_list_can_be_chosen_and_scrolled() {
    let snapshot = kitchen_sink(1);
    let of = |tab| picture(&snapshot, 80, 40, View { tab, ..View::default() });
    check(&of(Tab::Events), &["Events (", "uccxpub ooc entered This Product Instance"]);
    check(
        &of(Tab::Checks),
        &["Failed checks (4)", "critical the Product Instance is Out of Compliance", "ooc-now"],
    );
    check(
        &of(Tab::Sources),
        &[
            "Sources (2)",
            "udp 192.0.2.10",
            "silent for 20 minutes",
            "7 missing, 12 over limit",
            "mail (smtp)",
            "dropped by the kernel: 5",
        ],
    );
    let scrolled = picture(&snapshot, 80, 24, View { scroll: 4, ..View::default() });
    assert!(!scrolled.contains("critical Out of Compliance since"), "{scrolled}");
    check(
        &picture(&snapshot, 80, 24, View { scroll: u16::MAX, ..View::default() }),
        &["See whether the node"],
    );
}

#[test]
fn a_large_screen_shows_two_lists() {
    let text = picture(&kitchen_sink(1), 160, 50, View::default());
    check(&text, &["Alerts (2)", "Events ("]);
}

#[test]
fn no_screen_is_too_small() {
    for snapshot in [kitchen_sink(1), hostile()] {
        for width in [1, 2, 3, 4, 5, 8, 13, 20, 21, 80, 139, 140, 300] {
            for height in [1, 2, 3, 4, 5, 6, 7, 8, 12, 25, 60] {
                for tab in Tab::ALL {
                    let view = View { tab, help: height % 2 == 0, scroll: height, color: true, ascii: false };
                    picture(&snapshot, width, height, view);
                }
            }
        }
    }
}

#[test]
fn nothing_from_a_log_reaches_the_terminal_as_a_command() {
    for tab in Tab::ALL {
        let text = picture(&hostile(), 120, 60, View { tab, ascii: true, ..View::default() });
        assert!(text.chars().all(|c| c == '\n' || (c.is_ascii() && !c.is_control())), "{text}");
        let text = picture(&hostile(), 120, 60, View { tab, ..View::default() });
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text}");
    }
}

#[test]
fn a_snapshot_without_anything_says_so() {
    let mut snapshot = kitchen_sink(1);
    let mut report = (*snapshot.report).clone();
    report.product_instances.clear();
    report.events.clear();
    snapshot.report = Arc::new(report);
    snapshot.alerts.clear();
    snapshot.troubles.clear();
    check(
        &picture(&snapshot, 80, 24, View::default()),
        &["No license line of a UCCX system was read yet.", "None."],
    );
}

#[test]
fn without_color_no_cell_has_one() {
    let mut terminal = Terminal::new(TestBackend::new(100, 40)).unwrap();
    let now = time("2026-04-02T05:53:00Z").0;
    for color in [false, true] {
        let view = View { color, ..View::default() };
        terminal.draw(|frame| draw(frame, &kitchen_sink(1), now, &view)).unwrap();
        let buffer = terminal.backend().buffer();
        let colored = buffer.content().iter().filter(|cell| cell.fg != Color::Reset).count();
        assert_eq!(colored > 0, color);
    }
}

#[test]
fn keys_turn_scroll_explain_and_quit() {
    let mut view = View::default();
    let mut press = |code| (view.key(KeyEvent::new(code, KeyModifiers::NONE)), view);
    assert_eq!(press(KeyCode::Down).1.scroll, 1);
    let after = press(KeyCode::Tab).1;
    assert_eq!((after.tab, after.scroll), (Tab::Events, 0));
    assert_eq!(press(KeyCode::Left).1.tab, Tab::Alerts);
    assert_eq!(press(KeyCode::BackTab).1.tab, Tab::Sources);
    assert!(press(KeyCode::Char('?')).1.help);
    assert_eq!(press(KeyCode::Esc).0, Next::Go);
    assert_eq!(press(KeyCode::Esc).0, Next::Quit);
    assert_eq!(press(KeyCode::Char('q')).0, Next::Quit);
    assert_eq!(view.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Next::Quit);
}

#[test]
fn the_last_day_is_counted_to_the_second() {
    let now = time("2026-04-02T05:00:00Z").0;
    assert_eq!(left(time("2026-04-02T05:45:05Z").0, now), "0:45:05");
    assert_eq!(left(time("2026-04-03T04:59:59Z").0, now), "23:59:59");
    assert_eq!(left(time("2026-04-05T07:00:00Z").0, now), "3 d 2 h");
}
