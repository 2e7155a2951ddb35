//! A template as the list of what its values fill.

use crate::header::u32_at;
use crate::place::{Place, Target};
use std::collections::HashSet;

/// Elements in elements; more are unusual.
const DEEPEST: usize = 32;
/// Bytes of a template before its XML: the next one's offset, a GUID, its size.
const HEADER: usize = 24;
/// No value decides whether an element is there.
const ALWAYS: u16 = 0xffff;

/// Where the content of a slot comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The template holds it.
    Text(String),
    /// The value of that number.
    Value(usize),
}

/// Something that an instance fills.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// What text fills; nothing where only XML can stand.
    pub(super) target: Option<Target>,
    /// The place where XML stands; none in attributes.
    pub(super) inside: Option<Place>,
    pub(super) source: Source,
    /// The values without which the element, or one around it, is left out.
    pub(super) needs: Vec<usize>,
}

/// A compiled template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) slots: Vec<Slot>,
    /// Slots that fill items of the event's own data.
    pub(super) items: usize,
    /// Two of the items have the same name.
    pub(super) repeats: bool,
}

/// Where a template ends.
pub(super) fn end(data: &[u8], offset: usize) -> Option<usize> {
    let size = u32_at(data, offset.checked_add(HEADER - 4)?)? as usize;
    (offset + HEADER).checked_add(size).filter(|&end| end <= data.len())
}

/// Compiles a template whose root stands at a place; none if it is unusual.
pub(super) fn compile(data: &[u8], offset: usize, place: &Place) -> Option<Template> {
    let end = end(data, offset)?;
    let mut reader = Reader { data, at: offset + HEADER, end, slots: Vec::new() };
    if reader.peek()? == 0x0f {
        reader.at += 4;
    }
    reader.element(place, &[], 0)?;
    if reader.at < end && reader.byte()? != 0 {
        return None;
    }
    let named = reader.slots.iter().filter_map(|slot| match &slot.target {
        Some(Target::Data(name)) => Some(name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = named.collect();
    let different: HashSet<&str> = names.iter().copied().collect();
    let (items, repeats) = (names.len(), different.len() < names.len());
    Some(Template { slots: reader.slots, items, repeats })
}

struct Reader<'c> {
    data: &'c [u8],
    at: usize,
    end: usize,
    slots: Vec<Slot>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied().filter(|_| self.at < self.end)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        let number = u32_at(self.data, self.at)?;
        self.at += 4;
        Some(number)
    }

    /// Text behind the number of its UTF-16 units.
    fn text(&mut self) -> Option<String> {
        let bytes = usize::from(self.u16()?) * 2;
        let text = super::value::utf16(self.data.get(self.at..self.at + bytes)?)?;
        self.at += bytes;
        Some(text)
    }

    /// A name, which stands here the first time that the chunk uses it.
    fn name(&mut self) -> Option<String> {
        let offset = self.u32()? as usize;
        let here = offset == self.at;
        let mut entry = Reader {
            data: self.data,
            at: offset.checked_add(6)?,
            end: self.data.len(),
            slots: Vec::new(),
        };
        let name = entry.text()?;
        if here {
            self.at = entry.at + 2;
        }
        let named = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
        (!name.is_empty() && name.chars().all(named)).then_some(name)
    }

    /// Text of the template or the number of a value.
    fn source(&mut self) -> Option<Source> {
        match self.byte()? {
            0x05 | 0x45 if self.byte()? == 0x01 => self.text().map(Source::Text),
            0x0d | 0x0e => {
                let index = usize::from(self.u16()?);
                self.byte()?;
                Some(Source::Value(index))
            }
            _ => None,
        }
    }

    fn element(&mut self, place: &Place, needs: &[usize], depth: usize) -> Option<()> {
        let token = self.byte()?;
        if depth > DEEPEST || token & !0x40 != 0x01 {
            return None;
        }
        let own = Some(self.u16()?).filter(|&own| own != ALWAYS).map(usize::from);
        let needs: Vec<usize> = needs.iter().copied().chain(own).collect();
        self.u32()?;
        let name = self.name()?;
        let mut attributes = Vec::new();
        if token & 0x40 != 0 {
            self.u32()?;
            while matches!(self.peek()?, 0x06 | 0x46) {
                self.at += 1;
                attributes.push((self.name()?, self.source()?));
            }
        }
        let inside = match place {
            Place::Top if name != "Event" => return None,
            Place::Data { name: None, user: false } if name == "Data" => {
                let named = attributes.iter().find(|(attribute, _)| attribute == "Name");
                let name = match named {
                    Some((_, Source::Text(name))) => name.clone(),
                    Some((_, Source::Value(_))) => return None,
                    None => name,
                };
                Place::Data { name: Some(name), user: false }
            }
            _ => place.child(&name),
        };
        let beside = inside.child("#attributes");
        for (name, source) in attributes {
            let target = beside.child(&name).target();
            if target.is_some() {
                let needs = needs.clone();
                self.slots.push(Slot { target, inside: None, source, needs });
            }
        }
        match self.byte()? {
            0x02 => self.content(&inside, &needs, depth),
            0x03 => Some(()),
            _ => None,
        }
    }

    /// What stands between the tags of an element, and the closing tag.
    fn content(&mut self, inside: &Place, needs: &[usize], depth: usize) -> Option<()> {
        let (mut nodes, mut slots) = (0, Vec::new());
        loop {
            match self.peek()? {
                0x04 => break,
                0x01 | 0x41 => self.element(inside, needs, depth + 1)?,
                _ => {
                    slots.push(self.slots.len());
                    let source = self.source()?;
                    let (inside, needs) = (Some(inside.clone()), needs.to_vec());
                    self.slots.push(Slot { target: None, inside, source, needs });
                }
            }
            nodes += 1;
        }
        self.at += 1;
        // Text that is the whole content of an element fills something; text beside elements is unusual,
        // and nothing but XML is expected of a value there.
        if let ([slot], 1) = (&slots[..], nodes) {
            let target = inside.target();
            if target.is_none() && *inside == Place::Elsewhere {
                self.slots.truncate(*slot);
            } else {
                self.slots[*slot].target = target;
            }
        }
        Some(())
    }
}
