//! A sliding window over a stream: what was read and is not yet done with.

use crate::error::StreamDamage;
use std::io::{self, Read};

/// Bytes asked of the stream at once.
pub(crate) const BLOCK: usize = 256 << 10;

/// A sliding window over a stream. It grows only as far as its user refuses to let go of its start.
pub(crate) struct Window<R> {
    stream: R,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// Offset in the stream of the first byte of the window.
    offset: u64,
    block: usize,
    ended: bool,
    damage: Option<StreamDamage>,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self::with_block(stream, BLOCK)
    }

    /// A window that reads `block` bytes at once.
    pub(crate) fn with_block(stream: R, block: usize) -> Self {
        let (buffer, ended, damage) = (Vec::new(), false, None);
        Self { stream, buffer, from: 0, to: 0, offset: 0, block, ended, damage }
    }

    /// The bytes in the window.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// Offset in the stream of the first byte of the window.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Lets go of the first `n` bytes.
    pub(crate) fn consume(&mut self, n: usize) {
        debug_assert!(n <= self.to - self.from);
        self.from += n;
        self.offset += n as u64;
    }

    /// Reads more; says whether there was any. After an error the stream counts as ended.
    pub(crate) fn more(&mut self) -> bool {
        if self.ended {
            return false;
        }
        // Moving is cheap only while little is kept: half of the room must be free afterwards.
        if self.from > 0 && (self.to - self.from) * 2 <= self.buffer.len() {
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.buffer.len() - self.to < self.block {
            let room = (self.to + self.block).max(self.buffer.len() * 2);
            self.buffer.resize(room, 0);
        }
        let target = self.to..self.to + self.block;
        loop {
            match self.stream.read(&mut self.buffer[target.clone()]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.to += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    self.ended = true;
                    self.damage = Some(e.into());
                }
            }
            return !self.ended;
        }
    }

    /// Why the stream ended before its time, given once.
    pub(crate) fn take_damage(&mut self) -> Option<StreamDamage> {
        self.damage.take()
    }
}
