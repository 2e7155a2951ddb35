//! The things that requests are about, and the patterns that name them.

use crate::draw::{hex, pick, uuid};
use lanner_frame::Rng;
use std::fmt::Write as _;

/// A bucket, an instance, a key: one set of names that recurs in the requests of an account.
pub(crate) struct Resource {
    team: &'static str,
    hex: String,
    digits: String,
    uuid: String,
}

impl Resource {
    /// Draws the names of one thing.
    pub(crate) fn draw(rng: &mut Rng, teams: &[&'static str]) -> Self {
        let team = *pick(rng, teams);
        let digits = format!("{:020}", rng.next_u64() | 1 << 60);
        Self { team, hex: hex(rng, 32), digits, uuid: uuid(rng) }
    }

    /// Fills a pattern of `data/api.txt` in.
    ///
    /// `$a` account, `$r` region, `$t` team, `$u` UUID, `$hN` N hexadecimal digits, `$nN` N digits, `$me`
    /// the user that an attack made or used, `$$` a dollar sign.
    pub(crate) fn fill(&self, pattern: &str, account: &str, region: &str, me: &str) -> String {
        let mut out = String::with_capacity(pattern.len() + 64);
        let mut rest = pattern;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let token = rest.chars().next().expect("a token follows the dollar sign");
            rest = &rest[1..];
            match token {
                'a' => out.push_str(account),
                'r' => out.push_str(region),
                't' => out.push_str(self.team),
                'u' => out.push_str(&self.uuid),
                'm' => {
                    rest = rest.strip_prefix('e').expect("the only such token is $me");
                    out.push_str(me);
                }
                'h' | 'n' => {
                    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    let count: usize = rest[..end].parse().expect("a count follows $h and $n");
                    let source = if token == 'h' { &self.hex } else { &self.digits };
                    write!(out, "{source:.count$}").expect("a string takes any text");
                    rest = &rest[end..];
                }
                other => out.push(other),
            }
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn a_pattern_names_one_thing_throughout() {
        let it = Resource::draw(&mut Rng::new(1, 0), &["ledger"]);
        let text = it.fill("$t-$h8 $t-$h8.x $n12 $ra $$L $me", "1", "eu-west-1", "cleo");
        let parts: Vec<&str> = text.split(' ').collect();
        assert_eq!(parts[1], format!("{}.x", parts[0]));
        assert_eq!((parts[0].len(), parts[2].len()), (15, 12));
        assert_eq!(parts[3..], ["eu-west-1a", "$L", "cleo"]);
    }

    #[test]
    fn every_pattern_of_the_catalogue_is_json() {
        let it = Resource::draw(&mut Rng::new(1, 0), &["ledger"]);
        for call in &Catalogue::new().calls {
            let text = it.fill(call.params, "123456789012", "us-east-1", "cleo");
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert!(read.is_ok(), "{}: {text}", call.name);
        }
    }
}
