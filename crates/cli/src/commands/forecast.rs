//! `lanner forecast`: how long each model would take.

use super::plan::{Plan, request, settle};
use crate::failure::Failure;
use crate::progress::Bars;
use lanner_detect::Shape;
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_pipeline::{Basis, Foreseen, foresee};
use serde_json::json;
use std::io::Write;

/// Says how long each model of a hunt would take over these inputs, and which ones a hunt would leave out.
///
/// Reads and merges as a hunt does, then times fits on growing samples and draws a power law through them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  lanner forecast AWSLogs/ --models all
  lanner forecast flows.parquet --models all --deadline 300")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: Plan,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Print nothing but the forecast
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

pub(crate) fn run(mut args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let models = settle(&mut args.plan)?;
    let request = request(&args.plan, models)?;
    if !request.limits.forecast {
        return Err(Failure::usage("--no-forecast makes no sense here".to_owned()));
    }
    let inputs = args.plan.reading.open(&args.plan.inputs, None, request.threads, cancel)?;
    let bars = Bars::new(args.quiet || args.json);
    let foreseen = foresee(inputs, &request, cancel, &bars);
    bars.finish();
    let (shape, models) = foreseen?;
    if args.json {
        let models: Vec<_> = models
            .iter()
            .map(|m| json!({"id": m.id, "forecast": m.forecast, "left_out": m.left_out}))
            .collect();
        let all = json!({
            "tuples": shape.rows, "rows": shape.total, "features": shape.columns,
            "threads": request.threads, "models": models,
        });
        crate::print::json(&format!("{all:#}\n"))?;
        return Ok(());
    }
    table(shape, &models)?;
    Ok(())
}

fn table(shape: Shape, models: &[Foreseen]) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    let bold = anstyle::Style::new().bold();
    writeln!(
        out,
        "Classic recipe: {} distinct tuples of {} rows, {} features\n",
        grouped(shape.rows as u64),
        grouped(shape.total),
        shape.columns
    )?;
    writeln!(out, "{bold}{:<8} {:>10}   {:<34} a hunt{bold:#}", "model", "seconds", "from")?;
    for model in models {
        let forecast = &model.forecast;
        let from = match forecast.basis {
            Basis::NotNeeded => "its own statement: no trial needed".to_owned(),
            Basis::Statement => "its own statement: trials failed".to_owned(),
            Basis::Trials => {
                let most = forecast.samples.last().map_or(0, |t| t.rows as u64);
                let trials = match forecast.samples.len() {
                    1 => "1 trial".to_owned(),
                    n => format!("{n} trials"),
                };
                format!("{trials} to {} rows", grouped(most))
            }
        };
        let would = model
            .left_out
            .as_deref()
            .map_or("runs it".to_owned(), |why| format!("leaves it out: {why}"));
        let seconds = match forecast.basis {
            Basis::NotNeeded => "under 1".to_owned(),
            _ => format!("{:.1}", forecast.seconds),
        };
        writeln!(out, "{:<8} {seconds:>10}   {from:<34} {would}", model.id)?;
    }
    let sum: f64 = models.iter().filter(|m| m.left_out.is_none()).map(|m| m.forecast.seconds).sum();
    writeln!(
        out,
        "\nThose that run take {sum:.0} s together at most, or less where a statement is generous."
    )
}
