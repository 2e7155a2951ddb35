//! Raw values as what they stand for: the principal behind a session, the network of an address, the
//! family of an agent.
//!
//! Each distinct raw value is looked at once. Values are log text, that is an attacker's: scanners read
//! every byte at most a fixed number of times, recurse nowhere, and their results are never trusted to
//! be short or printable.

mod agent;
mod arn;
mod network;

pub use agent::agent;
pub use arn::{holder, principal};
pub use network::network;

use crate::Field;

/// How raw values become the value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normaliser {
    /// The values as they are, several joined by a colon; null where all are null.
    Plain,
    /// As `plain`, in lower case.
    Lower,
    /// The first that is not empty.
    First,
    /// ARN and source address: see [`principal`].
    AwsPrincipal,
    /// ARN and source address: see [`holder`].
    AwsRole,
    /// Address: see [`network()`].
    Network,
    /// User agent: see [`agent()`].
    Agent,
    /// A port and more: as `plain`, a port from 32768 on being `ephemeral`.
    Port,
    /// Service host and name: the host's first label, a colon, the name.
    AwsAction,
}

impl Normaliser {
    /// How many raw fields it takes, at least and at most.
    pub(crate) fn arity(self) -> (usize, usize) {
        match self {
            Self::Plain | Self::Lower | Self::First | Self::Port => (1, usize::MAX),
            Self::AwsPrincipal | Self::AwsRole | Self::AwsAction => (2, 2),
            Self::Network | Self::Agent => (1, 1),
        }
    }

    /// The normalised value of the raw values of one tuple, in the order of the preset's fields.
    pub fn apply(self, raw: &[Option<&str>]) -> Option<String> {
        let at = |i: usize| raw.get(i).copied().and_then(filled);
        let first = raw.iter().copied().find_map(filled);
        match self {
            Self::Plain => joined(raw),
            Self::Lower => joined(raw).map(|v| v.to_lowercase()),
            Self::First => first.map(str::to_owned),
            Self::AwsPrincipal => principal(at(0), at(1)),
            Self::AwsRole => holder(at(0), at(1)),
            Self::Network => first.map(network),
            Self::Agent => first.map(agent),
            Self::Port => {
                let high = |v: &str| v.parse::<u16>().is_ok_and(|port| port >= EPHEMERAL);
                let port = raw.first().copied().flatten();
                let port = port.map(|v| if high(v) { "ephemeral" } else { v });
                joined(&[&[port], raw.get(1..).unwrap_or_default()].concat())
            }
            Self::AwsAction => {
                let label = at(0).map(|s| s.split('.').next().unwrap_or(s));
                joined(&[label, at(1)])
            }
        }
    }
}

/// A value that says something; many logs write a dash for nothing.
fn filled(value: Option<&str>) -> Option<&str> {
    value.filter(|v| !matches!(*v, "" | "-"))
}

/// Ports from here on are given out by systems for a moment (RFC 6056, Linux).
const EPHEMERAL: u16 = 32_768;

/// The values with a colon between them; nothing stands for null.
fn joined(raw: &[Option<&str>]) -> Option<String> {
    if raw.iter().all(Option::is_none) {
        return None;
    }
    let texts: Vec<&str> = raw.iter().map(|v| v.unwrap_or("")).collect();
    Some(texts.join(":"))
}

/// The codes and distinct values of a normalised column of n tuples, in the order they first occur.
///
/// # Cost
/// A sort of the tuples by their raw values, and one normalisation for each distinct combination.
pub(crate) fn column(normaliser: Normaliser, fields: &[&Field]) -> (Vec<u32>, Vec<Option<String>>) {
    let n = fields.first().map_or(0, |f| f.codes.len());
    let mut combination: Vec<u32> = vec![0; n];
    let mut distinct = 1u64;
    for field in fields {
        let mut keys: Vec<(u64, u32)> = (0..n)
            .map(|i| (u64::from(combination[i]) << 32 | u64::from(field.codes[i]), i as u32))
            .collect();
        keys.sort_unstable();
        distinct = 0;
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            for key in same {
                combination[key.1 as usize] = distinct as u32;
            }
            distinct += 1;
        }
    }
    let mut normal: Vec<Option<u32>> = vec![None; distinct as usize];
    let mut known: std::collections::HashMap<Option<String>, u32> =
        std::collections::HashMap::new();
    let mut values = Vec::new();
    let codes = (0..n).map(|i| {
        *normal[combination[i] as usize].get_or_insert_with(|| {
            let raw: Vec<Option<&str>> =
                fields.iter().map(|f| f.values[f.codes[i] as usize].as_deref()).collect();
            let value = normaliser.apply(&raw);
            *known.entry(value.clone()).or_insert_with(|| {
                values.push(value);
                values.len() as u32 - 1
            })
        })
    });
    (codes.collect(), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_service_and_name() {
        let call = |raw| Normaliser::AwsAction.apply(raw);
        let action = call(&[Some("s3.amazonaws.com"), Some("GetObject")]);
        assert_eq!(action.as_deref(), Some("s3:GetObject"));
        assert_eq!(call(&[None, Some("X")]).as_deref(), Some(":X"));
        assert_eq!(call(&[None, None]), None);
        assert_eq!(Normaliser::First.apply(&[Some(""), Some("b")]).as_deref(), Some("b"));
        assert_eq!(Normaliser::Lower.apply(&[Some("A"), None]).as_deref(), Some("a:"));
    }

    #[test]
    fn equal_normal_values_get_one_code() {
        let value = |v: &str| Some(v.to_owned());
        let field = Field {
            name: "ip".into(),
            codes: vec![2, 0, 1, 2],
            values: vec![value("10.1.2.3"), None, value("10.1.9.9")],
        };
        let (codes, values) = column(Normaliser::Network, &[&field]);
        assert_eq!(codes, [0, 0, 1, 0]);
        assert_eq!(values, [value("10.1/16"), None]);
    }
}
