//! The object-safe face of a detector, implemented once for all.

use crate::{Card, Detector, FitError, Fitted, ModelError, ParamError, Shape};
use lanner_frame::{Ctx, Sample};
use serde_json::{Map, Value};
use std::marker::PhantomData;

/// A detector in the registry.
pub trait Entry: Sync {
    /// What is said about it.
    fn card(&self) -> &'static Card;

    /// Takes parameters by name over the defaults and checks them.
    ///
    /// # Errors
    /// [`ParamError`] for an unknown name, a wrong type or a value out of range.
    fn configure(&self, given: &Map<String, Value>) -> Result<Box<dyn Configured>, ParamError>;

    /// Reads the content of a model file (see [`crate::load`]).
    ///
    /// # Errors
    /// [`ModelError::Content`] if it is not a whole model of this detector.
    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn Saved>, ModelError>;
}

/// A fitted model that can be written to a file.
pub trait Saved: Fitted {
    /// The content of a model file.
    fn encode(&self) -> Vec<u8>;
    /// The model as what it can do.
    fn as_fitted(&self) -> &dyn Fitted;
}

/// A detector with its parameters set.
pub trait Configured: Send + Sync {
    /// What is said about it.
    fn card(&self) -> &'static Card;
    /// All parameters with their values.
    fn params(&self) -> Value;
    /// How many neighbours it will ask of the run's graph, 0 for none.
    fn neighbours(&self) -> usize;
    /// A guess of the CPU seconds that a fit takes, rather too large than too small.
    fn guess(&self, shape: Shape) -> f64;
    /// Fits it, and checks that every score is finite.
    ///
    /// # Errors
    /// [`FitError`], also where a score is not finite.
    fn fit(&self, x: &Sample, ctx: &Ctx) -> Result<Box<dyn Saved>, FitError>;
}

/// Turns a typed detector into an [`Entry`].
pub(crate) struct Of<D>(pub(crate) PhantomData<fn() -> D>);

struct With<D: Detector>(D::Params);

impl<D: Detector> Entry for Of<D> {
    fn card(&self) -> &'static Card {
        &D::CARD
    }

    fn configure(&self, given: &Map<String, Value>) -> Result<Box<dyn Configured>, ParamError> {
        let model = D::CARD.id;
        let mut params = D::Params::default();
        for (name, value) in given {
            if !D::CARD.params.iter().any(|p| p.name == name) {
                let known: Vec<&str> = D::CARD.params.iter().map(|p| p.name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(ParamError::Unknown { model, given: name.clone(), known });
            }
            let mistyped = |e: serde_json::Error| ParamError::Mistyped {
                model,
                name: name.clone(),
                why: e.to_string(),
            };
            let mut all = serde_json::to_value(&params).map_err(mistyped)?;
            all[name] = value.clone();
            params = serde_json::from_value(all).map_err(mistyped)?;
        }
        D::check(&params)?;
        Ok(Box::new(With::<D>(params)))
    }

    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn Saved>, ModelError> {
        let model: D::Model =
            postcard::from_bytes(bytes).map_err(|e| ModelError::Content(e.to_string()))?;
        model.check().map_err(|why| ModelError::Content(why.to_owned()))?;
        Ok(Box::new(model))
    }
}

impl<D: Detector> Configured for With<D> {
    fn card(&self) -> &'static Card {
        &D::CARD
    }

    fn params(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or(Value::Null)
    }

    fn neighbours(&self) -> usize {
        D::neighbours(&self.0)
    }

    fn guess(&self, shape: Shape) -> f64 {
        D::guess(&self.0, shape)
    }

    fn fit(&self, x: &Sample, ctx: &Ctx) -> Result<Box<dyn Saved>, FitError> {
        let model = D::fit(x, &self.0, ctx)?;
        // The largest number stands for an overflow; see `Scorer::score`.
        let measured = |s: &&f64| s.abs() < f64::MAX;
        let rows = model.own_scores().len() - model.own_scores().iter().filter(measured).count();
        if rows > 0 {
            return Err(FitError::NotFinite { rows });
        }
        Ok(Box::new(model))
    }
}

impl<M: Fitted + serde::Serialize> Saved for M {
    fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("writing to memory cannot fail")
    }

    fn as_fitted(&self) -> &dyn Fitted {
        self
    }
}
