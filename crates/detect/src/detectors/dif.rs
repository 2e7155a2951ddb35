//! DIF: deep isolation forest.
//!
//! Networks with random weights, never trained, bend the rows into new features; a few isolation trees
//! cut the rows apart there. A row is odd where few cuts set it apart, and far from it.
//!
//! ```text
//! s(x) = mean_e  2^( -mean_t h_et(z) / c(m) ) · mean_t g_et(z)      z = tanh((f_e(x) - mean) / sd)
//! ```
//!
//! `f_e` is network e on the row scaled to 0 to 1 feature by feature, `mean` and `sd` those of its
//! outputs over all N rows; `h_et` is the path length in tree t as in `IForest`, `c(m)` the mean one for
//! m rows, and `g_et` the mean distance of z to the thresholds on its path. The rows of a tree are drawn
//! from the N rows: a row may be drawn as often as it has copies.
//!
//! - **Score**: 0 or more, no unit; below 1 as a rule; larger is odder. Rows all equal score 0.
//! - **Cost**: O(e (d h1 + h1 h2 + ...)) a row for e networks of widths h1, h2, ...: matrix products in
//!   f32; memory 4 bytes a row and representation; the model keeps all weights (11 MB by default).
//! - **Blind to**: tight groups of like attacks, as `IForest`; random features make the scores hard to
//!   explain.
//! - **Source**: H. Xu, G. Pang, Y. Wang and Y. Wang, "Deep Isolation Forest for Anomaly Detection",
//!   IEEE TKDE 35(12), 2023.
//! - **Departs from `PyOD`**: it standardises the rows to score by themselves, batch by batch; here new
//!   rows are taken by the mean and deviation of the fit. Own scores are the same.

use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Matrix, Rng, Sample};
use lanner_kernels::blocks::sum_over_rows;
use lanner_kernels::dense::{self, Activation};
use lanner_kernels::isolation::{Tree, mean_path};
use lanner_kernels::lanes::LANES;
use lanner_kernels::minmax::MinMax;
use lanner_kernels::sampling::{Size, Urn};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Deep isolation forest; see the [module page](self).
pub struct Dif;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Features that a network makes, 1 to 4096.
    pub representation_dim: usize,
    /// Widths of the hidden layers, up to 8 of 1 to 4096.
    pub hidden_neurons: Vec<usize>,
    /// What hidden layers do to their outputs.
    pub hidden_activation: Activation,
    /// Every layer sees the inputs of the layer before it too.
    pub skip_connection: bool,
    /// Networks, 1 to 10,000. More networks, steadier scores.
    pub n_ensemble: usize,
    /// Trees for each network, 1 to 10,000.
    pub n_estimators: usize,
    /// Rows drawn for a tree: a number, a share of all, or "auto" for 256 (all, if there are fewer).
    pub max_samples: Size,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            representation_dim: 20,
            hidden_neurons: vec![500, 100],
            hidden_activation: Activation::Tanh,
            skip_connection: false,
            n_ensemble: 50,
            n_estimators: 6,
            max_samples: Size::Count(AUTO_SAMPLES),
        }
    }
}

/// Rows drawn for a tree by default (Liu, Ting and Zhou, "Isolation Forest", section 4.1).
const AUTO_SAMPLES: u64 = 256;
/// The widest layer, and the most hidden ones: far beyond use, and no product overflows.
const WIDEST: usize = 4096;
const DEEPEST: usize = 8;
/// Rows that go through a network together.
const BLOCK: usize = 512;

impl Detector for Dif {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "DIF",
        title: "Deep isolation forest",
        idea: "Random, untrained networks bend the events into new features, and a few isolation trees \
               cut them apart there. An event is odd where few cuts set it apart, and far from it; odd \
               combinations that straight cuts miss may stand out.",
        formula: "s(x) = mean over the networks of 2^(-mean path length / c(m)) times the mean distance \
                  to the cuts on the path, m = rows drawn for a tree, c(m) = mean path length in a random \
                  search tree of m rows",
        params: &[
            Param {
                name: "representation_dim",
                default: "20",
                allowed: "1 to 4096",
                what: "features that a network makes",
            },
            Param {
                name: "hidden_neurons",
                default: "[500, 100]",
                allowed: "up to 8 whole numbers from 1 to 4096",
                what: "widths of the hidden layers",
            },
            Param {
                name: "hidden_activation",
                default: "tanh",
                allowed: "elu, identity, leaky_relu, relu, sigmoid, softmax, softplus, tanh",
                what: "what hidden layers do to their outputs",
            },
            Param {
                name: "skip_connection",
                default: "false",
                allowed: "true, false",
                what: "every layer sees the inputs of the layer before it too",
            },
            Param {
                name: "n_ensemble",
                default: "50",
                allowed: "1 to 10000",
                what: "networks; more give steadier scores",
            },
            Param {
                name: "n_estimators",
                default: "6",
                allowed: "1 to 10000",
                what: "trees for each network",
            },
            Param {
                name: "max_samples",
                default: "256",
                allowed: "auto, a whole number >= 1, or a share above 0 up to 1.0",
                what: "rows drawn for a tree; auto is 256, or all if there are fewer",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "matrix products in f32, about 5 million multiplications a distinct row by default; flat in N",
        blind_to: "Tight groups of like attacks. Which field made an event odd: the features are random \
                   mixtures of all fields.",
        source: "H. Xu, G. Pang, Y. Wang, Y. Wang: Deep Isolation Forest for Anomaly Detection. IEEE \
                 Transactions on Knowledge and Data Engineering 35(12), 2023",
        departs: "PyOD standardises rows to score by themselves, batch by batch; here new rows are \
                  taken by the mean and deviation of the fit. Own scores are the same.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        let hidden = &params.hidden_neurons;
        if !(1..=WIDEST).contains(&params.representation_dim) {
            let given = params.representation_dim.to_string();
            return refuse("representation_dim", given, "1 to 4096");
        }
        if hidden.len() > DEEPEST || hidden.iter().any(|h| !(1..=WIDEST).contains(h)) {
            let allowed = "up to 8 whole numbers from 1 to 4096";
            return refuse("hidden_neurons", format!("{hidden:?}"), allowed);
        }
        if !(1..=10_000).contains(&params.n_ensemble) {
            return refuse("n_ensemble", params.n_ensemble.to_string(), "1 to 10000");
        }
        if !(1..=10_000).contains(&params.n_estimators) {
            return refuse("n_estimators", params.n_estimators.to_string(), "1 to 10000");
        }
        if !params.max_samples.is_valid(1) {
            let allowed = "auto, a whole number >= 1, or a share above 0 up to 1.0";
            return refuse("max_samples", params.max_samples.to_string(), allowed);
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let mut width = shape.d();
        let mut weights = 0.0;
        for &next in params.hidden_neurons.iter().chain([&params.representation_dim]) {
            weights += width * next as f64;
            width = next as f64;
        }
        let trees = 1e3 * params.n_estimators as f64;
        1e-10 * shape.n() * params.n_ensemble as f64 * (weights + trees)
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let urn = Urn::new(x.copies());
        let drawn = params.max_samples.of(urn.total(), AUTO_SAMPLES);
        let mut model = Model {
            scaler: MinMax::fit(x.columns(), x.x().iter_rows()),
            activation: params.hidden_activation,
            skip: params.skip_connection,
            members: Vec::new(),
            unit: mean_path(drawn) * params.n_estimators as f64,
            trees: params.n_estimators as u32,
            own: vec![0.0; x.rows()],
        };
        for number in 0..params.n_ensemble {
            let mut rng = ctx.rng(number as u64);
            let mut member = Member::draw(model.input_width(), params, &mut rng);
            let raw = model.represent_all(&member, x.x(), ctx)?;
            member.standardise_by(&raw, x, ctx)?;
            member.grow(&raw, &urn, drawn, params.n_estimators, &mut rng);
            model.add_own(&member, &raw, ctx)?;
            model.members.push(member);
            ctx.step(number + 1, params.n_ensemble);
        }
        for score in &mut model.own {
            *score /= params.n_ensemble as f64;
        }
        Ok(model)
    }
}

/// The networks with their trees, and the scores of the rows they were grown on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    scaler: MinMax,
    activation: Activation,
    skip: bool,
    members: Vec<Member>,
    /// The path length through all trees of a network that scores 1/2.
    unit: f64,
    /// Trees of a network, those that cut nothing counted.
    trees: u32,
    own: Vec<f64>,
}

/// A network with its trees.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Member {
    layers: Vec<Layer>,
    /// Mean and deviation of each output over the N rows fitted on.
    moments: Vec<(f64, f64)>,
    /// The trees that cut anything.
    trees: Vec<Tree>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Layer {
    inputs: u32,
    outputs: u32,
    weights: Vec<f32>,
}

impl Member {
    /// A network with standard normal weights and no biases, as the reference draws them.
    fn draw(input_width: usize, params: &Params, rng: &mut Rng) -> Self {
        let mut inputs = input_width;
        let widths = params.hidden_neurons.iter().chain([&params.representation_dim]);
        let layer = |&outputs: &usize| {
            let weights = (0..inputs * outputs).map(|_| rng.normal() as f32).collect();
            let layer = Layer { inputs: inputs as u32, outputs: outputs as u32, weights };
            inputs = if params.skip_connection { inputs + outputs } else { outputs };
            layer
        };
        Self { layers: widths.map(layer).collect(), moments: Vec::new(), trees: Vec::new() }
    }

    /// Features that the network makes.
    fn width(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs as usize)
    }

    /// Takes the mean and deviation of the outputs over all N rows.
    fn standardise_by(&mut self, raw: &[f32], x: &Sample, ctx: &Ctx) -> Result<(), FitError> {
        let (width, total) = (self.width(), x.total() as f64);
        let over_rows = |of: &(dyn Fn(usize, f64) -> f64 + Sync)| {
            sum_over_rows(x.rows(), width, ctx, |rows, sum| {
                for i in rows {
                    let weight = x.copies()[i] as f64 / total;
                    for (j, &v) in raw[i * width..(i + 1) * width].iter().enumerate() {
                        sum[j] += weight * of(j, f64::from(v));
                    }
                }
            })
        };
        let mean = over_rows(&|_, v| v)?;
        let variance = over_rows(&|j, v| (v - mean[j]) * (v - mean[j]))?;
        let deviation = |(&mean, variance): (&f64, f64)| {
            // As the reference: less is what rounding leaves of a constant.
            let rounding = total * f64::EPSILON;
            let least = rounding * variance + (rounding * mean).powi(2);
            (mean, if variance <= least { 1.0 } else { variance.sqrt() })
        };
        self.moments = mean.iter().zip(variance).map(deviation).collect();
        Ok(())
    }

    /// Outputs as the trees see them.
    fn standardised<'a>(&'a self, raw: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let standard = |(&v, &(mean, sd)): (&f32, &(f64, f64))| ((f64::from(v) - mean) / sd) as f32;
        raw.iter().zip(self.moments.iter().cycle()).map(standard).map(dense::tanh)
    }

    fn grow(&mut self, raw: &[f32], urn: &Urn, drawn: u64, trees: usize, rng: &mut Rng) {
        let width = self.width();
        for _ in 0..trees {
            let rows = urn.sample(drawn, rng);
            let raw: Vec<f32> = rows
                .iter()
                .flat_map(|&row| raw[row as usize * width..][..width].iter().copied())
                .collect();
            let z =
                Matrix::new(self.standardised(&raw).map(f64::from).collect(), rows.len(), width);
            let tree = Tree::grow(&z, (0..rows.len() as u32).collect(), width, rng);
            if !tree.is_single() {
                self.trees.push(tree);
            }
        }
    }
}

impl Model {
    /// Values of a row as a network takes them: features, filled up with zeros.
    fn input_width(&self) -> usize {
        self.scaler.columns().max(dense::WIDTH)
    }

    /// Rows scaled to 0 to 1 feature by feature, as a block.
    fn scaled(&self, x: &Matrix, first: usize, rows: usize) -> Vec<f32> {
        // Beyond this a row is far outside in every network, and none of its values overflows.
        const FAR: f64 = 1e6;
        let width = self.input_width();
        let mut block = vec![0.0; dense::padded(rows) * width];
        for (i, to) in block.chunks_exact_mut(width).take(rows).enumerate() {
            for (to, v) in to.iter_mut().zip(self.scaler.scaled(x.row(first + i))) {
                *to = v.clamp(-FAR, FAR) as f32;
            }
        }
        block
    }

    /// The outputs of a network for a block of rows.
    fn represent(&self, member: &Member, scaled: &[f32]) -> Vec<f32> {
        let mut values = scaled.to_vec();
        for (number, layer) in member.layers.iter().enumerate() {
            let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
            let mut out = vec![0.0; values.len() / inputs * outputs];
            dense::forward(&layer.weights, &values, inputs, &mut out, outputs);
            if number + 1 < member.layers.len() {
                self.activation.apply(&mut out, outputs);
                if self.skip {
                    let rows = values.chunks_exact(inputs).zip(out.chunks_exact(outputs));
                    out = rows.flat_map(|(x, y)| x.iter().chain(y).copied()).collect();
                }
            }
            values = out;
        }
        values
    }

    /// The outputs of a network for all rows.
    fn represent_all(&self, member: &Member, x: &Matrix, ctx: &Ctx) -> Result<Vec<f32>, FitError> {
        let width = member.width();
        let mut all = vec![0.0; x.rows() * width];
        ctx.parallel(|| {
            all.par_chunks_mut(BLOCK * width).enumerate().try_for_each(|(b, out)| {
                ctx.check()?;
                let scaled = self.scaled(x, b * BLOCK, out.len() / width);
                out.copy_from_slice(&self.represent(member, &scaled)[..out.len()]);
                Ok::<(), FitError>(())
            })
        })?;
        Ok(all)
    }

    /// Adds what a network says of the rows fitted on to their scores.
    fn add_own(&mut self, member: &Member, raw: &[f32], ctx: &Ctx) -> Result<(), FitError> {
        let (width, mut own) = (member.width(), std::mem::take(&mut self.own));
        ctx.parallel(|| {
            let blocks = own.par_chunks_mut(BLOCK).zip(raw.par_chunks(BLOCK * width));
            blocks.try_for_each(|(own, raw)| {
                ctx.check()?;
                self.add_scores(member, raw, own);
                Ok::<(), FitError>(())
            })
        })?;
        self.own = own;
        Ok(())
    }

    /// Adds what a network says of rows, given its outputs, to their scores.
    fn add_scores(&self, member: &Member, raw: &[f32], scores: &mut [f64]) {
        let width = member.width();
        let mut columns = vec![[0.0; LANES]; width];
        for (raw, scores) in raw.chunks(LANES * width).zip(scores.chunks_mut(LANES)) {
            for (at, z) in member.standardised(raw).enumerate() {
                columns[at % width][at / width] = f64::from(z);
            }
            let (mut lengths, mut gaps) = ([0.0; LANES], [0.0; LANES]);
            for tree in &member.trees {
                tree.walk_with_gaps(&columns, &mut lengths, &mut gaps);
            }
            for ((score, length), gap) in scores.iter_mut().zip(lengths).zip(gaps) {
                // Without a tree that cuts anything the gap is 0, and so is the score.
                *score += (-length / self.unit.max(1.0)).exp2() * gap / f64::from(self.trees);
            }
        }
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn columns(&self) -> usize {
        self.scaler.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.scaler.columns() == 0 || self.members.is_empty() {
            return Err("no features or no networks");
        }
        let whole = |member: &Member| {
            let mut inputs = Some(self.input_width());
            let fits = member.layers.iter().all(|layer| {
                let (expected, outputs) = (inputs, layer.outputs as usize);
                let widened = inputs.and_then(|i| i.checked_add(outputs));
                inputs = if self.skip { widened } else { Some(outputs) };
                let weights = outputs.checked_mul(layer.inputs as usize);
                let sizes = (1..=WIDEST).contains(&outputs) && weights == Some(layer.weights.len());
                expected == Some(layer.inputs as usize) && sizes
            });
            let width = member.width();
            fits && (1..=DEEPEST + 1).contains(&member.layers.len())
                && member.moments.len() == width
                && member.trees.iter().all(|tree| tree.is_whole(width as u32))
        };
        self.members.iter().all(whole).then_some(()).ok_or("a network or a tree is not whole")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let mut score = [0.0];
        self.score_block(&Matrix::from_rows(&[row]), 0, &mut score);
        score[0]
    }

    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        let scaled = self.scaled(x, first, out.len());
        out.fill(0.0);
        for member in &self.members {
            let raw = self.represent(member, &scaled);
            self.add_scores(member, &raw[..out.len() * member.width()], out);
        }
        for score in out {
            *score /= self.members.len() as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Activation::{Elu, Identity, LeakyRelu, Relu, Sigmoid, Softplus, Tanh};

    fn fit(rows: &[[f64; 2]], params: &Params) -> Model {
        let x = Sample::collapse(&Matrix::from_rows(rows), &vec![1; rows.len()]).unwrap().0;
        Dif::fit(&x, params, &Ctx::small(1)).unwrap()
    }

    fn small() -> Params {
        Params {
            hidden_neurons: vec![6, 4],
            representation_dim: 3,
            n_ensemble: 5,
            ..Params::default()
        }
    }

    /// Two rows: each of a network's outputs is -1 for one and 1 for the other once standardised, so
    /// every threshold t lies in ±tanh 1, each path has length 1 = c(2), and the gaps of the two rows
    /// add up to 2 tanh 1 over 1 + 1e-6 in every tree. So the scores add up to half of that.
    #[test]
    fn two_rows_by_hand() {
        let model = fit(&[[0.0, 5.0], [1.0, 3.0]], &small());
        let sum: f64 = model.own_scores().iter().sum();
        assert!((sum - 1f64.tanh() / (1.0 + 1e-6)).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn every_activation_and_skips_set_a_far_row_apart() {
        let mut rows: Vec<[f64; 2]> =
            (0..60).map(|i| [f64::from(i % 8), f64::from(i / 8)]).collect();
        rows.push([60.0, -60.0]);
        for hidden_activation in [Elu, Identity, LeakyRelu, Relu, Sigmoid, Softplus, Tanh] {
            for skip_connection in [false, true] {
                let params = Params { hidden_activation, skip_connection, ..small() };
                let model = fit(&rows, &params);
                let own = model.own_scores();
                let far = own[own.len() - 1];
                assert!(own[..own.len() - 1].iter().all(|&s| s < far), "{params:?}");
                assert_eq!(model.check(), Ok(()));
            }
        }
    }

    #[test]
    fn equal_rows_score_nothing() {
        let model = fit(&[[4.0, 4.0]], &small());
        assert_eq!(model.own_scores(), [0.0]);
        assert_eq!(model.score(&[9.0, -1e300]), 0.0);
    }

    #[test]
    fn a_network_whose_layers_do_not_meet_is_refused() {
        let mut model = fit(&[[0.0, 5.0], [1.0, 3.0]], &small());
        assert_eq!(model.check(), Ok(()));
        model.members[1].layers[1].inputs = 5;
        assert!(model.check().is_err());
    }
}
