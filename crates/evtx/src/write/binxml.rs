//! Binary XML: the records of a chunk as instances of templates.
//!
//! After [MS-EVEN6] 2.2.12 and J. Metz, libevtx documentation.

use super::value::{Value, utf16};
use crate::header::{CHUNK, CHUNK_HEADER};
use std::collections::HashMap;

/// Begins a stream: token, version 1.1, no flags.
const STREAM: [u8; 4] = [0x0f, 1, 1, 0];
const END: u8 = 0x00;
const OPEN: u8 = 0x01;
const CLOSE_START: u8 = 0x02;
const CLOSE_EMPTY: u8 = 0x03;
const CLOSE: u8 = 0x04;
const FIXED: u8 = 0x05;
const ATTRIBUTE: u8 = 0x06;
const INSTANCE: u8 = 0x0c;
const VALUE: u8 = 0x0d;
/// A value that is left out with its attribute if it is null.
const OPTIONAL: u8 = 0x0e;
/// Set on a token that attributes, or more attributes, follow.
const MORE: u8 = 0x40;
/// No substitution decides whether an element is there.
const ALWAYS: u16 = 0xffff;

/// What an attribute or an element holds.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// Text that belongs to the template.
    Fixed(String),
    /// A value that each record has of its own.
    Own(Value),
}

#[derive(Debug, Clone)]
enum Content {
    Empty,
    Own(Value),
    Children(Vec<Element>),
}

/// An element of the XML of an event.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: String,
    pub(super) attributes: Vec<(String, Slot)>,
    content: Content,
}

impl Element {
    fn new<const N: usize>(name: &str, attributes: [(&str, Value); N], content: Content) -> Self {
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Slot::Own(value)));
        Self { name: name.to_owned(), attributes: attributes.into(), content }
    }

    pub(super) fn empty<const N: usize>(name: &str, attributes: [(&str, Value); N]) -> Self {
        Self::new(name, attributes, Content::Empty)
    }

    pub(super) fn with<const N: usize>(
        name: &str,
        attributes: [(&str, Value); N],
        value: Value,
    ) -> Self {
        Self::new(name, attributes, Content::Own(value))
    }

    pub(super) fn around(name: &str, children: Vec<Self>) -> Self {
        Self::new(name, [], Content::Children(children))
    }

    /// The values of the record, in the order of the template.
    fn values<'e>(&'e self, list: &mut Vec<&'e Value>) {
        for (_, slot) in &self.attributes {
            if let Slot::Own(value) = slot {
                list.push(value);
            }
        }
        match &self.content {
            Content::Empty => {}
            Content::Own(value) => list.push(value),
            Content::Children(children) => {
                for child in children {
                    child.values(list);
                }
            }
        }
    }

    /// Everything that belongs to the template, as a key.
    fn shape(&self, key: &mut String) {
        key.push('<');
        key.push_str(&self.name);
        for (name, slot) in &self.attributes {
            key.push(' ');
            key.push_str(name);
            if let Slot::Fixed(text) = slot {
                key.push('=');
                key.push_str(text);
            }
        }
        key.push('>');
        if let Content::Children(children) = &self.content {
            for child in children {
                child.shape(key);
            }
        }
        key.push('/');
    }
}

/// Offsets of the newest entry of each bucket: of names and of templates.
pub(super) type Tables = ([u32; 64], [u32; 32]);

/// A chunk that is being written.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) bytes: Vec<u8>,
    names: HashMap<String, u32>,
    templates: HashMap<String, u32>,
    tables: Tables,
}

impl Page {
    pub(super) fn new() -> Self {
        let mut bytes = Vec::with_capacity(CHUNK);
        bytes.resize(CHUNK_HEADER, 0);
        Self { bytes, names: HashMap::new(), templates: HashMap::new(), tables: ([0; 64], [0; 32]) }
    }

    pub(super) fn tables(&self) -> Tables {
        self.tables
    }

    /// Takes back what was written from an offset on.
    pub(super) fn roll_back(&mut self, at: usize, tables: &Tables) {
        self.bytes.truncate(at);
        self.tables = *tables;
        self.names.retain(|_, offset| (*offset as usize) < at);
        self.templates.retain(|_, offset| (*offset as usize) < at);
    }

    /// Writes an event as an instance of its template, which is defined here if it is new; none if a
    /// text, or the number of values, is too large for its field.
    pub(super) fn instance(&mut self, tree: &Element) -> Option<()> {
        let mut key = String::new();
        tree.shape(&mut key);
        let id = evtx::checksum_ieee(key.as_bytes());
        self.bytes.extend(STREAM);
        self.bytes.extend([INSTANCE, 1]);
        self.bytes.extend(id.to_le_bytes());
        let known = self.templates.get(&key).copied();
        let offset = known.unwrap_or(self.here() + 4);
        self.bytes.extend(offset.to_le_bytes());
        if known.is_none() {
            self.define(tree, id)?;
            self.templates.insert(key, offset);
        }
        let mut values = Vec::new();
        tree.values(&mut values);
        self.bytes.extend((values.len() as u32).to_le_bytes());
        for value in &values {
            self.bytes.extend(u16::try_from(value.bytes.len()).ok()?.to_le_bytes());
            self.bytes.extend([value.actual, 0]);
        }
        for value in &values {
            self.bytes.extend(&value.bytes);
        }
        self.bytes.push(END);
        Some(())
    }

    fn here(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn define(&mut self, tree: &Element, id: u32) -> Option<()> {
        let bucket = &mut self.tables.1[id as usize % 32];
        let next = std::mem::replace(bucket, self.bytes.len() as u32);
        self.bytes.extend(next.to_le_bytes());
        // The GUID of the template begins with its id.
        for part in [id, 0, 0, 0] {
            self.bytes.extend(part.to_le_bytes());
        }
        self.sized(|page| {
            page.bytes.extend(STREAM);
            page.element(tree, &mut 0)?;
            page.bytes.push(END);
            Some(())
        })
    }

    /// Writes the size of what `write` writes, then that.
    fn sized(&mut self, write: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        write(self)?;
        let size = (self.bytes.len() - at - 4) as u32;
        self.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
        Some(())
    }

    fn element(&mut self, element: &Element, next: &mut u16) -> Option<()> {
        let some = !element.attributes.is_empty();
        self.bytes.push(OPEN | if some { MORE } else { 0 });
        self.bytes.extend(ALWAYS.to_le_bytes());
        self.sized(|page| {
            page.name(&element.name)?;
            if some {
                page.sized(|page| page.attributes(&element.attributes, next))?;
            }
            match &element.content {
                Content::Empty => {
                    page.bytes.push(CLOSE_EMPTY);
                    return Some(());
                }
                Content::Own(value) => {
                    page.bytes.push(CLOSE_START);
                    page.substitution(VALUE, value, next)?;
                }
                Content::Children(children) => {
                    page.bytes.push(CLOSE_START);
                    children.iter().try_for_each(|child| page.element(child, next))?;
                }
            }
            page.bytes.push(CLOSE);
            Some(())
        })
    }

    fn attributes(&mut self, attributes: &[(String, Slot)], next: &mut u16) -> Option<()> {
        for (i, (name, slot)) in attributes.iter().enumerate() {
            self.bytes.push(ATTRIBUTE | if i + 1 < attributes.len() { MORE } else { 0 });
            self.name(name)?;
            match slot {
                Slot::Fixed(text) => {
                    self.bytes.extend([FIXED, 0x01]);
                    self.text(text)?;
                }
                Slot::Own(value) => self.substitution(OPTIONAL, value, next)?,
            }
        }
        Some(())
    }

    fn substitution(&mut self, token: u8, value: &Value, next: &mut u16) -> Option<()> {
        self.bytes.push(token);
        self.bytes.extend(next.to_le_bytes());
        self.bytes.push(value.declared);
        *next = next.checked_add(1)?;
        Some(())
    }

    /// Writes the offset of a name, and the name behind it if it is new to the chunk.
    fn name(&mut self, name: &str) -> Option<()> {
        let known = self.names.get(name).copied();
        let offset = known.unwrap_or(self.here() + 4);
        self.bytes.extend(offset.to_le_bytes());
        if known.is_none() {
            let hash = hash(name);
            let bucket = &mut self.tables.0[hash as usize % 64];
            let next = std::mem::replace(bucket, offset);
            self.bytes.extend(next.to_le_bytes());
            self.bytes.extend(hash.to_le_bytes());
            self.text(name)?;
            self.bytes.extend([0, 0]);
            self.names.insert(name.to_owned(), offset);
        }
        Some(())
    }

    /// Writes a text behind the number of its UTF-16 units.
    fn text(&mut self, text: &str) -> Option<()> {
        let units = utf16(text);
        self.bytes.extend(u16::try_from(units.len() / 2).ok()?.to_le_bytes());
        self.bytes.extend(units);
        Some(())
    }
}

/// The hash by which names are found in the table of a chunk.
fn hash(name: &str) -> u16 {
    name.encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(unit)))
        as u16
}
