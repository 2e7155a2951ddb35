//! Laws of parameters.

use super::{default_of, for_each_detector};
use lanner_detect::ParamError;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What the card documents is what can be set, no more and no less, and defaults are allowed.
#[test]
fn documented_parameters_are_the_parameters() {
    for_each_detector(|entry| {
        let params = default_of(entry).params();
        // A detector without parameters may serialise to null.
        let fields: BTreeSet<String> =
            params.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let documented: BTreeSet<String> =
            entry.card().params.iter().map(|p| p.name.to_owned()).collect();
        assert_eq!(documented, fields);
    });
}

#[test]
fn parameters_survive_being_written_and_read() {
    for_each_detector(|entry| {
        let params = default_of(entry).params();
        let given = params.as_object().cloned().unwrap_or_default();
        let again = entry.configure(&given).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again.params(), params);
    });
}

#[test]
fn unknown_names_and_wrong_types_are_refused_by_name() {
    for_each_detector(|entry| {
        let refused = |name: &str, value: Value| {
            let given = Map::from_iter([(name.to_owned(), value)]);
            entry.configure(&given).err().unwrap_or_else(|| panic!("{name} was taken"))
        };
        let error = refused("no_such_thing", json!(1));
        assert!(
            matches!(&error, ParamError::Unknown { given, .. } if given == "no_such_thing"),
            "{error}"
        );
        for param in entry.card().params {
            let error = refused(param.name, json!({ "not": "a value" }));
            assert!(
                matches!(&error, ParamError::Mistyped { name, .. } if name == param.name),
                "{error}"
            );
        }
    });
}
