//! Agreement between models as a heatmap.

use super::px;

const CELL: f64 = 32.0;
const LABEL: f64 = 66.0;
/// Opacities from which a cell needs the other colour for its number to be read, on a dark and on a light
/// page: with black and white on either side the contrast is 4.5 and more everywhere.
const MID: f64 = 0.6;
const DEEP: f64 = 0.87;

/// A correlation matrix, models by models.
pub(in super::super) struct Heat {
    pub id: &'static str,
    pub title: &'static str,
    pub size: f64,
    pub labels: Vec<Label>,
    pub cells: Vec<Cell>,
}

/// The name of a model, on the left and on the top.
pub(in super::super) struct Label {
    pub id: String,
    pub middle: String,
}

/// One pair of models.
pub(in super::super) struct Cell {
    pub x: String,
    pub y: String,
    /// Middle, for the number.
    pub text_x: String,
    pub text_y: String,
    /// `pos`, `neg` or `gap`.
    pub class: &'static str,
    pub opacity: String,
    /// `low`, `mid` or `deep`.
    pub depth: &'static str,
    pub text: String,
    pub title: String,
}

impl Heat {
    pub(in super::super) fn new(
        id: &'static str,
        title: &'static str,
        ids: &[String],
        values: &[Vec<Option<f64>>],
    ) -> Self {
        let at = |i: usize| LABEL + CELL * i as f64;
        let labels = ids.iter().enumerate();
        let labels = labels.map(|(i, id)| Label { id: id.clone(), middle: px(at(i) + CELL / 2.0) });
        let mut cells = Vec::with_capacity(ids.len() * ids.len());
        for (i, row) in values.iter().enumerate() {
            for (j, &value) in row.iter().enumerate().take(ids.len()) {
                let pair = format!("{} and {}", ids[i], ids[j]);
                cells.push(Cell::new(at(j), at(i), &pair, value));
            }
        }
        Self { id, title, size: at(ids.len()) + 2.0, labels: labels.collect(), cells }
    }
}

impl Cell {
    fn new(x: f64, y: f64, pair: &str, value: Option<f64>) -> Self {
        let opacity = 0.04 + 0.96 * value.unwrap_or_default().abs().clamp(0.0, 1.0);
        let depth = match opacity {
            DEEP.. => "deep",
            MID.. => "mid",
            _ => "low",
        };
        let class = match value {
            None => "gap",
            Some(v) if v < 0.0 => "neg",
            Some(_) => "pos",
        };
        let title = match value {
            None => format!("{pair}: none"),
            Some(v) => format!("{pair}: {v:.3}"),
        };
        Self {
            x: px(x),
            y: px(y),
            text_x: px(x + CELL / 2.0),
            text_y: px(y + CELL / 2.0 + 3.5),
            class,
            opacity: format!("{opacity:.2}"),
            depth,
            text: value.map_or_else(String::new, two_digits),
            title,
        }
    }
}

/// `1`, `.82`, `-.05`.
fn two_digits(v: f64) -> String {
    let text = format!("{v:.2}");
    match text.as_str() {
        "1.00" => "1".into(),
        "-1.00" => "-1".into(),
        "0.00" | "-0.00" => "0".into(),
        _ => text.replacen("0.", ".", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_say_what_they_are() {
        let ids = ["A".to_owned(), "B".to_owned()];
        let heat =
            Heat::new("v", "V", &ids, &[vec![Some(1.0), None], vec![Some(-0.25), Some(1.0)]]);
        let classes: Vec<_> = heat.cells.iter().map(|c| (c.class, c.text.as_str())).collect();
        assert_eq!(classes, [("pos", "1"), ("gap", ""), ("neg", "-.25"), ("pos", "1")]);
        assert_eq!(heat.cells[1].title, "A and B: none");
    }
}
