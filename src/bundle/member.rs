//! A member on its way to the visitor, and the buffers of the thread that reads it.

use super::buffer::{BUFFER, Buffer};
use super::{Meta, Modified};

/// A member or container, before it is known which.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) source: usize,
    pub(super) path: Option<String>,
    pub(super) bytes: Option<u64>,
    pub(super) modified: Option<Modified>,
    /// Containers around it.
    pub(super) depth: u32,
    /// The content of a source itself, so its kind is the source's.
    pub(super) is_source: bool,
    /// Directly inside a gzip stream: a tar here is the same container.
    pub(super) in_gzip: bool,
}

impl Member {
    pub(super) fn meta(&self) -> Meta {
        Meta { source: self.source, path: self.path.clone(), bytes: self.bytes, modified: self.modified }
    }

    /// An entry of the archive that this is.
    pub(super) fn entry(&self, name: &str, bytes: Option<u64>, modified: Option<Modified>) -> Self {
        let path = match &self.path {
            Some(outer) => format!("{outer}!/{name}"),
            None => name.to_owned(),
        };
        let depth = self.depth + 1;
        Self {
            source: self.source,
            path: Some(path),
            bytes,
            modified,
            depth,
            is_source: false,
            in_gzip: false,
        }
    }
}

/// One reading thread's own memory, reused from member to member.
pub(super) struct Worker {
    buffers: Vec<Buffer>,
    large: Vec<Buffer>,
    pub(super) inflater: libdeflater::Decompressor,
}

impl Worker {
    pub(super) fn new() -> Self {
        Self { buffers: Vec::new(), large: Vec::new(), inflater: libdeflater::Decompressor::new() }
    }

    /// A buffer of [`BUFFER`] bytes.
    pub(super) fn take(&mut self) -> Buffer {
        self.buffers.pop().unwrap_or_else(|| Buffer::new(BUFFER))
    }

    pub(super) fn give(&mut self, buffer: Buffer) {
        self.buffers.push(buffer);
    }

    /// A buffer of at least `len` bytes with unspecified content.
    pub(super) fn take_large(&mut self, len: usize) -> Buffer {
        let fitting = self.large.iter().enumerate().filter(|(_, buffer)| buffer.len() >= len);
        match fitting.min_by_key(|(_, buffer)| buffer.len()).map(|(index, _)| index) {
            Some(index) => self.large.swap_remove(index),
            None => {
                // A new one instead of a grown one: the old content need not be copied.
                self.large.pop();
                Buffer::new(len)
            }
        }
    }

    pub(super) fn give_large(&mut self, buffer: Buffer) {
        self.large.push(buffer);
    }
}
