//! The models: what each said, how long it was thought to take and took, and how alike they judge.

use super::{Frame, Page, Shared, html};
use askama::Template;
use axum::extract::State;
use lanner_report::words::seconds;

#[derive(Template)]
#[template(path = "workbench_models.html")]
struct ModelsPage<'a> {
    frame: Frame,
    models: &'a str,
    agreement: &'a str,
    times: Vec<Time>,
}

/// What a model was thought to take, and took.
struct Time {
    id: String,
    forecast: String,
    measured: String,
    /// Lengths of the bars, per cent of the longest.
    forecast_share: String,
    measured_share: String,
    /// How much longer it took than was thought.
    ratio: String,
}

pub(super) async fn page(State(bench): Shared) -> Page {
    let hunt = bench.hunt()?;
    let known = |m: &lanner_report::ModelEntry| {
        // A model that is known to be quick is not timed.
        let timed = m.forecast["basis"] == "trials" || m.status == "excluded";
        (m.forecast["seconds"].as_f64().filter(|_| timed), m.fit_seconds)
    };
    let all = hunt.models.iter().map(known);
    let longest = all.flat_map(|(f, t)| [f, t]).flatten().fold(f64::MIN_POSITIVE, f64::max);
    let time = |m: &lanner_report::ModelEntry| {
        let (forecast, measured) = known(m);
        let share = |s: Option<f64>| format!("{:.1}", 100.0 * s.unwrap_or_default() / longest);
        let ratio = forecast.zip(measured).filter(|(f, _)| *f > 0.0);
        Time {
            id: m.id.clone(),
            forecast: forecast.map_or_else(|| "not needed".to_owned(), seconds),
            measured: measured.map_or_else(|| m.status.clone(), seconds),
            forecast_share: share(forecast),
            measured_share: share(measured),
            ratio: ratio.map_or_else(String::new, |(f, t)| format!("{:.2}", t / f)),
        }
    };
    html(&ModelsPage {
        frame: Frame::new(&bench, "Models", "Models"),
        models: &hunt.parts.models,
        agreement: &hunt.parts.agreement,
        times: hunt.models.iter().map(time).collect(),
    })
}
