//! Dense layers in f32: matrix products and activations over blocks of rows.
//!
//! A block holds the values of its rows one row after the other, `width` values each; a layer's weights
//! stand input by input, `outputs` values each. Products run on one thread; call them from parallel
//! loops over blocks. The number of rows of a block is a multiple of [`ROWS`], so that a row is
//! multiplied in the same order of operations whatever stands beside it, and its results have the same
//! bits alone and in any block. (Processors with other vector units may round differently.)

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn};
use serde::{Deserialize, Serialize};

/// The number of rows of a block is a multiple of this; rows without meaning fill it up. As many as the
/// widest vector unit takes at once.
pub const ROWS: usize = 16;

/// Narrower layers are multiplied by a slower routine; fill inputs and outputs up with zeros where
/// that costs.
pub const WIDTH: usize = 8;

/// The rows of a block that holds `rows` rows.
pub fn padded(rows: usize) -> usize {
    rows.next_multiple_of(ROWS)
}

/// The outputs of a layer without bias: `out = weights x`.
///
/// # Shapes
/// - `weights`: outputs x inputs; `x`: rows of `inputs` values; `out`: as many rows of `outputs` values
///
/// # Panics
/// If the slices do not have these sizes.
pub fn forward(weights: &[f32], x: &[f32], inputs: usize, out: &mut [f32], outputs: usize) {
    let rows = x.len() / inputs;
    let weights = DMatrixView::from_slice(weights, outputs, inputs);
    let x = DMatrixView::from_slice(x, inputs, rows);
    DMatrixViewMut::from_slice(out, outputs, rows).gemm(1.0, &weights, &x, 0.0);
}

/// The gradient of a layer's inputs from that of its outputs: `out = weights' gradient`.
///
/// # Shapes
/// - `weights`: outputs x inputs; `gradient`: rows of `outputs` values; `out`: as many rows of `inputs`
///   values; inputs, outputs and rows at least [`WIDTH`]
///
/// # Panics
/// If the slices do not have these sizes.
pub fn backward(weights: &[f32], gradient: &[f32], outputs: usize, out: &mut [f32], inputs: usize) {
    let rows = gradient.len() / outputs;
    let weights = transposed(weights, outputs, inputs);
    let gradient = DMatrixView::from_slice(gradient, outputs, rows);
    DMatrixViewMut::from_slice(out, inputs, rows).gemm(1.0, &weights, &gradient, 0.0);
}

/// Adds the gradient of a layer's weights: `sum += gradient x'`.
///
/// # Shapes
/// - `gradient`: rows of `outputs` values; `x`: as many rows of `inputs` values; `sum`: outputs x
///   inputs; inputs, outputs and rows at least [`WIDTH`]
///
/// # Panics
/// If the slices do not have these sizes.
pub fn add_weights(gradient: &[f32], outputs: usize, x: &[f32], inputs: usize, sum: &mut [f32]) {
    let rows = x.len() / inputs;
    let gradient = DMatrixView::from_slice(gradient, outputs, rows);
    let x = transposed(x, inputs, rows);
    DMatrixViewMut::from_slice(sum, outputs, inputs).gemm(1.0, &gradient, &x, 1.0);
}

/// The transpose of a `rows` x `columns` matrix that stands column by column.
fn transposed(values: &[f32], rows: usize, columns: usize) -> DMatrixView<'_, f32, Dyn, Dyn> {
    // nalgebra 0.35 reads beyond a view of this kind where a product is too narrow for its fast routine.
    assert!(
        rows >= WIDTH && columns >= WIDTH,
        "transposed products are not made for narrow layers"
    );
    DMatrixView::from_slice_with_strides(values, columns, rows, rows, 1)
}

/// What a layer does to each of its outputs, by the names of the reference implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x above 0, exp(x) - 1 below.
    Elu,
    /// x.
    Identity,
    /// x above 0, x / 100 below.
    LeakyRelu,
    /// x above 0, 0 below.
    Relu,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// exp(x) over the sum of these in the row.
    Softmax,
    /// ln(1 + exp(x)).
    Softplus,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Applies it to every value of a block of rows, `width` values each.
    pub fn apply(self, values: &mut [f32], width: usize) {
        let each =
            |f: fn(f32) -> f32, values: &mut [f32]| values.iter_mut().for_each(|v| *v = f(*v));
        match self {
            Self::Identity => {}
            Self::Elu => each(|x| if x > 0.0 { x } else { x.exp_m1() }, values),
            Self::LeakyRelu => each(|x| if x > 0.0 { x } else { 0.01 * x }, values),
            Self::Relu => each(|x| if x > 0.0 { x } else { 0.0 }, values),
            Self::Sigmoid => values.iter_mut().for_each(|v| *v = sigmoid(*v)),
            Self::Softmax => values.chunks_exact_mut(width).for_each(softmax),
            // Beyond 20 the difference to x is below the precision of f32.
            Self::Softplus => each(|x| if x > 20.0 { x } else { x.exp().ln_1p() }, values),
            Self::Tanh => values.iter_mut().for_each(|v| *v = tanh(*v)),
        }
    }
}

/// 1 / (1 + exp(-x)), with the precision of [`tanh`].
#[inline]
pub fn sigmoid(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

/// Turns values into positive shares that add up to 1: exp(x) over their sum.
pub fn softmax(values: &mut [f32]) {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for v in values.iter_mut() {
        *v = (*v - largest).exp();
    }
    let sum: f32 = values.iter().sum();
    for v in values.iter_mut() {
        *v /= sum;
    }
}

/// The hyperbolic tangent, within 4e-7 of its size; a loop over it runs in vector registers.
///
/// A rational function whose coefficients were fitted for the least largest relative error up to
/// `SATURATED`, where the tangent rounds to 1.
#[inline]
pub fn tanh(x: f32) -> f32 {
    const SATURATED: f32 = 8.0;
    const P: [f32; 5] = [1.0, 0.134_444_97, 3.571_596_5e-3, 2.189_463_5e-5, 1.523_038e-8];
    const Q: [f32; 5] = [1.0, 0.467_778_24, 2.616_443_7e-2, 3.411_289_4e-4, 8.522_431_5e-7];
    let x = if x > SATURATED { SATURATED } else { x };
    let x = if x < -SATURATED { -SATURATED } else { x };
    let u = x * x;
    let p = (((P[4] * u + P[3]) * u + P[2]) * u + P[1]) * u + P[0];
    let q = (((Q[4] * u + Q[3]) * u + Q[2]) * u + Q[1]) * u + Q[0];
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    #[test]
    fn tanh_is_the_hyperbolic_tangent() {
        for i in -40_000..=40_000 {
            let x = i as f32 * 5e-4;
            let exact = f64::from(x).tanh();
            assert!((f64::from(tanh(x)) - exact).abs() <= 4e-7 * exact.abs(), "{x}");
        }
        assert!(tanh(f32::MAX) <= 1.0 && tanh(f32::MIN) >= -1.0);
    }

    /// One row (1, 2) through weights that stand input by input: (1, 3) for the first, (5, 7) for the
    /// second: 1 + 2·5 = 11 and 3 + 2·7 = 17.
    #[test]
    fn a_layer_by_hand() {
        let mut out = [0.0; 2];
        forward(&[1.0, 3.0, 5.0, 7.0], &[1.0, 2.0], 2, &mut out, 2);
        assert_eq!(out, [11.0, 17.0]);
    }

    /// Weights whose only value, 3, leads from input 1 to output 0, and one row that is 2 there: a
    /// gradient of 5 at output 0 is 15 at input 1, and 10 at the weight.
    #[test]
    fn gradients_by_hand() {
        let mut weights = vec![0.0; WIDTH * WIDTH];
        weights[WIDTH] = 3.0;
        let (mut x, mut gradient) = (vec![0.0; ROWS * WIDTH], vec![0.0; ROWS * WIDTH]);
        (x[1], gradient[0]) = (2.0, 5.0);
        let (mut inputs, mut sum) = (vec![0.0; ROWS * WIDTH], vec![1.0; WIDTH * WIDTH]);
        backward(&weights, &gradient, WIDTH, &mut inputs, WIDTH);
        add_weights(&gradient, WIDTH, &x, WIDTH, &mut sum);
        assert_eq!((inputs[1], inputs.iter().sum::<f32>()), (15.0, 15.0));
        assert_eq!((sum[WIDTH], sum.iter().sum::<f32>()), (11.0, (WIDTH * WIDTH) as f32 + 10.0));
    }

    /// 300 inputs pass the blocks that the products are cut into.
    #[test]
    fn a_row_has_the_same_bits_alone_and_in_a_block() {
        let (inputs, outputs, rows) = (300, 37, 256);
        let mut rng = Rng::new(1, 0);
        let mut draw = |n: usize| (0..n).map(|_| rng.normal() as f32).collect::<Vec<f32>>();
        let (weights, x) = (draw(inputs * outputs), draw(inputs * rows));
        let mut all = vec![0.0; outputs * rows];
        forward(&weights, &x, inputs, &mut all, outputs);
        for row in [0, 5, 100, 255] {
            let mut alone = vec![0.0; inputs * ROWS];
            alone[..inputs].copy_from_slice(&x[row * inputs..][..inputs]);
            let mut out = vec![0.0; outputs * ROWS];
            forward(&weights, &alone, inputs, &mut out, outputs);
            assert_eq!(out[..outputs], all[row * outputs..][..outputs], "row {row}");
        }
    }

    #[test]
    fn activations_by_hand() {
        let of = |activation: Activation| {
            let mut values = [-1.0, 0.0, 2.0, 30.0];
            activation.apply(&mut values, 2);
            values
        };
        let e = std::f32::consts::E;
        let near = |a: [f32; 4], b: [f32; 4]| {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
        };
        near(of(Activation::Elu), [1.0 / e - 1.0, 0.0, 2.0, 30.0]);
        near(of(Activation::LeakyRelu), [-0.01, 0.0, 2.0, 30.0]);
        near(of(Activation::Relu), [0.0, 0.0, 2.0, 30.0]);
        near(of(Activation::Identity), [-1.0, 0.0, 2.0, 30.0]);
        near(of(Activation::Sigmoid), [1.0 / (1.0 + e), 0.5, 1.0 / (1.0 + (-2f32).exp()), 1.0]);
        near(of(Activation::Softmax), [1.0 / (1.0 + e), e / (1.0 + e), 0.0, 1.0]);
        near(
            of(Activation::Softplus),
            [(1.0 + 1.0 / e).ln(), 2f32.ln(), (1.0 + 2f32.exp()).ln(), 30.0],
        );
        near(of(Activation::Tanh), [(-1f32).tanh(), 0.0, 2f32.tanh(), 1.0]);
    }
}
