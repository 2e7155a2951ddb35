//! Realistic logs with planted attacks, from a seed.
//!
//! An invented organisation (people, machines, pipelines, auditors, services) works for some weeks in a
//! few cloud accounts; [`write()`] leaves its `CloudTrail` as it would be delivered, or as one table, and
//! beside it a file of labels that says which events belong to a planted attack. The same
//! [`CloudTrail`] always gives the same events; nothing is read from the clock, the machine or a network.
//!
//! One row in about 25 is a combination of address, service, call, agent and principal that is new, at
//! any number of rows: with the rows grows the organisation. A small account instead ([`Size::Small`]) has 100
//! to 500 combinations. Newcomers and an intruder may join either. Nothing in it is real; the calls and the
//! layout of the records follow the public documentation, the attacks that of MITRE ATT&CK for cloud.

mod actor;
mod agent;
mod attack;
mod catalogue;
mod draw;
mod error;
mod job;
mod record;
mod resource;
mod small;
mod table;
mod traffic;
mod tree;
mod visit;
mod windows;
mod world;
mod write;

pub use error::SampleError;
pub use windows::{
    KINDS, TrueSession, Windows, WindowsEvent, WindowsSample, WrittenLogs, windows, write_windows,
};
pub use write::write;

use std::path::PathBuf;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudTrail {
    /// Events in all, the planted ones among them.
    pub rows: u64,
    /// Seed of everything.
    pub seed: u64,
    /// Planted attacks; each of the kinds comes once before any comes again.
    pub attacks: u32,
    /// Harmless principals on their first day, for one visit each.
    pub newcomers: u32,
    /// One longer attack, of one visit, beside the others.
    pub intruder: Option<Intruder>,
    /// How large the organisation is.
    pub size: Size,
    /// Days that the events are spread over, 1 to 3660.
    pub days: u32,
    /// First moment of the first day.
    pub start: jiff::Timestamp,
}

impl Default for CloudTrail {
    fn default() -> Self {
        // A Monday, 2026-01-05T00:00:00Z.
        let start = jiff::Timestamp::constant(1_767_571_200, 0);
        let (attacks, newcomers, intruder, size) = (12, 0, None, Size::Large);
        Self { rows: 300_000, seed: 1, attacks, newcomers, intruder, size, days: 30, start }
    }
}

/// How large the organisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// With the rows grow people, machines and accounts.
    Large,
    /// One account of 8 to 26 principals with few habits. Four shapes take turns from seed to seed: mostly
    /// programs, mostly people, batch jobs in bursts, contractors who come and go.
    Small,
}

/// Who carries out the longer attack: 10 to 40 different calls within 0.7 to 2.5 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intruder {
    /// A new identity from an address and with an agent of its own.
    Newcomer,
    /// A new identity from the network of a colleague.
    ColleagueNetwork,
    /// A known identity from a new address with a new agent.
    StolenKey,
    /// The administrator, from the usual address, with the usual agent, in the usual hours.
    Admin,
}

impl Intruder {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Newcomer, Self::ColleagueNetwork, Self::StolenKey, Self::Admin];

    /// The name, as in the column `mode` of the labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Newcomer => "newcomer",
            Self::ColleagueNetwork => "colleague-network",
            Self::StolenKey => "stolen-key",
            Self::Admin => "admin",
        }
    }
}

/// The form the events are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A folder with `AWSLogs/ACCOUNT/CloudTrail/REGION/YEAR/MONTH/DAY/*.json.gz` and `labels.csv`.
    Tree,
    /// One Parquet file, by time, and beside `NAME.parquet` its labels in `NAME.labels.csv`.
    Parquet,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Files of events.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Events.
    pub rows: u64,
    /// Events of planted attacks.
    pub attack_rows: u64,
    /// Planted attacks.
    pub instances: u32,
    /// The file of labels: `eventID,attack_id,technique,attack,mode`, one line for each event of an attack.
    pub labels: PathBuf,
}
