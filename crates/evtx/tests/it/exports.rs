//! Events from JSON exports.

use lanner_evtx::Event;
use serde_json::{from_str, from_value, json};

#[test]
fn evtx_dump_in_both_styles() {
    let nested = r##"{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},
        "System":{"Provider":{"#attributes":{"Name":"Service Control Manager","Guid":"{5}"}},
        "EventID":{"#attributes":{"Qualifiers":16384},"#text":7045},"Level":4,"Keywords":"0x80","Correlation":null,
        "TimeCreated":{"#attributes":{"SystemTime":"2021-02-12T12:33:49.1214475Z"}},"EventRecordID":15557,
        "Execution":{"#attributes":{"ProcessID":560,"ThreadID":644}},"Channel":"System","Computer":"dc",
        "Security":{"#attributes":{"UserID":"S-1-5-18"}}},
        "EventData":{"#attributes":{"Name":"T"},"ServiceName":"a\"b","Start":2,"Signed":true,"Ratio":0.5,"None":null,
        "Data":{"#text":["x","y"]},"Binary":"5700"}}}"##;
    let apart = r#"{"Event":{"System":{"Provider_attributes":{"Name":"Service Control Manager","Guid":"{5}"},
        "EventID":7045,"EventID_attributes":{"Qualifiers":16384},"Level":4,"Keywords":"0x80","Correlation":null,
        "TimeCreated_attributes":{"SystemTime":"2021-02-12T12:33:49.1214475Z"},"EventRecordID":15557,
        "Execution_attributes":{"ProcessID":560,"ThreadID":644},"Channel":"System","Computer":"dc",
        "Security_attributes":{"UserID":"S-1-5-18"}},
        "EventData":{"ServiceName":"a\"b","Start":2,"Signed":true,"Ratio":0.5,"Data":["x","y"],"Binary":"5700"}}}"#;
    let event: Event = from_str(nested).unwrap();
    let mut other: Event = from_str(apart).unwrap();
    assert_eq!((event.event_id, event.record_id), (7045, 15557));
    assert_eq!(
        (event.provider.as_str(), event.computer.as_str()),
        ("Service Control Manager", "dc")
    );
    assert_eq!(event.time.unwrap().to_string(), "2021-02-12T12:33:49.1214475Z");
    assert_eq!(
        (event.user_sid.as_deref(), event.system("ThreadID")),
        (Some("S-1-5-18"), Some("644"))
    );
    let data: Vec<_> = event.data.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected = [
        ("ServiceName", "a\"b"),
        ("Start", "2"),
        ("Signed", "true"),
        ("Ratio", "0.5"),
        ("Data", "x"),
        ("Data_1", "y"),
        ("Binary", "5700"),
    ];
    assert_eq!(data, expected);
    // The qualifiers stand elsewhere, all else is the same.
    other.system.sort();
    let mut sorted = event.clone();
    sorted.system.sort();
    assert_eq!(other, sorted);
}

#[test]
fn user_data_of_an_export() {
    let text = r##"{"Event":{"System":{"EventID":"1149","Channel":"C"},"UserData":{"ns:EventXML":{"#attributes":
        {"xmlns:auto-ns2":"x","xmlns":"Event_NS"},"ns:Param1":"ada","Param2":{"#attributes":{"Kind":"k"},"#text":"CORP"},
        "Param3":"10.0.0.1"}}}}"##;
    let event: Event = from_str(text).unwrap();
    let data: Vec<_> = event.data.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        data,
        [("Param1", "ada"), ("Kind", "k"), ("Param2", "CORP"), ("Param3", "10.0.0.1")]
    );
    assert_eq!(event.event_id, 1149);
}

#[test]
fn winlogbeat() {
    let object = json!({
        "@timestamp": "2023-05-04T10:11:12.345Z",
        "host": {"name": "ignored"},
        "message": "An account was logged on",
        "winlog": {
            "channel": "Security", "provider_name": "Microsoft-Windows-Security-Auditing",
            "provider_guid": "{5}", "event_id": "4624", "record_id": 99, "computer_name": "dc.example",
            "task": "Logon", "opcode": "Info", "keywords": ["Audit Success", "Other"], "version": 2,
            "activity_id": "{a}", "process": {"pid": 4, "thread": {"id": 5}},
            "user": {"identifier": "S-1-5-18", "name": "SYSTEM"},
            "event_data": {"TargetUserName": "ada", "IpAddress": "10.0.0.1"}
        }
    });
    let event: Event = from_value(object.clone()).unwrap();
    assert_eq!((event.event_id, event.record_id, event.channel.as_str()), (4624, 99, "Security"));
    assert_eq!(event.time.unwrap().to_string(), "2023-05-04T10:11:12.345Z");
    assert_eq!(
        (event.get("IpAddress"), event.system("Keywords")),
        (Some("10.0.0.1"), Some("Audit Success,Other"))
    );
    assert_eq!((event.system("ProcessID"), event.system("ThreadID")), (Some("4"), Some("5")));
    assert_eq!(
        (event.user_sid.as_deref(), event.computer.as_str()),
        (Some("S-1-5-18"), "dc.example")
    );
    let wrapped: Event = from_value(json!({"_index": "i", "_source": object})).unwrap();
    assert_eq!(wrapped, event);
}

#[test]
fn what_is_no_event_is_an_error() {
    for text in
        ["{}", "[]", "7", "null", "\"Event\"", r#"{"eventName":"GetObject"}"#, "{\"Event\":"]
    {
        assert!(from_str::<Event>(text).is_err(), "{text}");
    }
    let deep = format!(
        "{}1{}",
        "{\"Event\":{\"UserData\":{\"a\":".to_owned() + &"{\"a\":".repeat(100),
        "}".repeat(103)
    );
    assert!(from_str::<Event>(&deep).is_err());
}
