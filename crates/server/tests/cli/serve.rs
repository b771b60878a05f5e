//! `lakekeeper serve`, from start to stop.

use std::fs;
use std::path::Path;

use crate::program::{Server, get, run, send};

pub(crate) fn serve(database: &Path, more: &[(&str, &str)]) -> (Server, String, String) {
    start(&["serve"], database, more)
}

fn start(words: &[&str], database: &Path, more: &[(&str, &str)]) -> (Server, String, String) {
    let (server, lines) = begin(words, database, more);
    (server, address("api", &lines), address("metrics", &lines))
}

/// A server, and the lines that it logged until it served.
pub(crate) fn begin(
    words: &[&str],
    database: &Path,
    more: &[(&str, &str)],
) -> (Server, Vec<String>) {
    let mut variables = vec![
        ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap()),
        ("LAKEKEEPER__BIND_IP", "127.0.0.1"),
        ("LAKEKEEPER__LISTEN_PORT", "0"),
        ("LAKEKEEPER__METRICS_PORT", "0"),
    ];
    variables.extend_from_slice(more);
    let mut server = Server::start(words, &variables);
    let mut lines = vec![server.line_with("{")];
    while !lines.last().unwrap().contains("\"serving\"") {
        lines.push(server.line_with("{"));
    }
    (server, lines)
}

/// The address that the server listens on, from the last line of its start.
fn address(name: &str, lines: &[String]) -> String {
    let line = lines.last().unwrap();
    let value = line.split_once(&format!("\"{name}\":\"")).unwrap().1;
    value.split('"').next().unwrap().to_owned()
}

#[test]
fn serve_says_that_the_catalog_has_to_be_bootstrapped() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let hint = "call POST /management/v1/bootstrap";
    let (server, lines) = begin(&["serve"], &database, &[]);
    assert!(lines.iter().any(|line| line.contains(hint)), "{lines:?}");
    let body = r#"{"accept-terms-of-use":true}"#;
    let path = "/management/v1/bootstrap";
    let (status, told) = send("POST", &address("api", &lines), path, body);
    assert_eq!(status, "HTTP/1.1 204 No Content", "{told}");
    assert_eq!(server.terminate(), 0);
    let (_server, lines) = begin(&["serve"], &database, &[]);
    assert!(!lines.iter().any(|line| line.contains(hint)), "{lines:?}");
}

#[test]
fn serve_answers_counts_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let (server, api, metrics) = serve(&database, &[]);
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    let (status, page) = get(&metrics, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(page.contains("lakekeeper_info{"), "{page}");
    let port = api.rsplit_once(':').unwrap().1;
    let healthy = run(&["healthcheck"], &[("LAKEKEEPER__LISTEN_PORT", port)]);
    assert_eq!(healthy.status, 0, "{}", healthy.err);
    assert_eq!(server.terminate(), 0);
    let gone = run(&["healthcheck"], &[("LAKEKEEPER__LISTEN_PORT", port)]);
    assert_eq!(gone.status, 1);
}

#[test]
fn without_a_command_it_serves_if_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ("LAKEKEEPER__DEBUG__AUTO_SERVE", "true");
    let (server, api, _) = start(&[], &folder.path().join("catalog.db"), &[wanted]);
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn warnings_about_the_configuration_are_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let variables = [
        ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap()),
        ("LAKEKEEPER__LISTENPORT", "1"),
        ("LAKEKEEPER__CACHE__ROLE__CAPACITY", "1"),
    ];
    let ended = run(&["migrate"], &variables);
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(
        ended.out.contains("did you mean LAKEKEEPER__LISTEN_PORT?"),
        "{}",
        ended.out
    );
    assert!(
        ended
            .out
            .contains("LAKEKEEPER__CACHE__ROLE__CAPACITY has no effect"),
        "{}",
        ended.out
    );
}

#[test]
fn text_lines_have_colours_on_a_terminal_only() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let variables = [
        ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap()),
        ("LAKEKEEPER__LOG_FORMAT", "pretty"),
    ];
    let ended = run(&["migrate"], &variables);
    assert!(
        ended.out.contains(" INFO ") && !ended.out.contains('\x1b'),
        "{}",
        ended.out
    );
}

#[test]
fn migrate_before_serve_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = ("LAKEKEEPER__DEBUG__MIGRATE_BEFORE_SERVE", "true");
    let (server, api, _) = serve(&folder.path().join("catalog.db"), &[migrate]);
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn an_idle_server_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let (server, api, _) = serve(&folder.path().join("catalog.db"), &[]);
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    // `RssAnon` leaves out the program's code, which is several times larger in a debug build.
    assert!(kib < 32 << 10, "{kib} KiB");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let key = folder.path().join("catalog.db.key");
    fs::write(&key, "key").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = run(
        &["serve"],
        &[("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap())],
    );
    assert_eq!(ended.status, 1);
    assert!(ended.err.contains("chmod 600"), "{}", ended.err);
}

#[test]
fn decisions_are_in_the_log_unless_that_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    for (enabled, expected) in [("true", true), ("false", false)] {
        let switch = ("LAKEKEEPER__AUDIT__TRACING__ENABLED", enabled);
        let (mut server, api, _) = serve(&database, &[switch]);
        get(&api, "/management/v1/project-list");
        let mut audit = Vec::new();
        loop {
            let line = server.line_with("{");
            if line.contains("\"answered\"") {
                break;
            }
            if line.contains("\"event_source\":\"audit\"") {
                audit.push(line);
            }
        }
        assert_eq!(!audit.is_empty(), expected, "{audit:?}");
        if let Some(line) = audit.first() {
            for part in [
                r#"{"timestamp":""#,
                r#""actor":{"actor_type":"anonymous"}"#,
                r#""action":{"action_name":"list_projects"}"#,
                r#""decision":"allowed""#,
                r#""privilege_source":"authorizer""#,
                r#""request_id":""#,
            ] {
                assert!(line.contains(part), "{part}: {line}");
            }
        }
        assert_eq!(server.terminate(), 0);
    }
}

#[test]
fn the_log_says_why_a_request_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let (mut server, api, _) = serve(&database, &[("LAKEKEEPER__LOG_LEVEL", "debug")]);
    get(&api, "/catalog/v1/config?warehouse=elsewhere");
    let reason = server.line_with("\"refused\"");
    for part in [
        r#""error.kind":"NoSuchWarehouseException""#,
        "elsewhere",
        r#""request.id""#,
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let answered = server.line_with("\"answered\"");
    let kind = r#""error.kind":"NoSuchWarehouseException""#;
    assert!(answered.contains(kind), "{answered}");
    assert_eq!(server.terminate(), 0);
}
