//! Why a tuple is strange: a tree of checkable reasons, the ones that weigh most first.
//!
//! What a reason weighs is measured, not guessed: its aspect of the tuple (the action, the network, the
//! hours, ...) is made ordinary and the tuple scored again; the reason contributes the difference.

use crate::counts::Counts;
use crate::score::Aspect;
use crate::time::habit_bin;
use crate::words::{self, Fact};
use crate::{Facts, Feature, Incident, Role, Scored, sql};
use serde::Serialize;

/// Surprise below this is not worth a word: one in twenty.
pub(crate) const WORTH_A_WORD: f64 = 2.995_732_273_553_991;

/// What a reason says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Few rows have this value: `count` of `total`.
    Rare,
    /// Few rows with another value have this one: `count` of `total`.
    Unusual,
    /// Few principals with this role have this value: `count` of `total`.
    NewForRole,
    /// The value, or the two together, were seen for a moment: `count` of `total` seconds.
    Brief,
    /// The hours are unusual for the principal: `count` of its `total` active hours lie in them.
    Hours,
    /// As high a number, or as low, is in few rows: `count` of `total`.
    Extreme,
    /// The action changes something.
    Change,
    /// Other odd tuples in the same session, or by other principals with the same network, agent and hours: `count`.
    Company,
    /// Actions seen in this session and no other: `count`.
    Novelty,
}

/// One reason, and what further supports it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// What it says.
    pub kind: Kind,
    /// Columns it speaks about; the first is the one whose value is odd.
    pub fields: Vec<String>,
    /// Their values; none for null. Log text.
    pub values: Vec<Option<String>>,
    /// What was counted; see [`Kind`].
    pub count: u64,
    /// Out of how many; 0 where there is no such number.
    pub total: u64,
    /// The usual value and its rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<(Option<String>, u64)>,
    /// How much lower the score would be without it, what supports it included; 0 inside `because`.
    /// Contributions overlap and do not add up to the score.
    pub contribution: f64,
    /// In plain words. Values in it are cut and safe to show.
    pub text: String,
    /// A query over the table `tuples` that gives count and total, or first and last moment, again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// More about the same thing, oddest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

/// Finds reasons; made once, asked for the tuples and incidents that are shown.
pub struct Reasons<'a> {
    facts: &'a Facts,
    scored: &'a Scored,
    counts: Counts<'a>,
}

impl<'a> Reasons<'a> {
    /// Prepares to look at tuples that were scored.
    ///
    /// # Cost
    /// O(n) for n tuples, and again O(n) a column when it is first needed.
    pub fn new(facts: &'a Facts, scored: &'a Scored) -> Self {
        Self { facts, scored, counts: Counts::new(facts) }
    }

    /// The reasons of tuple `i`, the one that contributes most first. There is at least one unless
    /// nothing about the tuple is surprising at all.
    ///
    /// # Cost
    /// Scoring one row with each model a column, and counting in the tuples that share a value.
    pub fn of_tuple(&self, i: usize) -> Vec<Reason> {
        let (facts, scored) = (self.facts, self.scored);
        let whole = scored.neutralised(facts, i, None);
        let mut odd: Vec<(f64, &Feature)> = (scored.features.iter().zip(&scored.values))
            .map(|(feature, values)| (values[i], feature))
            .filter(|(t, feature)| {
                feature.is_surprise() && *t > 0.0 && !self.says_nothing(feature, i)
            })
            .collect();
        odd.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worth = odd.partition_point(|o| o.0 >= WORTH_A_WORD).max(1).min(odd.len());
        odd.truncate(worth);
        let mut reasons: Vec<Reason> = Vec::new();
        let mut aspects: Vec<Aspect> = Vec::new();
        for (_, feature) in odd {
            let aspect = feature.aspect();
            let Some(reason) = self.fact(feature, i) else { continue };
            if let Some(at) = aspects.iter().position(|&a| a == aspect) {
                reasons[at].because.push(reason);
            } else {
                let without = scored.neutralised(facts, i, Some(aspect));
                aspects.push(aspect);
                reasons.push(Reason { contribution: whole - without, ..reason });
            }
        }
        reasons.extend(self.numbers(whole, i));
        if facts.changes[i] && scored.settings.change_bonus > 0.0 && self.some_only_read() {
            reasons.push(self.change(i));
        }
        let company = &scored.company;
        let (others, linked, own) = (company.others[i], company.linked[i], company.own_actions[i]);
        let context = company.context(i);
        if context > 0.0 {
            let text = words::company(others, linked);
            reasons.push(self.plain(Kind::Company, u64::from(others + linked), context, text));
        }
        let novelty = scored.novelty(i);
        if novelty > 0.0 && own > 0 {
            let text = words::novelty(own);
            reasons.push(self.plain(Kind::Novelty, u64::from(own), novelty, text));
        }
        reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        // What carries nothing is no reason; but a tuple has at least one.
        let carrying = reasons.partition_point(|r| r.contribution > 0.0);
        reasons.truncate(carrying.max(1));
        reasons
    }

    /// Puts what a session says in place of what its oddest tuple says of its company.
    pub(crate) fn of_session(&self, incident: &Incident, reasons: &mut Vec<Reason>) {
        reasons.retain(|r| !matches!(r.kind, Kind::Company | Kind::Novelty));
        let others = incident.odd_tuples.saturating_sub(1);
        if others > 0 {
            let text = words::company(others, 0);
            reasons.push(self.plain(Kind::Company, u64::from(others), incident.company, text));
        }
        let own = incident.odd_actions;
        if own > 0 {
            let weight = f64::from(own).ln_1p();
            let text = words::novelty(own);
            reasons.push(self.plain(Kind::Novelty, u64::from(own), weight, text));
        }
        reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
    }

    /// Does a feature only repeat another? A role that a single principal holds says what the principal
    /// says.
    fn says_nothing(&self, feature: &Feature, i: usize) -> bool {
        let role = self.facts.at(Role::Role);
        let Feature::Value { of, given } = *feature else { return false };
        let (Some(role), Some(principal)) = (role, self.facts.at(Role::Principal)) else {
            return false;
        };
        (of == role || given == Some(role))
            && self.counts.holders(role, role, principal, i).total < 2
    }

    fn some_only_read(&self) -> bool {
        self.facts.changes.iter().any(|c| !c)
    }

    /// What a feature says about tuple `i`.
    fn fact(&self, feature: &Feature, i: usize) -> Option<Reason> {
        match *feature {
            Feature::Value { of, given: None } => {
                let cell = self.counts.alone(of, i);
                let sql = sql::rows(&self.has(of, i), None);
                Some(self.counted(Kind::Rare, (of, None), cell, sql, i))
            }
            Feature::Value { of, given: Some(given) } => {
                let what = (self.has(of, i), self.has(given, i));
                let principal = self.facts.at(Role::Principal);
                let holders = principal.filter(|_| self.role(given) == Role::Role);
                let (kind, cell, sql) = if let Some(principal) = holders {
                    let name = &self.facts.columns[principal].name;
                    let cell = self.counts.holders(of, given, principal, i);
                    (Kind::NewForRole, cell, sql::holders(name, &what.0, &what.1))
                } else {
                    let cell = self.counts.among(of, given, i);
                    (Kind::Unusual, cell, sql::rows(&what.0, Some(&what.1)))
                };
                Some(self.counted(kind, (of, Some(given)), cell, sql, i))
            }
            Feature::Span { of, with } => self.brief(of, with, i),
            Feature::Habit => self.hours(i),
            Feature::Number(k) => Some(self.number(k, i)),
        }
    }

    /// The numbers that are far out, or else the one that contributes most. `whole` is the score as it is.
    fn numbers(&self, whole: f64, i: usize) -> Vec<Reason> {
        let contribution =
            |k| whole - self.scored.neutralised(self.facts, i, Some(Aspect::Number(k)));
        let mut all: Vec<(f64, usize)> =
            (0..self.facts.numbers.len()).map(|k| (contribution(k), k)).collect();
        all.retain(|n| n.0 > 0.0);
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let far = |k: usize| self.scored.extremes[k][i] >= WORTH_A_WORD;
        let mut said: Vec<_> = all.iter().filter(|n| far(n.1)).collect();
        if said.is_empty() {
            said.extend(all.first());
        }
        let reason = |n: &(f64, usize)| Reason { contribution: n.0, ..self.number(n.1, i) };
        said.into_iter().map(reason).collect()
    }

    /// How far from the middle a number is, in rows.
    fn number(&self, k: usize, i: usize) -> Reason {
        let column = &self.facts.numbers[k];
        let end = self.counts.end(k, i);
        let value = column.values[i];
        let what = sql::beyond(&column.name, value, end.high);
        let text = words::number(&column.name, value, &end);
        Reason {
            fields: vec![column.name.clone()],
            values: vec![Some(value.to_string())],
            total: end.total,
            sql: Some(sql::rows(&what, None)),
            ..self.about(Kind::Extreme, &[], end.count, text, i)
        }
    }

    fn brief(&self, of: usize, with: Option<usize>, i: usize) -> Option<Reason> {
        let seconds = |s: (i64, i64)| ((s.1 - s.0) / 1_000_000) as u64;
        let lived = seconds(self.counts.span(of, with, i)?);
        let period = seconds(self.counts.period()?);
        let what: Vec<String> =
            [Some(of), with].into_iter().flatten().map(|j| self.has(j, i)).collect();
        let cell = crate::counts::Cell { count: lived, total: period, usual: None };
        // The column that came new to the other is the one spoken about.
        let columns = with.map_or((of, None), |with| (with, Some(of)));
        Some(self.counted(Kind::Brief, columns, cell, sql::span(&what.join(" AND ")), i))
    }

    /// The principal's active hours in the bin of the tuple's most usual hour.
    fn hours(&self, i: usize) -> Option<Reason> {
        let visits = self.facts.visits.as_ref()?;
        let column = self.facts.at(Role::Principal)?;
        let codes = &self.facts.columns[column].codes;
        let mut all: Vec<i32> = (0..visits.len())
            .filter(|&v| codes[visits.tuple[v] as usize] == codes[i])
            .map(|v| visits.hour[v])
            .collect();
        all.sort_unstable();
        all.dedup();
        let mut bins = [0u64; 16];
        for &hour in &all {
            bins[habit_bin(hour) as usize] += 1;
        }
        let mine = (0..visits.len()).filter(|&v| visits.tuple[v] as usize == i);
        let bin = mine.map(|v| habit_bin(visits.hour[v])).max_by_key(|&b| bins[b as usize])?;
        let (count, total) = (bins[bin as usize], all.len() as u64);
        let text = words::hours(bin, count, total);
        Some(Reason { total, ..self.about(Kind::Hours, &[column], count, text, i) })
    }

    fn counted(
        &self,
        kind: Kind,
        (of, given): (usize, Option<usize>),
        cell: crate::counts::Cell,
        sql: String,
        i: usize,
    ) -> Reason {
        let value = |j: usize| {
            self.facts.columns[j].values[self.facts.columns[j].codes[i] as usize].as_deref()
        };
        let usual = cell
            .usual
            .map(|(code, rows)| (self.facts.columns[of].values[code as usize].clone(), rows));
        let label = |j: usize| words::label(self.role(j), &self.facts.columns[j].name);
        let text = words::fact(&Fact {
            kind,
            of: (self.role(of), label(of), value(of)),
            given: given.map(|g| (self.role(g), label(g), value(g))),
            count: cell.count,
            total: cell.total,
            usual: usual.as_ref().map(|(v, rows)| (v.as_deref(), *rows)),
        });
        let columns: Vec<usize> = [Some(of), given].into_iter().flatten().collect();
        let about = self.about(kind, &columns, cell.count, text, i);
        Reason { total: cell.total, usual, sql: Some(sql), ..about }
    }

    fn change(&self, i: usize) -> Reason {
        let column: Vec<usize> = self.facts.at(Role::Action).into_iter().collect();
        let text = "may change state".to_owned();
        let about = self.about(Kind::Change, &column, self.facts.copies[i], text, i);
        Reason { contribution: self.scored.settings.change_bonus, ..about }
    }

    fn plain(&self, kind: Kind, count: u64, contribution: f64, text: String) -> Reason {
        Reason { contribution, ..self.about(kind, &[], count, text, 0) }
    }

    fn about(&self, kind: Kind, columns: &[usize], count: u64, text: String, i: usize) -> Reason {
        let of = columns.iter().map(|&j| &self.facts.columns[j]);
        Reason {
            kind,
            fields: of.clone().map(|c| c.name.clone()).collect(),
            values: of.map(|c| c.values[c.codes[i] as usize].clone()).collect(),
            count,
            total: 0,
            usual: None,
            contribution: 0.0,
            text,
            sql: None,
            because: Vec::new(),
        }
    }

    fn role(&self, j: usize) -> Role {
        self.facts.columns[j].role
    }

    fn has(&self, j: usize, i: usize) -> String {
        let column = &self.facts.columns[j];
        sql::has(&column.name, column.values[column.codes[i] as usize].as_deref())
    }
}

/// The texts of the first few reasons, in one line.
pub fn why(reasons: &[Reason], most: usize) -> String {
    let texts: Vec<&str> = reasons.iter().take(most).map(|r| r.text.as_str()).collect();
    texts.join("; ")
}
