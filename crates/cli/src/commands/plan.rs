//! What to read and which models to run on it: the arguments that hunts and forecasts share.

use super::input::Reading;
use crate::config::{Config, Models, param};
use crate::failure::Failure;
use lanner_pipeline::{Asked, Request};
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
    if args.engine != "local" {
        return Err(Failure::usage(format!(
            "--engine {:?}: this build has no cluster engine; use --engine local",
            args.engine
        )));
    }
    let args = args.clone();
    let asked = Asked {
        inputs: args.inputs,
        fields: args.fields,
        preset: args.preset,
        numeric: args.numeric,
        categorical: args.categorical,
        encode: args.encode,
        nulls: Some(args.nulls),
        filter: args.filter,
        since: args.since,
        until: args.until,
        max_rejects: args.max_rejects,
        models: args.models,
        params: models.params,
        recipe: args.recipe,
        contamination: args.contamination,
        top: args.top,
        seed: args.seed,
        max_seconds: args.max_seconds,
        deadline: args.deadline,
        no_forecast: args.no_forecast,
        reading: args.reading.plain(),
        threads: args.threads,
        memory: args.memory,
    };
    Ok(asked.request()?)
}
