//! Bundles as a directory, a zip or a tar.gz. The same bundle gives the same bytes: names, order, times and
//! modes are all set. (Compressed bytes also depend on the deflate library and on what the CPU offers it;
//! the members' bytes never do.)

use std::fs::{self, File};
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use zip::write::{FullFileOptions, SimpleFileOptions};
use zip::{CompressionMethod, ZipWriter};

use super::plan::Container;
use super::zones::offset_s;
use super::{Bundle, GeneratedFile};

/// What stands in an output directory after [`write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The bundle: a directory, `bundle.zip` or `bundle.tar.gz`.
    pub bundle: PathBuf,
    /// `truth.json`, beside it.
    pub truth: PathBuf,
    /// `usage.csv`, beside it.
    pub usage: PathBuf,
}

/// Writes the bundle into `dir`, in the container of its plan, and `truth.json` beside it.
///
/// # Errors
/// What the file system reports.
pub fn write(bundle: &Bundle, dir: &Path) -> io::Result<Written> {
    fs::create_dir_all(dir)?;
    let path = match bundle.truth.plan.container {
        Container::Dir => {
            let path = dir.join("bundle");
            write_dir(bundle, &path)?;
            path
        }
        Container::Zip => {
            let path = dir.join("bundle.zip");
            fs::write(&path, to_zip(bundle)?)?;
            path
        }
        Container::TarGz => {
            let path = dir.join("bundle.tar.gz");
            fs::write(&path, to_tar_gz(bundle)?)?;
            path
        }
    };
    let truth = dir.join("truth.json");
    fs::write(&truth, bundle.truth.to_json().map_err(io::Error::other)?)?;
    let usage = dir.join("usage.csv");
    fs::write(&usage, bundle.truth.usage_csv())?;
    Ok(Written { bundle: path, truth, usage })
}

/// Writes the members below `dir`, with their modification times.
///
/// # Errors
/// What the file system reports.
pub fn write_dir(bundle: &Bundle, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for member in &bundle.files {
        let path = dir.join(&member.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(&path)?;
        file.write_all(&member.bytes)?;
        file.set_modified(SystemTime::from(member.modified))?;
    }
    Ok(())
}

/// The bytes of a zip: deflated members, local times of two seconds as the format has them; with the extended
/// timestamp in UTC, and with back-slashes in names, where the plan says so.
///
/// # Errors
/// Where the zip crate refuses a name or a time; no known case.
pub fn to_zip(bundle: &Bundle) -> io::Result<Vec<u8>> {
    let plan = &bundle.truth.plan;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for member in &bundle.files {
        let simple = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .unix_permissions(0o644)
            .last_modified_time(dos_time(member, plan.zone));
        let mut options: FullFileOptions<'_, '_> = simple.into_full_options();
        if plan.zip_utc {
            let modified = u32::try_from(member.modified.timestamp()).ok();
            options = options.with_extended_timestamp(modified, None, None)?;
        }
        let name = if plan.backslash { member.path.replace('/', "\\") } else { member.path.clone() };
        zip.start_file(name, options)?;
        zip.write_all(&member.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Local time of the zone, down to an even second; the zip epoch where the format cannot say it.
fn dos_time(member: &GeneratedFile, zone: Tz) -> zip::DateTime {
    let local = member.modified + TimeDelta::seconds(i64::from(offset_s(zone, member.modified)));
    let small = |it: u32| u8::try_from(it).unwrap_or(0);
    let year = u16::try_from(local.year()).unwrap_or(1980);
    let (month, day) = (small(local.month()), small(local.day()));
    let (hour, minute, second) = (small(local.hour()), small(local.minute()), small(local.second() & !1));
    zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

/// The bytes of a tar.gz: ustar headers, times in UTC.
///
/// # Errors
/// Where the tar crate refuses a path; no known case.
pub fn to_tar_gz(bundle: &Bundle) -> io::Result<Vec<u8>> {
    let gzip: GzEncoder<Vec<u8>> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for member in &bundle.files {
        let mut header = tar::Header::new_ustar();
        header.set_size(member.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(seconds(member.modified));
        tar.append_data(&mut header, &member.path, member.bytes.as_slice())?;
    }
    tar.into_inner()?.finish()
}

fn seconds(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp()).unwrap_or(0)
}
