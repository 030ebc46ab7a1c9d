//! A workbook is a container: its sheets and the strings that they share are members of their own. Here they meet.

use parsers::usage::{Strings, read_sheet};

use crate::analysis::Input;

/// The strings' place in a workbook, and the folder of its sheets.
const STRINGS: &str = "xl/sharedStrings.xml";
const SHEETS: &str = "xl/worksheets/";

/// Turns the sheets of each workbook that hold usage into tables of usage. A sheet of anything else is left as it is.
pub(crate) fn join(inputs: &mut [Input]) {
    if !inputs.iter().any(|input| input.read.sheet.is_some()) {
        return;
    }
    let mut strings: Vec<(usize, String, Strings)> = Vec::new();
    for input in inputs.iter_mut() {
        let Some(workbook) = input.path.as_deref().and_then(|path| path.strip_suffix(STRINGS)) else {
            continue;
        };
        let workbook = workbook.to_owned();
        strings.extend(input.read.strings.take().map(|of| (input.source, workbook, of)));
    }
    for input in inputs.iter_mut() {
        let Some(sheet) = input.read.sheet.take() else { continue };
        let path = input.path.as_deref().unwrap_or_default();
        let workbook = path.rfind(SHEETS).and_then(|at| path.get(..at));
        let own =
            strings.iter().find(|(source, of, _)| *source == input.source && Some(of.as_str()) == workbook);
        let read = read_sheet(&sheet, own.map(|(_, _, strings)| strings), input.expect_usage);
        if let Some(table) = read.tables.first() {
            input.read.format = Some(table.kind.name());
        }
        input.read.n_unread += read.n_unread;
        input.read.unread.extend(read.unread);
        input.read.usage_assumed = input.read.usage_assumed.or(read.assumed);
        input.read.usage.extend(read.tables);
    }
}
