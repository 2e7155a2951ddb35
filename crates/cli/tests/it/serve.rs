//! `lanner serve`, asked over a socket as a browser would, and as an attacker would.

use crate::{output, trail};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::{TempDir, tempdir};

/// A served folder; the server ends with it.
struct Served {
    server: Child,
    port: u16,
    token: String,
}

/// An answer: status, head, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    fn start(dir: &Path, folder: &str) -> Self {
        let mut server = Command::new(assert_cmd::cargo::cargo_bin("lanner"))
            .current_dir(dir)
            .args(["serve", folder])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let out = server.stdout.take().expect("it was piped");
        BufReader::new(out).read_line(&mut line).expect("the server prints its address");
        let rest = line.trim().strip_prefix("http://127.0.0.1:").expect("an address");
        let (port, token) = rest.split_once("/?token=").expect("a token");
        Self { server, port: port.parse().expect("a port"), token: token.to_owned() }
    }

    /// Sends a request as it is written.
    fn send(&self, head: &str) -> Answer {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        socket.write_all(head.as_bytes()).expect("it reads");
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).expect("it answers");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            let _ = write!(head, "Host: 127.0.0.1:{}\r\n", self.port);
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        self.send(&(head + "\r\n"))
    }

    fn cookie(&self) -> String {
        format!("lanner_{}={}", self.port, self.token)
    }

    /// A page as a browser that was let in asks for it.
    fn page(&self, path: &str) -> String {
        let answer = self.request("GET", path, &[("Cookie", &self.cookie())]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A small hunt, served.
fn hunted() -> (TempDir, Served) {
    let dir = tempdir().unwrap();
    trail(dir.path(), 3000);
    output(dir.path(), &["hunt", "trail.parquet", "--out", "found", "--quiet"]);
    let served = Served::start(dir.path(), "found");
    (dir, served)
}

const ROUTES: [&str; 16] = [
    "/",
    "/incidents",
    "/incident/1",
    "/tuples",
    "/tuple",
    "/events",
    "/event/0",
    "/event/0/raw",
    "/entity",
    "/models",
    "/sessions",
    "/session/1",
    "/sql",
    "/sql.csv?q=SELECT%201",
    "/static/style.css",
    "/nowhere",
];

/// The first address in `page` that begins with `start`.
fn link(page: &str, start: &str) -> String {
    let at = page.find(&format!("href=\"{start}")).unwrap_or_else(|| panic!("no link to {start}"));
    let rest = &page[at + 6..];
    rest[..rest.find('"').unwrap()].replace("&amp;", "&").replace("&#38;", "&")
}

#[test]
fn nobody_is_answered_but_the_holder_of_the_token() {
    let (_dir, served) = hunted();
    let cookie = served.cookie();
    let (own, port) = (format!("http://127.0.0.1:{}", served.port), served.port);
    let rebound = format!("evil.example:{port}");
    let refused: [(&str, Vec<(&str, &str)>); 10] = [
        ("GET", vec![]),
        ("GET", vec![("Cookie", "lanner=0")]),
        ("GET", vec![("Cookie", &cookie), ("Host", &rebound)]),
        ("GET", vec![("Cookie", &cookie), ("Host", "127.0.0.1")]),
        ("GET", vec![("Cookie", &cookie), ("Host", &rebound), ("Host", "127.0.0.1")]),
        ("GET", vec![("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site")]),
        ("GET", vec![("Cookie", &cookie), ("Sec-Fetch-Site", "same-site")]),
        ("POST", vec![("Cookie", &cookie), ("Origin", "http://evil.example")]),
        ("POST", vec![("Cookie", &cookie), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]),
        ("POST", vec![("Cookie", &cookie)]),
    ];
    for path in ROUTES {
        for (method, headers) in &refused {
            let answer = served.request(method, path, headers);
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
            assert!(answer.body.len() < 100, "{method} {path} {headers:?}: {}", answer.body);
        }
        // Our own page may post, but there is nothing to post to.
        let own = [("Cookie", cookie.as_str()), ("Origin", own.as_str())];
        assert!([404, 405].contains(&served.request("POST", path, &own).status), "{path}");
    }
    // One digit of the token is not enough less.
    let near = format!("/?token={}", &served.token[..31]);
    assert_eq!(served.request("GET", &near, &[]).status, 403);
    // An address that no person wrote is answered at once.
    let long = format!("/tuples?q={}", "A".repeat(30_000));
    assert_eq!(served.request("GET", &long, &[("Cookie", &cookie)]).status, 414);
    assert_eq!(served.request("GET", "/incident/0", &[("Cookie", &cookie)]).status, 404);
}

#[test]
fn the_token_becomes_a_cookie_and_every_answer_is_closed() {
    let (_dir, served) = hunted();
    let entered = served.request("GET", &format!("/?token={}", served.token), &[]);
    assert_eq!(entered.status, 303);
    assert!(entered.head.contains("location: /\r\n"), "{}", entered.head);
    let cookie = format!("set-cookie: {}; path=/; httponly; samesite=strict", served.cookie());
    assert!(entered.head.contains(&cookie), "{}", entered.head);
    let by_name = format!("localhost:{}", served.port);
    let page =
        served.request("GET", "/", &[("Cookie", &served.cookie()), ("Host", by_name.as_str())]);
    assert_eq!(page.status, 200);
    let strange = served.request("GET", "/", &[]);
    for answer in [entered, page, strange] {
        for wanted in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';",
            "require-trusted-types-for 'script'",
            "frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(wanted), "{wanted}: {}", answer.head);
        }
        assert!(!answer.body.contains(&served.token), "a page tells the token");
    }
}

#[test]
fn every_page_of_a_hunt_leads_on() {
    let (_dir, served) = hunted();
    let first = served.page("/");
    assert!(first.contains("3,000") && first.contains("id=\"activity\""), "{first}");
    let incident = served.page(&link(&first, "/incident/"));
    for wanted in ["Why it is strange", "Its rows", "Its tuples", "download"] {
        assert!(incident.contains(wanted), "{wanted}");
    }
    let csv = served.page(&link(&incident, "/sql.csv"));
    assert!(csv.starts_with("eventID,") && csv.lines().count() > 1, "{csv}");
    let event = served.page(&link(&incident, "/event/"));
    for wanted in ["The record", "Around it", "Which models voted", "key-name"] {
        assert!(event.contains(wanted), "{wanted}");
    }
    let entity = served.page(&link(&event, "/entity"));
    assert!(entity.contains("With what it was seen"));
    let checked = served.page(&link(&incident, "/sql?q="));
    assert!(checked.contains("id=\"answer\""), "a reason's query gives an answer");
    let tuple = served.page(&link(&served.page("/tuples"), "/tuple?"));
    assert!(tuple.contains("Which models voted"));
    assert!(served.page("/models").contains("id=\"heat-votes\""));
}

#[test]
fn a_list_is_filtered_sorted_and_grouped_by_the_server() {
    let (_dir, served) = hunted();
    let all = served.page("/tuples");
    let one = served.page("/tuples?f=least~copies~2&sort=copies&order=desc");
    assert!(all != one && one.contains("aria-sort=\"descending\""));
    let none = served.page("/tuples?f=is~eventName~%27%20OR%201%3D1%20--");
    assert!(none.contains("Nothing is like that"));
    let form = "/tuples?q=&fc=eventName&fo=has&fv=Get&rank=&by=";
    let answer = served.request("GET", form, &[("Cookie", &served.cookie())]);
    assert_eq!(answer.status, 303);
    assert!(answer.head.contains("location: /tuples?f=has~eventname~get\r\n"), "{}", answer.head);
    let grouped = served.page("/tuples?by=eventSource");
    assert!(grouped.contains("f=is~eventSource~"), "a group leads to its tuples");
    let last = served.page("/tuples?page=100000");
    assert!(last.contains("Nothing is like that"));
}

#[test]
fn sql_only_reads_and_says_where_it_stops() {
    let (dir, served) = hunted();
    for sql in ["DROP%20TABLE%20events", "COPY%20events%20TO%20%27x.csv%27", "SET%20a%20%3D%201"] {
        let page = served.page(&format!("/sql?q={sql}"));
        assert!(page.contains("role=\"alert\"") && !page.contains("id=\"answer\""), "{sql}");
    }
    assert!(!dir.path().join("x.csv").exists());
    let page = served.page("/sql?q=SELECT%20*%20FROM%20rows");
    assert!(page.contains("The first 500 rows; there are more."), "rows are read again");
    let page = served.page("/sql?q=SELECT%20count(*)%20AS%20n%20FROM%20rows");
    assert!(page.contains("3000") || page.contains("3,000"), "{page}");
    let formula = served.page("/sql.csv?q=SELECT%20%27%3D1%2B1%27%20AS%20a");
    assert_eq!(formula, "a\n'=1+1\n");
}

#[test]
fn hostile_text_is_text_on_every_page() {
    let dir = tempdir().unwrap();
    let texts = [
        "<script>alert(1)</script>",
        "</title><svg onload=alert(1)>",
        "\\\" onmouseover=\\\"alert(1)",
        "javascript:alert(1)",
        "a\\u202egnp.exe\\u0000\\u001b[31m",
        "' OR 1=1 --",
        "x~y~z&f=is~a~b#c?d=%41",
    ];
    let mut lines = String::new();
    for (i, text) in texts.iter().cycle().take(70).enumerate() {
        let _ = writeln!(lines, "{{\"name<b>\":\"{text}\",\"who\":\"u{}\",\"n\":{i}}}", i % 3);
    }
    let _ =
        writeln!(lines, "{{\"name<b>\":\"{}\",\"who\":\"big\",\"n\":1}}", "<i>".repeat(350_000));
    fs::write(dir.path().join("log.ndjson"), lines).unwrap();
    let hunt = ["hunt", "log.ndjson", "--fields", "name<b>,who", "--recipe", "classic"];
    let rest = ["--models", "HBOS,KNN", "--no-forecast", "--out", "found", "-q", "--keep-rows"];
    output(dir.path(), &[&hunt[..], &rest[..]].concat());
    let served = Served::start(dir.path(), "found");
    let list = served.page("/tuples");
    let mut pages = vec!["/".to_owned(), "/events?all=1".to_owned(), "/models".to_owned()];
    pages.push("/tuples?by=name%3Cb%3E".to_owned());
    pages.push("/sql?q=SELECT%20*%20FROM%20events".to_owned());
    pages.push("/sql?q=SELECT%20%3Cscript%3E".to_owned());
    for start in ["/tuple?", "/entity?"] {
        let mut rest = list.as_str();
        while let Some(at) = rest.find(&format!("href=\"{start}")) {
            pages.push(link(&rest[at..], start));
            rest = &rest[at + 6..];
        }
    }
    pages.extend((0..71).map(|i| format!("/event/{i}?all=1")));
    assert!(pages.len() > 85, "{pages:?}");
    for path in pages {
        let page = served.page(&path);
        for wrong in ["<script>", "<svg onload", "<i>", "\" onmouseover", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(wrong), "{path} has {wrong:?} raw");
        }
        assert!(!page.contains("href=\"javascript"), "{path}");
        assert!(page.len() < 600_000, "{path}: {} bytes", page.len());
    }
}

#[test]
fn sessions_have_pages_too() {
    let dir = tempdir().unwrap();
    output(dir.path(), &["sample", "windows", "--sessions", "60", "--seed", "3", "--out", "logs"]);
    output(dir.path(), &["sessions", "logs", "--out", "found", "--quiet"]);
    let served = Served::start(dir.path(), "found");
    let first = served.page("/");
    assert!(first.contains("Who was there when") && first.contains("href=\"/sessions\""));
    let list = served.page("/sessions?sort=duration&order=desc");
    let session = served.page(&link(&list, "/session/"));
    assert!(session.contains("Its events") && session.contains("What was counted"));
    assert!(served.page("/events?by=meaning").contains("f=is~meaning~"));
    assert_eq!(served.request("GET", "/tuples", &[("Cookie", &served.cookie())]).status, 404);
}
