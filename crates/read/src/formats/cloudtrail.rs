//! AWS `CloudTrail`: files as delivered (`{"Records":[...]}`), bare lists, one event a line or one after
//! another, the output of `lookup-events`; see
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
//!
//! The columns are fixed, all of them text: truth values read `true` and `false` whether they were
//! written as such or as text; objects and lists are JSON as it stands in the record. Digest and
//! Insights files belong to `CloudTrail` and hold no event.

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::error::{Halt, ReadError};
use crate::json::{Layout, Shape, each_field, read};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{InputFile, Kind, Options};
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// AWS `CloudTrail`.
pub(super) struct CloudTrail;

/// Bytes of a file that are looked at for fields that the documentation does not name.
const START: usize = 16 << 10;

/// The columns, in the order of the documentation; the record itself last.
const COLUMNS: &[&str] = &[
    "eventTime",
    "eventVersion",
    "userIdentity.type",
    "userIdentity.principalId",
    "userIdentity.arn",
    "userIdentity.accountId",
    "userIdentity.accessKeyId",
    "userIdentity.userName",
    "userIdentity.invokedBy",
    "userIdentity.identityProvider",
    "userIdentity.credentialId",
    "userIdentity.onBehalfOf.userId",
    "userIdentity.onBehalfOf.identityStoreArn",
    "userIdentity.sessionContext.sessionIssuer.type",
    "userIdentity.sessionContext.sessionIssuer.principalId",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.accountId",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "userIdentity.sessionContext.attributes.creationDate",
    "userIdentity.sessionContext.webIdFederationData.federatedProvider",
    "userIdentity.sessionContext.sourceIdentity",
    "userIdentity.sessionContext.ec2RoleDelivery",
    "userIdentity.sessionContext.assumedRoot",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "sessionCredentialFromConsole",
    "tlsDetails.tlsVersion",
    "tlsDetails.cipherSuite",
    "tlsDetails.clientProvidedHostHeader",
    "tlsDetails.keyExchange",
    "requestParameters",
    "responseElements",
    "resources",
    "additionalEventData",
    "serviceEventDetails",
    "addendum",
    "insightDetails",
    "edgeDeviceDetails",
    "eventContext",
    RAW,
];

const RAW: &str = "raw";

/// Columns whose inside differs from service to service: every path into them can be asked for.
const OPEN: &[&str] = &[
    "requestParameters",
    "responseElements",
    "resources",
    "additionalEventData",
    "serviceEventDetails",
    "addendum",
    "insightDetails",
    "edgeDeviceDetails",
    "eventContext",
    "userIdentity.sessionContext.webIdFederationData",
    "userIdentity.inScopeOf",
];

const SHAPE: Shape = Shape {
    layout: Layout { wrappers: &["Records", "Events"], is_field },
    raw: Some(RAW),
    envelope: Some("CloudTrailEvent"),
};

/// Whether a top-level key is one of an event.
fn is_field(key: &[u8]) -> bool {
    let is = |name: &str| name.as_bytes().split(|&b| b == b'.').next() == Some(key);
    COLUMNS.iter().any(|&name| name != RAW && is(name))
}

impl Format for CloudTrail {
    fn card(&self) -> &'static Card {
        &Card {
            id: "cloudtrail",
            title: "CloudTrail",
            kind: Some(Kind::CloudTrail),
            extensions: &["json"],
        }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        let trimmed = head.bytes.trim_ascii_start();
        if !matches!(trimmed.first(), Some(b'{' | b'[')) {
            return Claim::No;
        }
        // A few records tell; more of the text is looked at only where they do not.
        match claim(start(trimmed)) {
            Claim::No => claim(trimmed),
            clear => clear,
        }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
        let (head, _) = source.head(START);
        let (mut seen, mut others) = (HashSet::new(), BTreeSet::new());
        each_field(&head, SHAPE.layout, &mut |path, _| {
            if !seen.contains(path) {
                seen.insert(path.to_owned());
                if !documented(path) {
                    others.insert(path.to_owned());
                }
            }
        });
        let dated = seen.contains("eventTime");
        Ok(Box::new(Trail { others, dated }))
    }
}

/// The first records of a text.
fn start(text: &[u8]) -> &[u8] {
    &text[..text.len().min(START)]
}

/// What a text is by the fields of its records.
fn claim(trimmed: &[u8]) -> Claim {
    let mut marks = BTreeSet::new();
    let (mut digest, mut insight) = (false, false);
    let whole = each_field(trimmed, SHAPE.layout, &mut |path, raw| {
        match path {
            "eventVersion" | "eventSource" | "eventName" | "eventID" | "awsRegion"
            | "eventTime" | "userIdentity.type" | "sourceIPAddress"
                if !marks.contains(path) =>
            {
                marks.insert(path.to_owned());
            }
            "CloudTrailEvent" => marks.extend(["an", "event", "inside"].map(str::to_owned)),
            "digestStartTime" => digest = true,
            _ => {}
        }
        insight |= path == "eventCategory" && raw == "\"Insight\"";
        insight |= path == "eventType" && raw == "\"AwsCloudTrailInsight\"";
    });
    match marks.len() {
        _ if insight => Claim::Skip("CloudTrail Insights, which are no events"),
        0 if digest => Claim::Skip("a CloudTrail digest, which holds no event"),
        3.. => Claim::Sure,
        _ if whole == 0 && wraps(trimmed) => Claim::Sure,
        _ => Claim::No,
    }
}

/// Whether a text is an object that wraps a list of records.
fn wraps(text: &[u8]) -> bool {
    let compact: Vec<u8> =
        text.iter().take(64).copied().filter(|b| !b.is_ascii_whitespace()).collect();
    [&b"{\"Records\":["[..], b"{\"Records\":null"].iter().any(|start| compact.starts_with(start))
}

/// The columns are the same for every file, of which there may be very many.
static LIST: LazyLock<Vec<(String, Kinds)>> =
    LazyLock::new(|| COLUMNS.iter().map(|&name| (name.to_owned(), Kinds::TEXT)).collect());

struct Trail {
    /// Paths in the first records that no documentation names.
    others: BTreeSet<String>,
    /// The first records have an eventTime.
    dated: bool,
}

/// Whether `path` lies at or below `above`.
fn within(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a path is a column, holds columns, or lies where every path is possible.
fn documented(path: &str) -> bool {
    OPEN.iter().any(|open| within(path, open)) || COLUMNS.iter().any(|column| within(column, path))
}

impl Survey for Trail {
    fn columns(&self) -> &[(String, Kinds)] {
        &LIST
    }

    fn time_field(&self) -> Option<&'static str> {
        let found = self.others.contains("@timestamp").then_some("@timestamp");
        if self.dated { Some("eventTime") } else { found }
    }

    fn reaches(&self, path: &str) -> bool {
        documented(path) || self.others.iter().any(|other| within(other, path))
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        read(job, &SHAPE, out)
    }
}
