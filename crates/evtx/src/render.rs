//! The unusual records of a chunk, decoded by the `evtx` crate.
//!
//! The decoder is shown a chunk that is mended so far that it meets the frames which it is asked for: with
//! its magic, an end that holds them all, and no frame where none is whole or needed. It writes each event
//! as JSON, which is the form that exports have too, so that there is one reading of both.

use crate::event::Event;
use crate::header::{CHUNK, CHUNK_HEADER, CHUNK_MAGIC};
use crate::lost::Reason;
use crate::walk::{Frame, Walk};
use evtx::err::EvtxError;
use evtx::{EvtxChunkData, EvtxChunkHeader, EvtxRecord, ParserSettings};
use std::sync::{Arc, LazyLock};

/// Bytes of the events of a chunk as JSON at most. The largest of real chunks come to 300 KiB.
const LARGEST: usize = 4 << 20;

/// The tables of names and of templates in the header of a chunk, which only speed up decoding.
const TABLES: std::ops::Range<usize> = 128..CHUNK_HEADER;

static SETTINGS: LazyLock<Arc<ParserSettings>> =
    LazyLock::new(|| Arc::new(ParserSettings::default().indent(false)));

/// Decodes the records of a chunk that are no events yet; `events` has a place for each frame of the walk.
/// What the decoder does not reach keeps what stands there.
pub(crate) fn decode(bytes: &[u8], walk: &Walk, events: &mut [Result<Event, Reason>]) {
    let mut data = mended(bytes, walk, events);
    let result = read(&mut data, walk, events);
    if result.is_none() && data[TABLES].iter().any(|&b| b != 0) {
        data[TABLES].fill(0);
        read(&mut data, walk, events);
    }
}

/// A chunk in which the decoder meets the frames that are no events yet, and no other.
fn mended(bytes: &[u8], walk: &Walk, events: &[Result<Event, Reason>]) -> Vec<u8> {
    let mut data = bytes.to_vec();
    data.resize(CHUNK, 0);
    data[..8].copy_from_slice(CHUNK_MAGIC);
    let known = walk.frames.iter().zip(events).filter(|(_, event)| event.is_ok());
    let gaps = walk.gaps.iter().filter(|gap| gap.damaged).map(|gap| gap.at);
    for at in gaps.chain(known.map(|(frame, _)| frame.at)) {
        data[at..(at + 4).min(CHUNK)].fill(0);
    }
    for frame in &walk.frames {
        // The time in the header of a record is not used, and one out of range would cost the record.
        data[frame.at + 16..frame.at + 24].fill(0);
    }
    data
}

/// Decodes a mended chunk; none if the decoder refuses it as a whole.
fn read(data: &mut Vec<u8>, walk: &Walk, events: &mut [Result<Event, Reason>]) -> Option<()> {
    let last = walk.frames.last()?;
    let mut header = EvtxChunkHeader::from_bytes(data).ok()?;
    header.free_space_offset = last.end() as u32;
    header.last_event_record_data_offset = last.at as u32;
    (header.first_event_record_id, header.last_event_record_id) = (0, u64::MAX);
    let mut whole = EvtxChunkData { header, data: std::mem::take(data), number: None };
    let done = whole.parse(Arc::clone(&SETTINGS)).ok().map(|mut chunk| {
        let wanted = walk.frames.iter().zip(events).filter(|(_, event)| event.is_err());
        let mut places = wanted.peekable();
        let mut output = 0;
        for record in chunk.iter() {
            let frame = match &record {
                Ok(record) => Frame::of_content(record.binxml_offset),
                Err(EvtxError::FailedToParseRecord { record_id, .. }) => {
                    places.peek().filter(|(f, _)| f.id == *record_id).map(|(f, _)| f.at)
                }
                Err(_) => None,
            };
            let Some(at) = frame else { continue };
            while places.next_if(|(f, _)| f.at < at).is_some() {}
            let Some((_, event)) = places.next_if(|(f, _)| f.at == at) else { continue };
            *event = one(record, &mut output);
            if output > LARGEST {
                *event = Err(Reason::TooLarge);
                places.for_each(|(_, event)| *event = Err(Reason::TooLarge));
                return;
            }
        }
    });
    *data = whole.data;
    done
}

fn one(record: Result<EvtxRecord<'_>, EvtxError>, output: &mut usize) -> Result<Event, Reason> {
    let json = record.and_then(EvtxRecord::into_json_bytes).map_err(|_| Reason::Undecodable)?.data;
    *output += json.len();
    sonic_rs::from_slice(&json).map_err(|_| Reason::NoEvent)
}
