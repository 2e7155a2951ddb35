//! Principals and roles out of Amazon resource names.

const ROLE: &str = "assumed-role/";

/// The principal behind an ARN: in the session part of an assumed role, what machines number is `#`, so
/// that the instances of a fleet and the runs of a pipeline are one principal. Without an ARN, `svc:` and
/// the source address; none without either.
///
/// `i-` and 8 to 17 hexadecimal digits become `i-#`. A session that holds an `@` names a person and stays;
/// in any other, UUIDs, runs of 8 or more hexadecimal digits that hold a decimal one, and runs of 3 or more
/// decimal digits become `#`.
pub fn principal(arn: Option<&str>, address: Option<&str>) -> Option<String> {
    let Some(arn) = arn else { return address.map(|a| format!("svc:{a}")) };
    let Some(session) = session_start(arn) else { return Some(arn.to_owned()) };
    let (head, session) = arn.split_at(session);
    if session.contains('@') {
        return Some(arn.to_owned());
    }
    Some(format!("{head}{}", unnumbered(session)))
}

/// The name of the assumed role; the principal where there is none.
pub fn holder(arn: Option<&str>, address: Option<&str>) -> Option<String> {
    match arn.and_then(|arn| Some((arn, arn.find(ROLE)? + ROLE.len()))) {
        Some((arn, at)) => arn[at..].split('/').next().map(str::to_owned),
        None => principal(arn, address),
    }
}

/// Where the session part of an assumed role begins.
fn session_start(arn: &str) -> Option<usize> {
    let role = arn.find(ROLE)? + ROLE.len();
    Some(role + arn[role..].find('/')? + 1)
}

/// Replaces what machines number.
fn unnumbered(session: &str) -> String {
    let bytes = session.as_bytes();
    let run = |from: usize, of: fn(&u8) -> bool| bytes[from..].iter().take_while(|b| of(b)).count();
    let mut out = String::with_capacity(session.len());
    // Everything before `done` is in `out`; every step moves past at least one whole run.
    let (mut at, mut done) = (0, 0);
    while at < bytes.len() {
        let hex = run(at, u8::is_ascii_hexdigit);
        let digits = run(at, u8::is_ascii_digit);
        let instance = bytes[..at].ends_with(b"i-")
            && (at == 2 || !bytes[at - 3].is_ascii_alphanumeric())
            && (8..=17).contains(&hex);
        let numbered = hex >= 8 && bytes[at..at + hex].iter().any(u8::is_ascii_digit);
        let skip = if is_uuid(&bytes[at..]) {
            36
        } else if instance || numbered {
            hex
        } else if digits >= 3 {
            digits
        } else {
            at += if digits > 0 { digits } else { 1 };
            continue;
        };
        out.push_str(&session[done..at]);
        out.push('#');
        at += skip;
        done = at;
    }
    out.push_str(&session[done..]);
    out
}

fn is_uuid(bytes: &[u8]) -> bool {
    let fits = |(i, b): (usize, &u8)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    bytes.len() >= 36 && bytes[..36].iter().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str) -> String {
        let arn = format!("arn:aws:sts::1234:assumed-role/web/{name}");
        let normal = principal(Some(&arn), None).unwrap();
        normal.strip_prefix("arn:aws:sts::1234:assumed-role/web/").unwrap().to_owned()
    }

    #[test]
    fn what_machines_number_is_one_principal() {
        assert_eq!(session("i-71beacf82b1464cd3"), "i-#");
        assert_eq!(session("i-abcdefab"), "i-#");
        assert_eq!(session("run-0f8fad5b-d9cb-469f-a165-70867728950e-x"), "run-#-x");
        assert_eq!(session("build-12345"), "build-#");
        assert_eq!(session("build-12-ci"), "build-12-ci");
        assert_eq!(session("deadbeefcafe"), "deadbeefcafe");
        assert_eq!(session("job_deadbeef1"), "job_#");
        assert_eq!(session("a.b2024@example.com"), "a.b2024@example.com");
        assert_eq!(session("ünï-777"), "ünï-#");
        assert_eq!(session(""), "");
    }

    #[test]
    fn only_sessions_are_changed() {
        let user = "arn:aws:iam::123456789012:user/dan.12345";
        assert_eq!(principal(Some(user), None).as_deref(), Some(user));
        assert_eq!(principal(None, Some("x.amazonaws.com")).unwrap(), "svc:x.amazonaws.com");
        assert_eq!(principal(None, None), None);
        let cut = "arn:aws:sts::1:assumed-role/web";
        assert_eq!(principal(Some(cut), None).as_deref(), Some(cut));
    }

    #[test]
    fn a_role_is_the_name_before_the_session() {
        assert_eq!(holder(Some("arn:aws:sts::1:assumed-role/web/i-1"), None).unwrap(), "web");
        assert_eq!(holder(Some("arn:aws:sts::1:assumed-role/web"), None).unwrap(), "web");
        assert_eq!(holder(Some("arn:aws:iam::1:root"), None).unwrap(), "arn:aws:iam::1:root");
        assert_eq!(holder(None, Some("s")).unwrap(), "svc:s");
    }
}
