//! HBOS: histogram-based outlier score.
//!
//! Treats columns as independent. Each gets a histogram of equally wide bins; a row scores high where
//! its bins are thinly filled.
//!
//! ```text
//! f_j(b) = rows in bin b of column j / (N * width of b)
//! s(x)   = sum over j of -log2( f_j(bin of x_j) + alpha )
//! ```
//!
//! Rows are counted with their copies, N is their number. A value is counted in the bin whose lower
//! edge it reaches, but read from the bin whose upper edge it does not pass: the two differ on inner
//! edges only, as in the reference. A value outside all bins reads the outermost bin as long as it is
//! within `tol` of that bin's width, and beyond that counts as the emptiest bin of its column.
//!
//! - **Score**: bits of a density in the units of the data, any finite value; larger is odder.
//! - **Cost**: fit O(n d), with automatic bins O(n d log n + d N log n) at most; a row O(d).
//! - **Blind to**: rows odd only in combination; outliers that stretch the range put all others into
//!   one bin.
//! - **Source**: M. Goldstein and A. Dengel, "Histogram-based Outlier Score (HBOS): A fast Unsupervised
//!   Anomaly Detection Algorithm", KI-2012 poster and demo track, pp. 59-63.
//! - **Departs**: a column that cannot be cut into bins is left out and named; see the card.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::histogram::{Bins, Grid, Histogram};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Histogram-based outlier score; see the [module page](self).
pub struct Hbos;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Bins a column, 2 to 65536, or `"auto"` for as many as suit each column.
    pub n_bins: Bins,
    /// Density added to every bin, so that an empty one has a finite score; between 0 and 1.
    pub alpha: f64,
    /// How far outside the outermost bin a value still belongs to it, in its widths; between 0 and 1.
    pub tol: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_bins: Bins::Count(10), alpha: 0.1, tol: 0.5 }
    }
}

impl Detector for Hbos {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "HBOS",
        title: "Histogram-based outlier score",
        idea: "Cuts each field into equally wide bins and counts the rows in each. A row is odd where its bins \
               are thinly filled, field by field.",
        formula: "s(x) = -sum over fields j of log2(f_j + alpha); f_j = rows in the bin of x_j / (all rows * \
                  width of the bin)",
        params: &[
            Param {
                name: "n_bins",
                default: "10",
                allowed: "auto, or 2 to 65536",
                what: "bins a field; auto chooses for each field by penalised likelihood (Birge and Rozenholc)",
            },
            Param {
                name: "alpha",
                default: "0.1",
                allowed: "above 0, below 1",
                what: "density added to every bin, so that an empty one has a finite score",
            },
            Param {
                name: "tol",
                default: "0.5",
                allowed: "above 0, below 1",
                what: "how far outside the outermost bin a new value still belongs to it, in widths of that bin",
            },
        ],
        randomness: Randomness::None,
        cost: "fit O(n d), with auto O(n d log n + d N log n) at most; a new row O(d)",
        blind_to: "Rows that are odd only in combination. One far value stretches the bins until all other rows \
                   share one. Fields count by their unit: a field of small range has dense bins and sways the \
                   sum most. Of category codes it sees the neighbours in the alphabet, not the value alone.",
        source: "M. Goldstein, A. Dengel: Histogram-based Outlier Score (HBOS): A fast Unsupervised Anomaly \
                 Detection Algorithm. KI-2012 poster and demo track, 59-63",
        departs: "A field whose values lie too close together, or too far apart, for bins in double precision is \
                  left out and named; PyOD stops.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let bad = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: "HBOS", name, given, allowed })
        };
        if let Bins::Count(bins) = params.n_bins
            && !(2..=65536).contains(&bins)
        {
            return bad("n_bins", bins.to_string(), "auto, or 2 to 65536");
        }
        for (name, value) in [("alpha", params.alpha), ("tol", params.tol)] {
            if !(value > 0.0 && value < 1.0) {
                return bad(name, value.to_string(), "above 0, below 1");
            }
        }
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        4e-7 * shape.values()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let columns = ctx.parallel(|| {
            let columns = (0..x.columns()).into_par_iter();
            columns
                .map(|j| {
                    let histogram =
                        Histogram::fit(&x.x().column(j), x.copies(), params.n_bins, ctx)?;
                    Ok(histogram.map(|h| Bars::new(&h, params)))
                })
                .collect::<Result<Vec<_>, FitError>>()
        })?;
        let mut model = Model { columns, alpha: params.alpha, own: Vec::new() };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// One histogram a column, none for a column that cannot be cut into bins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: Vec<Option<Bars>>,
    /// Density added to every bin.
    alpha: f64,
    own: Vec<f64>,
}

/// The histogram of one column as scores.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bars {
    grid: Grid,
    /// Score of each bin, bits.
    bits: Vec<f64>,
    /// Score far outside all bins: that of the emptiest one.
    outside: f64,
    /// How far below the first and above the last edge the outermost bins still count.
    slack: [f64; 2],
}

impl Bars {
    fn new(histogram: &Histogram, params: &Params) -> Self {
        let grid = histogram.grid();
        let bits: Vec<f64> = histogram.densities().map(|f| -(f + params.alpha).log2()).collect();
        let outside = bits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let slack = [0, grid.bins() - 1].map(|k| (grid.edge(k + 1) - grid.edge(k)) * params.tol);
        Self { grid, bits, outside, slack }
    }

    fn score(&self, v: f64) -> f64 {
        let last = self.bits.len();
        match self.grid.edges_below(v) {
            0 if self.grid.edge(0) - v <= self.slack[0] => self.bits[0],
            0 => self.outside,
            k if k <= last => self.bits[k - 1],
            _ if v - self.grid.edge(last) <= self.slack[1] => self.bits[last - 1],
            _ => self.outside,
        }
    }
}

impl Model {
    fn terms(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        self.columns.iter().zip(row).map(|(c, &v)| c.as_ref().map_or(0.0, |bars| bars.score(v)))
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        let left_out = self.columns.iter().enumerate().filter(|(_, c)| c.is_none());
        left_out
            .map(|(j, _)| {
                let j = j + 1;
                format!("field {j} is left out: its values cannot be told apart by bins")
            })
            .collect()
    }

    fn parts(&self) -> Vec<Part> {
        let alpha = self.alpha;
        let of = |bars: &Bars| {
            let edges = (0..=bars.grid.bins()).map(|k| bars.grid.edge(k)).collect();
            let densities = bars.bits.iter().map(|bits| (-bits).exp2() - alpha).collect();
            [Part::list("edges", edges), Part::list("densities", densities)]
        };
        let empty = || [Part::list("edges", Vec::new()), Part::list("densities", Vec::new())];
        self.columns.iter().flat_map(|c| c.as_ref().map_or_else(empty, of)).collect()
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        let whole = |bars: &Bars| bars.grid.is_sound() && bars.bits.len() == bars.grid.bins();
        if !self.columns.iter().flatten().all(whole) {
            return Err("a histogram has not the scores of its bins");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.terms(row).sum()
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        for (share, term) in out.iter_mut().zip(self.terms(row)) {
            *share = term;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fitted(values: &[f64], copies: &[u64], n_bins: Bins) -> Model {
        let rows: Vec<[f64; 1]> = values.iter().map(|&v| [v]).collect();
        let (sample, _) = Sample::collapse(&Matrix::from_rows(&rows), copies).unwrap();
        let params = Params { n_bins, ..Params::default() };
        Hbos::fit(&sample, &params, &Ctx::small(0)).unwrap()
    }

    /// Values 0, 0, 1, 4 in two bins of width 2: 3 and 1 of 4 rows, so the densities are 3/8 and 1/8.
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fitted(&[0.0, 1.0, 4.0], &[2, 1, 1], Bins::Count(2));
        let [full, thin] = [0.475, 0.225].map(|f: f64| -f.log2());
        for (own, expected) in model.own_scores().iter().zip([full, full, thin]) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
    }

    /// Values 0, 2, 4, 4 in two bins of width 2: the 2 is counted above its edge (1 and 3 rows), but
    /// read below it. Up to 1 outside, the outermost bin counts; beyond, the emptiest.
    #[test]
    fn edges_and_values_outside_are_read_as_in_the_reference() {
        let model = fitted(&[0.0, 2.0, 4.0], &[1, 1, 2], Bins::Count(2));
        let [thin, full] = [0.225, 0.475].map(|f: f64| -f.log2());
        let expected =
            [(2.0, thin), (2.1, full), (-1.0, thin), (5.0, full), (5.1, thin), (-9.0, thin)];
        for (v, expected) in expected {
            assert!((model.score(&[v]) - expected).abs() < 1e-12, "{v}");
        }
    }

    #[test]
    fn a_field_without_bins_is_left_out_and_named() {
        let model = fitted(&[1e300], &[5], Bins::Count(10));
        assert_eq!((model.own_scores(), model.notes().len()), (&[0.0][..], 1));
        assert!(fitted(&[7.0], &[5], Bins::Count(10)).notes().is_empty());
    }
}
