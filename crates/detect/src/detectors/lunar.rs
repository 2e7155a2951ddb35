//! LUNAR: a network that learns what to make of the distances to the nearest rows.
//!
//! Made-up negatives, some anywhere in the range of the values and some near rows, play the odd rows. A
//! network sees only the k ascending distances of a row to its nearest rows and negatives, and learns to
//! tell rows from negatives by them.
//!
//! ```text
//! s(x) = batch-normalised Σ_j a_j(d) d_j      WEIGHT, a = softmax(network(d)), d = d_1(x) <= ... <= d_k(x)
//!        sigmoid(network(d))                  SCORE
//! ```
//!
//! A tenth of the N rows, drawn at random, is kept aside to choose the best state of the network; how
//! many copies of a row fall on which side is drawn too. Copies weigh in the loss, and as neighbours a
//! row with c copies counts c times. A row trained on finds itself at distance 0, as in the reference.
//!
//! - **Score**: no unit; about 0 for ordinary rows and 1 for what looks made up; larger is odder.
//! - **Cost**: neighbours as KNN, among rows and negatives; then up to [`LEARNED`] examples of either
//!   kind times 0.4 million multiplications times `n_epochs`, whatever N is; memory about 150 MB.
//! - **Blind to**: an attack repeated with equal fields more than k times: all its distances are 0.
//! - **Source**: A. Goodge, B. Hooi, S.-K. Ng and W. S. Ng, "LUNAR: Unifying Local Outlier Detection
//!   Methods via Graph Neural Networks", AAAI 2022.
//! - **Departs from `PyOD`**: beyond [`NEGATIVES`] negatives that many stand for them all, and beyond
//!   [`LEARNED`] different rows of distances a weighted sample is learned from; the notes of a fit say
//!   so. f64 where it has f32, but for the network. Only the Euclidean metric.

use crate::{Card, Detector, FitError, Fitted, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::distance_net::{DistanceNet, Kind, Schedule, distance};
use lanner_kernels::examples::Examples;
use lanner_kernels::minmax::MinMax;
use lanner_kernels::negatives::{Drawn, Negatives};
use lanner_kernels::neighbours::{Index, Search, Step};
use lanner_kernels::sampling;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A network over distances to the nearest rows; see the [module page](self).
pub struct Lunar;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// What the network makes of the distances: weights for them, or the score itself.
    pub model_type: Kind,
    /// Neighbours looked at, k; 1 to 1000.
    pub n_neighbours: usize,
    /// How negatives are made.
    pub negative_sampling: Negatives,
    /// Share of the rows kept aside to choose the best state, above 0 and below 1.
    pub val_size: f64,
    /// Scale each feature to 0 to 1 before.
    pub scaler: bool,
    /// Deviation of the noise that makes a negative of a row; 0 or more, in units of the scaled features.
    pub epsilon: f64,
    /// Negatives made for each row, above 0 and up to 100.
    pub proportion: f64,
    /// States of the network compared, 1 to 100,000; one less step.
    pub n_epochs: usize,
    /// Size of a step, above 0.
    pub lr: f64,
    /// Penalty on large parameters of the network, 0 or more.
    pub wd: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model_type: Kind::Weight,
            n_neighbours: 5,
            negative_sampling: Negatives::Mixed,
            val_size: 0.1,
            scaler: true,
            epsilon: 0.1,
            proportion: 1.0,
            n_epochs: 200,
            lr: 1e-3,
            wd: 0.1,
        }
    }
}

impl Params {
    /// How many negatives there are to so many rows.
    fn negatives(&self, rows: u64) -> u64 {
        (self.proportion * rows as f64) as u64
    }
}

/// The most negatives made for the rows trained on; they stand for as many as `proportion` asks for.
pub const NEGATIVES: u64 = 50_000;
/// The most different rows of distances learned from, for rows and negatives each.
pub const LEARNED: usize = 8192;
/// And the most that are kept aside; they are only compared, in every epoch.
const ASIDE: usize = LEARNED / 4;

impl Detector for Lunar {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "LUNAR",
        title: "Learned unification of local outlier detection",
        idea: "Makes up odd events and trains a small network to tell them from the real ones by \
               nothing but the distances to the nearest events. It learns how to weigh these distances \
               where KNN and LOF have a fixed rule.",
        formula: "s(x) = sum of a_j d_j, brought to the mean and deviation of training (WEIGHT), or \
                  sigmoid(network(d)) (SCORE); d_j = distance from x to the j-th nearest of the events and \
                  made-up events trained on, a = softmax(network(d))",
        params: &[
            Param {
                name: "model_type",
                default: "WEIGHT",
                allowed: "WEIGHT, SCORE",
                what: "the network gives a weight for each distance, or the score itself",
            },
            Param {
                name: "n_neighbours",
                default: "5",
                allowed: "1 to 1000",
                what: "neighbours looked at, k",
            },
            Param {
                name: "negative_sampling",
                default: "MIXED",
                allowed: "UNIFORM, SUBSPACE, MIXED",
                what: "made-up events lie anywhere in the range, near real events, or half and half",
            },
            Param {
                name: "val_size",
                default: "0.1",
                allowed: "above 0, below 1",
                what: "share of the events kept aside to choose the best state of the network",
            },
            Param {
                name: "scaler",
                default: "true",
                allowed: "true, false",
                what: "scale each feature to 0 to 1 before",
            },
            Param {
                name: "epsilon",
                default: "0.1",
                allowed: "0 or more",
                what: "deviation of the noise that makes an event up from a real one, in scaled units",
            },
            Param {
                name: "proportion",
                default: "1.0",
                allowed: "above 0 up to 100",
                what: "made-up events for each real one",
            },
            Param {
                name: "n_epochs",
                default: "200",
                allowed: "1 to 100000",
                what: "states of the network compared; more cost more",
            },
            Param {
                name: "lr",
                default: "0.001",
                allowed: "above 0",
                what: "size of a training step",
            },
            Param {
                name: "wd",
                default: "0.1",
                allowed: "0 or more",
                what: "penalty on large parameters of the network",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "neighbours O(n d log n) for few features, O(n^2 d) for many; then training, about 50 CPU \
               seconds at most by default, flat in N",
        blind_to: "An attack repeated with equal fields more than k times: its copies are near. Distances \
                   of category codes mean little, and the network learns from nothing else.",
        source: "A. Goodge, B. Hooi, S.-K. Ng, W. S. Ng: LUNAR: Unifying Local Outlier Detection Methods \
                 via Graph Neural Networks. AAAI, 2022",
        departs: "At most 50,000 made-up events stand for all, and beyond 8,192 different rows of \
                  distances of either kind the network learns from a weighted sample; the notes of a fit \
                  say so. Only the Euclidean metric.",
        kind: crate::Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let given = |v: f64| v.to_string();
        let checks = [
            (
                "n_neighbours",
                (1..=1000).contains(&params.n_neighbours),
                given(params.n_neighbours as f64),
                "1 to 1000",
            ),
            (
                "val_size",
                params.val_size > 0.0 && params.val_size < 1.0,
                given(params.val_size),
                "above 0, below 1",
            ),
            (
                "epsilon",
                params.epsilon >= 0.0 && params.epsilon.is_finite(),
                given(params.epsilon),
                "0 or more",
            ),
            (
                "proportion",
                params.proportion > 0.0 && params.proportion <= 100.0,
                given(params.proportion),
                "above 0 up to 100",
            ),
            (
                "n_epochs",
                (1..=100_000).contains(&params.n_epochs),
                given(params.n_epochs as f64),
                "1 to 100000",
            ),
            ("lr", params.lr > 0.0 && params.lr.is_finite(), given(params.lr), "above 0"),
            ("wd", params.wd >= 0.0 && params.wd.is_finite(), given(params.wd), "0 or more"),
        ];
        let wrong = checks.into_iter().find(|(_, fine, ..)| !fine);
        wrong.map_or(Ok(()), |(name, _, given, allowed)| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        })
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        // Learned from and kept aside, of rows and of negatives; beyond that more rows cost only neighbours.
        let negatives = params.proportion * shape.total as f64;
        let most = (LEARNED + ASIDE) as f64;
        let examples = shape.n().min(most) + negatives.min(most);
        let searched = shape.n() + negatives.min(NEGATIVES as f64);
        let all = Shape { rows: searched as usize, ..shape };
        all.neighbours(params.n_neighbours) + 7.5e-6 * examples * params.n_epochs as f64
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let k = params.n_neighbours;
        let aside = (params.val_size * x.total() as f64).ceil().min(x.total() as f64) as u64;
        let trained = x.total() - aside;
        let searched = trained + params.negatives(trained);
        let least = params.negatives(trained.min(aside));
        if least == 0 || searched <= k as u64 {
            let why = "too few rows to train on and to keep aside, with negatives to each";
            return Err(FitError::Undefined { why });
        }
        let mut rng = ctx.rng(0);
        let aside = sampling::split(x.copies(), aside, &mut rng);
        let trained: Vec<u64> = x.copies().iter().zip(&aside).map(|(c, a)| c - a).collect();
        let scaler = if params.scaler {
            let rows = x.x().iter_rows().zip(&trained).filter(|&(_, &c)| c > 0);
            MinMax::fit(x.columns(), rows.map(|(row, _)| row))
        } else {
            MinMax::identity(x.columns())
        };
        let scaled = x.x().iter_rows().flat_map(|row| scaler.scaled(row)).collect();
        let scaled = Matrix::new(scaled, x.rows(), x.columns());
        let mut made_up = |copies: &[u64]| {
            let wanted = params.negatives(copies.iter().sum());
            let drawn = wanted.min(NEGATIVES);
            let (kind, epsilon) = (params.negative_sampling, params.epsilon);
            let made = kind.draw(&scaled, copies, drawn as usize, epsilon, &mut rng);
            (made, wanted as f64 / drawn as f64)
        };
        let ((negatives, each), (compared, each_compared)) = (made_up(&trained), made_up(&aside));

        let index = index_of(&scaled, &trained, &negatives)?;
        let near = |rows: &Matrix| distances(&index, rows, k + 1, ctx);
        let (of_rows, of_negatives, of_compared) =
            (near(&scaled)?, near(&negatives.rows)?, near(&compared.rows)?);
        let first = |all: &[f32]| part(all, k, 0);
        let mut examples = |values: &[f32], copies: &[u64], each: f64, most: usize| {
            Examples::merged(values, k, copies, each, most, &mut rng)
        };
        let train = [
            // A row trained on is left out of its own neighbours; a negative is not.
            examples(&part(&of_rows, k, 1), &trained, 1.0, LEARNED),
            examples(&first(&of_negatives), &negatives.times, each, LEARNED),
        ];
        let compare = [
            examples(&first(&of_rows), &aside, 1.0, ASIDE),
            examples(&first(&of_compared), &compared.times, each_compared, ASIDE),
        ];
        let schedule = Schedule { epochs: params.n_epochs, rate: params.lr, decay: params.wd };
        let kind = params.model_type;
        let net = DistanceNet::train(kind, k, &train, &compare, schedule, &mut rng, ctx)?;
        let mut model = Model {
            index,
            scaler,
            net,
            made: [negatives.times.iter().sum(), params.negatives(trained.iter().sum())],
            learned: train.map(|of| [of.weights.len() as u64, of.different as u64]),
            own: vec![0.0; x.rows()],
        };
        model.score_own(&first(&of_rows), ctx)?;
        Ok(model)
    }
}

/// The rows trained on and their negatives, to look for neighbours among.
fn index_of(x: &Matrix, copies: &[u64], negatives: &Drawn) -> Result<Index, FitError> {
    let known = x.iter_rows().zip(copies).filter(|&(_, &c)| c > 0);
    let all = known.chain(negatives.rows.iter_rows().zip(&negatives.times));
    let (values, times): (Vec<&[f64]>, Vec<u64>) = all.map(|(row, &c)| (row, c)).unzip();
    let rows = Matrix::from_rows(&values);
    let sample = Sample::collapse(&rows, &times);
    let sample = sample.map_err(|_| FitError::Undefined { why: "too many rows to count" })?;
    Ok(Index::new(&sample.0))
}

/// The distances of each row to the `k` rows nearest to it, itself among them where it is in the index.
fn distances(index: &Index, x: &Matrix, k: usize, ctx: &Ctx) -> Result<Vec<f32>, FitError> {
    let mut all = vec![0.0; x.rows() * k];
    ctx.parallel(|| {
        let rows = all.par_chunks_exact_mut(k).enumerate();
        rows.try_for_each_init(Spare::default, |spare, (i, out)| {
            ctx.check()?;
            fill(index, x.row(i), out, spare);
            Ok::<(), FitError>(())
        })
    })?;
    Ok(all)
}

/// Work space of a search.
#[derive(Default)]
struct Spare {
    search: Search,
    steps: Vec<Step>,
}

fn fill(index: &Index, row: &[f64], out: &mut [f32], spare: &mut Spare) {
    index.steps(row, out.len() as u64, &mut spare.search, &mut spare.steps);
    let each = spare.steps.iter().flat_map(|s| std::iter::repeat_n(s.distance, s.places as usize));
    for (out, d) in out.iter_mut().zip(each) {
        *out = distance(d);
    }
}

/// `k` distances of each row from `start` on, where there are k + 1.
fn part(all: &[f32], k: usize, start: usize) -> Vec<f32> {
    all.chunks_exact(k + 1).flat_map(|row| row[start..start + k].iter().copied()).collect()
}

/// The rows and negatives trained on, the network, and the scores of all rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    index: Index,
    scaler: MinMax,
    net: DistanceNet,
    /// Negatives made, and how many they stand for.
    made: [u64; 2],
    /// Rows of distances learned from, and how many different ones there were: of rows, of negatives.
    learned: [[u64; 2]; 2],
    own: Vec<f64>,
}

/// Rows scored together.
const BLOCK: usize = 256;

impl Model {
    fn score_own(&mut self, distances: &[f32], ctx: &Ctx) -> Result<(), FitError> {
        let (net, k) = (&self.net, self.net.k());
        ctx.parallel(|| {
            let blocks = self.own.par_chunks_mut(BLOCK).zip(distances.par_chunks(BLOCK * k));
            blocks.try_for_each(|(own, distances)| {
                ctx.check()?;
                net.scores(distances, own);
                Ok(())
            })
        })
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
        let mut notes = Vec::new();
        let [made, wanted] = self.made;
        if made < wanted {
            notes.push(format!("{made} negatives stand for {wanted}"));
        }
        for ([learned, different], what) in self.learned.iter().zip(["rows", "negatives"]) {
            if learned < different {
                notes.push(format!(
                    "learned from a weighted sample of {what}: {learned} of {different} different ones"
                ));
            }
        }
        notes
    }

    fn columns(&self) -> usize {
        self.index.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.scaler.columns() != self.index.columns() {
            return Err("scales and features differ in number");
        }
        if self.index.copies().iter().sum::<u64>() < self.net.k() as u64 {
            return Err("more neighbours than rows");
        }
        self.net.is_whole().then_some(()).ok_or("the network is not whole")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let mut score = [0.0];
        self.score_block(&Matrix::from_rows(&[row]), 0, &mut score);
        score[0]
    }

    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        let k = self.net.k();
        let (mut distances, mut spare) = (vec![0.0; out.len() * k], Spare::default());
        for (i, distances) in distances.chunks_exact_mut(k).enumerate() {
            let row: Vec<f64> = self.scaler.scaled(x.row(first + i)).collect();
            fill(&self.index, &row, distances, &mut spare);
        }
        self.net.scores(&distances, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f64; 1]], copies: &[u64], params: &Params) -> Result<Model, FitError> {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Lunar::fit(&x, params, &Ctx::small(1))
    }

    /// Three rows: one is kept aside, and two with two negatives are four, too few for k + 1 = 6
    /// neighbours; with a fourth row there are three and three.
    #[test]
    fn few_rows_have_no_neighbours() {
        let quick = Params { n_epochs: 2, ..Params::default() };
        let rows = [[0.0], [1.0], [2.0], [3.0]];
        assert!(matches!(fit(&rows[..3], &[1; 3], &quick), Err(FitError::Undefined { .. })));
        assert_eq!(fit(&rows, &[1; 4], &quick).unwrap().own_scores().len(), 4);
    }

    #[test]
    fn a_network_without_all_its_parameters_is_refused() {
        let quick = Params { n_epochs: 2, ..Params::default() };
        let mut model = fit(&[[0.0], [1.0], [2.0], [3.0]], &[5; 4], &quick).unwrap();
        assert_eq!(model.check(), Ok(()));
        model.scaler = MinMax::identity(3);
        assert!(model.check().is_err());
    }
}
