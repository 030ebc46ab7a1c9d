//! Our Markdown as blocks that can be set: headings, paragraphs, lists, tables, code.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;

/// A piece of the page.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    /// A heading, and a bookmark.
    Heading { level: u8, text: Vec<Run> },
    /// Running text.
    Paragraph { text: Vec<Run> },
    /// A list, each item with its own blocks.
    List { ordered: bool, items: Vec<Vec<Block>> },
    /// A table with a head.
    Table { head: Vec<Vec<Run>>, rows: Vec<Vec<Vec<Run>>> },
    /// Lines as they stand.
    Code { text: String },
}

/// Text in one style.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Run {
    text: String,
    strong: bool,
    emphasis: bool,
    code: bool,
}

/// Where text goes that comes next.
#[derive(Default)]
struct Writer {
    /// Open lists: whether ordered, the finished items, the blocks of the open item.
    lists: Vec<(bool, Vec<Vec<Block>>)>,
    /// Blocks of the page, and of each open item.
    open: Vec<Vec<Block>>,
    runs: Vec<Run>,
    strong: bool,
    emphasis: bool,
    code: Option<String>,
    head: Vec<Vec<Run>>,
    rows: Vec<Vec<Vec<Run>>>,
    cells: Vec<Vec<Run>>,
}

/// The blocks of a page of Markdown; every text passes through `spell_out`.
pub(crate) fn blocks(markdown: &str, spell_out: &dyn Fn(&str) -> String) -> Vec<Block> {
    let mut writer = Writer { open: vec![Vec::new()], ..Writer::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        writer.take(event, spell_out);
    }
    writer.open.into_iter().next().unwrap_or_default()
}

impl Writer {
    fn take(&mut self, event: Event<'_>, spell_out: &dyn Fn(&str) -> String) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            // Our Markdown holds no HTML: what would be taken for it is text.
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text(&spell_out(&text), false)
            }
            Event::Code(text) => self.text(&spell_out(&text), true),
            Event::SoftBreak | Event::HardBreak => self.text(" ", false),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, code: bool) {
        match &mut self.code {
            Some(lines) => lines.push_str(text),
            None => self.runs.push(Run {
                text: text.to_owned(),
                strong: self.strong,
                emphasis: self.emphasis,
                code,
            }),
        }
    }

    fn push(&mut self, block: Block) {
        if let Some(blocks) = self.open.last_mut() {
            blocks.push(block);
        }
    }

    /// Text that no paragraph holds, as in the items of a list without blank lines.
    fn flush(&mut self) {
        if !self.runs.is_empty() {
            let text = std::mem::take(&mut self.runs);
            self.push(Block::Paragraph { text });
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.flush();
                self.lists.push((first.is_some(), Vec::new()));
            }
            Tag::Item => self.open.push(Vec::new()),
            Tag::Strong => self.strong = true,
            Tag::Emphasis => self.emphasis = true,
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.flush();
                self.code = Some(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.runs);
                self.push(Block::Heading { level: level as u8, text });
            }
            TagEnd::Strong => self.strong = false,
            TagEnd::Emphasis => self.emphasis = false,
            TagEnd::Item => {
                self.flush();
                let blocks = self.open.pop().unwrap_or_default();
                if let Some((_, items)) = self.lists.last_mut() {
                    items.push(blocks);
                }
            }
            TagEnd::List(_) => {
                if let Some((ordered, items)) = self.lists.pop() {
                    self.push(Block::List { ordered, items });
                }
            }
            TagEnd::CodeBlock => {
                if let Some(text) = self.code.take() {
                    self.push(Block::Code { text: text.trim_end().to_owned() });
                }
            }
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.runs)),
            TagEnd::TableHead => self.head = std::mem::take(&mut self.cells),
            TagEnd::TableRow => self.rows.push(std::mem::take(&mut self.cells)),
            TagEnd::Table => {
                let (head, rows) = (std::mem::take(&mut self.head), std::mem::take(&mut self.rows));
                self.push(Block::Table { head, rows });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        let found = blocks(markdown, &str::to_owned);
        assert_eq!(
            serde_json::to_string(&found)
                .unwrap()
                .replace(",\"strong\":false,\"emphasis\":false,\"code\":false", ""),
            expected
        );
    }

    #[test]
    fn headings_paragraphs_and_code_are_told_apart() {
        check(
            "## Now\n\n*a* **b** `c`\n\n```text\n# not a heading\n```\n",
            r##"[{"kind":"heading","level":2,"text":[{"text":"Now"}]},{"kind":"paragraph","text":[{"text":"a","strong":false,"emphasis":true,"code":false},{"text":" "},{"text":"b","strong":true,"emphasis":false,"code":false},{"text":" "},{"text":"c","strong":false,"emphasis":false,"code":true}]},{"kind":"code","text":"# not a heading"}]"##,
        );
    }

    #[test]
    fn lists_hold_lists() {
        check(
            "- a\n  - b\n- c\n",
            r##"[{"kind":"list","ordered":false,"items":[[{"kind":"paragraph","text":[{"text":"a"}]},{"kind":"list","ordered":false,"items":[[{"kind":"paragraph","text":[{"text":"b"}]}]]}],[{"kind":"paragraph","text":[{"text":"c"}]}]]}]"##,
        );
    }

    #[test]
    fn tables_have_heads_and_rows() {
        check(
            "| a | b |\n| --- | --- |\n| 1 | `x` |\n",
            r##"[{"kind":"table","head":[[{"text":"a"}],[{"text":"b"}]],"rows":[[[{"text":"1"}],[{"text":"x","strong":false,"emphasis":false,"code":true}]]]}]"##,
        );
    }

    #[test]
    fn what_looks_like_html_is_text() {
        check("a <b> c\n", r##"[{"kind":"paragraph","text":[{"text":"a "},{"text":"<b>"},{"text":" c"}]}]"##);
    }
}
