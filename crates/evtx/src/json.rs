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
use crate::place::{Field, Place, Target};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Nesting of an object at most; real events stay below 10.
const DEEPEST: usize = 64;

/// What is made of an object.
#[derive(Default)]
struct Draft {
    event: Event,
    /// A field that every event has was met.
    known: bool,
}

impl Draft {
    fn put(&mut self, place: &Place, text: &str) {
        match place.target() {
            Some(Target::Field(field)) => {
                self.known |= matches!(field, Field::EventId | Field::Provider);
                self.event.put(field, text.to_owned());
            }
            Some(Target::Data(name)) => self.event.data.push((name, text.to_owned())),
            None => {}
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
            let place = self.place.clone();
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
        if !draft.known {
            return Err(D::Error::custom("no event of a Windows log"));
        }
        draft.event.number();
        Ok(draft.event)
    }
}
