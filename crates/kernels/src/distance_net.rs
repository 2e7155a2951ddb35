//! A network that turns the ascending distances of a row to its nearest rows into one score.
//!
//! It is trained to tell rows (0) from made-up negatives (1) by squared error, all rows at once in each
//! step, and the state that does so best on rows kept aside is the one that stays.
//!
//! ```text
//! weight   s = batch-normalised  Σ_j a_j d_j      a = softmax(network(d))
//! score    s = sigmoid(network(d))
//! ```
//!
//! - **Source**: A. Goodge, B. Hooi, S.-K. Ng and W. S. Ng, "LUNAR: Unifying Local Outlier Detection
//!   Methods via Graph Neural Networks", AAAI 2022.

use crate::dense;
use crate::examples::Examples;
use crate::mlp::{Adam, Hidden, Mlp, Space};
use lanner_frame::{Cancelled, Ctx, Rng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What the network's outputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// One weight for each distance; the score is their weighted mean.
    Weight,
    /// The score itself, 0 to 1.
    Score,
}

/// Values of each hidden layer.
const HIDDEN: usize = 256;
/// Rows that go through the network together.
const BLOCK: usize = 256;
/// Gradients are added up in at most this many parts, whatever the number of threads.
const PARTS: usize = 16;
/// Longer distances count as this one, so that no square overflows in f32.
const FAR: f64 = 1e15;
/// As in batch normalisation elsewhere: what keeps a variance from 0, and the share of a new one.
const LEAST_VARIANCE: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// States compared; one less step.
    pub epochs: usize,
    /// Size of a step of Adam.
    pub rate: f64,
    /// Penalty on large parameters.
    pub decay: f64,
}

/// A trained network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistanceNet {
    kind: Kind,
    k: u32,
    /// Those of the network, then gain and bias of the batch normalisation.
    params: Vec<f32>,
    /// Running mean and variance of the batch normalisation.
    moments: (f64, f64),
}

/// A distance as the network takes it.
pub fn distance(d: f64) -> f32 {
    d.min(FAR) as f32
}

fn filled(width: usize) -> usize {
    width.next_multiple_of(dense::WIDTH)
}

impl DistanceNet {
    /// Trains a network on k ascending distances, as [`distance`] makes them, of rows and of negatives;
    /// `aside` are those to compare on, of either kind at least one. The seed decides where it starts.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    ///
    /// # Cost
    /// About 0.4 million multiplications an example and epoch to train on, a third of
    /// that to compare on; memory 6 kB an example to train on.
    pub fn train(
        kind: Kind,
        k: usize,
        train: &[Examples; 2],
        aside: &[Examples; 2],
        schedule: Schedule,
        rng: &mut Rng,
        ctx: &Ctx,
    ) -> Result<Self, Cancelled> {
        let net = form(kind, k);
        let mut params = net.draw(k, if kind == Kind::Weight { k } else { 1 }, rng);
        params.extend([1.0, 0.0]);
        let mut state = Self { kind, k: k as u32, params, moments: (0.0, 1.0) };
        let cut = |[rows, negatives]: &[Examples; 2]| {
            let mut blocks = Block::cut(&rows.values, &rows.weights, k, 0.0);
            blocks.extend(Block::cut(&negatives.values, &negatives.weights, k, 1.0));
            blocks
        };
        let (mut train, mut aside) = (cut(train), cut(aside));
        let mut adam = Adam::new(state.params.len(), schedule.rate, schedule.decay);
        let (mut best, mut best_auc) = (state.clone(), 0.0);
        for epoch in 0..schedule.epochs {
            ctx.parallel(|| {
                train.par_iter_mut().chain(&mut aside).try_for_each(|block| {
                    ctx.check()?;
                    block.forward(&state, &net);
                    Ok::<(), Cancelled>(())
                })
            })?;
            let auc = state.auc(&aside);
            if auc >= best_auc {
                (best, best_auc) = (state.clone(), auc);
            }
            ctx.step(epoch + 1, schedule.epochs);
            if epoch + 1 == schedule.epochs {
                break;
            }
            let head = state.set_gradients(&mut train);
            let mut gradient = sum_gradients(&mut train, &state, &net, ctx)?;
            let at = net.size();
            gradient[at..].copy_from_slice(&head);
            adam.step(&mut state.params, &gradient);
        }
        Ok(best)
    }

    /// The scores of rows given by k distances each, as [`distance`] makes them; `out` has a place for
    /// each row. A row's score does not depend on the others.
    pub fn scores(&self, distances: &[f32], out: &mut [f64]) {
        let k = self.k as usize;
        let net = form(self.kind, k);
        let blocks = Block::cut(distances, &vec![1.0; out.len()], k, 0.0);
        for (mut block, out) in blocks.into_iter().zip(out.chunks_mut(BLOCK)) {
            block.forward(self, &net);
            out.iter_mut().zip(&block.values).for_each(|(out, &v)| *out = self.normalised(v));
        }
    }

    /// Number of distances it takes.
    pub fn k(&self) -> usize {
        self.k as usize
    }

    /// Says whether a network read from a file has all its parameters.
    pub fn is_whole(&self) -> bool {
        // More distances than parameters are no network, and would overflow its form.
        let k = self.k as usize;
        k > 0 && k < self.params.len() && self.params.len() == form(self.kind, k).size() + 2
    }

    /// A score from the network's value, as it is for rows not trained on.
    fn normalised(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Score => value,
            Kind::Weight => {
                let [gain, bias] = self.gain_and_bias();
                let (mean, variance) = self.moments;
                (value - mean) / (variance + LEAST_VARIANCE).sqrt() * gain + bias
            }
        }
    }

    fn gain_and_bias(&self) -> [f64; 2] {
        let at = self.params.len() - 2;
        [f64::from(self.params[at]), f64::from(self.params[at + 1])]
    }

    /// The area under the ROC curve: how often a negative scores above a row, ties half.
    fn auc(&self, blocks: &[Block]) -> f64 {
        let scored = blocks.iter().flat_map(|block| {
            let values = block.values.iter().zip(&block.weights);
            values.map(|(&v, &weight)| (self.normalised(v), weight, block.label))
        });
        let mut scored: Vec<(f64, f64, f64)> = scored.collect();
        scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut negatives, mut above) = (0.0, 0.0, 0.0);
        for tied in scored.chunk_by(|a, b| a.0 == b.0) {
            let (mut rows, mut others) = (0.0, 0.0);
            for (_, weight, label) in tied {
                rows += weight * (1.0 - label);
                others += weight * label;
            }
            above += others * (below + 0.5 * rows);
            below += rows;
            negatives += others;
        }
        above / (below * negatives)
    }

    /// Puts the gradient of the loss into the blocks, and gives that of gain and bias; moves the running
    /// moments.
    fn set_gradients(&mut self, blocks: &mut [Block]) -> [f32; 2] {
        let total: f64 = blocks.iter().flat_map(|b| &b.weights).sum();
        let mean_of = |blocks: &[Block], of: &dyn Fn(f64, f64) -> f64| {
            let each = blocks.iter().flat_map(|b| {
                let values = b.values.iter().zip(&b.weights);
                values.map(|(&v, &weight)| weight * of(v, b.label))
            });
            each.sum::<f64>() / total
        };
        if self.kind == Kind::Score {
            for block in blocks {
                block.set(|v, label| 2.0 * (v - label));
            }
            return [0.0; 2];
        }
        let [gain, bias] = self.gain_and_bias();
        let mean = mean_of(blocks, &|v, _| v);
        let variance = mean_of(blocks, &|v, _| (v - mean) * (v - mean));
        let sd = (variance + LEAST_VARIANCE).sqrt();
        let standard = |v: f64| (v - mean) / sd;
        let slope = |v: f64, label: f64| 2.0 * (gain * standard(v) + bias - label);
        let level = mean_of(blocks, &slope);
        let along = mean_of(blocks, &|v, label| slope(v, label) * standard(v));
        for block in blocks {
            block.set(|v, label| gain / sd * (slope(v, label) - level - standard(v) * along));
        }
        let unbiased = variance * total / (total - 1.0).max(1.0);
        self.moments.0 += MOMENTUM * (mean - self.moments.0);
        self.moments.1 += MOMENTUM * (unbiased - self.moments.1);
        [(along * total) as f32, (level * total) as f32]
    }
}

/// The network behind k distances, as the authors' code has it.
fn form(kind: Kind, k: usize) -> Mlp {
    let (outputs, hidden) = match kind {
        Kind::Weight => (k, Hidden::Relu),
        Kind::Score => (1, Hidden::Tanh),
    };
    let widths = vec![filled(k), HIDDEN, HIDDEN, HIDDEN, filled(outputs)];
    Mlp::new(widths, hidden, kind == Kind::Weight)
}

/// Some examples with what the network makes of them.
struct Block {
    /// Distances, filled up to the network's width and with rows without meaning.
    x: Vec<f32>,
    k: usize,
    weights: Vec<f64>,
    /// 0 for rows, 1 for negatives.
    label: f64,
    space: Space,
    /// The weighted mean of the distances, or the sigmoid.
    values: Vec<f64>,
    /// Shares of the distances, k for each row.
    shares: Vec<f32>,
    /// The gradient of the loss at `values`.
    gradient: Vec<f64>,
}

impl Block {
    fn cut(distances: &[f32], weights: &[f64], k: usize, label: f64) -> Vec<Self> {
        let block = |(distances, weights): (&[f32], &[f64])| {
            let mut x = vec![0.0; dense::padded(weights.len()) * filled(k)];
            for (to, from) in x.chunks_exact_mut(filled(k)).zip(distances.chunks_exact(k)) {
                to[..k].copy_from_slice(from);
            }
            Self {
                x,
                k,
                weights: weights.to_vec(),
                label,
                space: Space::default(),
                values: Vec::new(),
                shares: Vec::new(),
                gradient: Vec::new(),
            }
        };
        distances.chunks(BLOCK * k).zip(weights.chunks(BLOCK)).map(block).collect()
    }

    fn forward(&mut self, state: &DistanceNet, net: &Mlp) {
        let k = self.k;
        let outputs = net.forward(&state.params[..net.size()], &self.x, &mut self.space);
        self.values.clear();
        self.shares.clear();
        match state.kind {
            Kind::Score => {
                let outputs = outputs.chunks_exact(filled(1)).take(self.weights.len());
                self.values.extend(outputs.map(|row| f64::from(dense::sigmoid(row[0]))));
            }
            Kind::Weight => {
                let rows = outputs.chunks_exact(filled(k)).zip(self.x.chunks_exact(filled(k)));
                for (outputs, x) in rows.take(self.weights.len()) {
                    let at = self.shares.len();
                    self.shares.extend_from_slice(&outputs[..k]);
                    let shares = &mut self.shares[at..];
                    dense::softmax(shares);
                    let terms = shares.iter().zip(x).map(|(&a, &d)| f64::from(a) * f64::from(d));
                    self.values.push(terms.sum());
                }
            }
        }
    }

    fn set(&mut self, slope: impl Fn(f64, f64) -> f64) {
        self.gradient.clear();
        let values = self.values.iter().zip(&self.weights);
        self.gradient.extend(values.map(|(&v, weight)| weight * slope(v, self.label)));
    }

    fn add_gradient(&mut self, state: &DistanceNet, net: &Mlp, sum: &mut [f32]) {
        let k = self.k;
        let width = filled(if state.kind == Kind::Weight { k } else { 1 });
        let mut outputs = vec![0.0; self.x.len() / filled(k) * width];
        let rows = outputs.chunks_exact_mut(width).zip(self.values.iter().zip(&self.gradient));
        for (i, (to, (&value, &gradient))) in rows.enumerate() {
            match state.kind {
                Kind::Score => to[0] = (gradient * value * (1.0 - value)) as f32,
                Kind::Weight => {
                    let (shares, x) = (&self.shares[i * k..], &self.x[i * filled(k)..]);
                    for ((to, &share), &d) in to[..k].iter_mut().zip(shares).zip(x) {
                        *to = (gradient * f64::from(share) * (f64::from(d) - value)) as f32;
                    }
                }
            }
        }
        let size = net.size();
        net.backward(&state.params[..size], &self.x, &outputs, &mut self.space, &mut sum[..size]);
    }
}

/// The gradient of all parameters: parts are fixed by the number of blocks and added in order.
fn sum_gradients(
    blocks: &mut [Block],
    state: &DistanceNet,
    net: &Mlp,
    ctx: &Ctx,
) -> Result<Vec<f32>, Cancelled> {
    let part = blocks.len().div_ceil(PARTS);
    let sum_part = |blocks: &mut [Block]| {
        let mut sum = vec![0.0; state.params.len()];
        for block in blocks {
            ctx.check()?;
            block.add_gradient(state, net, &mut sum);
        }
        Ok(sum)
    };
    let parts: Vec<Vec<f32>> =
        ctx.parallel(|| blocks.par_chunks_mut(part).map(sum_part).collect::<Result<_, _>>())?;
    let mut total = vec![0.0; state.params.len()];
    for sum in parts {
        total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows near others and negatives far, of weights 1, 2 and 3.
    fn examples(rng: &mut Rng, n: usize) -> [Examples; 2] {
        [0.1, 0.4].map(|far| {
            let mut of = Examples::default();
            for i in 0..n {
                let mut d: Vec<f64> = (0..3).map(|_| far * rng.uniform()).collect();
                d.sort_by(f64::total_cmp);
                of.values.extend(d.into_iter().map(distance));
                of.weights.push(1.0 + (i % 3) as f64);
            }
            of
        })
    }

    fn train(kind: Kind, train: &[Examples; 2], epochs: usize) -> DistanceNet {
        let mut rng = Rng::new(1, 0);
        let aside = examples(&mut Rng::new(9, 0), 100);
        let schedule = Schedule { epochs, rate: 1e-3, decay: 0.1 };
        DistanceNet::train(kind, 3, train, &aside, schedule, &mut rng, &Ctx::small(1)).unwrap()
    }

    #[test]
    fn far_rows_score_higher_and_alone_as_in_a_block() {
        let data = examples(&mut Rng::new(2, 0), 400);
        for kind in [Kind::Weight, Kind::Score] {
            let net = train(kind, &data, 30);
            let rows: Vec<f32> =
                (0..300).flat_map(|i| [0.0, 0.5, 1.0].map(|f| i as f32 * 1e-3 * f)).collect();
            let mut scores = vec![0.0; 300];
            net.scores(&rows, &mut scores);
            assert!(scores[299] > scores[20], "{kind:?}");
            let mut alone = [0.0];
            net.scores(&rows[299 * 3..], &mut alone);
            assert_eq!(alone[0], scores[299]);
            assert!(net.is_whole());
            assert!(!DistanceNet { k: 4_000_000_000, ..net.clone() }.is_whole());
            net.scores(&[distance(f64::MAX); 3], &mut alone);
            assert!(alone[0].is_finite());
        }
    }

    /// Weights count as repetition: but for rounding the trained networks are the same.
    #[test]
    fn weights_are_repetitions() {
        let data = examples(&mut Rng::new(2, 0), 100);
        let written = [0, 1].map(|i| {
            let (all, mut of) = (&data[i], Examples::default());
            for (d, &weight) in all.values.chunks_exact(3).zip(&all.weights) {
                of.values.extend(d.repeat(weight as usize));
                of.weights.extend(vec![1.0; weight as usize]);
            }
            of
        });
        for kind in [Kind::Weight, Kind::Score] {
            let (a, b) = (train(kind, &data, 8), train(kind, &written, 8));
            let (mut s, mut t) = ([0.0; 100], [0.0; 100]);
            a.scores(&data[1].values, &mut s);
            b.scores(&data[1].values, &mut t);
            let most = s.iter().zip(t).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(most < 1e-3, "{kind:?}: {most}");
        }
    }

    /// Scores 1, 2, 2, 3 of row, row, negative, negative (weight 3): the negative at 2 is above one row
    /// and level with the other, 1.5 of 2; the one at 3 above both, three times: 7.5 of 8.
    #[test]
    fn auc_by_hand() {
        let net = DistanceNet { kind: Kind::Score, k: 1, params: Vec::new(), moments: (0.0, 1.0) };
        let block = |values: &[f64], weights: &[f64], label| {
            let mut blocks = Block::cut(&vec![0.0; values.len()], weights, 1, label);
            blocks[0].values = values.to_vec();
            blocks
        };
        let mut blocks = block(&[1.0, 2.0], &[1.0, 1.0], 0.0);
        blocks.extend(block(&[2.0, 3.0], &[1.0, 3.0], 1.0));
        assert_eq!(net.auc(&blocks), 7.5 / 8.0);
    }
}
