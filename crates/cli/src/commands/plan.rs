//! What to read and which models to run on it: the arguments that hunts and forecasts share.

use super::input::{Reading, moment, threads};
use crate::config::{Config, Models, param};
use crate::failure::Failure;
use lanner_collapse::Memory;
use lanner_pipeline::{Limits, Recipe, Request, pick_models};
use lanner_recipe::Preset;
use serde::Serialize;
use std::path::PathBuf;

/// What to read and which models to run on it.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Plan {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,

    /// Detection fields, with commas [default: the preset's, or all columns]
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    pub(crate) fields: Option<Vec<String>>,
    /// What the fields mean: cloudtrail, windows-events, vpc-flow, kubernetes-audit, generic, or a preset
    /// file of your own; none for all fields as they are [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "Fields")]
    pub(crate) preset: Option<String>,
    /// Take these fields as numbers
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    pub(crate) numeric: Vec<String>,
    /// Take these fields as categories
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    pub(crate) categorical: Vec<String>,
    /// Encode exactly these fields as categories; one that is not in --fields only tells tuples apart
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    pub(crate) encode: Option<Vec<String>>,
    /// What to do with a null number: median, or reject
    #[arg(long, value_name = "HOW", default_value = "median", value_parser = ["median", "reject"], help_heading = "Fields")]
    pub(crate) nulls: String,

    /// Only rows that meet this SQL condition
    #[arg(long = "where", value_name = "SQL", help_heading = "Rows")]
    pub(crate) filter: Option<String>,
    /// Only rows at or after this time
    #[arg(long, value_name = "TIME", help_heading = "Rows")]
    pub(crate) since: Option<String>,
    /// Only rows before this time
    #[arg(long, value_name = "TIME", help_heading = "Rows")]
    pub(crate) until: Option<String>,
    /// Rejected records, in percent, above which the exit status is 3 [default: 5]
    #[arg(long, value_name = "PCT", help_heading = "Rows")]
    pub(crate) max_rejects: Option<f64>,

    /// Models: default, all (of numbers), categorical, names, or -NAME to leave one out, with commas
    /// [default: default]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "MODELS",
        allow_hyphen_values = true,
        help_heading = "Models"
    )]
    pub(crate) models: Option<Vec<String>>,
    /// Set a model's parameter: LOF.n_neighbors=35 (lanner models LOF lists them)
    #[arg(long, value_name = "MODEL.NAME=VALUE", help_heading = "Models")]
    pub(crate) param: Vec<String>,
    /// Recipe: lanner, or classic (detectors on category codes, votes) [default: lanner; classic where --models,
    /// --param, --encode, --deadline or --no-forecast are given, which only classic has]
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    pub(crate) recipe: Option<String>,
    /// Share of rows (of tuples in the lanner recipe) that each model is to flag [default: 0.001]
    #[arg(long, short, value_name = "SHARE", help_heading = "Models")]
    pub(crate) contamination: Option<f64>,
    /// List this many of the strangest tuples whatever their votes [default: 100]
    #[arg(long, value_name = "K", help_heading = "Models")]
    pub(crate) top: Option<usize>,
    /// Seed of everything random [default: 42]
    #[arg(long, value_name = "N", help_heading = "Models")]
    pub(crate) seed: Option<u64>,

    /// Leave models out that are expected to take longer than this, in seconds [default: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "Models")]
    pub(crate) max_seconds: Option<f64>,
    /// Seconds for all models together; the most models that fit are run
    #[arg(long, value_name = "SECONDS", help_heading = "Models", conflicts_with = "no_forecast")]
    pub(crate) deadline: Option<f64>,
    /// Run every model, however long it takes
    #[arg(long, help_heading = "Models", conflicts_with = "max_seconds")]
    pub(crate) no_forecast: bool,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Threads [default: one a core]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) threads: Option<usize>,
    /// Memory for grouping and joining before they spill to disk, in MiB [default: 1024]
    #[arg(long, value_name = "MIB", help_heading = "Run")]
    pub(crate) memory: Option<usize>,
    /// Where to group and join: local, or sc://host:port for a Spark cluster
    #[arg(long, value_name = "ENGINE", default_value = "local", help_heading = "Run")]
    pub(crate) engine: String,
    /// Defaults for these options [default: lanner.toml in the working folder, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(crate) config: Option<PathBuf>,
}

/// Fills what was not said from the configuration, so that `args` holds what counts; gives the models.
pub(crate) fn settle(args: &mut Plan) -> Result<Models, Failure> {
    let config = Config::load(args.config.as_deref())?;
    args.fields = args.fields.take().or(config.fields);
    args.preset = args.preset.take().or(config.preset);
    args.recipe = args.recipe.take().or(config.recipe);
    args.contamination = args.contamination.or(config.contamination);
    args.top = args.top.or(config.top);
    args.seed = args.seed.or(config.seed);
    if !args.no_forecast {
        args.max_seconds = args.max_seconds.or(config.max_seconds);
        args.deadline = args.deadline.or(config.deadline);
    }
    args.threads = args.threads.or(config.threads);
    args.memory = args.memory.or(config.memory);
    args.max_rejects = args.max_rejects.or(config.max_rejects);
    args.reading.tz = args.reading.tz.take().or(config.tz);
    let mut models = config.models;
    for text in &args.param {
        let (name, value) = param(text)?;
        let (model, name) = name.split_once('.').ok_or_else(|| {
            Failure::usage(format!("--param {text:?} should look like LOF.n_neighbors=35"))
        })?;
        models.params.entry(model.to_owned()).or_default().insert(name.to_owned(), value);
    }
    args.models = args.models.take().or(models.names.take());
    Ok(models)
}

/// What the pipeline is asked for.
pub(crate) fn request(args: &Plan, models: Models) -> Result<Request, Failure> {
    let recipe = recipe(args, &models)?;
    let own_preset = own_preset(args, recipe)?;
    if args.engine != "local" {
        return Err(Failure::usage(format!(
            "--engine {:?}: this build has no cluster engine; use --engine local",
            args.engine
        )));
    }
    let contamination = args.contamination.unwrap_or(0.001);
    if !(contamination > 0.0 && contamination <= 0.5) {
        return Err(Failure::usage(format!(
            "--contamination must be above 0 and at most 0.5, not {contamination}"
        )));
    }
    if let Some(pct) = args.max_rejects.filter(|p| !(0.0..=100.0).contains(p)) {
        return Err(Failure::usage(format!("--max-rejects must be 0 to 100 percent, not {pct}")));
    }
    let zone = args.reading.zone()?;
    let names = args.models.clone().unwrap_or_default();
    Ok(Request {
        inputs: args.inputs.clone(),
        fields: args.fields.clone(),
        encode: args.encode.clone(),
        numeric: args.numeric.clone(),
        categorical: args.categorical.clone(),
        recipe,
        preset: args.preset.clone().filter(|_| own_preset.is_none()),
        own_preset,
        reject_nulls: args.nulls == "reject",
        filter: args.filter.clone(),
        since: moment("--since", args.since.as_deref(), &zone)?,
        until: moment("--until", args.until.as_deref(), &zone)?,
        models: pick_models(&names, &models.params)?,
        contamination,
        top: args.top.unwrap_or(100),
        seed: args.seed.unwrap_or(42),
        limits: limits(args)?,
        threads: threads(args.threads),
        memory: args.memory.map_or_else(Memory::default, |mib| Memory { bytes: mib << 20 }),
    })
}

/// The recipe: the one named, or classic where an option is given that only it has.
fn recipe(args: &Plan, models: &Models) -> Result<Recipe, Failure> {
    let only_classic = [
        ("--models", args.models.is_some()),
        ("--param", !models.params.is_empty()),
        ("--encode", args.encode.is_some()),
        ("--deadline", args.deadline.is_some()),
        ("--no-forecast", args.no_forecast),
    ];
    let given = only_classic.iter().find(|(_, given)| *given).map(|(name, _)| *name);
    match (args.recipe.as_deref(), given) {
        (Some("classic"), _) => Ok(Recipe::Classic { option: None }),
        (None, Some(option)) => Ok(Recipe::Classic { option: Some(option) }),
        (Some("lanner"), None) => Ok(Recipe::Lanner),
        (Some("lanner"), Some(option)) => Err(Failure::usage(format!(
            "{option} has no meaning in the lanner recipe; leave it out, or use --recipe classic"
        ))),
        (None, None) => Ok(Recipe::Auto),
        (Some(other), _) => Err(Failure::usage(format!(
            "--recipe {other:?} is not known; there are lanner and classic"
        ))),
    }
}

/// The preset of the user's own, where --preset names a file.
fn own_preset(args: &Plan, recipe: Recipe) -> Result<Option<Preset>, Failure> {
    let Some(name) = args.preset.as_deref().filter(|_| !matches!(recipe, Recipe::Classic { .. }))
    else {
        return Ok(None);
    };
    if name == "none" || Preset::names().any(|n| n == name) {
        return Ok(None);
    }
    let is_path = name.contains(['/', '\\', '.']);
    if !is_path {
        return Err(Preset::built_in(name).err().map_or_else(
            || Failure::usage(format!("--preset {name:?} is not known")),
            Failure::usage,
        ));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|e| Failure::usage(format!("--preset {name} cannot be read: {e}")))?;
    let preset = Preset::parse(&text);
    preset.map(Some).map_err(|e| Failure::usage(format!("--preset {name}: {e}")))
}

/// How long models may take.
fn limits(args: &Plan) -> Result<Limits, Failure> {
    for (name, given) in [("--max-seconds", args.max_seconds), ("--deadline", args.deadline)] {
        if let Some(seconds) = given.filter(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(Failure::usage(format!(
                "{name} must be a number of seconds above 0, not {seconds}"
            )));
        }
    }
    let usual = Limits::default();
    Ok(Limits {
        forecast: !args.no_forecast,
        max_seconds: args.max_seconds.unwrap_or(usual.max_seconds),
        deadline: args.deadline,
    })
}
