//! Defaults from `lanner.toml`, overridden by flags.

use crate::failure::Failure;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The name looked for in the working folder.
const FILE: &str = "lanner.toml";

/// What a configuration file may set. Names are those of the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Config {
    /// Detection fields.
    pub(crate) fields: Option<Vec<String>>,
    /// Preset.
    pub(crate) preset: Option<String>,
    /// Recipe.
    pub(crate) recipe: Option<String>,
    /// Share of rows that each model is to flag.
    pub(crate) contamination: Option<f64>,
    /// Seed.
    pub(crate) seed: Option<u64>,
    /// Seconds above which a model is left out.
    pub(crate) max_seconds: Option<f64>,
    /// Seconds for all models together.
    pub(crate) deadline: Option<f64>,
    /// Tuples listed whatever their votes.
    pub(crate) top: Option<usize>,
    /// Threads.
    pub(crate) threads: Option<usize>,
    /// Memory for grouping, MiB.
    pub(crate) memory: Option<usize>,
    /// Percentage of rejects allowed.
    pub(crate) max_rejects: Option<f64>,
    /// Zone of times that name none.
    pub(crate) tz: Option<String>,
    /// Models by name, and parameters in tables of their own.
    pub(crate) models: Models,
}

/// `models = ["KNN"]`, or `[models.LOF]` tables, or both as `[models] use = [...]`.
#[derive(Debug, Default)]
pub(crate) struct Models {
    /// Names as in `--models`.
    pub(crate) names: Option<Vec<String>>,
    /// Parameters by model.
    pub(crate) params: BTreeMap<String, Map<String, Value>>,
}

impl<'de> Deserialize<'de> for Models {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let names = |list: &[Value]| -> Option<Vec<String>> {
            list.iter().map(|v| v.as_str().map(str::to_owned)).collect()
        };
        let wanted = || D::Error::custom("models is a list of names, or tables like [models.LOF]");
        let mut models = Self::default();
        match Value::deserialize(from)? {
            Value::Array(list) => models.names = Some(names(&list).ok_or_else(wanted)?),
            Value::String(list) => {
                models.names = Some(list.split(',').map(|n| n.trim().to_owned()).collect());
            }
            Value::Object(map) => {
                for (name, value) in map {
                    match value {
                        Value::Array(list) if name == "use" => {
                            models.names = Some(names(&list).ok_or_else(wanted)?);
                        }
                        Value::Object(params) => {
                            models.params.insert(name, params);
                        }
                        _ => return Err(wanted()),
                    }
                }
            }
            _ => return Err(wanted()),
        }
        Ok(models)
    }
}

impl Config {
    /// Reads the file named, or `lanner.toml` in the working folder, or nothing.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(e) => {
                let path = path.display();
                return Err(Failure::usage(format!("--config {path} cannot be read: {e}")));
            }
        };
        toml::from_str(&text).map_err(|e| {
            let line = e.span().map_or(1, |s| text[..s.start].lines().count().max(1));
            let why = e.message();
            Failure::usage(format!("{}, line {line}: {why}", path.display()))
        })
    }
}

/// Splits `MODEL.name=value` or, where a model is given, `name=value`. A value that is no JSON is text.
pub(crate) fn param(text: &str) -> Result<(&str, Value), Failure> {
    let wrong = || Failure::usage(format!("--param {text:?} should look like LOF.n_neighbors=35"));
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || value.is_empty() {
        return Err(wrong());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_may_be_a_list_or_tables() {
        let list: Config = toml::from_str("models = [\"KNN\"]").unwrap();
        assert_eq!(list.models.names.unwrap(), ["KNN"]);
        let tables: Config =
            toml::from_str("seed = 7\n[models]\nuse = [\"LOF\"]\n[models.LOF]\nn_neighbors = 9")
                .unwrap();
        assert_eq!(tables.models.params["LOF"]["n_neighbors"], 9);
        assert!(toml::from_str::<Config>("sead = 7").is_err());
    }

    #[test]
    fn parameters_are_json_or_text() {
        assert_eq!(param("KNN.method=mean").unwrap(), ("KNN.method", Value::from("mean")));
        assert_eq!(param("n_bins=auto").unwrap().1, Value::from("auto"));
        assert_eq!(param("alpha=0.5").unwrap().1, Value::from(0.5));
        assert!(param("alpha").is_err());
    }
}
