//! `lanner models`: the list of models, or one explained.

use crate::failure::Failure;
use lanner_detect::{ALL, Card, Kind, Randomness, find};
use serde_json::json;
use std::io::Write;

/// Lists the models, or explains one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Explain this one: idea, formula, parameters, cost, blind spots, source
    model: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    let Some(name) = args.model else {
        if args.json {
            let all: Vec<_> = ALL.iter().map(|e| as_json(e.card())).collect();
            writeln!(out, "{:#}", json!(all))?;
            return Ok(());
        }
        for entry in ALL {
            let card = entry.card();
            let mark = match card.kind {
                Kind::Categorical => "categorical",
                Kind::Numeric if card.default => "default",
                Kind::Numeric => "",
            };
            writeln!(out, "{:<9} {:<11} {}", card.id, mark, card.title)?;
        }
        writeln!(out, "\nlanner models NAME explains one; --models picks those of a hunt.")?;
        return Ok(());
    };
    let Some(entry) = find(&name) else {
        let known: Vec<&str> = ALL.iter().map(|e| e.card().id).collect();
        return Err(Failure::usage(format!(
            "there is no model {name:?}; there are {}",
            known.join(", ")
        )));
    };
    if args.json {
        writeln!(out, "{:#}", as_json(entry.card()))?;
        return Ok(());
    }
    explain(&mut out, entry.card())?;
    Ok(())
}

fn explain(out: &mut impl Write, card: &Card) -> std::io::Result<()> {
    let bold = anstyle::Style::new().bold();
    writeln!(out, "{bold}{}{bold:#}  {}\n", card.id, card.title)?;
    writeln!(out, "{}\n", fill(card.idea, 0))?;
    writeln!(out, "{bold}Score{bold:#}\n{}\n", indent(card.formula))?;
    writeln!(out, "{bold}Parameters{bold:#}")?;
    if card.params.is_empty() {
        writeln!(out, "  none")?;
    }
    for param in card.params {
        writeln!(out, "  {} = {}   ({})", param.name, param.default, param.allowed)?;
        writeln!(out, "      {}", fill(param.what, 6))?;
    }
    writeln!(out)?;
    for (head, text) in [("Cost", card.cost), ("Blind to", card.blind_to), ("Source", card.source)]
    {
        writeln!(out, "{bold}{head}{bold:#}\n  {}\n", fill(text, 2))?;
    }
    if !card.departs.is_empty() {
        writeln!(out, "{bold}Departs from the reference{bold:#}\n  {}\n", fill(card.departs, 2))?;
    }
    writeln!(out, "{} {}", card.kind.text(), card.randomness.text())
}

/// Breaks lines at 96 characters, the following ones indented.
fn fill(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut width = indent;
    for word in text.split_whitespace() {
        if width + word.chars().count() + 1 > 96 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            width = indent;
        } else if !out.is_empty() {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.chars().count();
    }
    out
}

fn indent(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|l| format!("  {}", fill(l, 6))).collect();
    lines.join("\n")
}

fn as_json(card: &Card) -> serde_json::Value {
    let params: Vec<_> = card
        .params
        .iter()
        .map(
            |p| json!({"name": p.name, "default": p.default, "allowed": p.allowed, "what": p.what}),
        )
        .collect();
    json!({
        "id": card.id, "title": card.title, "idea": card.idea, "formula": card.formula,
        "params": params, "seeded": card.randomness == Randomness::Seeded, "cost": card.cost,
        "blind_to": card.blind_to, "source": card.source, "departs": card.departs,
        "categorical": card.kind == Kind::Categorical, "default": card.default,
    })
}
