//! Files that hold what a run must give.

use std::fmt::Write as _;
use std::path::Path;

/// Compares `actual` with the file, or writes the file where `UPDATE_EXPECT=1`. A missing file counts as empty, so a
/// new sample fails by printing its result. Adds the difference to `wrong`.
pub(crate) fn expect_file(path: &Path, actual: &str, wrong: &mut Vec<String>) {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
        return;
    }
    let shown = path.strip_prefix(super::root()).unwrap_or(path);
    wrong.push(format!(
        "{} (UPDATE_EXPECT=1 rewrites it)\n{}",
        shown.display(),
        difference(&expected, actual)
    ));
}

/// Lines that go (`-`) and come (`+`), with one line of context.
pub(crate) fn difference(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if a.len() * b.len() > 4_000_000 {
        let at = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
        return format!("  first difference in line {}: {:?} / {:?}\n", at + 1, a.get(at), b.get(at));
    }
    // Length of the longest common subsequence of the tails.
    let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] =
                if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let mut lines: Vec<(char, &str)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push((' ', a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || i < a.len() && common[i + 1][j] >= common[i][j + 1] {
            lines.push(('-', a[i]));
            i += 1;
        } else {
            lines.push(('+', b[j]));
            j += 1;
        }
    }
    let mut out = String::new();
    for (at, (mark, line)) in lines.iter().enumerate() {
        let near = lines[at.saturating_sub(1)..(at + 2).min(lines.len())].iter().any(|line| line.0 != ' ');
        if near {
            let _ = writeln!(out, "  {mark} {line}");
        }
    }
    out
}

/// Rows as aligned columns, two blanks between them, no blank at the end of a line.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[test]
fn a_difference_names_what_goes_and_what_comes() {
    assert_eq!(difference("a\nb\nc\nd\n", "a\nc\nx\nd\n"), "    a\n  - b\n    c\n  + x\n    d\n");
    assert_eq!(difference("", "a\n"), "  + a\n");
}

#[test]
fn a_table_is_aligned_and_has_no_blanks_at_its_ends() {
    let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), String::new()]];
    assert_eq!(table(&rows), "a    bb\nccc\n");
}
