//! Which recipe is run, and with which preset and fields.

use crate::{HuntError, Recipe, Request, fields};
use lanner_encode::FeatureKind;
use lanner_read::Inputs;
use lanner_recipe::{Preset, PresetError};

/// What the recipe is to be run with.
pub(crate) struct Plan {
    pub(crate) preset: Preset,
    pub(crate) fields: Vec<String>,
    pub(crate) left_out: Vec<String>,
    /// Number fields, which the recipe does not use.
    pub(crate) numbers: Vec<String>,
}

/// Which recipe is run.
pub(crate) enum Choice {
    Lanner(Plan),
    /// The classic one, and why where that was not asked for.
    Classic(Option<String>),
}

impl From<PresetError> for HuntError {
    fn from(error: PresetError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// The built-in preset whose fields an input has; none where only `generic` is left.
pub fn fitting(inputs: &Inputs) -> Option<Preset> {
    let schema = inputs.schema();
    let table: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let named = |name: &str| Preset::built_in(name).ok().filter(|p| !p.columns.is_empty());
    if fields::is_cloudtrail(inputs)
        && let Some(preset) = named("cloudtrail").filter(|p| fields_of(p, inputs).is_ok())
    {
        return Some(preset);
    }
    Preset::names().filter_map(named).find(|p| p.fields(&table).is_ok())
}

/// The raw fields that a preset with columns reads from an input.
fn fields_of(preset: &Preset, inputs: &Inputs) -> Result<Vec<String>, PresetError> {
    let schema = inputs.schema();
    let mut table: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let from = preset.columns.iter().flat_map(|rule| &rule.from);
    let paths = from.map(String::as_str).filter(|name| inputs.field(name).is_ok());
    table.extend(paths.collect::<Vec<_>>());
    preset.fields(&table)
}

/// Were no fields named, or just those of the preset?
fn named_all(request: &Request, preset: &Preset, inputs: &Inputs) -> bool {
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    let named = request.fields.clone().map(sorted);
    named.is_none_or(|named| fields_of(preset, inputs).is_ok_and(|own| sorted(own) == named))
}

/// Chooses recipe, preset and fields.
///
/// # Errors
/// [`HuntError::Usage`] for a preset that does not exist or does not fit.
pub(crate) fn choose(inputs: &Inputs, request: &Request) -> Result<Choice, HuntError> {
    if let Recipe::Classic { option } = request.recipe {
        let note = option
            .map(|o| format!("{o} was given, which only the classic recipe has: it was used"));
        return Ok(Choice::Classic(note));
    }
    let preset = match (&request.own_preset, request.preset.as_deref()) {
        (Some(own), _) => own.clone(),
        (None, Some("none")) => Preset::built_in("generic")?,
        (None, Some(name)) => Preset::built_in(name)?,
        (None, None) => match fitting(inputs).filter(|p| named_all(request, p, inputs)) {
            Some(preset) => preset,
            None => Preset::built_in("generic")?,
        },
    };
    if !preset.columns.is_empty() {
        if !named_all(request, &preset, inputs) {
            return Err(HuntError::Usage(format!(
                "--preset {} says which fields are used; leave --fields out, or use --preset generic",
                preset.name
            )));
        }
        let fields = fields_of(&preset, inputs)?;
        return Ok(Choice::Lanner(Plan { preset, fields, left_out: vec![], numbers: vec![] }));
    }
    let chosen = fields::choose_with(inputs, request, false)?;
    let (words, numbers): (Vec<_>, Vec<_>) =
        chosen.used().into_iter().partition(|(_, kind)| *kind == FeatureKind::Category);
    let names = |list: Vec<(String, FeatureKind)>| list.into_iter().map(|(n, _)| n).collect();
    let (fields, numbers): (Vec<String>, Vec<String>) = (names(words), names(numbers));
    if fields.is_empty() && request.recipe == Recipe::Auto {
        let note = "no categorical field: the classic recipe was used".to_owned();
        return Ok(Choice::Classic(Some(note)));
    }
    if fields.is_empty() {
        return Err(HuntError::Usage(
            "the lanner recipe needs a categorical field; name some in --categorical, or use --recipe classic"
                .to_owned(),
        ));
    }
    Ok(Choice::Lanner(Plan { preset, fields, left_out: chosen.left_out, numbers }))
}
