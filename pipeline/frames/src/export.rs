//! Tables as files for other programs: Parquet and CSV, as bytes.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::SecondsFormat;
use csv_core::{Terminator, WriteResult, WriterBuilder};
use polars::functions::concat_df_diagonal;
use polars::prelude::{
    AnyValue, BooleanChunked, Column, DataFrame, DataType, Int64Chunked, KeyValueMetadata,
    ParquetCompression, ParquetWriter, PolarsError, Scalar, StringChunked, TimeUnit, UInt32Chunked,
    UInt64Chunked,
};

use crate::Error;
use crate::columns::instant;
use crate::schema::{AT, SCHEMA_VERSION, TABLE, Table};

/// Key in a Parquet file's metadata that holds the table's name.
pub const TABLE_KEY: &str = "uccxray.table";

/// Key in a Parquet file's metadata that holds [`SCHEMA_VERSION`].
pub const SCHEMA_VERSION_KEY: &str = "uccxray.schema_version";

/// All tables as one: their rows one below the other, the table's name in the first column, and a column for each
/// that any of them has; null where a row's table has it not.
pub fn all(tables: &[(Table, DataFrame)]) -> Result<DataFrame, Error> {
    let mut named = Vec::with_capacity(tables.len());
    for (table, frame) in tables {
        let name = Scalar::new(DataType::String, AnyValue::StringOwned(table.name.into()));
        let mut frame = frame.clone();
        frame.insert_column(0, Column::new_scalar(TABLE.into(), name, frame.height()))?;
        named.push(frame);
    }
    Ok(concat_df_diagonal(&named)?)
}

/// The table with every text replaced by what `f` makes of it, given the name of its column.
pub fn map_texts(frame: &DataFrame, f: &dyn Fn(&str, &str) -> String) -> Result<DataFrame, Error> {
    let columns = frame.columns().iter().map(|column| {
        let Ok(texts) = column.str() else { return Ok(column.clone()) };
        let name = column.name().clone();
        let mut known: HashMap<&str, String> = HashMap::new();
        let mapped: Vec<Option<String>> = texts
            .iter()
            .map(|text| Some(known.entry(text?).or_insert_with_key(|text| f(&name, text)).clone()))
            .collect();
        Ok(Column::new(name, mapped))
    });
    let columns = columns.collect::<Result<Vec<Column>, Error>>()?;
    Ok(DataFrame::new(frame.height(), columns)?)
}

/// A table as a Parquet file. Its metadata holds `name` under [`TABLE_KEY`] and the version of the schema under
/// [`SCHEMA_VERSION_KEY`].
pub fn parquet(name: &str, frame: &DataFrame) -> Result<Vec<u8>, Error> {
    let metadata = KeyValueMetadata::from_static(vec![
        (TABLE_KEY.to_owned(), name.to_owned()),
        (SCHEMA_VERSION_KEY.to_owned(), SCHEMA_VERSION.to_string()),
    ]);
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        // What every reader has.
        .with_compression(ParquetCompression::Snappy)
        .with_key_value_metadata(Some(metadata))
        .set_parallel(false)
        .finish(&mut frame.clone())?;
    Ok(bytes)
}

/// A table as CSV by RFC 4180, UTF-8, with a header. Instants are as `2026-04-02T10:00:00.000Z`, flags `true` and
/// `false`, and a null is an empty field.
///
/// A text that a spreadsheet would take for a formula begins with `'`: log text is written by others, and a formula
/// runs in the reader's name.
pub fn csv(frame: &DataFrame) -> Result<Vec<u8>, Error> {
    let mut csv = Csv { writer: WriterBuilder::new().terminator(Terminator::CRLF).build(), out: Vec::new() };
    let names: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
    csv.record(names.into_iter().map(|name| Ok(Cow::Borrowed(name))))?;
    let columns: Vec<Cells> = frame.columns().iter().map(Cells::of).collect::<Result<_, _>>()?;
    for row in 0..frame.height() {
        csv.record(columns.iter().map(|column| column.cell(row)))?;
    }
    Ok(csv.out)
}

/// Writes fields to memory.
struct Csv {
    writer: csv_core::Writer,
    out: Vec<u8>,
}

impl Csv {
    fn record<'a>(&mut self, fields: impl Iterator<Item = Result<Cow<'a, str>, Error>>) -> Result<(), Error> {
        for (place, field) in fields.enumerate() {
            if place > 0 {
                self.write(
                    |writer, _, out| {
                        let (result, written) = writer.delimiter(out);
                        (result, 0, written)
                    },
                    b"",
                );
            }
            self.write(csv_core::Writer::field, field?.as_bytes());
        }
        self.write(
            |writer, _, out| {
                let (result, written) = writer.terminator(out);
                (result, 0, written)
            },
            b"",
        );
        Ok(())
    }

    /// Calls `step` until it has taken `input`, with more room each time.
    fn write(
        &mut self,
        mut step: impl FnMut(&mut csv_core::Writer, &[u8], &mut [u8]) -> (WriteResult, usize, usize),
        mut input: &[u8],
    ) {
        loop {
            let end = self.out.len();
            self.out.resize(end + input.len() + 8, 0);
            let (result, read, written) =
                step(&mut self.writer, input, self.out.get_mut(end..).unwrap_or_default());
            self.out.truncate(end + written);
            input = input.get(read..).unwrap_or_default();
            if result == WriteResult::InputEmpty {
                return;
            }
        }
    }
}

/// A column, typed once.
enum Cells<'a> {
    Text(&'a StringChunked),
    Instant(&'a Int64Chunked),
    Number(&'a UInt32Chunked),
    Line(&'a UInt64Chunked),
    Seconds(&'a Int64Chunked),
    Flag(&'a BooleanChunked),
}

impl<'a> Cells<'a> {
    fn of(column: &'a Column) -> Result<Self, Error> {
        Ok(match column.dtype() {
            DataType::String => Self::Text(column.str()?),
            DataType::Datetime(TimeUnit::Milliseconds, _) => Self::Instant(column.datetime()?.physical()),
            DataType::UInt32 => Self::Number(column.u32()?),
            DataType::UInt64 => Self::Line(column.u64()?),
            DataType::Int64 => Self::Seconds(column.i64()?),
            DataType::Boolean => Self::Flag(column.bool()?),
            other => {
                let what = format!("column {}: {other} is not written as CSV", column.name());
                return Err(PolarsError::SchemaMismatch(what.into()).into());
            }
        })
    }

    fn cell(&self, row: usize) -> Result<Cow<'a, str>, Error> {
        let text = match self {
            Self::Text(cells) => return Ok(cells.get(row).map_or(Cow::Borrowed(""), harmless)),
            Self::Instant(cells) => match cells.get(row) {
                Some(ms) => Some(instant(AT, ms)?.to_rfc3339_opts(SecondsFormat::Millis, true)),
                None => None,
            },
            Self::Number(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Line(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Seconds(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Flag(cells) => cells.get(row).map(|cell| cell.to_string()),
        };
        Ok(Cow::Owned(text.unwrap_or_default()))
    }
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text.into()
    }
}
