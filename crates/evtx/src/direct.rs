//! The usual records straight from binary XML to events.
//!
//! Nearly every record is an instance of a template that its chunk holds once. A template is compiled to
//! the list of what its values fill, and a record is then no more than its values. What is unusual (arrays,
//! XML without a template, entities and so on) is left to the `evtx` crate, which also decides what is
//! damaged: nothing here rejects a record. Where both read a record they agree, except that this keeps
//! empty `UserData` items and unnamed items among named ones, which the JSON of the other lacks.
//!
//! After [MS-EVEN6] 2.2.12 and J. Metz, libevtx documentation.

mod template;
mod value;

use crate::event::Event;
use crate::header::{RECORD_FRAME, u32_at};
use crate::place::{Field, Place, Target};
use crate::walk::Frame;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use template::{Source, Template};

/// Instances in instances; real ones are two deep.
const DEEPEST: usize = 8;
/// Steps for the records of a chunk: bytes of templates compiled and of text written, and values looked
/// at. Real chunks take some hundred thousand.
const STEPS: usize = 4 << 20;

/// Reads the records of one chunk.
pub(crate) struct Direct<'c> {
    data: &'c [u8],
    /// Templates by their offset.
    templates: HashMap<usize, Vec<Compiled>>,
    steps: usize,
}

/// A template, if it is a usual one, and the place of its root.
type Compiled = (Place, Option<Rc<Template>>);

/// A value of an instance: its type and its bytes in the chunk.
type Value = (u8, Range<usize>);

/// One record on its way.
#[derive(Default)]
struct Draft {
    event: Event,
    /// Templates that added items.
    givers: usize,
    /// Some names may be equal.
    repeats: bool,
}

impl<'c> Direct<'c> {
    pub(crate) fn new(data: &'c [u8]) -> Self {
        Self { data, templates: HashMap::new(), steps: STEPS }
    }

    /// Whether the records took more work than any real ones.
    pub(crate) fn spent(&self) -> bool {
        self.steps == 0
    }

    /// The event of a record, if it is a usual one.
    pub(crate) fn event(&mut self, frame: &Frame) -> Option<Event> {
        let content = frame.at + RECORD_FRAME - 4..frame.end() - 4;
        let mut draft = Draft::default();
        draft.event.system.reserve(crate::event::SYSTEM.len());
        self.fragment(content, &Place::Top, 0, &mut draft)?;
        if draft.repeats || draft.givers > 1 {
            draft.event.number();
        }
        let Event { event_id, provider, .. } = &draft.event;
        (*event_id > 0 || !provider.is_empty()).then_some(draft.event)
    }

    /// Reads XML that is one instance of a template.
    fn fragment(
        &mut self,
        content: Range<usize>,
        place: &Place,
        depth: usize,
        draft: &mut Draft,
    ) -> Option<()> {
        let mut at = content.start;
        if self.data.get(at) == Some(&0x0f) {
            at += 4;
        }
        if depth > DEEPEST || self.data.get(at) != Some(&0x0c) {
            return None;
        }
        let offset = u32_at(self.data, at + 6)? as usize;
        at += 10;
        if at == offset {
            at = template::end(self.data, offset)?;
        }
        let count = u32_at(self.data, at)? as usize;
        let mut next = (at + 4).checked_add(count.checked_mul(4)?)?;
        let descriptors = self.data.get(at + 4..next)?;
        let mut values: Vec<Value> = Vec::with_capacity(count);
        for descriptor in descriptors.chunks_exact(4) {
            let size = usize::from(u16::from_le_bytes([descriptor[0], descriptor[1]]));
            values.push((descriptor[2], next..next + size));
            next += size;
        }
        // Nothing but the end of the XML may follow.
        if next > content.end || next < content.end && self.data[next] != 0 {
            return None;
        }
        let template = self.template(offset, place)?;
        draft.givers += usize::from(template.items > 0);
        draft.event.data.reserve(template.items);
        draft.repeats |= template.repeats;
        self.fill(&template, &values, depth, draft)
    }

    fn template(&mut self, offset: usize, place: &Place) -> Option<Rc<Template>> {
        let known = self.templates.entry(offset).or_default();
        if let Some((_, known)) = known.iter().find(|(root, _)| root == place) {
            return known.clone();
        }
        let compiled = template::compile(self.data, offset, place).map(Rc::new);
        let size = template::end(self.data, offset).map_or(0, |end| end - offset);
        self.steps = self.steps.saturating_sub(size);
        known.push((place.clone(), compiled.clone()));
        compiled
    }

    fn fill(
        &mut self,
        template: &Template,
        values: &[Value],
        depth: usize,
        draft: &mut Draft,
    ) -> Option<()> {
        for slot in &template.slots {
            self.steps = self.steps.checked_sub(1)?;
            let mut absent = false;
            for &needed in &slot.needs {
                absent |= values.get(needed)?.0 == value::NULL;
            }
            if absent {
                continue;
            }
            let index = match &slot.source {
                Source::Value(index) => *index,
                Source::Text(text) => {
                    self.put(&mut draft.event, slot.target.as_ref()?, text.clone())?;
                    continue;
                }
            };
            let (kind, range) = values.get(index)?;
            if *kind == value::XML {
                if !range.is_empty() {
                    self.fragment(range.clone(), slot.inside.as_ref()?, depth + 1, draft)?;
                }
                continue;
            }
            if *kind == value::NULL {
                continue;
            }
            let bytes = &self.data[range.clone()];
            match (slot.target.as_ref()?, value::number(*kind, bytes)) {
                (Target::Field(Field::EventId), Some(id)) => {
                    draft.event.event_id = u32::try_from(id).unwrap_or(0);
                }
                (Target::Field(Field::RecordId), Some(id)) => draft.event.record_id = id,
                (Target::Field(Field::Time), _) if *kind == value::FILE_TIME => {
                    draft.event.time = Some(value::file_time(bytes)?);
                }
                (target, _) => {
                    let text = value::text(*kind, bytes)?;
                    self.put(&mut draft.event, target, text)?;
                }
            }
        }
        Some(())
    }

    fn put(&mut self, event: &mut Event, target: &Target, text: String) -> Option<()> {
        let name = if let Target::Data(name) = target { name.len() } else { 0 };
        let left = self.steps.checked_sub(name + text.len());
        self.steps = left.unwrap_or(0);
        match target {
            Target::Field(Field::Other(name)) if !text.is_empty() => {
                event.system.push((name, text));
            }
            Target::Field(field) => event.put(*field, text),
            Target::Data(name) => event.data.push((name.clone(), text)),
        }
        left.map(|_| ())
    }
}
