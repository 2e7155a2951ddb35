//! What is read of a Windows event: the fields that every event has, and its own data.

use jiff::Timestamp;

/// One event of a Windows event log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// `TimeCreated`, which Windows keeps to 100 nanoseconds; none where it is absent or unreadable.
    /// The time in the header of a record, often 1601, is never taken for it.
    pub time: Option<Timestamp>,
    /// `Channel`: the log that the event was written to.
    pub channel: String,
    /// Name of the provider. An event id means something only together with it.
    pub provider: String,
    /// `EventID` without its qualifiers; 0 where it is absent or no number.
    pub event_id: u32,
    /// `EventRecordID`; of a file where the event names none, the number in the header of the record.
    pub record_id: u64,
    /// `Computer`: the host that wrote the event.
    pub computer: String,
    /// `Security`: the account in whose name the event was written.
    pub user_sid: Option<String>,
    /// The other fields that every event may have, by a name of [`SYSTEM`], as text.
    pub system: Vec<(&'static str, String)>,
    /// The event's own data in the order of the file: `EventData` by the `Name` of each item, `UserData`
    /// by the local name of the innermost element, both without namespaces. Items without a name are
    /// `Data`; of equal names the later ones get `_1`, `_2` and so on. Items without a value are left out.
    pub data: Vec<(String, String)>,
    /// Where the event was read.
    pub at: Location,
}

/// Where an event was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file, by the number that the reader was given.
    pub file: usize,
    /// Offset of the first byte of the record in the decompressed file.
    pub offset: u64,
    /// The 64 KiB chunk of an EVTX file that holds the record, from 0.
    pub chunk: u32,
}

/// The names of [`Event::system`], in the order in which an EVTX file has them.
pub const SYSTEM: &[&str] = &[
    "ProviderGuid",
    "EventSourceName",
    "Qualifiers",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "ActivityID",
    "RelatedActivityID",
    "ProcessID",
    "ThreadID",
];

impl Event {
    /// The first item of that name among the event's own data.
    pub fn get(&self, name: &str) -> Option<&str> {
        find(&self.data, name)
    }

    /// A field that every event may have, by a name of [`SYSTEM`].
    pub fn system(&self, name: &str) -> Option<&str> {
        find(&self.system, name)
    }

    /// Adds an item, under the next free name if its own is taken.
    pub(crate) fn add(&mut self, name: &str, value: String) {
        let taken = |name: &str| self.data.iter().any(|(known, _)| known == name);
        let mut free = name.to_owned();
        if taken(name) {
            // Numbers only grow, so the items are looked through once for the next one.
            let numbered = |known: &str| -> Option<usize> {
                known.strip_prefix(name)?.strip_prefix('_')?.parse().ok()
            };
            let last = self.data.iter().rev().find_map(|(known, _)| numbered(known));
            free = format!("{name}_{}", last.unwrap_or(0) + 1);
        }
        self.data.push((free, value));
    }
}

fn find<'e, N: AsRef<str>>(list: &'e [(N, String)], name: &str) -> Option<&'e str> {
    list.iter().find(|(known, _)| known.as_ref() == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_in_order() {
        let mut event = Event::default();
        for (name, value) in [("Data", "a"), ("User", "b"), ("Data", "c"), ("Data", "d")] {
            event.add(name, value.to_owned());
        }
        let names: Vec<_> = event.data.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Data", "User", "Data_1", "Data_2"]);
        assert_eq!(
            (event.get("Data"), event.get("Data_2"), event.get("None")),
            (Some("a"), Some("d"), None)
        );
    }
}
