//! The only crate that knows the order of the stages: request in, outcome out.
//!
//! It owns seeds, threads, progress and cancellation. It computes no score and draws nothing.

mod asked;
mod choice;
mod classic;
mod error;
mod fields;
mod forecast;
mod grounds;
mod hunt;
mod lanner;
mod memory;
mod models;
mod outcome;
mod parts;
mod reading;
mod request;
mod score;
mod sessions;
mod shares;

pub use asked::Asked;
pub use choice::fitting as fitting_preset;
pub use classic::{Foreseen, foresee};
pub use error::HuntError;
pub use fields::{CLOUDTRAIL, Fields, choose as choose_fields, is_cloudtrail};
pub use forecast::{Basis, Forecast, Trial};
pub use grounds::{ClassicGrounds, Grounds, Lanner, NAME_SHOWN, VALUE_SHOWN, Why};
pub use hunt::{Hunt, hunt};
pub use lanner::INCIDENTS_SHOWN;
pub use memory::peak as peak_memory;
pub use outcome::{
    Agreement, FieldUse, IncidentLine, InputReport, ModelRun, Outcome, RankCount, Settings, Status,
    Tuples,
};
pub use reading::{Reading, moment, threads};
pub use request::{Limits, ModelsError, Observer, Recipe, Request, Silent, pick_models};
pub use score::{ScoreRequest, Scored, score};
pub use sessions::{
    EventsReport, Keep, SessionsOutcome, SessionsRequest, SessionsSettings, loss, sessions,
};
pub use shares::Looked;
