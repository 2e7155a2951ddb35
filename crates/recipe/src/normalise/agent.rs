//! Families of user agents.

/// Bytes of an agent that are looked at: longer ones are no agents.
const LOOKED_AT: usize = 4096;
/// Marks of browsers, the more special ones first, and what they are called.
const BROWSERS: [(&str, &str); 7] = [
    ("edg", "edge"),
    ("opr/", "opera"),
    ("firefox/", "firefox"),
    ("fxios/", "firefox"),
    ("crios/", "chrome"),
    ("chrome/", "chrome"),
    ("safari/", "safari"),
];
/// Marks of systems, the more special ones first.
const SYSTEMS: [(&str, &str); 9] = [
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("windows", "windows"),
    ("darwin", "macos"),
    ("mac os", "macos"),
    ("macos", "macos"),
    ("cros ", "chromeos"),
    ("linux", "linux"),
];

/// The family of a user agent, without versions and command suffixes.
///
/// `*.amazonaws.com` stays as it is; browsers are `browser:NAME:SYSTEM`; Terraform is `terraform`; anything
/// else is the first product's name in lower case with the system, and `lambda` or `ssm-agent` where it
/// says so: `boto3/linux/lambda`.
pub fn agent(agent: &str) -> String {
    let whole = agent.trim().trim_start_matches('[').trim_end_matches(']');
    let end = (0..=LOOKED_AT.min(whole.len())).rev().find(|&i| whole.is_char_boundary(i));
    let lower = whole[..end.unwrap_or(0)].to_ascii_lowercase();
    if lower.ends_with(".amazonaws.com") && !lower.contains(' ') {
        return lower;
    }
    if lower.contains("terraform") {
        return "terraform".to_owned();
    }
    let marked = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| lower.contains(mark)).map(|(_, name)| *name)
    };
    let system = marked(&SYSTEMS);
    if lower.starts_with("mozilla/") {
        let name = marked(&BROWSERS).unwrap_or("other");
        return format!("browser:{name}:{}", system.unwrap_or("other"));
    }
    let product = lower.split(['/', ' ', ',', ';', '(']).next().unwrap_or_default();
    let mut family = product.to_owned();
    let place = if lower.contains("lambda") {
        Some("lambda")
    } else {
        lower.contains("ssm-agent").then_some("ssm-agent")
    };
    for part in [system, place].into_iter().flatten() {
        family.push('/');
        family.push_str(part);
    }
    family
}

#[cfg(test)]
mod tests {
    use super::agent;

    #[test]
    fn families_have_no_versions() {
        assert_eq!(agent("ssm.amazonaws.com"), "ssm.amazonaws.com");
        let chrome = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/138.0.0.0 Safari/537.36";
        assert_eq!(agent(chrome), "browser:chrome:macos");
        let edge = format!("{chrome} Edg/138.0.0.0");
        assert_eq!(agent(&edge), "browser:edge:macos");
        let terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io)";
        assert_eq!(agent(terraform), "terraform");
        let lambda = "Boto3/1.34.47 Python/3.9.4 Linux/5.10.134 exec-env/AWS_Lambda_java17";
        assert_eq!(agent(lambda), "boto3/linux/lambda");
        let ssm = "aws-sdk-go/1.44.291 (go1.20; linux; amd64) amazon-ssm-agent/";
        assert_eq!(agent(ssm), "aws-sdk-go/linux/ssm-agent");
        let cli =
            "aws-cli/2.15.1 Python/3.11.6 Darwin/23.1.0 exe/x86_64 prompt/off command/iam.list";
        assert_eq!(agent(cli), "aws-cli/macos");
        assert_eq!(agent("[S3Console/0.4, aws-internal/3]"), "s3console");
    }

    #[test]
    fn odd_agents_do_no_harm() {
        assert_eq!(agent(""), "");
        assert_eq!(agent("[]"), "");
        assert_eq!(agent(&"é".repeat(5000)).len(), 4096);
    }
}
