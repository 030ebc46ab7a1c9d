//! Long lines on a screen: cut at blanks, and what goes on is indented.

use ratatui::text::{Line, Span};

/// Indent of what goes on of a line that has none.
const INDENT: usize = 2;

/// Lines that fit, and the place among them where the last of the given ones begins.
pub(super) fn wrapped(lines: Vec<Line<'static>>, width: u16) -> (Vec<Line<'static>>, usize) {
    let width = usize::from(width).max(1);
    let (mut out, mut last) = (Vec::with_capacity(lines.len()), 0);
    for line in lines {
        last = out.len();
        if line.width() <= width {
            out.push(line);
        } else {
            wrap(&line, width, &mut out);
        }
    }
    (out, last)
}

/// What is written of a line that is too long.
struct Rows<'a> {
    out: &'a mut Vec<Line<'static>>,
    now: Vec<Span<'static>>,
    used: usize,
    /// Nothing but blanks stands in the row yet.
    begins: bool,
    indent: usize,
}

impl Rows<'_> {
    fn next(&mut self, of: &Line<'_>) {
        self.out.push(Line::from(std::mem::take(&mut self.now)).style(of.style));
        self.now.push(Span::raw(" ".repeat(self.indent)));
        (self.used, self.begins) = (self.indent, true);
    }
}

fn wrap(line: &Line<'static>, width: usize, out: &mut Vec<Line<'static>>) {
    let text = line.to_string();
    let own = text.len() - text.trim_start_matches(' ').len();
    let indent = if own == 0 { INDENT } else { own };
    // On a very narrow screen there is no room for it.
    let indent = if indent * 2 > width { 0 } else { indent };
    let first = out.len();
    let mut rows = Rows { out, now: Vec::new(), used: 0, begins: true, indent };
    for span in &line.spans {
        for word in span.content.split_inclusive(' ') {
            let visible = Span::raw(word.trim_end_matches(' ')).width();
            if rows.used + visible > width && !rows.begins {
                rows.next(line);
            }
            if visible == 0 && rows.begins && rows.out.len() > first {
                continue;
            }
            let mut piece = String::new();
            for c in word.chars() {
                let wide = Span::raw(c.to_string()).width();
                // A word that is longer than a row is cut; a blank behind a full row is none.
                if rows.used + wide > width && c != ' ' {
                    rows.now.push(Span::styled(std::mem::take(&mut piece), span.style));
                    rows.next(line);
                }
                piece.push(c);
                rows.used += wide;
            }
            rows.begins &= visible == 0;
            rows.now.push(Span::styled(piece, span.style));
        }
    }
    rows.out.push(Line::from(rows.now).style(line.style));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: Line<'static>, width: u16, expected: &[&str]) {
        let (rows, _) = wrapped(vec![line], width);
        let rows: Vec<String> = rows.iter().map(|row| row.to_string().trim_end().to_owned()).collect();
        assert_eq!(rows, expected);
        assert!(rows.iter().all(|row| Span::raw(row.as_str()).width() <= usize::from(width)));
    }

    #[test]
    fn what_goes_on_is_indented_as_its_line_is() {
        check(
            Line::raw("  What to do: Buy what is lacking."),
            20,
            &["  What to do: Buy", "  what is lacking."],
        );
        check(Line::raw("critical Out of Compliance"), 16, &["critical Out of", "  Compliance"]);
        check(Line::raw("short"), 16, &["short"]);
        let spans = vec![Span::raw("high "), Span::raw("Title of it"), Span::raw("  node, since then")];
        check(Line::from(spans), 18, &["high Title of it", "  node, since then"]);
    }

    #[test]
    fn a_word_that_is_longer_than_a_row_is_cut() {
        check(Line::raw("ab 0123456789abc"), 6, &["ab", "  0123", "  4567", "  89ab", "  c"]);
        check(Line::raw("0123456789"), 3, &["012", "345", "678", "9"]);
    }

    #[test]
    fn the_last_line_is_found_among_the_rows() {
        let lines = vec![Line::raw("a b c d e f"), Line::raw("g h i j k l")];
        let (rows, last) = wrapped(lines, 6);
        assert_eq!((rows[last].to_string().trim_end(), rows.len()), ("g h i", last * 2));
    }
}
