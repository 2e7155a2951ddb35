//! What a fit learned, as plain numbers to look at.

/// An array of numbers with a name: one piece of what a fit learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is: `"means"`, `"edges"`. Parts of one name belong together, in order: one for each
    /// column, tree or cut.
    pub name: &'static str,
    /// Its size along each axis; none for a single number.
    pub shape: Vec<usize>,
    /// The numbers, the last axis running fastest.
    pub values: Vec<f64>,
}

impl Part {
    /// A single number.
    pub(crate) fn number(name: &'static str, value: f64) -> Self {
        Self { name, shape: Vec::new(), values: vec![value] }
    }

    /// A list of numbers.
    pub(crate) fn list(name: &'static str, values: Vec<f64>) -> Self {
        Self { name, shape: vec![values.len()], values }
    }

    /// A table of rows with `columns` numbers each.
    pub(crate) fn table(name: &'static str, columns: usize, values: Vec<f64>) -> Self {
        let rows = values.len() / columns.max(1);
        Self { name, shape: vec![rows, columns], values }
    }

    /// Whether the shape holds as many numbers as there are.
    pub fn is_whole(&self) -> bool {
        self.shape.iter().product::<usize>() == self.values.len()
    }
}
