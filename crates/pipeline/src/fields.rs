//! Which fields make a tuple, and how each becomes a feature.

use crate::{HuntError, Request};
use lanner_collapse::profile;
use lanner_encode::FeatureKind;
use lanner_frame::Workers;
use lanner_read::{Inputs, Kind};

/// The detection fields of CloudTrail: who, from where, with what, did what.
pub const CLOUDTRAIL: [&str; 5] =
    ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"];

/// Columns taken at most when none is named.
const ALL_AT_MOST: usize = 50;
/// A text column is left out when this share of its values occur once.
const NEARLY_EVERY: f64 = 0.95;
/// Fewer rows than this say nothing about a column.
const FEW_ROWS: u64 = 40;

/// The fields of a hunt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Fields that make a tuple, with the kind of feature each becomes and whether models see it.
    pub tuple: Vec<(String, FeatureKind, bool)>,
    /// Fields left out because nearly every row has a value of its own.
    pub left_out: Vec<String>,
}

impl Fields {
    /// The fields that make a tuple, with their kinds.
    pub fn kinds(&self) -> Vec<(String, FeatureKind)> {
        self.tuple.iter().map(|(name, kind, _)| (name.clone(), *kind)).collect()
    }

    /// The fields that models see, with their kinds.
    pub fn used(&self) -> Vec<(String, FeatureKind)> {
        let used = self.tuple.iter().filter(|(.., used)| *used);
        used.map(|(name, kind, _)| (name.clone(), *kind)).collect()
    }
}

/// Says whether the preset for CloudTrail fits an input.
pub fn is_cloudtrail(inputs: &Inputs) -> bool {
    inputs.kind() == Kind::CloudTrail
        || CLOUDTRAIL.iter().all(|name| inputs.schema().field_with_name(name).is_ok())
}

/// Chooses the fields: those named, else the preset's, else all columns.
///
/// # Errors
/// [`HuntError::Usage`] for an unknown or contradictory field, or too many columns.
pub fn choose(inputs: &Inputs, request: &Request) -> Result<Fields, HuntError> {
    let preset = match request.preset.as_deref() {
        Some("cloudtrail") => true,
        Some("none") => false,
        Some(other) => {
            return Err(HuntError::Usage(format!(
                "--preset {other:?} is not known to the classic recipe; there are cloudtrail and none"
            )));
        }
        None => is_cloudtrail(inputs),
    };
    choose_with(inputs, request, preset)
}

/// Chooses the fields: those named, else those of CloudTrail if `preset`, else all columns.
///
/// # Errors
/// As [`choose`].
pub(crate) fn choose_with(
    inputs: &Inputs,
    request: &Request,
    preset: bool,
) -> Result<Fields, HuntError> {
    if let Some(name) = request.numeric.iter().find(|n| request.categorical.contains(n)) {
        return Err(HuntError::Usage(format!(
            "field {name:?} is in both --numeric and --categorical; leave it in one"
        )));
    }
    let mut left_out = Vec::new();
    let used = match &request.fields {
        Some(named) => named.clone(),
        None if preset => CLOUDTRAIL.map(str::to_owned).to_vec(),
        None => all_columns(inputs, request, &mut left_out)?,
    };
    let mut tuple: Vec<(String, FeatureKind, bool)> = Vec::with_capacity(used.len());
    let encode = request.encode.as_deref().unwrap_or_default();
    for name in used.iter().chain(encode) {
        if tuple.iter().any(|(n, ..)| n == name) {
            continue;
        }
        let is_preset = preset && CLOUDTRAIL.contains(&name.as_str());
        let kind = kind(inputs, request, name, is_preset)?;
        tuple.push((name.clone(), kind, used.contains(name)));
    }
    for name in request.numeric.iter().chain(&request.categorical) {
        if !tuple.iter().any(|(n, ..)| n == name) {
            inputs.field(name)?;
            return Err(HuntError::Usage(format!(
                "field {name:?} is in --numeric or --categorical but not among the detection fields; \
                 add it to --fields"
            )));
        }
    }
    Ok(Fields { tuple, left_out })
}

/// The kind of feature that a field becomes.
fn kind(
    inputs: &Inputs,
    request: &Request,
    name: &str,
    preset: bool,
) -> Result<FeatureKind, HuntError> {
    let inferred = FeatureKind::of(inputs.field(name)?.data_type());
    let named = |list: &[String]| list.iter().any(|n| n == name);
    if named(&request.numeric) {
        return Ok(FeatureKind::Number);
    }
    if preset || named(&request.categorical) {
        return Ok(FeatureKind::Category);
    }
    match &request.encode {
        Some(encode) if named(encode) => Ok(FeatureKind::Category),
        Some(_) if inferred == FeatureKind::Category => Err(HuntError::Usage(format!(
            "field {name:?} is text and is not in --encode; add it there, or leave it out of --fields"
        ))),
        _ => Ok(inferred),
    }
}

/// All columns but the event time and those that differ in nearly every row.
fn all_columns(
    inputs: &Inputs,
    request: &Request,
    left_out: &mut Vec<String>,
) -> Result<Vec<String>, HuntError> {
    let time = inputs.time_field();
    let names = inputs.schema().fields().iter().map(|f| f.name().clone());
    let names: Vec<String> = names.filter(|n| time != Some(n.as_str())).collect();
    if names.is_empty() {
        let files = inputs.files().len();
        return Err(HuntError::Nothing(format!(
            "no record to score: {files} files read, and no record in them"
        )));
    }
    if names.len() > ALL_AT_MOST {
        let list: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err(HuntError::Usage(format!(
            "the input has {} columns; choose the detection fields with --fields. Columns: {}",
            names.len(),
            lanner_frame::text::excerpt(&list.join(", "), 4000)
        )));
    }
    let is_text = |name: &String| {
        let field = inputs.field(name).ok();
        let kind = field.map_or(FeatureKind::Number, |f| FeatureKind::of(f.data_type()));
        kind == FeatureKind::Category && !request.categorical.contains(name)
    };
    let text: Vec<String> = names.iter().filter(|n| is_text(n)).cloned().collect();
    if !text.is_empty() {
        let workers = Workers::new(request.threads);
        let workers = workers.map_err(|e| HuntError::System(e.to_string()))?;
        for field in profile(inputs, &text, &workers)?.fields {
            let filled = field.rows - field.nulls;
            let unique = field.distinct.value() as f64 >= NEARLY_EVERY * filled as f64;
            if filled >= FEW_ROWS && unique {
                left_out.push(field.name);
            }
        }
    }
    let kept: Vec<String> = names.into_iter().filter(|n| !left_out.contains(n)).collect();
    if kept.is_empty() {
        return Err(HuntError::Usage(format!(
            "nearly every row has a value of its own in every column ({}); choose with --fields",
            lanner_frame::text::excerpt(&left_out.join(", "), 1000)
        )));
    }
    Ok(kept)
}
