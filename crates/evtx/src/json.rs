//! Events written as JSON objects: the output of `evtx_dump` and of the decoder, and Winlogbeat's.
//!
//! ```text
//! {"Event": {"System": {"EventID": 4624, ...}, "EventData": {"TargetUserName": "ada", ...}}}
//! {"@timestamp": "...", "winlog": {"event_id": "4624", "event_data": {"TargetUserName": "ada", ...}}}
//! ```
//!
//! An object is walked once and never held as a tree: each key leads from one [`Place`] to the next,
//! each value is put where its place says. Attributes may stand in `#attributes` or beside their element
//! in `..._attributes`; `_source` around an event is looked through.

use crate::event::Event;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Nesting of an object at most; real events stay below 10.
const DEEPEST: usize = 64;

/// Where a value of an event belongs.
#[derive(Debug, Clone, Copy)]
enum Field {
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
#[derive(Debug)]
enum Place {
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
    fn child(&self, key: &str) -> Self {
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

/// What is made of an object.
#[derive(Default)]
struct Draft {
    event: Event,
    /// A field that every event has was met.
    known: bool,
}

impl Draft {
    fn put(&mut self, place: &Place, text: &str) {
        let event = &mut self.event;
        match place {
            Place::Field(field) => self.put_field(*field, text),
            Place::Element(element) => {
                if let Place::Field(field) = field(ELEMENTS, element, "") {
                    self.put_field(field, text);
                }
            }
            Place::Data { name, .. } => {
                event.add(name.as_deref().unwrap_or("Data"), text.to_owned())
            }
            _ => {}
        }
    }

    fn put_field(&mut self, field: Field, text: &str) {
        self.known |= matches!(field, Field::EventId | Field::Provider);
        let event = &mut self.event;
        match field {
            Field::Time => event.time = text.parse().ok(),
            Field::Channel => text.clone_into(&mut event.channel),
            Field::Provider => text.clone_into(&mut event.provider),
            Field::EventId => event.event_id = text.parse().unwrap_or(0),
            Field::RecordId => event.record_id = text.parse().unwrap_or(0),
            Field::Computer => text.clone_into(&mut event.computer),
            Field::Sid => event.user_sid = Some(text.to_owned()),
            Field::Other(name) => match event.system.iter_mut().find(|(known, _)| *known == name) {
                // Winlogbeat lists the keywords.
                Some((_, known)) => *known = format!("{known},{text}"),
                None => event.system.push((name, text.to_owned())),
            },
        }
    }
}

/// Reads the value at a place into a draft.
struct Value<'d> {
    place: Place,
    depth: usize,
    draft: &'d mut Draft,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of a Windows log")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return Err(A::Error::custom("nested too deep"));
        }
        while let Some(place) = map.next_key_seed(Key(&self.place))? {
            if matches!(place, Place::Elsewhere) {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Value { place, depth, draft: &mut *self.draft })?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return Err(A::Error::custom("nested too deep"));
        }
        loop {
            // The items of a list stand at the place of the list.
            let place = match &self.place {
                Place::Data { name, user } => Place::Data { name: name.clone(), user: *user },
                Place::Field(field) => Place::Field(*field),
                Place::Element(element) => Place::Element(element),
                _ => Place::Elsewhere,
            };
            let draft = &mut *self.draft;
            if list.next_element_seed(Value { place, depth, draft })?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.draft.put(&self.place, text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a key as the place that it leads to.
struct Key<'p>(&'p Place);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Place;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Place, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Place, E> {
        Ok(self.0.child(key))
    }
}

impl<'de> serde::Deserialize<'de> for Event {
    /// Reads an event of either shape from any format of serde.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut draft = Draft::default();
        Value { place: Place::Top, depth: 0, draft: &mut draft }.deserialize(deserializer)?;
        if draft.known {
            Ok(draft.event)
        } else {
            Err(D::Error::custom("no event of a Windows log"))
        }
    }
}
