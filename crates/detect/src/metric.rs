//! The metric as an analyst names it: what KNN, `AvKNN` and LOF share.

use crate::{Param, ParamError, Shape};
use lanner_kernels::neighbours::Metric;
use serde::{Deserialize, Serialize};

/// Exponent of the Minkowski metric: a number, or `"inf"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number or \"inf\"")]
pub enum Exponent {
    /// A finite one.
    Number(f64),
    /// One without end: only the largest difference counts.
    Named(Endless),
}

/// The name of an exponent without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endless {
    /// Infinity.
    Inf,
}

impl Default for Exponent {
    fn default() -> Self {
        Self::Number(2.0)
    }
}

impl Exponent {
    fn value(self) -> f64 {
        match self {
            Self::Number(p) => p,
            Self::Named(Endless::Inf) => f64::INFINITY,
        }
    }
}

/// The parameter `metric`.
pub(crate) const METRIC: Param = Param {
    name: "metric",
    default: "minkowski",
    allowed: "minkowski (see p), euclidean or l2, manhattan, l1 or cityblock, chebyshev, cosine",
    what: "how the distance of two rows is measured; cosine looks at proportions, not at sizes",
};

/// The parameter `p`.
pub(crate) const P: Param = Param {
    name: "p",
    default: "2",
    allowed: "1 or more, or inf; other than 2 only with metric minkowski",
    what: "exponent of the minkowski metric: 1 sums the differences, 2 is the straight line, inf takes \
           the largest difference",
};

/// Finds the metric of these parameters.
pub(crate) fn metric(model: &'static str, metric: &str, p: Exponent) -> Result<Metric, ParamError> {
    let wrong = |name, given, allowed| ParamError::OutOfRange { model, name, given, allowed };
    let p = p.value();
    let found = match metric {
        "minkowski" => {
            return Metric::minkowski(p).ok_or_else(|| wrong(P.name, p.to_string(), P.allowed));
        }
        "euclidean" | "l2" => Metric::Euclidean,
        "manhattan" | "l1" | "cityblock" => Metric::Manhattan,
        "chebyshev" => Metric::Chebyshev,
        "cosine" => Metric::Cosine,
        _ => return Err(wrong(METRIC.name, format!("{metric:?}"), METRIC.allowed)),
    };
    if p == 2.0 { Ok(found) } else { Err(wrong(P.name, p.to_string(), P.allowed)) }
}

/// What the run's shared graph, which is Euclidean, is to be made for: none for another metric.
pub(crate) fn announced(n_neighbors: usize, metric: &Result<Metric, ParamError>) -> usize {
    if *metric == Ok(Metric::Euclidean) { n_neighbors } else { 0 }
}

/// A guess of the CPU seconds that a graph of the metric takes; powers are slow.
pub(crate) fn graph_guess(k: usize, metric: &Result<Metric, ParamError>, shape: Shape) -> f64 {
    let slower = if matches!(metric, Ok(Metric::Minkowski(_))) { 6.0 } else { 1.0 };
    slower * shape.neighbours(k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;
    use serde_json::{Value, json};

    fn of(name: &str, p: &Value) -> Result<Metric, ParamError> {
        metric("KNN", name, serde_json::from_value(p.clone()).unwrap())
    }

    #[test]
    fn one_metric_has_one_name() {
        let two = json!(2);
        assert_eq!(of("minkowski", &two), of("l2", &two));
        assert_eq!(of("minkowski", &json!(1)), of("cityblock", &two));
        assert_eq!(of("minkowski", &json!("inf")), of("chebyshev", &two));
        assert_eq!(of("minkowski", &json!(3)), Ok(Metric::Minkowski(3.0)));
    }

    #[test]
    fn an_exponent_where_none_belongs_is_refused() {
        for (name, p) in [("minkowski", 0.5), ("minkowski", -1.0), ("cosine", 3.0), ("l1", 1.0)] {
            let error = of(name, &json!(p)).unwrap_err().to_string();
            assert!(error.starts_with("KNN.p must be 1 or more"), "{error}");
        }
        let error = of("hamming", &json!(2)).unwrap_err().to_string();
        assert!(error.starts_with("KNN.metric must be minkowski"), "{error}");
    }

    #[test]
    fn other_metrics_do_not_make_the_shared_graph_larger() {
        let of = |params: Value| {
            let entry = find("LOF").unwrap();
            entry.configure(params.as_object().unwrap()).unwrap().neighbours()
        };
        assert_eq!(of(json!({ "n_neighbors": 9 })), 9);
        assert_eq!(of(json!({ "n_neighbors": 9, "metric": "cosine" })), 0);
        assert_eq!(of(json!({ "n_neighbors": 9, "p": "inf" })), 0);
    }
}
