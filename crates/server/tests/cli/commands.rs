//! Commands that end by themselves, unlike servers.

use crate::program::{Run, run};

const NO_DATABASE: &[(&str, &str)] = &[];

#[test]
fn version_prints_the_version_alone() {
    let Run { status, out, .. } = run(&["version"], NO_DATABASE);
    assert_eq!((status, out.trim_end()), (0, env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_command_the_help_is_shown() {
    let wrong = ("LAKEKEEPER__LISTEN_PORT", "http");
    for variables in [NO_DATABASE, &[wrong]] {
        let Run { status, out, .. } = run(&[], variables);
        assert_eq!(status, 0);
        has_every_command(&out);
    }
    let wanted = ("LAKEKEEPER__DEBUG__AUTO_SERVE", "true");
    for variables in [&[wanted][..], &[wanted, wrong]] {
        let ended = run(&[], variables);
        assert_eq!(
            (ended.status, ended.out.as_str()),
            (78, ""),
            "{variables:?}"
        );
    }
}

fn has_every_command(out: &str) {
    for command in [
        "serve",
        "migrate",
        "secrets",
        "reopen-bootstrap",
        "wait-for-db",
        "healthcheck",
        "version",
        "config",
        "dev",
    ] {
        assert!(out.contains(&format!("\n  {command} ")), "{command}: {out}");
    }
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    assert_eq!(run(&["server"], NO_DATABASE).status, 2);
}

#[test]
fn a_wrong_configuration_ends_with_78_and_every_mistake() {
    for command in [
        &["serve"][..],
        &["migrate"],
        &["wait-for-db"],
        &["config"],
        &["dev"],
    ] {
        let ended = run(
            command,
            &[
                ("LAKEKEEPER__LISTEN_PORT", "http"),
                ("LAKEKEEPER__BIND_IP", "localhost"),
                ("LAKEKEEPER__PG_DATABASE_URL_WRITE", "mysql://me:hunter2@db"),
            ],
        );
        assert_eq!(ended.status, 78, "{command:?}");
        assert!(
            ended.err.contains("the configuration has 3 mistakes:"),
            "{}",
            ended.err
        );
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
}

#[test]
fn what_this_build_cannot_do_is_refused_by_name() {
    let cedar = ("LAKEKEEPER__CEDAR__SCHEMA_FILE", "/nowhere");
    let ended = run(
        &["serve"],
        &[("LAKEKEEPER__SQLITE_PATH", "/nowhere/x.db"), cedar],
    );
    assert_eq!(ended.status, 78);
    assert!(
        ended
            .err
            .contains("LAKEKEEPER__CEDAR__SCHEMA_FILE: cannot be set"),
        "{}",
        ended.err
    );
}

#[test]
fn a_slip_in_a_name_that_must_not_be_lost_is_recognised() {
    let ended = run(&["config"], &[("LAKEKEEPER__OPENID_AUDIENCES", "lake")]);
    assert_eq!(ended.status, 78);
    let said = "did you mean LAKEKEEPER__OPENID_AUDIENCE?";
    assert!(ended.err.contains(said), "{}", ended.err);
    let other = run(&["config"], &[("LAKEKEEPER__CEDAR__SCHEMA_FILE", "x")]);
    assert!(!other.err.contains("did you mean"), "{}", other.err);
}

#[test]
fn config_shows_values_with_their_origin_and_no_secrets() {
    let ended = run(
        &["config"],
        &[
            ("LAKEKEEPER__SQLITE_PATH", "/data/x.db"),
            ("LAKEKEEPER__PG_ENCRYPTION_KEY", "hunter2"),
            ("LAKEKEEPER__LISTENPORT", "1"),
        ],
    );
    assert_eq!(ended.status, 0, "{}", ended.err);
    let line = |name: &str| {
        let found = ended.out.lines().find(|line| line.starts_with(name));
        found
            .unwrap_or_else(|| panic!("{name}: {}", ended.out))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("LAKEKEEPER__SQLITE_PATH"),
        "LAKEKEEPER__SQLITE_PATH=/data/x.db # environment"
    );
    assert_eq!(
        line("LAKEKEEPER__LISTEN_PORT"),
        "LAKEKEEPER__LISTEN_PORT=8181 # default"
    );
    assert_eq!(
        line("LAKEKEEPER__PG_ENCRYPTION_KEY"),
        "LAKEKEEPER__PG_ENCRYPTION_KEY=[redacted] # environment"
    );
    assert!(
        ended.err.contains("did you mean LAKEKEEPER__LISTEN_PORT?"),
        "{}",
        ended.err
    );
}

#[test]
fn config_docs_prints_the_reference() {
    let ended = run(&["config", "docs"], NO_DATABASE);
    assert_eq!(ended.status, 0);
    assert_eq!(ended.out, lakekeeper::config::reference());
}

#[test]
fn a_configuration_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lakekeeper.toml");
    std::fs::write(&file, "sqlite_path = \"x.db\"\nlisten_port = 1234\n").unwrap();
    let ended = run(&["--config", file.to_str().unwrap(), "config"], NO_DATABASE);
    assert_eq!(ended.status, 0, "{}", ended.err);
    let expected = format!("LAKEKEEPER__LISTEN_PORT=1234 # {}", file.display());
    let shown: Vec<String> = ended
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert!(shown.contains(&expected), "{shown:#?}");
}

#[test]
fn healthcheck_fails_where_nobody_answers() {
    let ended = run(&["healthcheck"], &[("LAKEKEEPER__LISTEN_PORT", "1")]);
    assert_eq!(ended.status, 1);
    assert!(
        ended.err.contains("no server answers at 127.0.0.1:1"),
        "{}",
        ended.err
    );
}

#[test]
fn migrate_makes_a_sqlite_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let database = [("LAKEKEEPER__SQLITE_PATH", path.to_str().unwrap())];
    for _ in 0..2 {
        let ended = run(&["migrate"], &database);
        assert_eq!(ended.status, 0, "{}", ended.err);
        assert!(path.is_file());
    }
    assert_eq!(run(&["wait-for-db", "-m"], &database).status, 0);
    assert_eq!(run(&["healthcheck", "-d"], &database).status, 0);
}

#[test]
fn a_sqlite_file_that_is_missing_or_not_ours_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let database = [("LAKEKEEPER__SQLITE_PATH", path.to_str().unwrap())];
    let commands = [
        &["healthcheck", "-d"][..],
        &["wait-for-db", "-d", "-r", "0"],
        &["wait-for-db", "-m", "-r", "0"],
    ];
    for words in commands {
        let missing = run(words, &database);
        assert_eq!(missing.status, 1, "{words:?}");
        assert!(missing.err.contains("is not there yet"), "{}", missing.err);
    }
    std::fs::write(&path, "").unwrap();
    let statuses = commands.map(|words| run(words, &database).status);
    assert_eq!(statuses, [0, 0, 1], "it is there, but not migrated");
    std::fs::write(&path, "a text that is longer than the header of a database").unwrap();
    for words in commands {
        assert_eq!(run(words, &database).status, 1, "{words:?}");
    }
}

#[test]
fn what_was_never_bootstrapped_need_not_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let database = [("LAKEKEEPER__SQLITE_PATH", path.to_str().unwrap())];
    let unconfirmed = run(&["reopen-bootstrap"], &database);
    assert_eq!(unconfirmed.status, 1, "{}", unconfirmed.out);
    assert!(unconfirmed.err.contains("`--yes`"), "{}", unconfirmed.err);
    let ended = run(&["reopen-bootstrap", "--yes"], &database);
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(ended.out.contains("nothing was changed"), "{}", ended.out);
}

#[test]
fn migrate_says_why_it_cannot() {
    let ended = run(
        &["migrate"],
        &[("LAKEKEEPER__SQLITE_PATH", "/no/such/folder/x.db")],
    );
    assert_eq!(ended.status, 1);
    assert!(ended.err.contains("/no/such/folder"), "{}", ended.err);
}

#[test]
fn wait_for_db_gives_up_after_its_tries() {
    let nobody = [(
        "LAKEKEEPER__PG_DATABASE_URL_WRITE",
        "postgres://u:p@127.0.0.1:1/x",
    )];
    let ended = run(&["wait-for-db", "-r", "2", "-b", "0"], &nobody);
    assert_eq!(ended.status, 1, "{}", ended.err);
    assert_eq!(
        ended.out.matches("the database is not ready").count(),
        2,
        "{}",
        ended.out
    );
    assert!(
        ended
            .err
            .contains("cannot connect to the database as user `u` at 127.0.0.1:1"),
        "{}",
        ended.err
    );
}
