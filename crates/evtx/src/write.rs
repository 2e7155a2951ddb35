//! Events to an EVTX file, for samples and for tests of damage.
//!
//! The layout is that of Windows: a header of 4096 bytes, chunks of 64 KiB with their checksums and tables
//! of names and templates, records as instances of templates that each chunk defines once for each shape
//! of event. The same events give the same bytes.

mod binxml;
mod value;

use crate::event::Event;
use crate::header::{CHUNK, CHUNK_HEADER, CHUNK_MAGIC, FILE_HEADER, FILE_MAGIC, RECORD_MAGIC};
use binxml::{Element, Page, Slot};
use std::io::{self, Seek, SeekFrom, Write};
use value::Value;

/// Which section of an event its own data is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body<'n> {
    /// `EventData`: items with a `Name`; those called `Data`, `Data_1` and so on without.
    EventData,
    /// `UserData`: one element each, inside an element with a namespace.
    UserData {
        /// Name of the element around the items, such as `EventXML`.
        element: &'n str,
        /// Its namespace, such as `Event_NS`.
        namespace: &'n str,
    },
}

/// Writes an EVTX file.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    page: Page,
    chunks: u64,
    /// Records in full chunks and in the page.
    written: (u64, u64),
    /// Record ids of the first and of the last record of the page.
    ids: (u64, u64),
    /// Offset of the last record in the page.
    last: usize,
    next_id: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file at the beginning of `out`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&[0; FILE_HEADER])?;
        Ok(Self {
            out,
            page: Page::new(),
            chunks: 0,
            written: (0, 0),
            ids: (0, 0),
            last: 0,
            next_id: 1,
        })
    }

    /// Adds an event. Its record gets [`Event::record_id`], or the number after the last if that is 0;
    /// a reader counts records as lost where the numbers of a file have gaps. [`Event::at`] is not used.
    /// Text ends at a zero character, as it does in Windows; times are cut to 100 nanoseconds.
    ///
    /// # Errors
    /// What the output says; `InvalidInput` if the event does not fit a chunk.
    pub fn push(&mut self, event: &Event, body: Body<'_>) -> io::Result<()> {
        let id = if event.record_id == 0 { self.next_id } else { event.record_id };
        let tree = tree(event, id, body);
        if !self.record(id, event, &tree) {
            self.flush()?;
            if !self.record(id, event, &tree) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "an event larger than a chunk",
                ));
            }
        }
        self.next_id = id.saturating_add(1);
        Ok(())
    }

    /// Writes a record to the page; says whether it fits.
    fn record(&mut self, id: u64, event: &Event, tree: &Element) -> bool {
        let at = self.page.bytes.len();
        let tables = self.page.tables();
        self.page.bytes.extend(RECORD_MAGIC);
        self.page.bytes.extend(0_u32.to_le_bytes());
        self.page.bytes.extend(id.to_le_bytes());
        self.page.bytes.extend(value::file_time(event.time).unwrap_or(0).to_le_bytes());
        let fits = self.page.instance(tree).is_some();
        let size = (self.page.bytes.len() - at + 4).next_multiple_of(8);
        if !fits || at + size > CHUNK {
            self.page.roll_back(at, &tables);
            return false;
        }
        self.page.bytes.resize(at + size - 4, 0);
        let size = (size as u32).to_le_bytes();
        self.page.bytes.extend(size);
        self.page.bytes[at + 4..at + 8].copy_from_slice(&size);
        self.last = at;
        if self.written.1 == 0 {
            self.ids.0 = id;
        }
        self.ids.1 = id;
        self.written.1 += 1;
        true
    }

    /// Writes the page as a chunk.
    fn flush(&mut self) -> io::Result<()> {
        let (before, here) = self.written;
        if here == 0 {
            return Ok(());
        }
        let mut page = std::mem::replace(&mut self.page, Page::new());
        let end = page.bytes.len();
        let mut header = Vec::with_capacity(CHUNK_HEADER);
        header.extend(CHUNK_MAGIC);
        for number in [before + 1, before + here, self.ids.0, self.ids.1] {
            header.extend(number.to_le_bytes());
        }
        let sum = evtx::checksum_ieee(&page.bytes[CHUNK_HEADER..]);
        for number in [128, self.last as u32, end as u32, sum] {
            header.extend(number.to_le_bytes());
        }
        header.resize(120, 0);
        let mut tables = Vec::with_capacity(CHUNK_HEADER - 128);
        let (names, templates) = page.tables();
        names.iter().chain(&templates).for_each(|offset| tables.extend(offset.to_le_bytes()));
        let sum = evtx::checksum_ieee(&[&header[..], &tables].concat());
        header.extend(0_u32.to_le_bytes());
        header.extend(sum.to_le_bytes());
        header.extend(tables);
        page.bytes[..CHUNK_HEADER].copy_from_slice(&header);
        page.bytes.resize(CHUNK, 0);
        self.out.write_all(&page.bytes)?;
        self.chunks += 1;
        self.written = (before + here, 0);
        Ok(())
    }

    /// Ends the file; gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let mut header = Vec::with_capacity(FILE_HEADER);
        header.extend(FILE_MAGIC);
        for number in [0, self.chunks.saturating_sub(1), self.next_id] {
            header.extend(number.to_le_bytes());
        }
        header.extend(128_u32.to_le_bytes());
        // Version 3.1; of more chunks than fit the field the largest number stands for them.
        for number in [1, 3, FILE_HEADER as u16, u16::try_from(self.chunks).unwrap_or(u16::MAX)] {
            header.extend(number.to_le_bytes());
        }
        header.resize(120, 0);
        let sum = evtx::checksum_ieee(&header);
        header.extend(0_u32.to_le_bytes());
        header.extend(sum.to_le_bytes());
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header)?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The XML of an event.
fn tree(event: &Event, id: u64, body: Body<'_>) -> Element {
    let field = |name: &str| event.system(name);
    let one = |name, value| Element::with(name, [], value);
    let number = event.event_id.to_string();
    let id = id.to_string();
    let system = Element::around(
        "System",
        vec![
            Element::empty(
                "Provider",
                [
                    ("Name", Value::text(&event.provider)),
                    ("Guid", Value::guid(field("ProviderGuid"))),
                    ("EventSourceName", Value::optional(field("EventSourceName"))),
                ],
            ),
            Element::with(
                "EventID",
                [("Qualifiers", Value::number(field("Qualifiers"), 2))],
                Value::number(Some(&number), 2),
            ),
            one("Version", Value::number(field("Version"), 1)),
            one("Level", Value::number(field("Level"), 1)),
            one("Task", Value::number(field("Task"), 2)),
            one("Opcode", Value::number(field("Opcode"), 1)),
            one("Keywords", Value::hexadecimal(field("Keywords"))),
            Element::empty("TimeCreated", [("SystemTime", Value::time(event.time))]),
            one("EventRecordID", Value::number(Some(&id), 8)),
            Element::empty(
                "Correlation",
                [
                    ("ActivityID", Value::guid(field("ActivityID"))),
                    ("RelatedActivityID", Value::guid(field("RelatedActivityID"))),
                ],
            ),
            Element::empty(
                "Execution",
                [
                    ("ProcessID", Value::number(field("ProcessID"), 4)),
                    ("ThreadID", Value::number(field("ThreadID"), 4)),
                ],
            ),
            one("Channel", Value::text(&event.channel)),
            one("Computer", Value::text(&event.computer)),
            Element::empty("Security", [("UserID", Value::sid(event.user_sid.as_deref()))]),
        ],
    );
    let items = event.data.iter();
    let data = match body {
        Body::EventData => {
            let items = items.map(|(name, value)| {
                let mut item = Element::with("Data", [], Value::text(value));
                let unnamed = name.strip_prefix("Data").is_some_and(|rest| {
                    rest.is_empty()
                        || rest.strip_prefix('_').is_some_and(|n| n.parse::<usize>().is_ok())
                });
                if !unnamed {
                    item.attributes.push(("Name".to_owned(), Slot::Fixed(name.clone())));
                }
                item
            });
            Element::around("EventData", items.collect())
        }
        Body::UserData { element, namespace } => {
            let items = items.map(|(name, value)| one(name, Value::text(value)));
            let mut inner = Element::around(element, items.collect());
            inner.attributes.push(("xmlns".to_owned(), Slot::Fixed(namespace.to_owned())));
            Element::around("UserData", vec![inner])
        }
    };
    let mut event = Element::around("Event", vec![system, data]);
    let schema = "http://schemas.microsoft.com/win/2004/08/events/event";
    event.attributes.push(("xmlns".to_owned(), Slot::Fixed(schema.to_owned())));
    event
}
