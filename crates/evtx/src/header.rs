//! The headers of an EVTX file and of its chunks.
//!
//! After J. Metz, "Windows XML Event Log (EVTX) format", libevtx documentation, and [MS-EVEN6]. All
//! numbers are little-endian.

/// Bytes of a file before its first chunk.
pub(crate) const FILE_HEADER: usize = 4096;
/// Bytes of a chunk, header and free space included.
pub(crate) const CHUNK: usize = 64 << 10;
/// Bytes of a file before its first chunk.
pub const HEADER_BYTES: u64 = FILE_HEADER as u64;
/// Bytes of a chunk, header and free space included.
pub const CHUNK_BYTES: u64 = CHUNK as u64;
/// Bytes of a chunk before its first record.
pub(crate) const CHUNK_HEADER: usize = 512;
/// Bytes of a record without its event: header and closing size.
pub(crate) const RECORD_FRAME: usize = 28;
/// First bytes of a file.
pub(crate) const FILE_MAGIC: &[u8; 8] = b"ElfFile\0";
/// First bytes of a chunk.
pub(crate) const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";
/// First bytes of a record.
pub(crate) const RECORD_MAGIC: &[u8; 4] = b"**\0\0";
/// Records that fit a chunk.
pub(crate) const FULLEST: u64 = ((CHUNK - CHUNK_HEADER) / RECORD_FRAME) as u64;
/// Flag of a file and of a chunk: it was not closed.
pub(crate) const DIRTY: u32 = 1;
/// Flag of a file and of a chunk: there are no checksums.
pub(crate) const NO_CHECKSUM: u32 = 4;

/// A number at an offset; none where the bytes end before it.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    field.try_into().ok().map(u32::from_le_bytes)
}

/// A number at an offset; none where the bytes end before it.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    field.try_into().ok().map(u64::from_le_bytes)
}

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHeader {
    /// Number of the next record that would be written.
    pub(crate) next_record: u64,
    /// Chunks in use.
    pub(crate) chunks: u64,
    /// The log was not closed: the other fields may be older than the chunks.
    pub(crate) dirty: bool,
    /// The header agrees with its checksum, or has none.
    pub(crate) sound: bool,
}

impl FileHeader {
    /// Reads a header; none where the bytes end inside it.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let flags = u32_at(bytes, 120)?;
        let sum = u32_at(bytes, 124)?;
        Some(Self {
            next_record: u64_at(bytes, 24)?,
            chunks: u64::from(u32_at(bytes, 40)? >> 16),
            dirty: flags & DIRTY != 0,
            sound: flags & NO_CHECKSUM != 0 || evtx::checksum_ieee(&bytes[..120]) == sum,
        })
    }
}

/// What the header of a chunk says, where it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    /// Record ids of the first and of the last record.
    pub(crate) ids: (u64, u64),
    /// Place of the first record in the log since the log was made, from 1.
    pub(crate) first_number: u64,
    /// Records in the chunk.
    pub(crate) records: u64,
    /// Where the records end.
    pub(crate) end: usize,
    /// The checksum of the records; none where the log has none.
    sum: Option<u32>,
}

impl ChunkHeader {
    /// Reads a header. One without its magic, or whose magic is damaged, is believed if its checksum
    /// fits; one with magic if its numbers can be true.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let numbers = (u64_at(bytes, 8)?, u64_at(bytes, 16)?);
        let ids = (u64_at(bytes, 24)?, u64_at(bytes, 32)?);
        let end = u32_at(bytes, 48)? as usize;
        let flags = u32_at(bytes, 120)?;
        let records = numbers.1.checked_sub(numbers.0)?.checked_add(1)?;
        let spread = ids.1.checked_sub(ids.0)?.checked_add(1)?;
        let possible = records <= FULLEST
            && spread >= records
            && numbers.0 > 0
            && (CHUNK_HEADER..=CHUNK).contains(&end);
        let named = bytes.starts_with(CHUNK_MAGIC);
        if !possible || !named && !Self::sound(bytes) {
            return None;
        }
        let sum = (flags & NO_CHECKSUM == 0).then_some(u32_at(bytes, 52)?);
        Some(Self { ids, first_number: numbers.0, records, end, sum })
    }

    /// Whether a header agrees with its checksum, its magic taken as it should be.
    fn sound(bytes: &[u8]) -> bool {
        let Some((header, sum)) = bytes.get(..CHUNK_HEADER).zip(u32_at(bytes, 124)) else {
            return false;
        };
        let summed = [&CHUNK_MAGIC[..], &header[8..120], &header[128..]].concat();
        evtx::checksum_ieee(&summed) == sum
    }

    /// Whether the records agree with their checksum.
    pub(crate) fn fits(&self, bytes: &[u8]) -> bool {
        self.sum.is_none_or(|sum| {
            bytes.get(CHUNK_HEADER..self.end).is_some_and(|r| evtx::checksum_ieee(r) == sum)
        })
    }

    /// Whether record ids run without a gap, so that a gap means a lost record.
    pub(crate) fn dense(&self) -> bool {
        self.ids.1 - self.ids.0 + 1 == self.records
    }
}
