//! What a user asks of a hunt, as it is said on a command line or in Python, and what it means.

use crate::reading::{moment, threads};
use crate::{HuntError, Limits, Reading, Recipe, Request, pick_models};
use lanner_collapse::Memory;
use lanner_recipe::Preset;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a user asks of a hunt: the options by their names, none for what is usual. Nothing is checked yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Inputs as named.
    pub inputs: Vec<String>,
    /// Detection fields.
    pub fields: Option<Vec<String>>,
    /// A preset by name, a file of one, or `none`.
    pub preset: Option<String>,
    /// Fields to take as numbers.
    pub numeric: Vec<String>,
    /// Fields to take as categories.
    pub categorical: Vec<String>,
    /// Fields to encode as categories.
    pub encode: Option<Vec<String>>,
    /// What to do with a null number: `median` or `reject`.
    pub nulls: Option<String>,
    /// SQL condition that rows must meet.
    pub filter: Option<String>,
    /// Only rows at or after this time.
    pub since: Option<String>,
    /// Only rows before this time.
    pub until: Option<String>,
    /// Rejected records allowed, in percent.
    pub max_rejects: Option<f64>,
    /// Models by name.
    pub models: Option<Vec<String>>,
    /// Parameters by model.
    pub params: BTreeMap<String, Map<String, Value>>,
    /// `lanner` or `classic`.
    pub recipe: Option<String>,
    /// Share of rows that each model is to flag.
    pub contamination: Option<f64>,
    /// Strangest tuples listed whatever their votes.
    pub top: Option<usize>,
    /// Seed.
    pub seed: Option<u64>,
    /// Seconds above which a model is left out.
    pub max_seconds: Option<f64>,
    /// Seconds for all models together.
    pub deadline: Option<f64>,
    /// Run every model, however long it takes.
    pub no_forecast: bool,
    /// How inputs are read.
    pub reading: Reading,
    /// Threads.
    pub threads: Option<usize>,
    /// Memory for grouping and joining, MiB.
    pub memory: Option<usize>,
}

impl Asked {
    /// Checks it and fills in what is usual.
    ///
    /// # Errors
    /// [`HuntError::Usage`] with a line that says which option is wrong and how to mend it.
    pub fn request(&self) -> Result<Request, HuntError> {
        let wrong = |text: String| Err(HuntError::Usage(text));
        let reject_nulls = match self.nulls.as_deref() {
            None | Some("median") => false,
            Some("reject") => true,
            Some(other) => return wrong(format!("--nulls {other:?}: there are median and reject")),
        };
        let recipe = self.recipe()?;
        let own_preset = self.own_preset(recipe)?;
        let contamination = self.contamination.unwrap_or(0.001);
        if !(contamination > 0.0 && contamination <= 0.5) {
            return wrong(format!(
                "--contamination must be above 0 and at most 0.5, not {contamination}"
            ));
        }
        if let Some(pct) = self.max_rejects.filter(|p| !(0.0..=100.0).contains(p)) {
            return wrong(format!("--max-rejects must be 0 to 100 percent, not {pct}"));
        }
        let zone = self.reading.zone()?;
        let names = self.models.as_deref().unwrap_or_default();
        let models =
            pick_models(names, &self.params).map_err(|e| HuntError::Usage(e.to_string()))?;
        Ok(Request {
            inputs: self.inputs.clone(),
            fields: self.fields.clone(),
            encode: self.encode.clone(),
            numeric: self.numeric.clone(),
            categorical: self.categorical.clone(),
            recipe,
            preset: self.preset.clone().filter(|_| own_preset.is_none()),
            own_preset,
            reject_nulls,
            filter: self.filter.clone(),
            since: moment("--since", self.since.as_deref(), &zone)?,
            until: moment("--until", self.until.as_deref(), &zone)?,
            models,
            contamination,
            top: self.top.unwrap_or(100),
            seed: self.seed.unwrap_or(42),
            limits: self.limits()?,
            threads: threads(self.threads),
            memory: self.memory.map_or_else(Memory::default, |mib| Memory { bytes: mib << 20 }),
        })
    }

    /// The share of rejected records, in percent, above which a run is not to be relied on.
    pub fn max_rejects(&self) -> f64 {
        self.max_rejects.unwrap_or(5.0)
    }

    /// The recipe: the one named, or classic where an option is given that only it has.
    fn recipe(&self) -> Result<Recipe, HuntError> {
        let only_classic = [
            ("--models", self.models.is_some()),
            ("--param", !self.params.is_empty()),
            ("--encode", self.encode.is_some()),
            ("--deadline", self.deadline.is_some()),
            ("--no-forecast", self.no_forecast),
        ];
        let given = only_classic.iter().find(|(_, given)| *given).map(|(name, _)| *name);
        match (self.recipe.as_deref(), given) {
            (Some("classic"), _) => Ok(Recipe::Classic { option: None }),
            (None, Some(option)) => Ok(Recipe::Classic { option: Some(option) }),
            (Some("lanner"), None) => Ok(Recipe::Lanner),
            (Some("lanner"), Some(option)) => Err(HuntError::Usage(format!(
                "{option} has no meaning in the lanner recipe; leave it out, or use --recipe classic"
            ))),
            (None, None) => Ok(Recipe::Auto),
            (Some(other), _) => Err(HuntError::Usage(format!(
                "--recipe {other:?} is not known; there are lanner and classic"
            ))),
        }
    }

    /// The preset of the user's own, where --preset names a file.
    fn own_preset(&self, recipe: Recipe) -> Result<Option<Preset>, HuntError> {
        let Some(name) =
            self.preset.as_deref().filter(|_| !matches!(recipe, Recipe::Classic { .. }))
        else {
            return Ok(None);
        };
        if name == "none" || Preset::names().any(|n| n == name) {
            return Ok(None);
        }
        if !name.contains(['/', '\\', '.']) {
            // It is no built-in one, so this is its error.
            return Preset::built_in(name).map(Some).map_err(|e| HuntError::Usage(e.to_string()));
        }
        let wrong = |text: String| HuntError::Usage(format!("--preset {name}{text}"));
        let text =
            std::fs::read_to_string(name).map_err(|e| wrong(format!(" cannot be read: {e}")))?;
        Preset::parse(&text).map(Some).map_err(|e| wrong(format!(": {e}")))
    }

    /// How long models may take.
    fn limits(&self) -> Result<Limits, HuntError> {
        if self.no_forecast && (self.max_seconds.is_some() || self.deadline.is_some()) {
            let text = "--no-forecast goes with neither --max-seconds nor --deadline";
            return Err(HuntError::Usage(text.to_owned()));
        }
        for (name, given) in [("--max-seconds", self.max_seconds), ("--deadline", self.deadline)] {
            if let Some(seconds) = given.filter(|s| !(*s > 0.0 && s.is_finite())) {
                return Err(HuntError::Usage(format!(
                    "{name} must be a number of seconds above 0, not {seconds}"
                )));
            }
        }
        let usual = Limits::default();
        Ok(Limits {
            forecast: !self.no_forecast,
            max_seconds: self.max_seconds.unwrap_or(usual.max_seconds),
            deadline: self.deadline,
        })
    }
}
