//! The forms a corpus comes in (directory, zip, tar.gz) and the inflate-only peers.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use libdeflater::Decompressor;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::corpus;

/// All files below `root`, sorted, with their paths inside it (`/` between the parts).
pub(crate) fn files(root: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, inside)) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("{}: {e}", folder.display()))?;
            let name = format!("{inside}{}", entry.file_name().to_string_lossy());
            let path = entry.path();
            if path.is_dir() {
                folders.push((path, format!("{name}/")));
            } else {
                found.push((path, name));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Packs the tree as a zip with deflate, level 6. Returns the size of the archive.
pub(crate) fn make_zip(root: &Path, to: &Path) -> Result<u64, String> {
    let explain = |e: &dyn std::fmt::Display| format!("{}: {e}", to.display());
    let out = BufWriter::with_capacity(1 << 20, File::create(to).map_err(|e| explain(&e))?);
    let mut zip = ZipWriter::new(out);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6));
    for (path, name) in files(root)? {
        let mut file = File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let options = options.last_modified_time(modified(&file).unwrap_or_default());
        zip.start_file(name, options).map_err(|e| explain(&e))?;
        copy(&mut file, &mut zip).map_err(|e| explain(&e))?;
    }
    zip.finish().and_then(|mut out| Ok(out.flush()?)).map_err(|e| explain(&e))?;
    fs::metadata(to).map(|meta| meta.len()).map_err(|e| explain(&e))
}

/// Packs the tree as a tar.gz, gzip level 6. Returns the size of the archive.
pub(crate) fn make_tar_gz(root: &Path, to: &Path) -> Result<u64, String> {
    let explain = |e: &dyn std::fmt::Display| format!("{}: {e}", to.display());
    let out = BufWriter::with_capacity(1 << 20, File::create(to).map_err(|e| explain(&e))?);
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::new(6)));
    for (path, name) in files(root)? {
        tar.append_path_with_name(&path, name).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let mut out = tar.into_inner().and_then(GzEncoder::finish).map_err(|e| explain(&e))?;
    out.flush().map_err(|e| explain(&e))?;
    fs::metadata(to).map(|meta| meta.len()).map_err(|e| explain(&e))
}

/// When a file was last changed, as a zip member says it (in UTC).
fn modified(file: &File) -> Option<zip::DateTime> {
    let since = file.metadata().ok()?.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let [year, month, day, hour, minute, second] = corpus::civil(i64::try_from(since.as_millis()).ok()?);
    let byte = |number: u64| u8::try_from(number).ok();
    let year = u16::try_from(year).ok()?;
    zip::DateTime::from_date_and_time(
        year,
        byte(month)?,
        byte(day)?,
        byte(hour)?,
        byte(minute)?,
        byte(second)?,
    )
    .ok()
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        let got = from.read(&mut buffer)?;
        if got == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..got).unwrap_or_default())?;
    }
}

/// The zip peer: inflates all members with libdeflate on `threads` threads and does nothing else (no CRC
/// either). Members wait in one queue, largest first; buffers are kept.
pub(crate) fn inflate_zip(path: &Path, threads: usize) -> Result<u64, String> {
    let explain = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let open = || -> Result<ZipArchive<BufReader<File>>, String> {
        ZipArchive::new(BufReader::new(File::open(path).map_err(|e| explain(&e))?)).map_err(|e| explain(&e))
    };
    let mut archive = open()?;
    let mut members = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|e| explain(&e))?;
        let start = member.data_start().ok_or_else(|| explain(&"a member without data"))?;
        members.push((member.size(), start, member.compressed_size()));
    }
    drop(archive);
    members.sort_unstable_by(|a, b| b.cmp(a));
    let next = AtomicUsize::new(0);
    let work = || -> Result<u64, String> {
        use std::io::Seek as _;
        let mut file = File::open(path).map_err(|e| explain(&e))?;
        let mut inflater = Decompressor::new();
        let mut packed = Vec::new();
        let mut plain: Vec<u8> = Vec::new();
        let mut bytes = 0;
        while let Some(&(size, start, packed_size)) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
            let size = usize::try_from(size).map_err(|e| explain(&e))?;
            if plain.len() < size {
                plain.resize(size, 0);
            }
            packed.clear();
            file.seek(io::SeekFrom::Start(start)).map_err(|e| explain(&e))?;
            (&mut file).take(packed_size).read_to_end(&mut packed).map_err(|e| explain(&e))?;
            let room = plain.get_mut(..size).unwrap_or_default();
            bytes += inflater.deflate_decompress(&packed, room).map_err(|e| explain(&e))? as u64;
        }
        Ok(bytes)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut bytes = 0;
        for thread in running {
            bytes += thread.join().unwrap_or_else(|_| Err("the inflate thread panicked".to_owned()))?;
        }
        Ok(bytes)
    })
}

/// The tar.gz peer where igzip is absent: flate2 in one thread.
pub(crate) fn inflate_gz(path: &Path) -> Result<u64, String> {
    let explain = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(|e| explain(&e))?;
    let mut plain = MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file));
    let mut buffer = vec![0; 512 << 10];
    let mut bytes = 0;
    loop {
        match plain.read(&mut buffer).map_err(|e| explain(&e))? {
            0 => return Ok(bytes),
            got => bytes += got as u64,
        }
    }
}
