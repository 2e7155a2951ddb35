//! The layouts of Windows events: channels, providers, and the values of each id in the order in which
//! Windows writes them.

use jiff::Timestamp;

const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");
const EVENTLOG: (&str, &str) = ("Security", "Microsoft-Windows-Eventlog");
const LOCAL_SESSION: (&str, &str) = (
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    "Microsoft-Windows-TerminalServices-LocalSessionManager",
);
const REMOTE_CONNECTION: (&str, &str) = (
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
);
const SERVICES: (&str, &str) = ("System", "Service Control Manager");
const TASKS: (&str, &str) =
    ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler");

/// Domain of the invented organisation.
pub(super) const DOMAIN: &str = "CORP";
/// SID of the system itself.
const SYSTEM_SID: &str = "S-1-5-18";
/// Logon ID of the system itself.
const SYSTEM_LOGON: u64 = 0x3e7;

/// One event of a Windows event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsEvent {
    /// `System/TimeCreated`, UTC, to the microsecond.
    pub time: Timestamp,
    /// `System/Channel`.
    pub channel: &'static str,
    /// `System/Provider/@Name`.
    pub provider: &'static str,
    /// `System/EventID`.
    pub event_id: u32,
    /// `System/EventRecordID`: 1, 2, 3 ... in each channel of each computer.
    pub record_id: u64,
    /// `System/Computer`.
    pub computer: String,
    /// `System/Security/@UserID`.
    pub user_sid: Option<String>,
    /// Are the values elements of `UserData` rather than `Data` of `EventData`?
    pub user_data: bool,
    /// Names and values, in order.
    pub data: Vec<(&'static str, String)>,
}

/// Who logs on, or does something.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) sid: String,
    pub(super) logon: u64,
}

/// A logon as 4624 has it.
pub(super) struct Logon<'a> {
    pub(super) kind: u32,
    pub(super) who: &'a Who,
    /// Who asks for it: the machine, or a person working under another name.
    pub(super) by: &'a Who,
    pub(super) linked: u64,
    pub(super) address: &'a str,
    pub(super) port: u64,
}

/// Writes the events of one machine.
pub(super) struct Scribe {
    /// Full name of the machine.
    pub(super) computer: String,
    /// The machine's own account.
    pub(super) machine: Who,
    pub(super) events: Vec<WindowsEvent>,
}

type Values<'a> = &'a [(&'static str, &'a str)];

impl Scribe {
    pub(super) fn new(short: &str) -> Self {
        let machine = Who {
            name: format!("{short}$"),
            domain: DOMAIN.to_owned(),
            sid: SYSTEM_SID.to_owned(),
            logon: SYSTEM_LOGON,
        };
        Self { computer: format!("{short}.corp.example"), machine, events: Vec::new() }
    }

    fn write(
        &mut self,
        time: Timestamp,
        source: (&'static str, &'static str),
        id: u32,
        data: Values<'_>,
    ) {
        let micros = Timestamp::from_microsecond(time.as_microsecond());
        self.events.push(WindowsEvent {
            time: micros.expect("whole microseconds of a time are a time"),
            channel: source.0,
            provider: source.1,
            event_id: id,
            record_id: 0,
            computer: self.computer.clone(),
            user_sid: None,
            user_data: false,
            data: data.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
        });
    }

    fn last(&mut self) -> &mut WindowsEvent {
        self.events.last_mut().expect("an event was just written")
    }

    pub(super) fn logon(&mut self, time: Timestamp, logon: &Logon<'_>) {
        let Logon { kind, who, by, linked, address, port } = logon;
        let workstation = self.machine.name.trim_end_matches('$').to_owned();
        let (process, name) = match kind {
            2 | 7 | 10 | 11 => ("User32 ", r"C:\Windows\System32\svchost.exe"),
            3 => ("NtLmSsp ", "-"),
            5 => ("Advapi  ", r"C:\Windows\System32\services.exe"),
            _ => ("seclogo", r"C:\Windows\System32\svchost.exe"),
        };
        let data = [
            ("SubjectUserSid", by.sid.as_str()),
            ("SubjectUserName", &by.name),
            ("SubjectDomainName", &by.domain),
            ("SubjectLogonId", &hex(by.logon)),
            ("TargetUserSid", &who.sid),
            ("TargetUserName", &who.name),
            ("TargetDomainName", &who.domain),
            ("TargetLogonId", &hex(who.logon)),
            ("LogonType", &kind.to_string()),
            ("LogonProcessName", process),
            ("AuthenticationPackageName", if *kind == 3 { "NTLM" } else { "Negotiate" }),
            ("WorkstationName", &workstation),
            ("LogonGuid", "00000000-0000-0000-0000-000000000000"),
            ("TransmittedServices", "-"),
            ("LmPackageName", if *kind == 3 { "NTLM V2" } else { "-" }),
            ("KeyLength", if *kind == 3 { "128" } else { "0" }),
            ("ProcessId", "0x3bc"),
            ("ProcessName", name),
            ("IpAddress", address),
            ("IpPort", &port.to_string()),
            ("ImpersonationLevel", "%%1833"),
            ("RestrictedAdminMode", if *kind == 10 { "%%1843" } else { "-" }),
            ("TargetOutboundUserName", "-"),
            ("TargetOutboundDomainName", "-"),
            ("VirtualAccount", "%%1843"),
            ("TargetLinkedLogonId", &hex(*linked)),
            ("ElevatedToken", "%%1842"),
        ];
        self.write(time, SECURITY, 4624, &data);
    }

    pub(super) fn failed(
        &mut self,
        time: Timestamp,
        user: &str,
        kind: u32,
        address: &str,
        port: u64,
    ) {
        // A wrong password; 0xc0000064 would be a name that does not exist.
        let data = [
            ("SubjectUserSid", "S-1-0-0"),
            ("SubjectUserName", "-"),
            ("SubjectDomainName", "-"),
            ("SubjectLogonId", "0x0"),
            ("TargetUserSid", "S-1-0-0"),
            ("TargetUserName", user),
            ("TargetDomainName", DOMAIN),
            ("Status", "0xc000006d"),
            ("FailureReason", "%%2313"),
            ("SubStatus", "0xc000006a"),
            ("LogonType", &kind.to_string()),
            ("LogonProcessName", "NtLmSsp "),
            ("AuthenticationPackageName", "NTLM"),
            ("WorkstationName", "-"),
            ("TransmittedServices", "-"),
            ("LmPackageName", "-"),
            ("KeyLength", "0"),
            ("ProcessId", "0x0"),
            ("ProcessName", "-"),
            ("IpAddress", address),
            ("IpPort", &port.to_string()),
        ];
        self.write(time, SECURITY, 4625, &data);
    }

    pub(super) fn logoff(&mut self, time: Timestamp, who: &Who, kind: u32) {
        let data = [
            ("TargetUserSid", who.sid.as_str()),
            ("TargetUserName", &who.name),
            ("TargetDomainName", &who.domain),
            ("TargetLogonId", &hex(who.logon)),
            ("LogonType", &kind.to_string()),
        ];
        self.write(time, SECURITY, 4634, &data);
    }

    /// 4647: the person chose to log off.
    pub(super) fn logoff_asked(&mut self, time: Timestamp, who: &Who) {
        let data = [
            ("TargetUserSid", who.sid.as_str()),
            ("TargetUserName", &who.name),
            ("TargetDomainName", &who.domain),
            ("TargetLogonId", &hex(who.logon)),
        ];
        self.write(time, SECURITY, 4647, &data);
    }

    /// 4778 reconnected, 4779 disconnected.
    pub(super) fn station(
        &mut self,
        time: Timestamp,
        id: u32,
        who: &Who,
        number: u32,
        address: &str,
    ) {
        let data = [
            ("AccountName", who.name.as_str()),
            ("AccountDomain", &who.domain),
            ("LogonID", &hex(who.logon)),
            ("SessionName", &format!("RDP-Tcp#{number}")),
            ("ClientName", "-"),
            ("ClientAddress", address),
        ];
        self.write(time, SECURITY, id, &data);
    }

    /// 4720 4722 4723 4724: an account is made or changed.
    pub(super) fn account(&mut self, time: Timestamp, id: u32, target: &str, by: &Who) {
        let sid = format!(
            "{}-{}",
            by.sid.rsplit_once('-').map_or("S-1-5-21", |s| s.0),
            5000 + target.len()
        );
        let mut data =
            vec![("TargetUserName", target), ("TargetDomainName", DOMAIN), ("TargetSid", &sid)];
        let logon = hex(by.logon);
        data.extend(subject(by, &logon));
        if id == 4720 {
            data.extend([
                ("PrivilegeList", "-"),
                ("SamAccountName", target),
                ("UserPrincipalName", "-"),
            ]);
        }
        self.write(time, SECURITY, id, &data);
    }

    /// 4728, 4732: somebody becomes a member of a group.
    pub(super) fn member(&mut self, time: Timestamp, id: u32, group: &str, by: &Who) {
        let domain = if id == 4732 { "Builtin" } else { DOMAIN };
        let sid = if id == 4732 {
            "S-1-5-32-544"
        } else {
            "S-1-5-21-1004336348-1177238915-682003330-512"
        };
        let member =
            [("MemberName", "-"), ("MemberSid", "S-1-5-21-1004336348-1177238915-682003330-5011")];
        let group = [("TargetUserName", group), ("TargetDomainName", domain), ("TargetSid", sid)];
        let logon = hex(by.logon);
        let data = [&member[..], &group, &subject(by, &logon), &[("PrivilegeList", "-")]].concat();
        self.write(time, SECURITY, id, &data);
    }

    pub(super) fn task_created(&mut self, time: Timestamp, task: &str, command: &str, by: &Who) {
        let content = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<Task version=\"1.2\" \
             xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n  <RegistrationInfo>\n    \
             <Author>{}\\{}</Author>\n    <URI>{task}</URI>\n  </RegistrationInfo>\n  <Triggers>\n    \
             <LogonTrigger>\n      <Enabled>true</Enabled>\n    </LogonTrigger>\n  </Triggers>\n  \
             <Actions Context=\"Author\">\n    <Exec>\n      <Command>{command}</Command>\n    </Exec>\n  \
             </Actions>\n</Task>",
            by.domain, by.name
        );
        let logon = hex(by.logon);
        let mut data = subject(by, &logon).to_vec();
        data.extend([("TaskName", task), ("TaskContent", content.as_str())]);
        self.write(time, SECURITY, 4698, &data);
    }

    pub(super) fn log_cleared(&mut self, time: Timestamp, by: &Who) {
        let logon = hex(by.logon);
        self.write(time, EVENTLOG, 1102, &subject(by, &logon));
        self.last().user_data = true;
    }

    /// 21 22 23 24 25 of a terminal session.
    pub(super) fn session(
        &mut self,
        time: Timestamp,
        id: u32,
        who: &Who,
        number: u32,
        address: &str,
    ) {
        let (user, number) = (format!("{}\\{}", who.domain, who.name), number.to_string());
        let data = [("User", user.as_str()), ("SessionID", &number), ("Address", address)];
        // A logoff has no address.
        self.write(time, LOCAL_SESSION, id, if id == 23 { &data[..2] } else { &data });
        self.mark_system(true);
    }

    /// 40: a terminal session was disconnected, with the reason's number.
    pub(super) fn disconnected(&mut self, time: Timestamp, number: u32, reason: u32) {
        let data = [("Session", &*number.to_string()), ("Reason", &*reason.to_string())];
        self.write(time, LOCAL_SESSION, 40, &data);
        self.mark_system(true);
    }

    /// 1149: a person authenticated for a terminal session.
    pub(super) fn authenticated(&mut self, time: Timestamp, who: &Who, address: &str) {
        let data = [("Param1", who.name.as_str()), ("Param2", &who.domain), ("Param3", address)];
        self.write(time, REMOTE_CONNECTION, 1149, &data);
        self.last().user_sid = Some("S-1-5-20".to_owned());
        self.last().user_data = true;
    }

    /// 261: something connected to the port of terminal sessions.
    pub(super) fn connected(&mut self, time: Timestamp) {
        self.write(time, REMOTE_CONNECTION, 261, &[("listenerName", "RDP-Tcp")]);
        self.last().user_sid = Some("S-1-5-20".to_owned());
        self.last().user_data = true;
    }

    pub(super) fn service_installed(&mut self, time: Timestamp, name: &str, path: &str, by: &Who) {
        let data = [
            ("ServiceName", name),
            ("ImagePath", path),
            ("ServiceType", "user mode service"),
            ("StartType", "auto start"),
            ("AccountName", "LocalSystem"),
        ];
        self.write(time, SERVICES, 7045, &data);
        self.last().user_sid = Some(by.sid.clone());
    }

    /// 7036: a service started or stopped.
    pub(super) fn service_state(&mut self, time: Timestamp, service: &str, state: &str) {
        self.write(time, SERVICES, 7036, &[("param1", service), ("param2", state)]);
    }

    pub(super) fn task_run(&mut self, time: Timestamp, task: &str, path: &str) {
        let data =
            [("TaskName", task), ("Path", path), ("ProcessID", "6292"), ("Priority", "16384")];
        self.write(time, TASKS, 129, &data);
        self.mark_system(false);
    }

    /// Marks the last event as the system's.
    fn mark_system(&mut self, user_data: bool) {
        let last = self.last();
        last.user_sid = Some(SYSTEM_SID.to_owned());
        last.user_data = user_data;
    }
}

fn subject<'a>(by: &'a Who, logon: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("SubjectUserSid", &by.sid),
        ("SubjectUserName", &by.name),
        ("SubjectDomainName", &by.domain),
        ("SubjectLogonId", logon),
    ]
}

fn hex(id: u64) -> String {
    format!("{id:#x}")
}
