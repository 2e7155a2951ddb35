//! One event as a `CloudTrail` record.

use crate::actor::Actor;
use crate::attack::Planted;
use crate::draw::{chance, hex, uuid};
use crate::job::{Fault, Kind};
use crate::traffic::Event;
use crate::world::{REGIONS, World};
use jiff::Timestamp;
use lanner_frame::Rng;
use serde::Serialize;
use serde_json::value::RawValue;

/// Versions of the layout that are met side by side.
const VERSIONS: [&str; 4] = ["1.08", "1.09", "1.10", "1.11"];

/// A record, with the field names and the nesting of the real ones.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    pub(crate) event_version: &'static str,
    pub(crate) user_identity: UserIdentity<'a>,
    pub(crate) event_time: String,
    pub(crate) event_source: String,
    pub(crate) event_name: &'static str,
    pub(crate) aws_region: &'static str,
    #[serde(rename = "sourceIPAddress")]
    pub(crate) source_ip_address: &'a str,
    pub(crate) user_agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
    pub(crate) request_parameters: Option<Box<RawValue>>,
    pub(crate) response_elements: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) additional_event_data: Option<Box<RawValue>>,
    #[serde(rename = "requestID")]
    pub(crate) request_id: String,
    #[serde(rename = "eventID")]
    pub(crate) event_id: String,
    pub(crate) read_only: bool,
    pub(crate) event_type: &'static str,
    pub(crate) management_event: bool,
    pub(crate) recipient_account_id: &'a str,
    pub(crate) event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_details: Option<TlsDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_credential_from_console: Option<&'static str>,
}

/// Who made the call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserIdentity<'a> {
    pub(crate) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invoked_by: Option<&'a str>,
}

impl UserIdentity<'_> {
    /// Whether the session was opened with a second factor, "true" or "false".
    pub(crate) fn mfa(&self) -> Option<&'static str> {
        self.session_context.as_ref().map(|session| session.attributes.mfa_authenticated)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<SessionIssuer<'a>>,
    attributes: Attributes,
    #[serde(rename = "ec2RoleDelivery", skip_serializing_if = "Option::is_none")]
    ec2_role_delivery: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    r#type: &'static str,
    principal_id: &'a str,
    arn: String,
    account_id: &'a str,
    user_name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

/// How the connection was encrypted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsDetails {
    pub(crate) tls_version: &'static str,
    cipher_suite: &'static str,
    client_provided_host_header: String,
}

/// The eventID of an event.
pub(crate) fn event_id(event: &Event) -> String {
    uuid(&mut Rng::new(event.seed, 0))
}

/// What turns events into records.
pub(crate) struct Scribe<'a> {
    pub(crate) world: &'a World,
    pub(crate) planted: &'a [Planted],
    /// Unix seconds of the first moment of the sample.
    pub(crate) start: i64,
}

impl<'a> Scribe<'a> {
    /// The record of one event.
    pub(crate) fn record(&self, event: &Event) -> Record<'a> {
        let mut rng = Rng::new(event.seed, 1);
        let actor = &self.world.actors[event.actor as usize];
        let call = self.world.catalogue.call(event.call);
        let service = self.world.catalogue.service_of(event.call).name;
        let account = &self.world.accounts[actor.account].id;
        let region = REGIONS[usize::from(event.region)];
        let planted = event.step.checked_sub(1).map(|step| &self.planted[step as usize]);
        let seconds = self.start + event.at.div_euclid(1000);
        let login = call.name == "ConsoleLogin";
        let event_type = match call.name {
            "ConsoleLogin" => "AwsConsoleSignIn",
            "SharedSnapshotVolumeCreated" | "BackupJobStarted" | "BackupJobCompleted" => {
                "AwsServiceEvent"
            }
            _ => "AwsApiCall",
        };
        let agent = actor.agents[usize::from(event.agent)].on((event.at / 86_400_000) as u32);
        let program = agent.contains('/');
        let console = actor.console && event.agent == 0;
        let me = planted.map_or("", |planted| planted.me.as_str());
        let pattern = planted.and_then(|planted| planted.params).unwrap_or(call.params);
        let resource = self.world.resource(&mut rng, actor.account, call.service);
        let params = resource.fill(pattern, account, region, me);
        let denied = matches!(event.fault, Fault::Denied | Fault::Throttled);
        let (error_code, error_message) = explain(event.fault, service, call.name, actor);
        let answer = match (call.name, event.fault) {
            ("ConsoleLogin", Fault::BadLogin) => {
                Some(json("{\"ConsoleLogin\":\"Failure\"}".into()))
            }
            ("ConsoleLogin", _) => Some(json("{\"ConsoleLogin\":\"Success\"}".into())),
            (_, Fault::None) if service == "ec2" && !call.looks() => {
                Some(json(format!("{{\"requestId\":\"{}\",\"_return\":true}}", uuid(&mut rng))))
            }
            _ => None,
        };
        let extra = login.then(|| {
            let mfa = if actor.mfa { "Yes" } else { "No" };
            let page = "https://console.aws.amazon.com/console/home";
            json(format!(
                "{{\"LoginTo\":\"{page}\",\"MobileVersion\":\"No\",\"MFAUsed\":\"{mfa}\"}}"
            ))
        });
        let wrapped = service == "s3" && program;
        Record {
            event_version: VERSIONS[rng.below(VERSIONS.len() as u64) as usize],
            user_identity: self.identity(actor, seconds, login),
            event_time: time(seconds),
            event_source: format!("{service}.amazonaws.com"),
            event_name: call.name,
            aws_region: region,
            source_ip_address: &actor.places[usize::from(event.place)],
            user_agent: if wrapped { format!("[{agent}]") } else { agent.to_owned() },
            error_code,
            error_message,
            request_parameters: (params != "null" && !(denied && service == "ec2"))
                .then(|| json(params)),
            response_elements: answer,
            additional_event_data: extra,
            request_id: if service == "s3" {
                hex(&mut rng, 16).to_uppercase()
            } else {
                uuid(&mut rng)
            },
            event_id: event_id(event),
            read_only: call.looks(),
            event_type,
            management_event: call.manages(),
            recipient_account_id: account,
            event_category: if call.manages() { "Management" } else { "Data" },
            tls_details: (program && !login && chance(&mut rng, 0.9)).then(|| TlsDetails {
                tls_version: "TLSv1.3",
                cipher_suite: "TLS_AES_128_GCM_SHA256",
                client_provided_host_header: format!("{service}.{region}.amazonaws.com"),
            }),
            session_credential_from_console: (console && !login).then_some("true"),
        }
    }

    fn identity(&self, actor: &'a Actor, seconds: i64, login: bool) -> UserIdentity<'a> {
        let it = &actor.identity;
        let account = self.world.accounts[actor.account].id.as_str();
        if it.form == "AWSService" {
            return UserIdentity {
                r#type: it.form,
                principal_id: None,
                arn: None,
                account_id: None,
                access_key_id: None,
                user_name: None,
                session_context: None,
                invoked_by: Some(&it.name),
            };
        }
        let role = it.form == "AssumedRole";
        let (key, since) = actor.credentials(seconds);
        let principal = if role { format!("{}:{}", it.id, it.session) } else { it.id.clone() };
        let issuer = role.then(|| SessionIssuer {
            r#type: "Role",
            principal_id: &it.id,
            arn: format!("arn:aws:iam::{account}:role/{}", it.name),
            account_id: account,
            user_name: &it.name,
        });
        let session = (role || actor.console).then(|| SessionContext {
            session_issuer: issuer,
            attributes: Attributes {
                creation_date: time(since),
                mfa_authenticated: if actor.mfa { "true" } else { "false" },
            },
            ec2_role_delivery: (actor.kind == Kind::Instance && role).then_some("2.0"),
        });
        UserIdentity {
            r#type: it.form,
            principal_id: Some(principal),
            arn: it.arn.as_deref(),
            account_id: Some(account),
            access_key_id: (!login).then_some(key),
            user_name: (it.form == "IAMUser").then_some(&it.name),
            session_context: session.filter(|_| !login),
            invoked_by: (actor.kind == Kind::Linked).then_some(&actor.places[0]),
        }
    }
}

/// The error code and message of a call that fails.
fn explain(
    fault: Fault,
    service: &str,
    call: &str,
    actor: &Actor,
) -> (Option<&'static str>, Option<String>) {
    let who = actor.identity.arn.as_deref().unwrap_or(&actor.identity.name);
    match (fault, service) {
        (Fault::None, _) => (None, None),
        (Fault::Denied, "ec2") => (
            Some("Client.UnauthorizedOperation"),
            Some(format!("You are not authorized to perform this operation. User: {who}")),
        ),
        (Fault::Denied, _) => (
            Some("AccessDenied"),
            Some(format!(
                "User: {who} is not authorized to perform: {service}:{call} because no identity-based \
                 policy allows the {service}:{call} action"
            )),
        ),
        (Fault::Throttled, "ec2") => {
            (Some("Client.RequestLimitExceeded"), Some("Request limit exceeded.".to_owned()))
        }
        (Fault::Throttled, _) => (Some("ThrottlingException"), Some("Rate exceeded".to_owned())),
        (Fault::Missing, "s3") if call == "GetBucketPolicy" => {
            (Some("NoSuchBucketPolicy"), Some("The bucket policy does not exist".to_owned()))
        }
        (Fault::Missing, "s3") => {
            (Some("NoSuchConfiguration"), Some("The configuration does not exist".to_owned()))
        }
        (Fault::Missing, "iam") => {
            (Some("NoSuchEntityException"), Some("The entity cannot be found.".to_owned()))
        }
        (Fault::Missing, "ec2") => {
            (Some("Client.InvalidParameterValue"), Some("The value is not valid".to_owned()))
        }
        (Fault::Missing, _) => {
            (Some("ResourceNotFoundException"), Some("The resource does not exist".to_owned()))
        }
        (Fault::BadLogin, _) => (None, Some("Failed authentication".to_owned())),
    }
}

/// A time as `CloudTrail` writes it.
pub(crate) fn time(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).expect("the times of a sample were checked");
    at.to_string()
}

fn json(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("the patterns of the tables are JSON, which a test reads")
}
