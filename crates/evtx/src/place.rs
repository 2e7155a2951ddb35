//! The places of an event: where names lead, and what a value there fills.
//!
//! The same walk serves XML, in binary form, and JSON: each name leads from one [`Place`] to the next.

use crate::event::Event;

/// Where a value of an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Time,
    Channel,
    Provider,
    EventId,
    RecordId,
    Computer,
    Sid,
    Other(&'static str),
}

/// Elements of `System` and their attributes; no attribute means the text of the element.
const ELEMENTS: &[(&str, &str, Field)] = &[
    ("Provider", "Name", Field::Provider),
    ("Provider", "Guid", Field::Other("ProviderGuid")),
    ("Provider", "EventSourceName", Field::Other("EventSourceName")),
    ("EventID", "", Field::EventId),
    ("EventID", "Qualifiers", Field::Other("Qualifiers")),
    ("Version", "", Field::Other("Version")),
    ("Level", "", Field::Other("Level")),
    ("Task", "", Field::Other("Task")),
    ("Opcode", "", Field::Other("Opcode")),
    ("Keywords", "", Field::Other("Keywords")),
    ("TimeCreated", "SystemTime", Field::Time),
    ("EventRecordID", "", Field::RecordId),
    ("Correlation", "ActivityID", Field::Other("ActivityID")),
    ("Correlation", "RelatedActivityID", Field::Other("RelatedActivityID")),
    ("Execution", "ProcessID", Field::Other("ProcessID")),
    ("Execution", "ThreadID", Field::Other("ThreadID")),
    ("Channel", "", Field::Channel),
    ("Computer", "", Field::Computer),
    ("Security", "UserID", Field::Sid),
];

/// Winlogbeat's names below `winlog`, by the object that holds them.
const WINLOG: &[(&str, &str, Field)] = &[
    ("winlog", "provider_name", Field::Provider),
    ("winlog", "provider_guid", Field::Other("ProviderGuid")),
    ("winlog", "event_id", Field::EventId),
    ("winlog", "version", Field::Other("Version")),
    ("winlog", "level", Field::Other("Level")),
    ("winlog", "task", Field::Other("Task")),
    ("winlog", "opcode", Field::Other("Opcode")),
    ("winlog", "keywords", Field::Other("Keywords")),
    ("winlog", "record_id", Field::RecordId),
    ("winlog", "activity_id", Field::Other("ActivityID")),
    ("winlog", "related_activity_id", Field::Other("RelatedActivityID")),
    ("process", "pid", Field::Other("ProcessID")),
    ("thread", "id", Field::Other("ThreadID")),
    ("winlog", "channel", Field::Channel),
    ("winlog", "computer_name", Field::Computer),
    ("user", "identifier", Field::Sid),
];

/// A place in the object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Top,
    Event,
    System,
    /// An element of `System`.
    Element(&'static str),
    /// `winlog` or an object below it.
    Winlog(&'static str),
    Field(Field),
    /// Below `EventData`, or below `UserData`, whose names have prefixes; the name of the item.
    Data {
        name: Option<String>,
        user: bool,
    },
    Attributes,
    Elsewhere,
}

impl Place {
    /// Where a key leads.
    pub(crate) fn child(&self, key: &str) -> Self {
        match self {
            Self::Top => match key {
                "Event" => Self::Event,
                "winlog" => Self::Winlog("winlog"),
                "@timestamp" => Self::Field(Field::Time),
                "_source" => Self::Top,
                _ => Self::Elsewhere,
            },
            Self::Event => match key {
                "System" => Self::System,
                "EventData" => Self::Data { name: None, user: false },
                "UserData" => Self::Data { name: None, user: true },
                _ => Self::Elsewhere,
            },
            Self::System => {
                let element = key.strip_suffix("_attributes").unwrap_or(key);
                let known = ELEMENTS.iter().find(|(name, ..)| *name == element);
                known.map_or(Self::Elsewhere, |(name, ..)| Self::Element(name))
            }
            Self::Element(element) => match key {
                "#attributes" | "#text" => Self::Element(element),
                _ => field(ELEMENTS, element, key),
            },
            Self::Winlog(object) => match (*object, key) {
                ("winlog", "event_data") => Self::Data { name: None, user: false },
                ("winlog", "user_data") => Self::Data { name: None, user: true },
                ("winlog", "process") => Self::Winlog("process"),
                ("winlog", "user") => Self::Winlog("user"),
                ("process", "thread") => Self::Winlog("thread"),
                _ => field(WINLOG, object, key),
            },
            Self::Data { name, user } => match key {
                "#attributes" => Self::Attributes,
                "#text" => Self::Data { name: name.clone(), user: *user },
                _ => Self::Data { name: Some(local(key, *user).to_owned()), user: *user },
            },
            Self::Attributes if key == "Name" || key.starts_with("xmlns") => Self::Elsewhere,
            Self::Attributes => Self::Data { name: Some(local(key, true).to_owned()), user: true },
            Self::Field(_) | Self::Elsewhere => Self::Elsewhere,
        }
    }
}

fn field(table: &[(&str, &str, Field)], element: &str, key: &str) -> Place {
    let known = table.iter().find(|(of, name, _)| *of == element && *name == key);
    known.map_or(Place::Elsewhere, |&(_, _, field)| Place::Field(field))
}

/// A name without the prefix of its namespace.
fn local(name: &str, prefixed: bool) -> &str {
    if prefixed { name.rsplit(':').next().unwrap_or(name) } else { name }
}

/// What a value of an event fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Field(Field),
    /// An item of the event's own data, by its name.
    Data(String),
}

impl Place {
    /// What a value at this place fills.
    pub(crate) fn target(&self) -> Option<Target> {
        match self {
            Self::Field(field) => Some(Target::Field(*field)),
            Self::Element(element) => field(ELEMENTS, element, "").target(),
            Self::Data { name, .. } => {
                Some(Target::Data(name.as_deref().unwrap_or("Data").to_owned()))
            }
            _ => None,
        }
    }
}

impl Event {
    /// Fills a field with the text of its value.
    pub(crate) fn put(&mut self, field: Field, text: String) {
        match field {
            Field::Time => self.time = text.parse().ok(),
            Field::Channel => self.channel = text,
            Field::Provider => self.provider = text,
            Field::EventId => self.event_id = text.parse().unwrap_or(0),
            Field::RecordId => self.record_id = text.parse().unwrap_or(0),
            Field::Computer => self.computer = text,
            Field::Sid => self.user_sid = Some(text).filter(|sid| !sid.is_empty()),
            Field::Other(_) if text.is_empty() => {}
            Field::Other(name) => match self.system.iter_mut().find(|(known, _)| *known == name) {
                // Winlogbeat lists the keywords.
                Some((_, known)) => *known = format!("{known},{text}"),
                None => self.system.push((name, text)),
            },
        }
    }
}
