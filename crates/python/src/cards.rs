//! What is said about the detectors, from the registry: the text of the Python documentation.

use lanner_detect::{ALL, Card, Kind, Randomness};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The cards of all detectors, in the registry's order, as dictionaries of text.
#[pyfunction]
pub(crate) fn cards(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    ALL.iter().map(|entry| card(py, entry.card())).collect()
}

fn card<'py>(py: Python<'py>, card: &Card) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let texts = [
        ("id", card.id),
        ("title", card.title),
        ("idea", card.idea),
        ("formula", card.formula),
        ("cost", card.cost),
        ("blind_to", card.blind_to),
        ("source", card.source),
        ("departs", card.departs),
    ];
    for (name, text) in texts {
        out.set_item(name, text)?;
    }
    let params = card.params.iter().map(|p| [p.name, p.default, p.allowed, p.what]);
    out.set_item("params", params.collect::<Vec<_>>())?;
    out.set_item("seeded", card.randomness == Randomness::Seeded)?;
    out.set_item("categorical", card.kind == Kind::Categorical)?;
    Ok(out)
}
