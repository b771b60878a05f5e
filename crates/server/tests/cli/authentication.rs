//! The binary with an identity provider.

use authn::stand_in::{AUDIENCE, Idp};

use crate::program::{Server, get, run, send_with};
use crate::serve::{begin, serve};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_provider_that_cannot_be_reached_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let variables = [
        ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap()),
        ("LAKEKEEPER__BIND_IP", "127.0.0.1"),
        ("LAKEKEEPER__OPENID_PROVIDER_URI", "http://127.0.0.1:9"),
    ];
    let ended = run(&["serve"], &variables);
    assert_eq!(ended.status, 1, "{}", ended.err);
    assert!(ended.err.contains("provider `oidc`"), "{}", ended.err);
    assert!(ended.err.contains("http://127.0.0.1:9"), "{}", ended.err);
}

#[test]
fn with_a_provider_nobody_is_let_in_without_a_token() {
    let runtime = runtime();
    let idp = runtime.block_on(Idp::start());
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let uri = idp.issuer();
    let (server, api, metrics) = serve(
        &database,
        &[
            ("LAKEKEEPER__OPENID_PROVIDER_URI", &uri),
            ("LAKEKEEPER__OPENID_AUDIENCE", AUDIENCE),
        ],
    );
    assert_eq!(idp.fetches(), 1);
    assert_eq!(
        get(&api, "/management/v1/info").0,
        "HTTP/1.1 401 Unauthorized"
    );
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    assert_eq!(get(&metrics, "/metrics").0, "HTTP/1.1 200 OK");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_server_that_nobody_administrates_says_how_to_open_it_again() {
    let runtime = runtime();
    let idp = runtime.block_on(Idp::start());
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let uri = idp.issuer();
    let provider = [
        ("LAKEKEEPER__OPENID_PROVIDER_URI", uri.as_str()),
        ("LAKEKEEPER__OPENID_AUDIENCE", AUDIENCE),
    ];
    let is_said = |more: &[(&str, &str)]| {
        let (server, lines) = begin(&["serve"], &database, more);
        assert_eq!(server.terminate(), 0);
        let mut lines = lines.iter();
        lines.any(|line| {
            line.contains("\"WARN\"") && line.contains("`lakekeeper reopen-bootstrap --yes`")
        })
    };
    assert!(!is_said(&provider), "it is not bootstrapped");
    let bootstrap = |headers: &str, (server, api, _): (Server, String, String)| {
        let body = r#"{"accept-terms-of-use":true}"#;
        let (status, told) = send_with(headers, ("POST", &api, "/management/v1/bootstrap"), body);
        assert_eq!(server.terminate(), 0);
        (status, told)
    };
    let (status, told) = bootstrap("", serve(&database, &[]));
    assert_eq!(status, "HTTP/1.1 204 No Content", "{told}");
    assert!(!is_said(&[]), "everybody may do everything");
    assert!(is_said(&provider));
    let admin = ("LAKEKEEPER__INSTANCE_ADMINS", r#"["oidc~alice"]"#);
    assert!(!is_said(&[&provider[..], &[admin]].concat()));
    let all = ("LAKEKEEPER__AUTHZ_BACKEND", "allowall");
    assert!(!is_said(&[&provider[..], &[all]].concat()));

    let token = format!("authorization: Bearer {}\r\n", idp.token("alice"));
    let (status, told) = bootstrap(&token, serve(&database, &provider));
    assert_eq!(status, "HTTP/1.1 400 Bad Request", "{told}");
    assert!(
        told.contains("`lakekeeper reopen-bootstrap --yes`"),
        "{told}"
    );
    let file = [("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap())];
    assert_eq!(run(&["reopen-bootstrap", "--yes"], &file).status, 0);
    let (status, told) = bootstrap(&token, serve(&database, &provider));
    assert_eq!(status, "HTTP/1.1 204 No Content", "{told}");
    assert!(!is_said(&provider));
}

/// The catalog has a warehouse, and the first caller who bootstraps becomes administrator.
#[test]
fn dev_with_a_provider_leaves_bootstrapping_to_somebody() {
    let runtime = runtime();
    let idp = runtime.block_on(Idp::start());
    let (folder, uri) = (tempfile::tempdir().unwrap(), idp.issuer());
    let words = ["dev", "--port", "0", "--data-dir"];
    let words = [&words[..], &[folder.path().to_str().unwrap()]].concat();
    let variables = [
        ("LAKEKEEPER__OPENID_PROVIDER_URI", uri.as_str()),
        ("LAKEKEEPER__OPENID_AUDIENCE", AUDIENCE),
    ];
    let mut server = Server::start(&words, &variables);
    let line = server.line_with("/management/v1/bootstrap");
    let url = line.split_once("POST http://").unwrap().1;
    let address = url.split_once('/').unwrap().0;
    let call = |method: &str, path: &str, body: &str| {
        let token = format!("authorization: Bearer {}\r\n", idp.token("alice"));
        send_with(&token, (method, address, path), body)
    };
    let config = "/catalog/v1/config?warehouse=demo";
    assert_eq!(call("GET", config, "").0, "HTTP/1.1 404 Not Found");
    let bootstrap = r#"{"accept-terms-of-use":true}"#;
    let (status, told) = call("POST", "/management/v1/bootstrap", bootstrap);
    assert_eq!(status, "HTTP/1.1 204 No Content", "{told}");
    let (status, told) = call("GET", config, "");
    assert_eq!(status, "HTTP/1.1 200 OK", "{told}");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_lazy_provider_may_be_down_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let (server, api, _) = serve(
        &database,
        &[
            ("LAKEKEEPER__OPENID_PROVIDER_URI", "http://127.0.0.1:9"),
            ("LAKEKEEPER__OPENID_REQUIRE_CONNECTED_ON_STARTUP", "false"),
        ],
    );
    assert_eq!(
        get(&api, "/management/v1/info").0,
        "HTTP/1.1 401 Unauthorized"
    );
    assert_eq!(server.terminate(), 0);
}
