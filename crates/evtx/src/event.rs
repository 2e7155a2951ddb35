//! What is read of a Windows event: the fields that every event has, and its own data.

use jiff::Timestamp;
use std::collections::HashMap;

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
    /// The other fields that every event may have and that are not empty, by a name of [`SYSTEM`].
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

    /// Numbers the later ones of equal names.
    pub(crate) fn number(&mut self) {
        let few = self.data.len() <= FEW;
        if few
            && !(1..self.data.len()).any(|i| self.data[..i].iter().any(|d| d.0 == self.data[i].0))
        {
            return;
        }
        let mut taken: HashMap<String, u64> = HashMap::with_capacity(self.data.len());
        for (name, _) in &mut self.data {
            let Some(&last) = taken.get(name) else {
                taken.insert(name.clone(), 0);
                continue;
            };
            let mut free = (last + 1..).map(|n| (n, format!("{name}_{n}")));
            if let Some((n, free)) = free.find(|(_, free)| !taken.contains_key(free)) {
                taken.insert(std::mem::replace(name, free.clone()), n);
                taken.insert(free, 0);
            }
        }
    }
}

/// Items up to which comparing all names costs less than a table of them.
const FEW: usize = 64;

fn find<'e, N: AsRef<str>>(list: &'e [(N, String)], name: &str) -> Option<&'e str> {
    list.iter().find(|(known, _)| known.as_ref() == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_in_order() {
        let mut event = Event::default();
        let data = [("Data", "a"), ("User", "b"), ("Data", "c"), ("Data_1", "d"), ("Data", "e")];
        event.data = data.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        event.number();
        let names: Vec<_> = event.data.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Data", "User", "Data_1", "Data_1_1", "Data_2"]);
        assert_eq!(
            (event.get("Data"), event.get("Data_2"), event.get("None")),
            (Some("a"), Some("e"), None)
        );
    }
}
