//! A network of dense layers in f32: values, gradients, and Adam to train it.
//!
//! All parameters of a network stand in one slice, so that a gradient, a step and a file are plain
//! slices too: for each layer its weights (input by input) and its biases, then the gains and biases of
//! the normalisation, if there is one.

use crate::dense;
use lanner_frame::Rng;

/// The form of a network: layers one after the other, hidden ones with an activation.
#[derive(Debug, Clone)]
pub struct Mlp {
    /// Values at the input, after each hidden layer, and at the output.
    widths: Vec<usize>,
    hidden: Hidden,
    /// The values of the last hidden layer are brought to mean 0 and variance 1, row by row.
    normalised: bool,
}

/// What hidden layers do to their outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// x above 0, 0 below.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// Keeps the variance of a row away from 0, as in layer normalisation elsewhere.
const LEAST_VARIANCE: f32 = 1e-5;

/// What a network computed for a block of rows; its gradient needs it.
#[derive(Debug, Default)]
pub struct Space {
    /// Values after each layer.
    layers: Vec<Vec<f32>>,
    /// The last hidden layer, normalised, before gains and biases, and after.
    standard: Vec<f32>,
    normal: Vec<f32>,
    /// One over the deviation of each row of the last hidden layer.
    scales: Vec<f32>,
    /// Gradients of a layer and of the one before.
    gradients: [Vec<f32>; 2],
}

impl Mlp {
    /// A network of these widths, from input to output, each a multiple of [`dense::WIDTH`].
    ///
    /// # Panics
    /// If there is no hidden layer or a width is none of these.
    pub fn new(widths: Vec<usize>, hidden: Hidden, normalised: bool) -> Self {
        assert!(widths.len() > 2, "a network has a hidden layer");
        assert!(
            widths.iter().all(|&w| w > 0 && w.is_multiple_of(dense::WIDTH)),
            "widths are filled up"
        );
        Self { widths, hidden, normalised }
    }

    /// Number of parameters.
    pub fn size(&self) -> usize {
        let layers: usize = self.widths.windows(2).map(|w| (w[0] + 1) * w[1]).sum();
        layers + if self.normalised { 2 * self.last_hidden() } else { 0 }
    }

    fn last_hidden(&self) -> usize {
        self.widths[self.widths.len() - 2]
    }

    /// Random parameters: weights and biases uniform within one over the root of a layer's inputs; gains
    /// are 1 and their biases 0. Only the first `inputs` inputs and `outputs` outputs have a meaning; all
    /// that belongs to the others is 0 and stays so.
    pub fn draw(&self, inputs: usize, outputs: usize, rng: &mut Rng) -> Vec<f32> {
        let mut params = Vec::with_capacity(self.size());
        for (layer, width) in self.widths.windows(2).enumerate() {
            let known = if layer == 0 { inputs } else { width[0] };
            let wanted = if layer + 2 == self.widths.len() { outputs } else { width[1] };
            let bound = 1.0 / (known as f64).sqrt();
            // The biases follow the weights as those of one more input would.
            for input in (0..width[0]).chain([0]) {
                params.extend((0..width[1]).map(|output| {
                    let drawn = input < known && output < wanted;
                    if drawn { rng.between(-bound, bound) as f32 } else { 0.0 }
                }));
            }
        }
        if self.normalised {
            params.extend(std::iter::repeat_n(1.0, self.last_hidden()));
            params.extend(std::iter::repeat_n(0.0, self.last_hidden()));
        }
        params
    }

    /// Where the weights of each layer begin, and where the last ends.
    fn starts(&self) -> Vec<usize> {
        let mut at = 0;
        let ends = self.widths.windows(2).map(|w| {
            at += (w[0] + 1) * w[1];
            at
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// The outputs for a block of rows (their number a multiple of [`dense::ROWS`]).
    pub fn forward<'s>(&self, params: &[f32], x: &[f32], space: &'s mut Space) -> &'s [f32] {
        let (starts, last) = (self.starts(), self.widths.len() - 2);
        let rows = x.len() / self.widths[0];
        space.layers.resize_with(last + 1, Vec::new);
        for (layer, width) in self.widths.windows(2).enumerate() {
            let (weights, bias) =
                params[starts[layer]..starts[layer + 1]].split_at(width[0] * width[1]);
            if layer == last && self.normalised {
                self.normalise(&params[starts[last + 1]..], space);
            }
            let (before, after) = space.layers.split_at_mut(layer);
            let input = match before.last() {
                None => x,
                Some(_) if layer == last && self.normalised => &space.normal,
                Some(values) => values,
            };
            let out = &mut after[0];
            out.resize(rows * width[1], 0.0);
            dense::forward(weights, input, width[0], out, width[1]);
            for row in out.chunks_exact_mut(width[1]) {
                match self.hidden {
                    _ if layer == last => row.iter_mut().zip(bias).for_each(|(v, b)| *v += b),
                    Hidden::Relu => {
                        row.iter_mut().zip(bias).for_each(|(v, b)| *v = (*v + b).max(0.0));
                    }
                    Hidden::Tanh => {
                        row.iter_mut().zip(bias).for_each(|(v, b)| *v = dense::tanh(*v + b));
                    }
                }
            }
        }
        &space.layers[last]
    }

    fn normalise(&self, gains_and_biases: &[f32], space: &mut Space) {
        let width = self.last_hidden();
        let (gains, biases) = gains_and_biases.split_at(width);
        let values = &space.layers[self.widths.len() - 3];
        space.standard.resize(values.len(), 0.0);
        space.normal.resize(values.len(), 0.0);
        space.scales.clear();
        let rows = values.chunks_exact(width).zip(space.standard.chunks_exact_mut(width));
        for ((values, standard), normal) in rows.zip(space.normal.chunks_exact_mut(width)) {
            let mean = sum(values, |v, _| v, values) / width as f32;
            let variance = sum(values, |v, _| (v - mean) * (v - mean), values) / width as f32;
            let scale = 1.0 / (variance + LEAST_VARIANCE).sqrt();
            space.scales.push(scale);
            for (standard, v) in standard.iter_mut().zip(values) {
                *standard = (v - mean) * scale;
            }
            for ((normal, s), (g, b)) in
                normal.iter_mut().zip(&*standard).zip(gains.iter().zip(biases))
            {
                *normal = s * g + b;
            }
        }
    }

    /// Adds to `sum` the gradient of the parameters, given that of the outputs for the block that went
    /// [`Self::forward`] last through this space.
    pub fn backward(
        &self,
        params: &[f32],
        x: &[f32],
        outputs: &[f32],
        space: &mut Space,
        sum: &mut [f32],
    ) {
        let (starts, last) = (self.starts(), self.widths.len() - 2);
        let [mut here, mut before] = std::mem::take(&mut space.gradients);
        here.clear();
        here.extend_from_slice(outputs);
        for (layer, width) in self.widths.windows(2).enumerate().rev() {
            let (inputs, outputs) = (width[0], width[1]);
            let weights = starts[layer]..starts[layer] + inputs * outputs;
            let bias = weights.end..starts[layer + 1];
            let input = match layer {
                0 => x,
                _ if layer == last && self.normalised => &space.normal,
                _ => &space.layers[layer - 1],
            };
            dense::add_weights(&here, outputs, input, inputs, &mut sum[weights.clone()]);
            for row in here.chunks_exact(outputs) {
                sum[bias.clone()].iter_mut().zip(row).for_each(|(s, g)| *s += g);
            }
            if layer == 0 {
                break;
            }
            before.resize(here.len() / outputs * inputs, 0.0);
            dense::backward(&params[weights], &here, outputs, &mut before, inputs);
            if layer == last && self.normalised {
                let from = starts[last + 1]..;
                self.normalise_backward(&params[from.clone()], &mut before, space, &mut sum[from]);
            }
            let values = &space.layers[layer - 1];
            match self.hidden {
                Hidden::Relu => {
                    before
                        .iter_mut()
                        .zip(values)
                        .for_each(|(g, &v)| *g = if v > 0.0 { *g } else { 0.0 });
                }
                Hidden::Tanh => before.iter_mut().zip(values).for_each(|(g, v)| *g *= 1.0 - v * v),
            }
            std::mem::swap(&mut here, &mut before);
        }
        space.gradients = [here, before];
    }

    fn normalise_backward(
        &self,
        gains_and_biases: &[f32],
        gradient: &mut [f32],
        space: &Space,
        total: &mut [f32],
    ) {
        let width = self.last_hidden();
        let gains = &gains_and_biases[..width];
        let (gain_sums, bias_sums) = total.split_at_mut(width);
        let rows = gradient.chunks_exact_mut(width).zip(space.standard.chunks_exact(width));
        for ((gradient, standard), scale) in rows.zip(&space.scales) {
            for ((sum, g), s) in gain_sums.iter_mut().zip(&*gradient).zip(standard) {
                *sum += g * s;
            }
            bias_sums.iter_mut().zip(&*gradient).for_each(|(sum, g)| *sum += g);
            gradient.iter_mut().zip(gains).for_each(|(g, gain)| *g *= gain);
            let mean = sum(gradient, |g, _| g, standard) / width as f32;
            let along = sum(gradient, |g, s| g * s, standard) / width as f32;
            for (g, s) in gradient.iter_mut().zip(standard) {
                *g = (*g - mean - s * along) * scale;
            }
        }
    }
}

/// The sum of a term over pairs of values, in lanes that the vector unit adds side by side. Widths are
/// multiples of [`dense::WIDTH`], so no value is left over.
fn sum(a: &[f32], term: impl Fn(f32, f32) -> f32, b: &[f32]) -> f32 {
    const LANES: usize = dense::WIDTH;
    let mut lanes = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for (lane, (&a, &b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += term(a, b);
        }
    }
    lanes.iter().sum()
}

/// Adam with the penalty on large parameters in the gradient.
///
/// - **Source**: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
#[derive(Debug)]
pub struct Adam {
    rate: f64,
    decay: f32,
    steps: i32,
    means: Vec<f32>,
    squares: Vec<f32>,
}

impl Adam {
    const MEAN: f64 = 0.9;
    const SQUARE: f64 = 0.999;
    const LEAST: f32 = 1e-8;

    /// Steps of about `rate`; `decay` times a parameter is added to its gradient.
    pub fn new(size: usize, rate: f64, decay: f64) -> Self {
        let (means, squares) = (vec![0.0; size], vec![0.0; size]);
        Self { rate, decay: decay as f32, steps: 0, means, squares }
    }

    /// Moves the parameters against their gradient.
    pub fn step(&mut self, params: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        let rate = (self.rate / (1.0 - Self::MEAN.powi(self.steps))) as f32;
        let root = (1.0 - Self::SQUARE.powi(self.steps)).sqrt() as f32;
        let (mean, new_mean) = (Self::MEAN as f32, (1.0 - Self::MEAN) as f32);
        let (square, new_square) = (Self::SQUARE as f32, (1.0 - Self::SQUARE) as f32);
        let state = self.means.iter_mut().zip(&mut self.squares);
        for ((p, g), (m, s)) in params.iter_mut().zip(gradient).zip(state) {
            let g = g + self.decay * *p;
            *m = mean * *m + new_mean * g;
            *s = square * *s + new_square * g * g;
            *p -= rate * *m / (s.sqrt() / root + Self::LEAST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sum over rows and outputs of output times a fixed factor.
    fn loss(net: &Mlp, params: &[f32], x: &[f32], factors: &[f32]) -> f64 {
        let mut space = Space::default();
        let out = net.forward(params, x, &mut space);
        out.iter().zip(factors).map(|(o, f)| f64::from(*o) * f64::from(*f)).sum()
    }

    /// The gradient is the slope of the loss in every parameter, but for those of a few units that are
    /// near the kink of their activation.
    #[test]
    fn gradients_are_slopes() {
        for (hidden, normalised) in
            [(Hidden::Tanh, false), (Hidden::Relu, true), (Hidden::Tanh, true)]
        {
            let net = Mlp::new(vec![8, 16, 24, 8], hidden, normalised);
            let mut rng = Rng::new(3, 0);
            let mut params = net.draw(5, 6, &mut rng);
            let x: Vec<f32> = (0..8 * dense::ROWS).map(|_| rng.normal() as f32).collect();
            let factors: Vec<f32> = (0..8 * dense::ROWS).map(|_| rng.normal() as f32).collect();
            let (mut space, mut gradient) = (Space::default(), vec![0.0; net.size()]);
            net.forward(&params, &x, &mut space);
            net.backward(&params, &x, &factors, &mut space, &mut gradient);
            let (step, mut wrong) = (1e-3, 0);
            for at in 0..net.size() {
                let middle = params[at];
                params[at] = middle + step;
                let above = loss(&net, &params, &x, &factors);
                params[at] = middle - step;
                let below = loss(&net, &params, &x, &factors);
                params[at] = middle;
                let slope = (above - below) / f64::from(2.0 * step);
                let off = (slope - f64::from(gradient[at])).abs();
                wrong += usize::from(off > 0.02 * slope.abs() + 0.02);
            }
            let kinks = if hidden == Hidden::Relu { net.size() / 40 } else { 0 };
            assert!(wrong <= kinks, "{hidden:?}: {wrong} of {}", net.size());
        }
    }

    /// First step: mean 0.1 g over 1 - 0.9, square 0.001 g² over 1 - 0.999, so the step is the rate
    /// against the sign of g; g = 2 + 0.1 · 1 for the first, 0 + 0.1 · (-1) for the second.
    #[test]
    fn a_first_step_by_hand() {
        let mut params = [1.0, -1.0];
        Adam::new(2, 0.5, 0.1).step(&mut params, &[2.0, 0.0]);
        assert!((params[0] - 0.5).abs() < 1e-6 && (params[1] + 0.5).abs() < 1e-6, "{params:?}");
    }
}
