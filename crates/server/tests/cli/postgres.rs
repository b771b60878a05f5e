//! The binary on PostgreSQL. `LAKEKEEPER_TEST_PG_URL` names a server on which databases may be created.

use std::process::Stdio;

use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::program::{Run, Server, command, get, run};

/// An empty database that is dropped after the test.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn create() -> Self {
        let Some(server) = std::env::var_os("LAKEKEEPER_TEST_PG_URL") else {
            panic!(
                "no PostgreSQL: run `tests/with-services cargo test -p lakekeeper`, or set LAKEKEEPER_TEST_PG_URL"
            );
        };
        let server = server.into_string().unwrap();
        let name = format!("lakekeeper_cli_{}", Uuid::new_v4().simple());
        execute(&server, &format!("create database {name}"));
        Self { server, name }
    }

    fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    fn run(&self, words: &[&str]) -> Run {
        run(words, &[("LAKEKEEPER__PG_DATABASE_URL_WRITE", &self.url())])
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(
            &self.server,
            &format!("drop database {} with (force)", self.name),
        );
    }
}

fn execute(url: &str, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection): (Client, _) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(statement).await.unwrap();
    });
}

#[test]
fn waiting_tells_an_answering_database_from_a_migrated_one() {
    let database = Database::create();
    assert_eq!(database.run(&["wait-for-db", "-d", "-r", "0"]).status, 0);
    let early = database.run(&["wait-for-db", "-m", "-r", "0"]);
    assert_eq!(early.status, 1);
    assert!(
        early.err.contains("run `lakekeeper migrate`"),
        "{}",
        early.err
    );
    assert_eq!(database.run(&["migrate"]).status, 0);
    assert_eq!(database.run(&["wait-for-db", "-m", "-r", "0"]).status, 0);
    assert_eq!(database.run(&["healthcheck", "-d"]).status, 0);
}

#[test]
fn many_may_migrate_at_once() {
    let database = Database::create();
    let url = database.url();
    let started: Vec<_> = (0..4)
        .map(|_| {
            let mut migrate = command(&["migrate"], &[("LAKEKEEPER__PG_DATABASE_URL_WRITE", &url)]);
            migrate
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut migrate in started {
        assert!(migrate.wait().unwrap().success());
    }
}

#[test]
fn serve_needs_a_migrated_database_and_a_key() {
    let database = Database::create();
    let without_key = database.run(&["serve"]);
    assert_eq!(without_key.status, 78);
    let said = "LAKEKEEPER__PG_ENCRYPTION_KEY: is not set";
    assert!(without_key.err.contains(said), "{}", without_key.err);
    let (url, key) = (database.url(), ("LAKEKEEPER__PG_ENCRYPTION_KEY", "k"));
    let unprepared = run(
        &["serve"],
        &[("LAKEKEEPER__PG_DATABASE_URL_WRITE", &url), key],
    );
    assert_eq!(unprepared.status, 1);
    assert!(
        unprepared.err.contains("run `lakekeeper migrate`"),
        "{}",
        unprepared.err
    );
}

#[test]
fn serve_answers_from_postgres_after_migrating_if_told_to() {
    let database = Database::create();
    let url = database.url();
    let mut server = Server::start(
        &["serve"],
        &[
            ("LAKEKEEPER__PG_DATABASE_URL_WRITE", &url),
            ("LAKEKEEPER__PG_DATABASE_URL_READ", &url),
            ("LAKEKEEPER__PG_ENCRYPTION_KEY", "k"),
            ("LAKEKEEPER__DEBUG__MIGRATE_BEFORE_SERVE", "true"),
            ("LAKEKEEPER__BIND_IP", "127.0.0.1"),
            ("LAKEKEEPER__LISTEN_PORT", "0"),
            ("LAKEKEEPER__METRICS_PORT", "0"),
        ],
    );
    let line = server.line_with("\"serving\"");
    let api = line
        .split_once("\"api\":\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    assert_eq!(get(api, "/health").0, "HTTP/1.1 200 OK");
    assert_eq!(server.terminate(), 0);
}
