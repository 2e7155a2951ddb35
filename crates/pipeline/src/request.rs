//! What a user asks for, and how a run tells what it is doing.

use lanner_collapse::Memory;
use lanner_detect::{Configured, Kind, ParamError};
use lanner_frame::Progress;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// How a hunt finds what is strange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recipe {
    /// The lanner recipe where there is a categorical field, otherwise the classic one.
    #[default]
    Auto,
    /// Detectors on category codes, votes.
    Classic {
        /// The option that asks for it where no recipe was named.
        option: Option<&'static str>,
    },
    /// Surprise given who does it, sessions, incidents.
    Lanner,
}

/// What a user asks for.
pub struct Request {
    /// Inputs as named.
    pub inputs: Vec<String>,
    /// Detection fields; none: the preset's, or all columns.
    pub fields: Option<Vec<String>>,
    /// Fields to encode as categories; none: as their types say.
    pub encode: Option<Vec<String>>,
    /// Fields to take as numbers.
    pub numeric: Vec<String>,
    /// Fields to take as categories.
    pub categorical: Vec<String>,
    /// The recipe.
    pub recipe: Recipe,
    /// A preset by name, `none`, or nothing to find out.
    pub preset: Option<String>,
    /// A preset of the user's own, instead of a name.
    pub own_preset: Option<lanner_recipe::Preset>,
    /// Is a null number a reject? Otherwise it becomes the median.
    pub reject_nulls: bool,
    /// SQL condition that rows must meet.
    pub filter: Option<String>,
    /// Only rows at or after this time.
    pub since: Option<jiff::Timestamp>,
    /// Only rows before this time.
    pub until: Option<jiff::Timestamp>,
    /// The models, in the order of the registry.
    pub models: Vec<Box<dyn Configured>>,
    /// Share of rows that each model is to flag, above 0 up to 0.5.
    pub contamination: f64,
    /// How many of the strangest tuples are listed whatever their votes.
    pub top: usize,
    /// Seed.
    pub seed: u64,
    /// How long models may take.
    pub limits: Limits,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// Memory for grouping and joining before they spill.
    pub memory: Memory,
}

/// How long models may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Are models forecast at all? Without, every model runs.
    pub forecast: bool,
    /// Models that are forecast to take more seconds than this are left out.
    pub max_seconds: f64,
    /// Seconds for the whole ensemble, forecast included: the most models that fit are run.
    pub deadline: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { forecast: true, max_seconds: 60.0, deadline: None }
    }
}

/// Is told what a run is doing. Called from several threads.
pub trait Observer: Sync {
    /// A stage begins; `rows` counts the rows read so far where that is what takes time.
    fn stage(&self, name: &str, rows: Option<Arc<AtomicU64>>);
    /// A model begins.
    fn model_started(&self, id: &str, progress: &Progress);
    /// A model's time was forecast from trials, in seconds.
    fn model_forecast(&self, id: &str, seconds: f64);
    /// A model ended, with an error or without.
    fn model_done(&self, id: &str, error: Option<&str>, seconds: f64);
}

/// Tells nobody.
pub struct Silent;

impl Observer for Silent {
    fn stage(&self, _name: &str, _rows: Option<Arc<AtomicU64>>) {}
    fn model_started(&self, _id: &str, _progress: &Progress) {}
    fn model_forecast(&self, _id: &str, _seconds: f64) {}
    fn model_done(&self, _id: &str, _error: Option<&str>, _seconds: f64) {}
}

/// Parameters that a hunt sets otherwise than the detector does, as the notebooks of this field do.
const HUNT_PARAMS: [(&str, &str, u64); 1] = [("LOF", "n_neighbors", 35)];

/// Why a choice of models cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelsError {
    /// No model has this name.
    #[error(
        "there is no model {given:?}; there are {known}, and the words default, all and categorical"
    )]
    Unknown {
        /// The name given.
        given: String,
        /// The names there are.
        known: String,
    },
    /// Nothing is left.
    #[error("--models leaves no model")]
    Nothing,
    /// A parameter is wrong.
    #[error(transparent)]
    Param(#[from] ParamError),
}

/// Picks models by names (`default`, `KNN`, `-LUNAR`) and sets their parameters.
///
/// `all` are the detectors of numbers, those of the reference; `categorical` those made for categories.
///
/// # Errors
/// [`ModelsError`] for an unknown model or a bad parameter.
pub fn pick_models(
    names: &[String],
    params: &BTreeMap<String, Map<String, Value>>,
) -> Result<Vec<Box<dyn Configured>>, ModelsError> {
    let cards = || lanner_detect::ALL.iter().map(|e| e.card());
    let known = || cards().map(|c| c.id);
    let find = |given: &str| {
        let list = || known().collect::<Vec<_>>().join(", ");
        lanner_detect::find(given)
            .map(|e| e.card().id)
            .ok_or_else(|| ModelsError::Unknown { given: given.to_owned(), known: list() })
    };
    let of_kind = |kind: Kind| cards().filter(|c| c.kind == kind).map(|c| c.id).collect::<Vec<_>>();
    let group = |name: &str| -> Result<Vec<&'static str>, ModelsError> {
        match name.to_ascii_lowercase().as_str() {
            "all" => Ok(of_kind(Kind::Numeric)),
            "categorical" => Ok(of_kind(Kind::Categorical)),
            "default" => Ok(cards().filter(|c| c.default).map(|c| c.id).collect()),
            _ => Ok(vec![find(name)?]),
        }
    };
    // Only exclusions mean: the default without them.
    let mut chosen: Vec<&str> =
        if names.iter().all(|n| n.starts_with('-')) { group("default")? } else { Vec::new() };
    for name in names {
        match name.strip_prefix('-') {
            Some(name) => {
                let out = group(name)?;
                chosen.retain(|c| !out.contains(c));
            }
            None => chosen.extend(group(name)?),
        }
    }
    for name in params.keys() {
        find(name)?;
    }
    let mut models = Vec::new();
    for entry in lanner_detect::ALL {
        let id = entry.card().id;
        if !chosen.contains(&id) {
            continue;
        }
        let mut given: Map<String, Value> = HUNT_PARAMS
            .iter()
            .filter(|(model, ..)| *model == id)
            .map(|(_, name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let named = params.iter().find(|(name, _)| name.eq_ignore_ascii_case(id));
        given.extend(named.into_iter().flat_map(|(_, p)| p.clone()));
        models.push(entry.configure(&given)?);
    }
    if models.is_empty() { Err(ModelsError::Nothing) } else { Ok(models) }
}
