//! User agents, and the addresses requests come from.

use crate::draw::{chance, pick, whole};
use lanner_frame::Rng;

/// The user agent of a principal, with the day of its update.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    early: String,
    late: String,
    update: u32,
}

impl Agent {
    /// An agent that never changes.
    pub(crate) fn fixed(text: impl Into<String>) -> Self {
        let early: String = text.into();
        Self { late: early.clone(), early, update: 0 }
    }

    /// An agent of a make, updated once in the time of the sample with a chance of `updates`.
    pub(crate) fn draw(rng: &mut Rng, make: Make, updates: f64, days: u32) -> Self {
        let flavour = rng.next_u64();
        let build = whole(rng, 0, 19);
        let early = make.text(flavour, build);
        if !chance(rng, updates) {
            return Self::fixed(early);
        }
        let late = make.text(flavour, build + whole(rng, 1, 4));
        Self { early, late, update: rng.below(u64::from(days)) as u32 }
    }

    /// The product and the system without versions: what is left when there are no digits.
    pub(crate) fn family(&self) -> String {
        self.early.chars().filter(|c| !c.is_ascii_digit()).collect()
    }

    /// The text of the agent on a day.
    pub(crate) fn on(&self, day: u32) -> &str {
        if day < self.update { &self.early } else { &self.late }
    }
}

/// Kinds of software that call the API.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Make {
    /// A person's browser in the console.
    Browser,
    /// The command line.
    Cli,
    /// A program with one of the SDKs.
    Sdk,
    /// A function with an SDK.
    Function,
    /// Terraform.
    Terraform,
    /// The agent of Systems Manager.
    SsmAgent,
    /// What intruders bring along.
    Intruder,
    /// Tools that some have and most have not.
    Tool,
}

impl Make {
    /// The agent's text: `flavour` fixes the platform, `build` counts versions up.
    fn text(self, flavour: u64, build: u64) -> String {
        let variant = flavour % 4;
        let patch = (flavour >> 8) % 10;
        match (self, variant) {
            (Self::Browser, 0) => format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/{0}.0.0.0 Safari/537.36",
                138 + build / 4
            ),
            (Self::Browser, 1) => format!(
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/{0}.0.0.0 Safari/537.36",
                138 + build / 4
            ),
            (Self::Browser, 2) => {
                let version = 141 + build / 4;
                format!(
                    "Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
                )
            }
            (Self::Browser, _) => format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0",
                138 + build / 4
            ),
            (Self::Cli, _) => {
                let system = [
                    "Darwin/24.6.0 exe/arm64",
                    "Linux/6.8.0-49-generic exe/x86_64",
                    "Windows/11 exe/AMD64",
                    "Darwin/23.6.0 exe/x86_64",
                ];
                let system = system[variant as usize];
                format!(
                    "aws-cli/2.{}.{patch} Python/3.12.{} {system} prompt/off",
                    15 + build,
                    patch / 2
                )
            }
            (Self::Sdk, 0) => format!(
                "Boto3/1.{0}.{patch} md/Botocore#1.{0}.{patch} ua/2.0 os/linux#6.1.112 md/arch#x86_64 \
                 lang/python#3.12.5 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.{0}.{patch}",
                30 + build
            ),
            (Self::Sdk, 1) => format!(
                "aws-sdk-go-v2/1.{}.{patch} os/linux lang/go#1.23.{patch} md/GOOS#linux md/GOARCH#amd64",
                20 + build
            ),
            (Self::Sdk, 2) => format!(
                "aws-sdk-java/2.{}.{patch} Linux/6.1.109-118.189.amzn2023.x86_64 \
                 OpenJDK_64-Bit_Server_VM/21.0.5+11-LTS Java/21.0.5",
                20 + build
            ),
            (Self::Sdk, _) => format!(
                "aws-sdk-js/3.{}.{patch} ua/2.1 os/linux#6.1.112 lang/js md/nodejs#20.18.{patch}",
                600 + 10 * build
            ),
            (Self::Function, _) => {
                let runtime =
                    ["python3.12", "python3.13", "nodejs20.x", "java21"][variant as usize];
                let sdk = if variant < 2 { 0 } else { 5 - variant };
                format!("{} exec-env/AWS_Lambda_{runtime}", Self::Sdk.text(sdk, build))
            }
            (Self::Terraform, _) => format!(
                "APN/1.0 HashiCorp/1.0 Terraform/1.{}.{patch} (+https://www.terraform.io) \
                 terraform-provider-aws/5.{}.0 (+https://registry.terraform.io/providers/hashicorp/aws) \
                 aws-sdk-go-v2/1.32.3 os/linux lang/go#1.23.2 md/GOOS#linux md/GOARCH#amd64",
                6 + variant,
                60 + build
            ),
            (Self::SsmAgent, _) => format!(
                "aws-sdk-go/1.55.5 (go1.22.8; linux; amd64) amazon-ssm-agent/3.3.{}.0",
                900 + 30 * build
            ),
            (Self::Intruder, 0) => format!(
                "aws-cli/1.{}.{patch} Python/3.11.2 Linux/6.6.9-amd64 botocore/1.{}.{patch}",
                22 + build % 8,
                24 + build % 8
            ),
            (Self::Intruder, 1) => format!(
                "Boto3/1.{0}.{patch} Python/3.10.12 Linux/5.15.0-91-generic Botocore/1.{0}.{patch}",
                20 + build % 9
            ),
            (Self::Intruder, 2) => {
                format!("aws-sdk-go/1.44.{} (go1.19.3; linux; amd64)", 100 + build)
            }
            (Self::Intruder, _) => format!("python-requests/2.{}.{patch}", 25 + build % 7),
            (Self::Tool, 0) => format!(
                "rclone/v1.{} aws-sdk-go-v2/1.{}.{patch} os/linux lang/go#1.23.{patch}",
                60 + build / 4,
                20 + build
            ),
            (Self::Tool, 1) => format!(
                "AWS-Toolkit-For-VSCode/3.{}.0 Visual-Studio-Code/1.{}.{patch} \
                 ClientId/00000000-0000-0000-0000-000000000000",
                20 + build,
                80 + build
            ),
            (Self::Tool, 2) => format!(
                "AWSPowerShell.Common/4.1.{} .NET_Core/8.0.{patch} OS/Microsoft_Windows_10.0.22631 \
                 PowerShellCore/7.{}",
                600 + build,
                patch / 3
            ),
            (Self::Tool, _) => format!("S3 Browser/12.{build}.{patch} (https://s3browser.com)"),
        }
    }
}

/// First numbers of addresses that homes and offices have.
const HOMES: [u64; 14] = [24, 62, 73, 81, 86, 91, 95, 98, 109, 151, 176, 188, 193, 213];
/// First numbers of addresses that machines in a cloud have.
const CLOUD: [u64; 8] = [3, 13, 18, 34, 35, 44, 52, 54];
/// First numbers of addresses that hosts for rent have.
const RENTED: [u64; 8] = [5, 45, 89, 103, 141, 185, 194, 196];

/// An address of a home or an office.
pub(crate) fn home(rng: &mut Rng) -> String {
    address(rng, &HOMES)
}

/// An address of a machine in a cloud.
pub(crate) fn cloud(rng: &mut Rng) -> String {
    address(rng, &CLOUD)
}

/// An address of a host for rent, where nobody of the organisation works.
pub(crate) fn rented(rng: &mut Rng) -> String {
    address(rng, &RENTED)
}

/// An address inside the network of an account.
pub(crate) fn private(rng: &mut Rng) -> String {
    address(rng, &[10])
}

/// An address in the same network as another.
pub(crate) fn beside(rng: &mut Rng, address: &str) -> String {
    let mut parts = address.split('.');
    let mut next = || parts.next().expect("people's addresses have four parts");
    format!("{}.{}.{}.{}", next(), next(), rng.below(256), whole(rng, 4, 250))
}

fn address(rng: &mut Rng, first: &[u64]) -> String {
    let first = pick(rng, first);
    format!("{first}.{}.{}.{}", rng.below(256), rng.below(256), whole(rng, 4, 250))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_changes_on_the_day_of_its_update() {
        let mut rng = Rng::new(5, 0);
        let agent = Agent::draw(&mut rng, Make::Cli, 1.0, 30);
        let texts: Vec<&str> = (0..30).map(|day| agent.on(day)).collect();
        let changes = texts.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes <= 1 && agent.early != agent.late, "{texts:?}");
        assert_eq!(Agent::fixed("x").on(3), "x");
    }
}
