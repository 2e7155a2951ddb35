//! Reasons in plain words. Values are cut and made safe to show; everything else is ours.

use crate::Role;
use crate::counts::End;
use crate::reasons::Kind;
use lanner_frame::text::excerpt;

/// Characters of a value that are shown.
const SHOWN: usize = 80;

/// A counted fact, ready to be said. Columns are given by role, label and value.
pub(crate) struct Fact<'a> {
    pub(crate) kind: Kind,
    pub(crate) of: (Role, String, Option<&'a str>),
    pub(crate) given: Option<(Role, String, Option<&'a str>)>,
    pub(crate) count: u64,
    pub(crate) total: u64,
    /// The usual value of the first column, and its rows.
    pub(crate) usual: Option<(Option<&'a str>, u64)>,
}

/// What a column is called.
pub(crate) fn label(role: Role, name: &str) -> String {
    match role {
        Role::Other => excerpt(name, SHOWN),
        role => role.name().to_owned(),
    }
}

/// A fact in words.
pub(crate) fn fact(fact: &Fact<'_>) -> String {
    let subject = subject(&fact.of);
    let (count, total) = (grouped(fact.count), grouped(fact.total));
    match (fact.kind, &fact.given) {
        (Kind::Brief, given) => {
            let by = given.as_ref().map_or_else(String::new, |g| format!(" by {}", this(g)));
            let (lived, period) = (duration(fact.count), duration(fact.total));
            format!("{subject} seen{by} only within {lived} of {period}")
        }
        (Kind::NewForRole, Some(given)) => {
            format!("{subject}: {count} of {total} holders of role {}", value(given.2))
        }
        (_, Some(given)) if given.0 == Role::Principal => {
            format!("{subject}: {count} of this principal's {total} events{}", usual(fact))
        }
        (_, Some(given)) => {
            format!("{subject}: {count} of {total} events {}{}", with(given), usual(fact))
        }
        (_, None) => format!("{subject}: {count} of {total} events"),
    }
}

/// A value among the rarest of all rows, or of those with another value. `surprise` is -ln of the share.
pub(crate) fn rarest(
    of: &(Role, String, Option<&str>),
    given: Option<&(Role, String, Option<&str>)>,
    surprise: f64,
) -> String {
    let among = given.map_or_else(String::new, |g| format!(" for {}", this(g)));
    let share = 100.0 * (-surprise).exp();
    if share > 5.0 {
        return format!("nothing about it is rare; the least usual is {}{among}", subject(of));
    }
    let among = if among.is_empty() { " of all" } else { &among };
    format!("{}: among the rarest {share:.2} %{among}", subject(of))
}

/// A number and how many are as far out.
pub(crate) fn number(name: &str, value: f64, end: &End) -> String {
    let side = if end.high { "high" } else { "low" };
    let (count, total) = (grouped(end.count), grouped(end.total));
    let (name, value, median) = (excerpt(name, SHOWN), figure(value), figure(end.median));
    format!("{name} {value}: as {side} in {count} of {total} rows, median {median}")
}

/// A number among the extreme ones. `surprise` is -ln of the share.
pub(crate) fn extreme(name: &str, value: f64, surprise: f64) -> String {
    let share = 100.0 * (-surprise).exp();
    format!("{} {}: among the outermost {share:.2} %", excerpt(name, SHOWN), figure(value))
}

/// A number to read: six decimals at most, and its power of ten where it is very large or small.
fn figure(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e15).contains(&value.abs()) {
        return format!("{value:e}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value that was seen for a short time, said without the time.
pub(crate) fn brief(of: &(Role, String, Option<&str>)) -> String {
    format!("{} seen for a short time only", subject(of))
}

/// Hours outside the habit, said without the hours.
pub(crate) fn odd_hours() -> String {
    "outside its usual hours".to_owned()
}

/// A value with what it is; an action speaks for itself.
fn subject((role, label, text): &(Role, String, Option<&str>)) -> String {
    match role {
        Role::Action => value(*text),
        _ => format!("{label} {}", value(*text)),
    }
}

/// "this principal" where that is meant, else the value.
fn this(column: &(Role, String, Option<&str>)) -> String {
    if column.0 == Role::Principal { "this principal".to_owned() } else { subject(column) }
}

fn with(column: &(Role, String, Option<&str>)) -> String {
    match column.0 {
        Role::Network => format!("from {}", value(column.2)),
        Role::Action => format!("of {}", value(column.2)),
        _ => format!("with {}", subject(column)),
    }
}

/// Where the other rows stand.
fn usual(fact: &Fact<'_>) -> String {
    let places = matches!(fact.of.0, Role::Network | Role::Agent);
    let Some((other, rows)) = fact.usual.filter(|_| places) else { return String::new() };
    let rest = fact.total - fact.count;
    let other = value(other);
    let word = if fact.of.0 == Role::Network { "from" } else { "with" };
    if rows == rest {
        format!(", the other {} {word} {other}", grouped(rest))
    } else {
        format!(", most often {word} {other} ({})", grouped(rows))
    }
}

/// Hours outside the habit.
pub(crate) fn hours(bin: u32, count: u64, total: u64) -> String {
    let from = bin % 8 * 3;
    let day = if bin < 8 { "on a working day" } else { "at the weekend" };
    let (count, total) = (grouped(count), grouped(total));
    format!(
        "outside its usual hours: {from:02}-{:02} {day}, {count} of this principal's {total} active hours",
        from + 3
    )
}

/// Odd company in a session, and in those of other principals beside it.
pub(crate) fn company(others: u32, linked: u32) -> String {
    let calls = |n: u32| {
        format!("{} other odd call{}", grouped(u64::from(n)), if n == 1 { "" } else { "s" })
    };
    let same = (others > 0).then(|| format!("{} by the same principal", calls(others)));
    let aside =
        (linked > 0).then(|| format!("{} by other principals with the same agent", calls(linked)));
    let who: Vec<String> = [same, aside].into_iter().flatten().collect();
    format!("with {} from the same network in the same 4 h", who.join(" and "))
}

/// Actions that only one session has.
pub(crate) fn novelty(actions: u32) -> String {
    let are = if actions == 1 { "action that is" } else { "actions that are" };
    format!("{} {are} seen in this session only", grouped(u64::from(actions)))
}

fn value(value: Option<&str>) -> String {
    value.map_or_else(|| "(none)".to_owned(), |v| excerpt(v, SHOWN))
}

/// A number of seconds in the unit that fits it.
fn duration(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fits = units.iter().find(|(size, _)| seconds >= 2 * size);
    let (size, unit) = fits.copied().unwrap_or((1, "second"));
    let n = seconds.div_ceil(size).max(1);
    format!("{} {unit}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A whole number with commas between its thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, of: (Role, &str), given: Option<(Role, &str)>, count: u64) -> String {
        let column = |(role, text)| (role, label(role, "field"), Some(text));
        let usual = Some((Some("198.18/16"), 3_028));
        fact(&Fact {
            kind,
            of: (of.0, label(of.0, "field"), Some(of.1)),
            given: given.map(column),
            count,
            total: 3_029,
            usual,
        })
    }

    #[test]
    fn facts_read_as_sentences() {
        use Role::{Action, Agent, Network, Other, Principal};
        let who = Some((Principal, "ann"));
        assert_eq!(
            said(Kind::Unusual, (Action, "ssm:SendCommand"), who, 1),
            "ssm:SendCommand: 1 of this principal's 3,029 events"
        );
        assert_eq!(
            said(Kind::Unusual, (Network, "45.155/16"), who, 1),
            "network 45.155/16: 1 of this principal's 3,029 events, the other 3,028 from 198.18/16"
        );
        assert_eq!(
            said(Kind::NewForRole, (Agent, "boto3"), Some((Role::Role, "web")), 1),
            "agent boto3: 1 of 3,029 holders of role web"
        );
        assert_eq!(
            said(Kind::Brief, (Network, "45.155/16"), who, 240),
            "network 45.155/16 seen by this principal only within 4 minutes of 51 minutes"
        );
        assert_eq!(
            said(Kind::Rare, (Other, "\u{1b}x"), None, 2),
            "field \\u{1b}x: 2 of 3,029 events"
        );
        assert_eq!(figure(1.359_999_999_999_999_9), "1.36");
        assert_eq!([figure(1e308), figure(-300.0), figure(0.0)], ["1e308", "-300", "0"]);
        assert_eq!(duration(0), "1 second");
        assert_eq!(duration(2_592_000), "30 days");
    }
}
