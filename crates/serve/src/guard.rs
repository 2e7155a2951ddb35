//! Who may ask: this machine's browser, with the token of the printed address, from our own pages.
//!
//! The token comes once in the address and goes into a cookie that scripts cannot read and other sites
//! cannot send. A page of another site is refused by its `Host` (a name rebound to 127.0.0.1), by
//! `Sec-Fetch-Site` and by `Origin`.

use crate::ServeError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

/// What every answer says of itself: nothing from elsewhere, nothing kept, nothing framed.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Bytes of a token.
const TOKEN: usize = 16;

/// What the guard compares with.
pub(crate) struct Guard {
    token: String,
    port: u16,
}

impl Guard {
    /// A guard with a fresh token.
    pub(crate) fn new(port: u16) -> Result<Self, ServeError> {
        let mut bytes = [0; TOKEN];
        let random = File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
        random.map_err(ServeError::io("no random numbers for a token"))?;
        let mut token = String::with_capacity(2 * TOKEN);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(token, "{byte:02x}");
        }
        Ok(Self { token, port })
    }

    /// The address to open, token and all.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// Cookies do not know ports; their names do.
    fn cookie(&self) -> String {
        format!("lanner_{}", self.port)
    }

    /// Is the request for us, whatever the name it came by?
    fn is_for_us(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        ["127.0.0.1", "localhost"].iter().any(|n| *host == format!("{n}:{}", self.port))
    }

    /// Does another site's page ask?
    fn is_foreign(&self, method: &Method, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if !matches!(site, None | Some(b"same-origin" | b"none")) {
            return true;
        }
        let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
        let own = |o: &[u8]| {
            ["127.0.0.1", "localhost"]
                .iter()
                .any(|n| o == format!("http://{n}:{}", self.port).as_bytes())
        };
        match origin {
            // A page without a referrer names no origin when it posts; the browser vouches for the site.
            Some(b"null") => site != Some(b"same-origin"),
            Some(origin) => !own(origin),
            None => *method != Method::GET && *method != Method::HEAD && site.is_none(),
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let wanted = self.cookie();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|c| c.to_str().ok());
        let mut pairs = cookies.flat_map(|c| c.split(';')).filter_map(|c| c.trim().split_once('='));
        pairs.any(|(name, value)| name == wanted && same(value, &self.token))
    }

    /// The answer to an address with a token: a cookie, and the same address without it.
    fn enter(&self, uri: &Uri) -> Option<Response> {
        let query = uri.query()?;
        let (tokens, rest): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|p| p.starts_with("token="));
        let given = tokens.first()?.strip_prefix("token=")?;
        if !same(given, &self.token) {
            return None;
        }
        // One slash in front, or the browser would take the path for another machine.
        let path = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
        let to = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie(), self.token);
        let headers = [(header::LOCATION, to), (header::SET_COOKIE, cookie)];
        Some((StatusCode::SEE_OTHER, headers).into_response())
    }
}

/// Compares without telling by its time where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

/// Characters of path and query that are read; more is no filter that a person wrote.
const LONGEST: usize = 8192;

/// Lets a request through, or answers it here. Every answer gets the headers.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let refuse = |why: &'static str| (StatusCode::FORBIDDEN, why).into_response();
    let (method, headers) = (request.method(), request.headers());
    let mut response = if request.uri().path_and_query().is_some_and(|p| p.as_str().len() > LONGEST)
    {
        (StatusCode::URI_TOO_LONG, "The address is longer than 8,192 characters; ask for less.\n")
            .into_response()
    } else if !guard.is_for_us(headers) {
        refuse("This server answers at 127.0.0.1 only.\n")
    } else if let Some(entered) = guard.enter(request.uri()).filter(|_| *method == Method::GET) {
        entered
    } else if guard.is_foreign(method, headers) {
        refuse("Another site asked for this.\n")
    } else if !guard.knows(headers) {
        refuse("Open the address that lanner serve printed; it holds the key to this page.\n")
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_compare_whole() {
        let (a, b) = (Guard::new(1).unwrap().token, Guard::new(1).unwrap().token);
        assert!(a != b && a.len() == 32);
        assert!(same(&a, &a) && !same(&a, &b) && !same(&a, &a[1..]) && !same("", &a));
    }

    #[test]
    fn a_token_leaves_the_address_and_leads_nowhere_else() {
        let guard = Guard::new(9).unwrap();
        let to = |address: &str| {
            let uri: Uri = address.replace("KEY", &guard.token).parse().unwrap();
            let entered = guard.enter(&uri)?;
            Some(entered.headers()[header::LOCATION].to_str().unwrap().to_owned())
        };
        assert_eq!(to("/?token=KEY").as_deref(), Some("/"));
        assert_eq!(to("/sql?q=1&token=KEY").as_deref(), Some("/sql?q=1"));
        assert_eq!(to("//evil.example/?token=KEY").as_deref(), Some("/evil.example/"));
        assert_eq!(to("/?token=KE"), None);
        assert_eq!(to("/"), None);
    }
}
