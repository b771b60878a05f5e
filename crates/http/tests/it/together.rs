//! Concurrent commits to one table: they are combined into few metadata files, and each gets its own outcome.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use http::header::RETRY_AFTER;
use model::{Bounds, EventKind};
use serde_json::{Value, json};
use testkit::{Answer, GateAuthorizer, TestApp, TestAppBuilder};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::set_property;

const TABLE: &str = "namespaces/ns/tables/t";

/// The folder with the table's metadata files.
fn metadata_folder(created: &Value) -> PathBuf {
    let location = created["metadata"]["location"].as_str().unwrap();
    let folder = location.strip_prefix("file://").unwrap_or(location);
    Path::new(folder).join("metadata")
}

/// The number of the table's metadata files.
fn metadata_files(created: &Value) -> usize {
    std::fs::read_dir(metadata_folder(created)).unwrap().count()
}

/// A table with a first commit that waits in the gate. Further commits queue behind it until the gate is opened.
struct Queue {
    app: TestApp,
    gate: Arc<GateAuthorizer>,
    created: Value,
    first: JoinHandle<Answer>,
}

impl Queue {
    async fn begin() -> Self {
        Self::with(TestApp::builder()).await
    }

    async fn with(builder: TestAppBuilder) -> Self {
        let gate = Arc::new(GateAuthorizer::default());
        let app = builder.authorizer(Arc::<GateAuthorizer>::clone(&gate));
        let app = app.start().await;
        app.namespace("ns").await;
        let created = app.table("ns", "t").await;
        let body = set_property(&created["metadata"]["table-uuid"], "first", "1");
        let first = app.post(app.at(TABLE), &body).into_future();
        let first = tokio::spawn(first);
        tokio::time::sleep(Duration::from_millis(100)).await;
        Self {
            app,
            gate,
            created,
            first,
        }
    }

    fn uuid(&self) -> &Value {
        &self.created["metadata"]["table-uuid"]
    }

    /// Sends a commit, which queues.
    async fn add(&self, body: &Value, key: Option<Uuid>) -> JoinHandle<Answer> {
        let call = self.app.post(self.app.at(TABLE), body);
        let call = match key {
            Some(key) => call.header("idempotency-key", key.to_string()),
            None => call,
        };
        let sent = tokio::spawn(call.into_future());
        // Gives the commit time to reach the queue before the next one.
        tokio::time::sleep(Duration::from_millis(20)).await;
        sent
    }

    async fn open(&mut self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.gate.open();
        (&mut self.first).await.unwrap().expect(200);
    }
}

#[tokio::test]
async fn those_that_wait_share_a_file_and_keep_their_events_and_keys() {
    let mut queue = Queue::begin().await;
    let mut sent = Vec::new();
    for n in 0..8 {
        let body = set_property(queue.uuid(), &format!("key-{n}"), "1");
        let key = (n % 2 == 0).then(Uuid::now_v7);
        sent.push((queue.add(&body, key).await, body, key));
    }
    queue.open().await;
    let mut locations = Vec::new();
    for (n, (answer, body, key)) in sent.into_iter().enumerate() {
        let answer = answer.await.unwrap().expect(200);
        assert_eq!(answer["metadata"]["properties"][format!("key-{n}")], "1");
        if key.is_some() {
            let again = queue.add(&body, key).await.await.unwrap();
            assert_eq!(again.expect(200), answer);
        }
        locations.push(answer["metadata-location"].clone());
    }
    locations.dedup();
    assert_eq!(locations.len(), 1, "{locations:?}");
    assert_eq!(metadata_files(&queue.created), 3);
    let loaded = queue.app.load("ns", "t").await;
    assert_eq!(loaded["metadata-location"], locations[0]);
    let log = loaded["metadata"]["metadata-log"].as_array().unwrap();
    assert_eq!(log.len(), 2);
    // Each commit has an event with its own updates.
    let events = queue.app.store.outbox_read(0, 100).await.unwrap();
    let events = events.iter().map(|row| &row.event);
    let updates: Vec<Value> = events
        .filter(|event| event.kind == EventKind::UpdateTable)
        .map(|event| serde_json::from_str(event.body.get()).unwrap())
        .collect();
    assert_eq!(updates.len(), 9);
    for told in &updates[1..] {
        assert_eq!(told["metadata-location"], locations[0]);
    }
    // In any order: on a busy machine, commits may have reached the queue in another order.
    for n in 0..8 {
        let expected =
            json!([{ "action": "set-properties", "updates": { format!("key-{n}"): "1" } }]);
        let told = updates.iter().filter(|told| told["updates"] == expected);
        assert_eq!(told.count(), 1, "key-{n}");
    }
}

#[tokio::test]
async fn one_that_is_refused_is_told_why_and_does_not_touch_the_others() {
    let mut queue = Queue::begin().await;
    let uuid = queue.uuid().clone();
    let set = |key: &str, value: &str| set_property(&uuid, key, value);
    let upgrade = |version: u8| {
        json!({ "requirements": [], "updates":
            [{ "action": "upgrade-format-version", "format-version": version }] })
    };
    let codec = "write.metadata.compression-codec";
    let cases = [
        (set("a", "1"), 200),
        (set_property(&json!(Uuid::new_v4()), "b", "1"), 409),
        (set("write.metadata.previous-versions-max", "many"), 400),
        (set(codec, "lzma"), 400),
        (set("write.data.path", "file:///elsewhere"), 400),
        (upgrade(9), 400),
        (json!({ "requirements": [], "updates": [] }), 200),
        (set("c", "1"), 200),
    ];
    let mut sent = Vec::new();
    for (body, _) in &cases {
        sent.push(queue.add(body, None).await);
    }
    queue.open().await;
    let together = join_all(sent).await;
    let files = metadata_files(&queue.created);
    assert_eq!(
        files, 3,
        "the table's, the first commit's, that of all others"
    );
    for ((body, status), together) in cases.iter().zip(together) {
        let together = together.unwrap();
        assert_eq!(together.status.as_u16(), *status, "{}", together.text());
        if *status != 200 {
            let alone = queue.app.post(queue.app.at(TABLE), body).await;
            assert_eq!(together.error(), alone.error());
        }
    }
    let properties = &queue.app.load("ns", "t").await["metadata"]["properties"];
    assert_eq!(
        (&properties["a"], &properties["c"]),
        (&json!("1"), &json!("1"))
    );
    assert!(properties.get("b").is_none() && properties.get(codec).is_none());
}

#[tokio::test]
async fn one_whose_caller_may_not_is_left_out() {
    let mut queue = Queue::begin().await;
    let mut sent = Vec::new();
    for n in 0..4 {
        let body = set_property(queue.uuid(), &format!("key-{n}"), "1");
        sent.push(queue.add(&body, None).await);
    }
    // Denies the first commit, and the first of those behind it.
    queue.gate.deny_next(2);
    tokio::time::sleep(Duration::from_millis(100)).await;
    queue.gate.open();
    assert_eq!((&mut queue.first).await.unwrap().error().0, 403);
    let statuses: Vec<u16> = join_all(sent)
        .await
        .into_iter()
        .map(|answer| answer.unwrap().status.as_u16())
        .collect();
    assert_eq!(statuses, [403, 200, 200, 200]);
    assert_eq!(metadata_files(&queue.created), 2);
}

#[tokio::test]
async fn of_those_that_want_the_same_step_the_first_makes_it() {
    let mut queue = Queue::begin().await;
    let now = queue.created["metadata"]["last-updated-ms"].clone();
    let mut sent = Vec::new();
    for id in 1..=6 {
        let body = json!({
            "requirements": [{ "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null }],
            "updates": [
                { "action": "add-snapshot", "snapshot": {
                    "snapshot-id": id, "sequence-number": 1, "timestamp-ms": now,
                    "manifest-list": "file:///nowhere/snap.avro", "summary": { "operation": "append" },
                } },
                { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id },
            ],
        });
        sent.push(queue.add(&body, Some(Uuid::now_v7())).await);
    }
    queue.open().await;
    let mut answers = join_all(sent).await.into_iter().map(Result::unwrap);
    let winner = answers.next().unwrap().expect(200);
    assert_eq!(winner["metadata"]["current-snapshot-id"], 1);
    for answer in answers {
        assert_eq!(answer.error().1, "CommitFailedException");
    }
    assert_eq!(metadata_files(&queue.created), 3);
}

#[tokio::test]
async fn twins_in_line_have_one_effect() {
    let mut queue = Queue::begin().await;
    let body = set_property(queue.uuid(), "a", "1");
    let key = Some(Uuid::now_v7());
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(queue.add(&body, key).await);
    }
    queue.open().await;
    let answers = join_all(sent).await.into_iter().map(|one| one.unwrap());
    let answers: Vec<Value> = answers.map(|answer| answer.expect(200)).collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(metadata_files(&queue.created), 3);
}

#[tokio::test]
async fn one_that_makes_the_metadata_too_large_does_not_take_others_with_it() {
    let builder = TestApp::builder().settings(|settings| settings.max_metadata_bytes = 4_000);
    let mut queue = Queue::with(builder).await;
    let mut sent = Vec::new();
    for length in [1, 4_000, 2] {
        let body = set_property(queue.uuid(), &format!("key-{length}"), &"x".repeat(length));
        sent.push(queue.add(&body, None).await);
    }
    queue.open().await;
    let answers = join_all(sent).await.into_iter().map(Result::unwrap);
    let statuses: Vec<u16> = answers.map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 400, 200]);
    let properties = &queue.app.load("ns", "t").await["metadata"]["properties"];
    assert_eq!(
        (&properties["key-1"], &properties["key-2"]),
        (&json!("x"), &json!("xx"))
    );
    assert!(properties.get("key-4000").is_none());
}

#[tokio::test]
async fn who_comes_too_late_after_one_that_is_refused_is_not_too_late() {
    let builder = TestApp::builder().settings(|settings| settings.max_metadata_bytes = 4_000);
    let mut queue = Queue::with(builder).await;
    let last = &queue.created["metadata"]["last-column-id"];
    let field = json!({ "id": 50, "name": "z", "type": "int", "required": false });
    let mut fields = queue.created["metadata"]["schemas"][0]["fields"].clone();
    fields.as_array_mut().unwrap().push(field);
    let schema = json!({ "type": "struct", "fields": fields });
    let commit = |length: usize| {
        let mut body = set_property(queue.uuid(), "large", &"x".repeat(length));
        body["requirements"] =
            json!([{ "type": "assert-last-assigned-field-id", "last-assigned-field-id": last }]);
        let add = json!({ "action": "add-schema", "schema": schema });
        body["updates"].as_array_mut().unwrap().push(add);
        body
    };
    let [large, small] = [4_000, 1].map(commit);
    let key = Some(Uuid::now_v7());
    let refused = queue.add(&large, None).await;
    let made = queue.add(&small, key).await;
    queue.open().await;
    assert_eq!(refused.await.unwrap().error().0, 400);
    made.await.unwrap().expect(200);
}

#[tokio::test]
async fn storage_that_fails_fails_all_of_them_and_nothing_is_changed() {
    let queue = Queue::begin().await;
    let mut sent = Vec::new();
    for n in 0..4 {
        let body = set_property(queue.uuid(), &format!("key-{n}"), "1");
        sent.push(queue.add(&body, None).await);
    }
    // Replace the metadata folder by a file, so that writes into it fail.
    let folder = metadata_folder(&queue.created);
    let aside = folder.with_extension("aside");
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "").unwrap();
    queue.gate.open();
    let (status, kind, _) = queue.first.await.unwrap().error();
    assert!(status >= 400);
    for answer in join_all(sent).await {
        let together = answer.unwrap().error();
        assert_eq!((together.0, &together.1), (status, &kind));
        assert!(together.2.contains("metadata.json"), "{}", together.2);
    }
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    assert_eq!(
        queue.app.load("ns", "t").await["metadata"],
        queue.created["metadata"]
    );
}

#[tokio::test]
async fn a_panic_leaves_nobody_without_an_answer() {
    let mut queue = Queue::begin().await;
    let mut sent = Vec::new();
    for n in 0..4 {
        let body = set_property(queue.uuid(), &format!("key-{n}"), "1");
        sent.push(queue.add(&body, None).await);
    }
    // The first commit passes alone; the panic hits the second of the group behind it.
    queue.gate.panic_after(2);
    queue.open().await;
    for answer in join_all(sent).await {
        let (status, _, _) = answer.unwrap().error();
        assert_eq!(status, 500);
    }
    let body = set_property(queue.uuid(), "after", "1");
    queue.add(&body, None).await.await.unwrap().expect(200);
}

#[tokio::test]
async fn a_line_that_is_full_refuses_with_a_time_to_come_back() {
    let mut queue = Queue::begin().await;
    let uri = queue.app.at(TABLE);
    // One more than the queue has room for beside the first commit.
    let mut sent: FuturesUnordered<_> = (0..Bounds::CHANGES_IN_LINE)
        .map(|n| {
            let key = format!("key-{n}");
            let body = set_property(queue.uuid(), &key, "1");
            let answer = tokio::spawn(queue.app.post(&uri, &body).into_future());
            async move { (key, answer.await.unwrap()) }
        })
        .collect();
    let (late, refused) = sent.next().await.unwrap();
    let (status, kind, message) = refused.error();
    assert_eq!(
        (status, kind.as_str()),
        (503, "ServiceUnavailableException")
    );
    assert!(message.contains("nothing was changed"), "{message}");
    assert!(refused.headers.contains_key(RETRY_AFTER));
    queue.open().await;
    while let Some((_, answer)) = sent.next().await {
        answer.expect(200);
    }
    let properties = &queue.app.load("ns", "t").await["metadata"]["properties"];
    assert!(properties.get(&late).is_none());
    assert!(metadata_files(&queue.created) < 40);
}

/// Appends a snapshot to the newest one, and retries conflicts until that succeeds.
async fn append(app: &TestApp, id: i64) {
    loop {
        let metadata = app.load("ns", "t").await["metadata"].clone();
        let current = metadata["current-snapshot-id"]
            .as_i64()
            .filter(|id| *id > 0);
        let number = metadata["last-sequence-number"].as_i64().unwrap() + 1;
        let mut snapshot = json!({
            "snapshot-id": id, "sequence-number": number, "timestamp-ms": metadata["last-updated-ms"],
            "manifest-list": "file:///nowhere/snap.avro", "summary": { "operation": "append" },
        });
        if let Some(current) = current {
            snapshot["parent-snapshot-id"] = json!(current);
        }
        let body = json!({
            "requirements": [{ "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": current }],
            "updates": [
                { "action": "add-snapshot", "snapshot": snapshot },
                { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id },
            ],
        });
        let answer = app.post(app.at(TABLE), &body).await;
        if answer.status != http::StatusCode::CONFLICT {
            answer.expect(200);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_clients_are_told_is_there() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let uuid = &created["metadata"]["table-uuid"];
    let clients = (0..32).map(|client| {
        let app = &app;
        async move {
            for n in 0..4 {
                let key = format!("key-{client}-{n}");
                let commit = app.post(app.at(TABLE), &set_property(uuid, &key, "1"));
                let answer = commit.await.expect(200);
                assert_eq!(answer["metadata"]["properties"][&key], "1");
            }
            if client < 8 {
                append(app, client + 1).await;
            }
        }
    });
    join_all(clients).await;
    let metadata = app.load("ns", "t").await["metadata"].clone();
    for (client, n) in (0..32).flat_map(|client| (0..4).map(move |n| (client, n))) {
        assert_eq!(metadata["properties"][format!("key-{client}-{n}")], "1");
    }
    let log = metadata["snapshot-log"].as_array().unwrap();
    let mut ids: Vec<i64> = log
        .iter()
        .map(|entry| entry["snapshot-id"].as_i64().unwrap())
        .collect();
    assert_eq!(metadata["last-sequence-number"], 8);
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8]);
    let files = metadata_files(&created);
    assert!(
        files < 32 * 4 / 2,
        "{files} files for {} commits",
        32 * 4 + 8
    );
}
