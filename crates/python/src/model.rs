//! A fitted detector as Python holds it.

use crate::errors::{of_fit, of_model, of_param, of_sample};
use crate::run::off_lock;
use lanner_detect::{FitError, Saved, find, load, save};
use lanner_frame::{Ctx, Matrix, Sample};
use numpy::{
    IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use serde_json::{Map, Value};

/// A fitted detector. Nothing changes it any more.
#[pyclass(frozen, module = "lanner._lanner")]
pub(crate) struct Model {
    id: &'static str,
    fitted: Box<dyn Saved>,
}

/// Fits the detector `id` on rows with their copies; gives the model and the rows' own scores.
///
/// `params` is a JSON object of the detector's own parameters. The rows are copied once, as the core
/// keeps sorted distinct ones; the scores are handed over without a copy.
#[pyfunction]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    id: &str,
    params: &str,
    x: PyReadonlyArray2<'py, f64>,
    copies: PyReadonlyArray1<'py, i64>,
    seed: u64,
) -> PyResult<(Model, Bound<'py, PyArray1<f64>>)> {
    let configured = configure(id, params)?;
    let id = configured.card().id;
    let (x, copies) = (matrix(&x), counts(&copies)?);
    let shape = [x.rows(), x.columns()];
    let (fitted, own) = off_lock(py, |workers, cancel| {
        let (sample, place) = Sample::collapse(&x, &copies).map_err(|e| of_sample(&e))?;
        drop(x);
        let ctx = Ctx::new(workers, cancel, seed)
            .expecting_neighbours(configured.neighbours())
            .for_model(id);
        let fitted = configured.fit(&sample, &ctx).map_err(|e| of_fit(id, &e, shape))?;
        let own = fitted.own_scores();
        let own: Vec<f64> = place.iter().map(|&p| own[p as usize]).collect();
        Ok::<_, PyErr>((fitted, own))
    })??;
    Ok((Model { id, fitted }, own.into_pyarray(py)))
}

/// Checks parameters, given as a JSON object, without fitting anything.
#[pyfunction]
pub(crate) fn check(id: &str, params: &str) -> PyResult<()> {
    configure(id, params).map(drop)
}

fn configure(id: &str, params: &str) -> PyResult<Box<dyn lanner_detect::Configured>> {
    let entry =
        find(id).ok_or_else(|| PyValueError::new_err(format!("there is no detector {id:?}")))?;
    let given: Map<String, Value> = serde_json::from_str(params)
        .map_err(|e| PyValueError::new_err(format!("parameters are no JSON object: {e}")))?;
    let defaults = entry.configure(&Map::new()).map_or(Value::Null, |c| c.params());
    entry.configure(&given).map_err(|e| of_param(&e, &given, &defaults))
}

/// The core's matrix: the only copy of the caller's rows, made while nobody can change them.
fn matrix(x: &PyReadonlyArray2<'_, f64>) -> Matrix {
    let (rows, columns) = x.as_array().dim();
    let values =
        x.as_slice().map_or_else(|_| x.as_array().iter().copied().collect(), <[f64]>::to_vec);
    Matrix::new(values, rows, columns)
}

/// Copies as the core counts them.
pub(crate) fn counts(copies: &PyReadonlyArray1<'_, i64>) -> PyResult<Vec<u64>> {
    let counts = copies.as_array().iter().map(|&c| u64::try_from(c)).collect::<Result<_, _>>();
    counts.map_err(|_| PyValueError::new_err("copies are whole numbers, 0 or more"))
}

/// Arrays with their names.
type Parts<'py> = Vec<(&'static str, Bound<'py, PyArrayDyn<f64>>)>;

impl Model {
    /// The rows as a matrix, if they have as many columns as those it was fitted on.
    fn rows(&self, x: &PyReadonlyArray2<'_, f64>) -> PyResult<Matrix> {
        let x = matrix(x);
        let (fitted, given) = (self.fitted.columns(), x.columns());
        if fitted != given {
            return Err(of_fit(self.id, &FitError::Columns { fitted, given }, [x.rows(), given]));
        }
        Ok(x)
    }
}

#[pymethods]
impl Model {
    /// Scores rows that it was not fitted on, each by itself; larger is odder.
    fn score<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let x = self.rows(&x)?;
        let scores = off_lock(py, |workers, cancel| {
            let no = FitError::NoNewRows { model: self.id };
            let scorer = self.fitted.scorer().ok_or(no)?;
            scorer.score_all(&x, &Ctx::new(workers, cancel, 0))
        })?;
        Ok(scores.map_err(|e| of_fit(self.id, &e, [x.rows(), x.columns()]))?.into_pyarray(py))
    }

    /// The share of each column in the score of each row, n x d; `None` where a score is no sum.
    fn shares<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let x = self.rows(&x)?;
        let Some(scorer) = self.fitted.scorer() else { return Ok(None) };
        let shares = off_lock(py, |_, cancel| {
            let mut shares = vec![0.0; x.rows() * x.columns()];
            for (row, out) in x.iter_rows().zip(shares.chunks_exact_mut(x.columns())) {
                if cancel.is_raised() || !scorer.shares(row, out) {
                    return None;
                }
            }
            Some(shares)
        })?;
        let shaped = |s: Vec<f64>| s.into_pyarray(py).reshape([x.rows(), x.columns()]);
        shares.map(|s| shaped(s).map(Bound::into_any)).transpose()
    }

    /// What the fit learned: pairs of a name and an array; a name may come more than once.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Parts<'py>> {
        let parts = self.fitted.parts().into_iter();
        parts.map(|p| Ok((p.name, p.values.into_pyarray(py).reshape(p.shape)?))).collect()
    }

    /// Things to know about the fit, a sentence each.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.fitted.notes()
    }

    /// Name of the detector.
    #[getter]
    fn id(&self) -> &'static str {
        self.id
    }

    /// Number of columns it was fitted on.
    #[getter]
    fn columns(&self) -> usize {
        self.fitted.columns()
    }

    /// The model as the bytes of a model file: versioned, checksummed, no code in it.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &save(self.id, &*self.fitted))
    }

    /// Reads the bytes of a model file, whoever wrote them.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let (id, fitted) = load(bytes).map_err(|e| of_model(&e))?;
        Ok(Self { id, fitted })
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let read = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((read, PyTuple::new(py, [self.to_bytes(py)])?))
    }
}
