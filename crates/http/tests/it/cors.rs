//! Calls from pages of other origins, with the checks of a browser: a preflight, the request, and only exposed headers of the
//! answer (Fetch Standard, "CORS protocol").

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, RecordingAuthorizer, TestApp, Verdict};

const PAGE: &str = "https://shell.example";

/// The headers that Iceberg clients, the UI and the console of the existing Lakekeeper send, for which a browser asks first.
const SENT: [&str; 14] = [
    "authorization",
    "content-type",
    "content-encoding",
    "idempotency-key",
    "if-none-match",
    "traceparent",
    "x-client-version",
    "x-iceberg-access-delegation",
    "x-forwarded-user-agent",
    "x-project-id",
    "x-project-ident",
    "x-request-id",
    "x-user-agent",
    "x-header-of-a-user",
];

/// A page in a browser.
struct Page<'a> {
    app: &'a TestApp,
    origin: &'static str,
}

impl Page<'_> {
    /// The answer as a script sees it, or the reason why the browser withholds it.
    async fn fetch(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        self.preflight(&method, uri, headers).await?;
        let mut call = self.app.call(method, uri).header("origin", self.origin);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        if let Some(body) = body {
            call = call.body(body.to_string());
        }
        let mut answer = call.await;
        self.check_origin(&answer)?;
        let exposed = list(&answer, "access-control-expose-headers");
        let safelisted = [
            "cache-control",
            "content-language",
            "content-length",
            "content-type",
            "expires",
            "last-modified",
            "pragma",
        ];
        let seen = |name: &str| safelisted.contains(&name) || exposed.contains(&name.to_owned());
        let hidden = answer.headers.keys().filter(|name| !seen(name.as_str()));
        for name in hidden.cloned().collect::<Vec<_>>() {
            answer.headers.remove(name);
        }
        Ok(answer)
    }

    async fn preflight(
        &self,
        method: &Method,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let answer = self
            .app
            .call(Method::OPTIONS, uri)
            .header("origin", self.origin)
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", names.join(","))
            .await;
        if !answer.status.is_success() {
            return Err(format!("the preflight was answered {}", answer.status));
        }
        self.check_origin(&answer)?;
        let methods = list(&answer, "access-control-allow-methods");
        if !methods.contains(&method.as_str().to_lowercase()) {
            return Err(format!("{method} is not allowed"));
        }
        let allowed = list(&answer, "access-control-allow-headers");
        match names
            .iter()
            .find(|name| !allowed.contains(&(**name).to_owned()))
        {
            Some(name) => Err(format!("`{name}` is not allowed")),
            None => Ok(answer),
        }
    }

    fn check_origin(&self, answer: &Answer) -> Result<(), String> {
        match answer.header("access-control-allow-origin") {
            Some(allowed) if allowed == "*" || allowed == self.origin => Ok(()),
            other => Err(format!("{} may not read what {other:?} may", self.origin)),
        }
    }
}

fn list(answer: &Answer, header: &str) -> Vec<String> {
    let text = answer.header(header).unwrap_or_default();
    text.split(',')
        .map(|one| one.trim().to_lowercase())
        .collect()
}

async fn app(origins: &[&str]) -> TestApp {
    let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
    let builder = TestApp::builder().http(|http| http.allow_origin = origins);
    let app = builder.start().await;
    app.namespace("ns").await;
    app
}

#[tokio::test]
async fn a_page_may_send_what_clients_send_by_every_method() {
    for origins in [&["*"][..], &["https://ui.example", PAGE][..]] {
        let app = app(origins).await;
        let page = Page {
            app: &app,
            origin: PAGE,
        };
        let headers = SENT.map(|name| (name, "x"));
        let methods = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ];
        for method in methods {
            for uri in [app.at("namespaces"), "/management/v1/warehouse".to_owned()] {
                let answer = page.preflight(&method, &uri, &headers).await.unwrap();
                assert_eq!(answer.header("access-control-max-age"), Some("7200"));
                let cookies = answer.header("access-control-allow-credentials");
                assert_eq!(cookies, None, "cookies must not count");
            }
        }
    }
}

#[tokio::test]
async fn a_page_creates_loads_and_asks_again() {
    let app = app(&[PAGE]).await;
    let page = Page {
        app: &app,
        origin: PAGE,
    };
    let sent = [
        ("authorization", "Bearer x"),
        ("content-type", "application/json"),
        ("idempotency-key", "0190a000-0000-7000-8000-00000000000a"),
        ("x-iceberg-access-delegation", "vended-credentials"),
    ];
    let tables = app.at("namespaces/ns/tables");
    let body = testkit::table("t");
    let created = page.fetch(Method::POST, &tables, &sent, Some(&body));
    created.await.unwrap().expect(200);

    let table = app.at("namespaces/ns/tables/t");
    let loaded = page.fetch(Method::GET, &table, &[], None).await.unwrap();
    loaded.expect(200);
    let tag = loaded
        .header("etag")
        .expect("the page needs it to ask again");
    let unless = [("if-none-match", tag)];
    let again = page.fetch(Method::GET, &table, &unless, None);
    assert_eq!(again.await.unwrap().status, 304);
    let gone = page.fetch(Method::DELETE, &table, &[], None).await;
    assert_eq!(gone.unwrap().status, 204);
}

#[tokio::test]
async fn a_page_can_read_errors_and_their_request_id() {
    let app = app(&[PAGE]).await;
    let page = Page {
        app: &app,
        origin: PAGE,
    };
    let wrong = json!({ "namespace": "not a list" });
    let named = [
        ("content-type", "application/json"),
        ("x-request-id", "page-1"),
    ];
    let namespaces = app.at("namespaces");
    for (method, uri, body, status) in [
        (Method::GET, "/nowhere", None, 404),
        (Method::GET, "/catalog/v1/config?warehouse=nope", None, 404),
        (Method::DELETE, "/catalog/v1/config", None, 405),
        (Method::POST, namespaces.as_str(), Some(&wrong), 400),
    ] {
        let answer = page.fetch(method, uri, &named, body).await.unwrap();
        assert_eq!(answer.error().0, status, "{uri}");
        assert_eq!(answer.header("x-request-id"), Some("page-1"), "{uri}");
    }
}

#[tokio::test]
async fn a_page_is_told_when_to_come_again() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().http(|http| http.allow_origin = vec!["*".to_owned()]);
    let asked = Arc::<RecordingAuthorizer>::clone(&authorizer);
    let app = builder.authorizer(asked).start().await;
    authorizer.set(Verdict::Fail);
    let page = Page {
        app: &app,
        origin: PAGE,
    };
    let namespaces = app.at("namespaces");
    let answer = page.fetch(Method::GET, &namespaces, &[], None).await;
    let answer = answer.unwrap();
    assert_eq!(answer.error().0, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_page_of_an_origin_that_is_not_listed_is_kept_out() {
    for origins in [
        &[][..],
        &["https://ui.example"][..],
        &["http://shell.example"][..],
    ] {
        let app = app(origins).await;
        let page = Page {
            app: &app,
            origin: PAGE,
        };
        let uri = app.at("namespaces");
        let refused = page.fetch(Method::GET, &uri, &[], None).await;
        assert!(refused.is_err(), "{origins:?} let it in");
        // Other clients than browsers are served as ever.
        app.get(&uri).await.expect(200);
    }
}

#[tokio::test]
async fn answers_for_some_origins_are_not_kept_for_others() {
    let app = app(&["https://ui.example", PAGE]).await;
    let answer = app.get(app.at("namespaces")).header("origin", PAGE).await;
    assert!(list(&answer, "vary").contains(&"origin".to_owned()));
}

#[tokio::test]
async fn a_public_page_may_call_a_catalog_at_home() {
    let app = app(&[PAGE]).await;
    let answer = app
        .call(Method::OPTIONS, app.at("namespaces"))
        .header("origin", PAGE)
        .header("access-control-request-method", "GET")
        .header("access-control-request-private-network", "true")
        .await;
    let allowed = answer.header("access-control-allow-private-network");
    assert_eq!(allowed, Some("true"));
}
