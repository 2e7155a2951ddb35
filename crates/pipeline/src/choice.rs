//! Which recipe is run, and with which preset and fields.

use crate::{HuntError, Recipe, Request, fields};
use lanner_encode::FeatureKind;
use lanner_read::Inputs;
use lanner_recipe::{Preset, PresetError};

/// What the recipe is to be run with.
pub(crate) struct Plan {
    pub(crate) preset: Preset,
    /// The fields that make a tuple, and what each is to the recipe.
    pub(crate) fields: Vec<(String, FeatureKind)>,
    pub(crate) left_out: Vec<String>,
}

impl Plan {
    /// The fields of a kind.
    pub(crate) fn names(&self, kind: FeatureKind) -> Vec<String> {
        let of_kind = self.fields.iter().filter(|(_, k)| *k == kind);
        of_kind.map(|(name, _)| name.clone()).collect()
    }
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

/// Were no fields named, or just those of the preset, and none as numbers?
fn as_they_are(request: &Request, preset: &Preset, inputs: &Inputs) -> bool {
    request.numeric.is_empty() && named_all(request, preset, inputs)
}

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
        (None, None) => match fitting(inputs).filter(|p| as_they_are(request, p, inputs)) {
            Some(preset) => preset,
            None => Preset::built_in("generic")?,
        },
    };
    if !preset.columns.is_empty() {
        if !as_they_are(request, &preset, inputs) {
            return Err(HuntError::Usage(format!(
                "--preset {} says which fields are used and how; leave --fields and --numeric out, or use \
                 --preset generic",
                preset.name
            )));
        }
        let category = |name| (name, FeatureKind::Category);
        let fields = fields_of(&preset, inputs)?.into_iter().map(category).collect();
        return Ok(Choice::Lanner(Plan { preset, fields, left_out: vec![] }));
    }
    let chosen = fields::choose_with(inputs, request, false)?;
    Ok(Choice::Lanner(Plan { preset, fields: chosen.used(), left_out: chosen.left_out }))
}
