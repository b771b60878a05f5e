//! A webhook gets every event even if the server is killed repeatedly.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use events::conformance::Receiver;
use serde_json::Value;

use crate::program::get;
use crate::serve::serve;

/// The status of the answer to a `POST`; `None` if the server did not answer.
fn post(address: &str, path: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// All events of `GET /management/v1/events`.
fn feed(address: &str) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let (_, page) = get(address, &format!("/management/v1/events{query}"));
        let page: Value = serde_json::from_str(&page).unwrap();
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().cloned());
        query = format!("?pageToken={}", page["next-page-token"].as_str().unwrap());
    }
}

/// The ids of the events about each subject, in order and without repetitions.
fn by_subject(events: &[Value]) -> HashMap<String, Vec<String>> {
    let (mut subjects, mut seen) = (HashMap::<String, Vec<String>>::new(), HashSet::new());
    for event in events {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        if seen.insert(text("id")) {
            subjects
                .entry(text("subject"))
                .or_default()
                .push(text("id"));
        }
    }
    subjects
}

/// Renames projects until `enough`; returns how many renames were acknowledged.
fn rename(api: &str, enough: impl Fn(usize) -> bool) -> usize {
    let mut acknowledged = 0;
    while !enough(acknowledged) {
        let path = format!("/management/v1/project/p{}/rename", acknowledged % 3);
        let body = format!("{{\"new-name\":\"name {acknowledged}\"}}");
        assert_eq!(post(api, &path, &body), Some(200));
        acknowledged += 1;
    }
    acknowledged
}

#[test]
fn after_kills_the_webhook_has_every_change_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let receiver = runtime.block_on(Receiver::start());
    let webhook = [("LAKEKEEPER__WEBHOOK_URL", receiver.address.as_str())];
    let (mut got, mut acknowledged) = (Vec::<Value>::new(), 0);
    let take = |got: &mut Vec<Value>| {
        let new = receiver.take();
        got.extend(
            new.iter()
                .map(|one| serde_json::from_str(&one.body).unwrap()),
        );
        new.len()
    };
    for kill in 0..2 {
        let (server, api, _) = serve(&database, &webhook);
        if kill == 0 {
            let body = "{\"accept-terms-of-use\":true}";
            assert_eq!(post(&api, "/management/v1/bootstrap", body), Some(204));
            for project in ["p0", "p1", "p2"] {
                let body = format!("{{\"project-name\":\"a\",\"project-id\":\"{project}\"}}");
                assert_eq!(post(&api, "/management/v1/project", &body), Some(201));
            }
        }
        // The process that was killed keeps its claim on the sink for some seconds.
        let end = Instant::now() + Duration::from_mins(1);
        let flowing = |_| {
            assert!(Instant::now() < end, "nothing arrives");
            !receiver.is_empty()
        };
        acknowledged += rename(&api, flowing);
        acknowledged += rename(&api, |count| count == 50);
        server.kill();
        take(&mut got);
    }
    let (_server, api, _) = serve(&database, &webhook);
    let told = feed(&api);
    let renames = told.iter().filter(|event| event["type"] == "renameProject");
    assert_eq!(renames.count(), acknowledged);
    let expected = by_subject(&told);
    let end = Instant::now() + Duration::from_mins(1);
    while by_subject(&got).values().map(Vec::len).sum::<usize>() < told.len() {
        assert!(Instant::now() < end, "{} of {}", got.len(), told.len());
        std::thread::sleep(Duration::from_millis(50));
        take(&mut got);
    }
    assert_eq!(by_subject(&got), expected);
}
