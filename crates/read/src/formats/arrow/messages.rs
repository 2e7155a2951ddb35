//! The messages of an Arrow stream, one after another, in memory bounded by what is really there.
//!
//! Arrow's own readers allocate what a length field says before they look whether it is there; a
//! damaged file would end the program. Here every byte is read before its room is made.

use crate::Limits;
use crate::error::StreamDamage;
use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::{Message, root_as_message};
use std::io::{self, Read};
use std::sync::Arc;

/// The mark before the length of a message, since version 0.15 of Arrow.
const MARK: [u8; 4] = [0xff; 4];

/// Reads batches from a stream.
pub(super) struct Messages<R> {
    stream: R,
    decoder: StreamDecoder,
    limits: Limits,
    ended: bool,
}

/// Why a stream ends before its time.
pub(super) enum Broken {
    /// The bytes are no message.
    Message,
    /// The bytes could not be had.
    Stream(StreamDamage),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Stream(error.into())
    }
}

impl<R: Read> Messages<R> {
    pub(super) fn new(stream: R, limits: &Limits) -> Self {
        Self { stream, decoder: StreamDecoder::new(), limits: limits.clone(), ended: false }
    }

    /// The schema, which is the first message.
    pub(super) fn schema(&mut self) -> Result<SchemaRef, Broken> {
        let mut message = Vec::new();
        if !self.take(&mut message)? {
            return Err(Broken::Message);
        }
        let start = if message.starts_with(&MARK) { 8 } else { 4 };
        let header = root_as_message(&message[start..]).map_err(|_| Broken::Message)?;
        let schema = fb_to_schema(header.header_as_schema().ok_or(Broken::Message)?);
        self.decode(message)?;
        Ok(Arc::new(schema))
    }

    /// The next batch; `None` at the end.
    pub(super) fn batch(&mut self) -> Result<Option<RecordBatch>, Broken> {
        let mut message = Vec::new();
        while self.take(&mut message)? {
            if let Some(batch) = self.decode(std::mem::take(&mut message))? {
                return Ok(Some(batch));
            }
        }
        // The decoder ends a message without a body only when the next one begins.
        let end = if self.ended { Vec::new() } else { [MARK, [0; 4]].concat() };
        self.ended = true;
        self.decode(end)
    }

    fn decode(&mut self, message: Vec<u8>) -> Result<Option<RecordBatch>, Broken> {
        self.decoder.decode(&mut Buffer::from(message)).map_err(|_| Broken::Message)
    }

    /// Reads one message as a whole; says whether there was one.
    fn take(&mut self, message: &mut Vec<u8>) -> Result<bool, Broken> {
        match self.read(message, 4)? {
            0 => return Ok(false),
            4 => {}
            _ => return Err(Broken::Message),
        }
        if *message == MARK {
            self.read_exactly(message, 4)?;
        }
        let length = *message.last_chunk::<4>().ok_or(Broken::Message)?;
        let length = u64::from(u32::from_le_bytes(length));
        if length == 0 {
            return Ok(false);
        }
        let start = message.len();
        self.read_exactly(message, length)?;
        let end = message.len();
        let header = root_as_message(&message[start..]).map_err(|_| Broken::Message)?;
        let body = u64::try_from(header.bodyLength()).map_err(|_| Broken::Message)?;
        self.read_exactly(message, body)?;
        let header = root_as_message(&message[start..end]).map_err(|_| Broken::Message)?;
        if self.is_bounded(&header, &message[end..]) { Ok(true) } else { Err(Broken::Message) }
    }

    /// Appends up to `wanted` bytes; gives the number that were there.
    fn read(&mut self, into: &mut Vec<u8>, wanted: u64) -> Result<u64, Broken> {
        Ok(self.stream.by_ref().take(wanted).read_to_end(into)? as u64)
    }

    fn read_exactly(&mut self, into: &mut Vec<u8>, wanted: u64) -> Result<(), Broken> {
        if self.read(into, wanted)? == wanted { Ok(()) } else { Err(Broken::Message) }
    }

    /// Whether the compressed buffers of a message say that they become no larger than is allowed.
    fn is_bounded(&self, header: &Message<'_>, body: &[u8]) -> bool {
        let dictionary = || header.header_as_dictionary_batch().and_then(|d| d.data());
        let Some(batch) = header.header_as_record_batch().or_else(dictionary) else { return true };
        let (Some(_), Some(buffers)) = (batch.compression(), batch.buffers()) else { return true };
        let Limits { ratio, ratio_from, .. } = self.limits;
        buffers.iter().all(|buffer| {
            let from = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
            let Some(size) = body.get(from..).and_then(|b| b.first_chunk::<8>()) else {
                return buffer.length() == 0;
            };
            // -1 says that the buffer is stored as it is.
            let size = u64::try_from(i64::from_le_bytes(*size)).unwrap_or(0);
            let stored = u64::try_from(buffer.length()).unwrap_or(0);
            size <= ratio_from.max(stored.saturating_mul(ratio))
        })
    }
}
