//! Connections to PostgreSQL that break between COMMIT and its confirmation: the outcome is unknown then, and the answer says
//! so. Runs only if `LAKEKEEPER_TEST_PG_URL` names a server.

mod proxy;

use std::sync::Arc;

use model::EventKind;
use serde_json::{Value, json};
use store::Store;
use store_postgres::{PostgresConfig, PostgresStore, TemporaryDatabase};
use testkit::{Answer, Call, TestApp};
use uuid::Uuid;

use crate::set_property;
use proxy::{Cut, Proxy};

const TABLE: &str = "namespaces/ns/tables/t";

/// A catalog with a table, whose database is behind a proxy.
struct Behind {
    app: TestApp,
    table: Value,
    proxy: Proxy,
    #[expect(dead_code, reason = "removed when dropped")]
    database: TemporaryDatabase,
}

impl Behind {
    async fn start() -> Option<Self> {
        let url = std::env::var_os("LAKEKEEPER_TEST_PG_URL")?;
        let database = TemporaryDatabase::create(url.to_str().unwrap()).await;
        let database = database.unwrap();
        let proxy = Proxy::start(database.url()).await;
        let store = PostgresStore::connect(PostgresConfig::new(&proxy.url)).await;
        let store: Arc<dyn Store> = Arc::new(store.unwrap());
        let app = TestApp::builder().store(store).start().await;
        app.namespace("ns").await;
        let table = app.table("ns", "t").await;
        Some(Self {
            app,
            table,
            proxy,
            database,
        })
    }

    /// The answer to a call during which the connection breaks.
    async fn asked(&self, call: Call, cut: Cut) -> Answer {
        self.proxy.cut(cut);
        let answer = call.await;
        assert!(self.proxy.has_cut());
        answer
    }

    /// Expects a call during which the connection breaks to be answered with an unknown outcome.
    async fn asked_in_vain(&self, call: Call, cut: Cut) {
        let (status, kind, message) = self.asked(call, cut).await.error();
        assert_eq!(
            (status, kind.as_str()),
            (500, "CommitStateUnknownException"),
            "{message}"
        );
    }

    fn commit(&self) -> Call {
        let uuid = &self.table["metadata"]["table-uuid"];
        let body = set_property(uuid, "a", "1");
        self.app.post(self.app.at(TABLE), &body)
    }

    /// The number of commits to the table.
    async fn age(&self) -> usize {
        let table = self.app.load("ns", "t").await;
        let log = table["metadata"]["metadata-log"].as_array();
        log.map_or(0, Vec::len)
    }

    fn metadata_files(&self) -> usize {
        let location = self.table["metadata"]["location"].as_str().unwrap();
        let folder = location.strip_prefix("file://").unwrap();
        std::fs::read_dir(format!("{folder}/metadata"))
            .unwrap()
            .count()
    }

    async fn events(&self, kind: EventKind) -> usize {
        let rows = self.app.store.outbox_read(0, 1_000).await.unwrap();
        rows.iter().filter(|row| row.event.kind == kind).count()
    }
}

fn keyed(call: Call, key: Uuid) -> Call {
    call.header("idempotency-key", key.to_string())
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_done_by_its_key() {
    let Some(behind) = Behind::start().await else {
        return;
    };
    let key = Uuid::now_v7();
    let lost = keyed(behind.commit(), key);
    // The idempotency record shows that the commit has happened.
    let first = behind.asked(lost, Cut::Committed).await.expect(200);
    assert_eq!(behind.metadata_files(), 2);
    let again = keyed(behind.commit(), key).await.expect(200);
    assert_eq!(first, again);
    assert_eq!(again["metadata"]["properties"]["a"], "1");
    assert_eq!((behind.age().await, behind.metadata_files()), (1, 2));
    assert_eq!(behind.events(EventKind::UpdateTable).await, 1);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_refused_when_it_comes_again_without_a_key() {
    let Some(behind) = Behind::start().await else {
        return;
    };
    let snapshot = json!({
        "snapshot-id": 1, "sequence-number": 1, "timestamp-ms": behind.table["metadata"]["last-updated-ms"],
        "manifest-list": "snap.avro", "summary": { "operation": "append" }, "schema-id": 0,
    });
    let body = json!({
        "requirements": [{ "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null }],
        "updates": [
            { "action": "add-snapshot", "snapshot": snapshot },
            { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1 },
        ],
    });
    let uri = behind.app.at(TABLE);
    let lost = behind.app.post(&uri, &body);
    behind.asked_in_vain(lost, Cut::Swapped).await;
    let (status, kind, _) = behind.app.post(&uri, &body).await.error();
    assert_eq!((status, kind.as_str()), (409, "CommitFailedException"));
    assert_eq!((behind.age().await, behind.metadata_files()), (1, 2));
    assert_eq!(behind.events(EventKind::UpdateTable).await, 1);
}

#[tokio::test]
async fn a_commit_that_is_lost_on_its_way_is_unknown_too_and_happens_when_it_comes_again() {
    let Some(behind) = Behind::start().await else {
        return;
    };
    let key = Uuid::now_v7();
    let lost = keyed(behind.commit(), key);
    behind.asked_in_vain(lost, Cut::Commit).await;
    assert_eq!((behind.age().await, behind.metadata_files()), (0, 2));
    keyed(behind.commit(), key).await.expect(200);
    assert_eq!((behind.age().await, behind.metadata_files()), (1, 3));
    assert_eq!(behind.events(EventKind::UpdateTable).await, 1);
}

#[tokio::test]
async fn other_changes_whose_answer_is_lost_end_right_by_their_keys() {
    let Some(behind) = Behind::start().await else {
        return;
    };
    let app = &behind.app;
    let twice = async |call: &dyn Fn() -> Call| -> Answer {
        let key = Uuid::now_v7();
        let lost = keyed(call(), key);
        let first = behind.asked(lost, Cut::Committed).await;
        let again = keyed(call(), key).await;
        assert_eq!(first.status, again.status, "{}", first.text());
        again
    };
    let namespace = json!({ "namespace": ["other"] });
    let made = twice(&|| app.post(app.at("namespaces"), &namespace)).await;
    made.expect(200);
    let table = testkit::table("u");
    let made = twice(&|| app.post(app.at("namespaces/other/tables"), &table)).await;
    made.expect(200);
    let rename = json!({
        "source": { "namespace": ["other"], "name": "u" },
        "destination": { "namespace": ["other"], "name": "v" },
    });
    let renamed = twice(&|| app.post(app.at("tables/rename"), &rename)).await;
    renamed.expect(204);
    let purge = "namespaces/other/tables/v?purgeRequested=true";
    twice(&|| app.delete(app.at(purge))).await.expect(204);
    let dropped = twice(&|| app.delete(app.at("namespaces/other"))).await;
    dropped.expect(204);
    for kind in [
        EventKind::RenameTable,
        EventKind::DropTable,
        EventKind::DropNamespace,
    ] {
        assert_eq!(behind.events(kind).await, 1, "{kind}");
    }
    // `ns` and `t` were there before.
    assert_eq!(behind.events(EventKind::CreateNamespace).await, 2);
    assert_eq!(behind.events(EventKind::CreateTable).await, 2);
}
