//! Signed requests that a client alters before it sends them to a real S3: signed by the warehouse's own key, and by
//! sessions.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: whatever is wrong fails the test, and fields of JSON are made by indexing"
)]

use objects::{SignError, SignedRequest};
use serde_json::json;

use crate::s3::Service;
use crate::s3_signed::Engine;

const SECRET: &str = "of another table";

/// Two tables of one warehouse; `victim` has a file `secret`.
struct Tables {
    own: Engine,
    victim: Engine,
}

impl Tables {
    /// First with the warehouse's own key as signer, then with sessions.
    async fn start() -> Vec<Self> {
        let Some(service) = Service::from_env() else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for sts in [false, true] {
            let mut profile = service.profile();
            profile["sts-enabled"] = json!(sts);
            profile["sts-token-validity-seconds"] = json!(900);
            let own = Engine::of(&service, &profile, "own");
            let victim = Engine::of(&service, &profile, "victim");
            victim.call("PUT", victim.uri("secret"), SECRET).await;
            all.push(Self { own, victim });
        }
        all
    }

    /// The content of a file in the victim's table, read with a signature for that table.
    async fn found(&self, name: &str) -> Option<String> {
        let uri = self.victim.uri(name);
        let signed = self.victim.signed("GET", uri, None).await;
        let response = self.victim.send("GET", &signed, "").await;
        match response.status().as_u16() {
            200 => Some(response.text().await.unwrap()),
            _ => None,
        }
    }

    /// Sends the signed request with an additional header, and returns whether it is refused.
    async fn is_refused(&self, signed: &SignedRequest, header: (&str, &str), body: &str) -> bool {
        let (name, value) = header;
        let mut added = signed.clone();
        let values = added.headers.entry(name.to_owned()).or_default();
        values.push(value.to_owned());
        let mut replaced = signed.clone();
        replaced
            .headers
            .insert(name.to_owned(), vec![value.to_owned()]);
        let mut refused = true;
        for altered in [added, replaced] {
            let status = self.own.send("PUT", &altered, body).await.status();
            refused &= matches!(status.as_u16(), 400 | 403 | 412);
        }
        refused
    }
}

#[tokio::test]
async fn a_write_is_not_turned_into_a_copy_of_what_is_elsewhere() {
    for tables in Tables::start().await {
        let own = &tables.own;
        let source = tables.victim.copy_source("secret");
        let begun = own.call("POST", own.uri("parts") + "?uploads", "").await;
        let begun = begun.text().await.unwrap();
        let (_, rest) = begun.split_once("<UploadId>").unwrap();
        let (upload, _) = rest.split_once("</UploadId>").unwrap();
        let part = format!("{}?partNumber=1&uploadId={upload}", own.uri("parts"));
        for uri in [own.uri("stolen"), part] {
            let signed = own.signed("PUT", uri, None).await;
            let copy = ("x-amz-copy-source", source.as_str());
            assert!(tables.is_refused(&signed, copy, "").await, "{signed:?}");
            let mut unguarded = signed.clone();
            if unguarded
                .headers
                .remove("x-amz-copy-source-if-match")
                .is_some()
            {
                assert!(tables.is_refused(&unguarded, copy, "").await);
            }
            // The signature still works for the request that was signed.
            assert_eq!(own.send("PUT", &signed, "rows").await.status(), 200);
        }
        let read = own.call("GET", own.uri("stolen"), "").await;
        assert_eq!(read.text().await.unwrap(), "rows");
    }
}

#[tokio::test]
async fn a_copy_within_the_table_is_signed_as_one() {
    for Tables { own, .. } in Tables::start().await {
        own.call("PUT", own.uri("a"), "rows").await;
        let source = ("x-amz-copy-source", own.copy_source("a"));
        let signed = own.sign(own.request("PUT", own.uri("b"), &[source])).await;
        assert_eq!(own.send("PUT", &signed, "").await.status(), 200);
        let read = own.call("GET", own.uri("b"), "").await;
        assert_eq!(read.text().await.unwrap(), "rows");
    }
}

/// An archive with one file: a header of 512 bytes, the content padded to another 512 bytes, and two empty blocks.
fn archive(name: &str) -> String {
    let mut header = vec![0_u8; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(124, "00000000004\0");
    put(136, "14371573400\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend(b"evil");
    header.resize(512 * 4, 0);
    String::from_utf8(header).unwrap()
}

#[tokio::test]
async fn a_write_is_not_unpacked_into_other_folders() {
    for tables in Tables::start().await {
        let own = &tables.own;
        let archive = archive(&tables.victim.key("evil"));
        let signed = own.signed("PUT", own.uri("archive"), None).await;
        let unpack = ("x-amz-meta-snowball-auto-extract", "true");
        assert!(tables.is_refused(&signed, unpack, &archive).await);
        assert_eq!(tables.found("evil").await, None);
        let prefix = tables.victim.key("");
        let elsewhere = ("x-amz-meta-minio-snowball-prefix", prefix.as_str());
        let mut both = signed.clone();
        both.headers
            .insert(unpack.0.to_owned(), vec![unpack.1.to_owned()]);
        assert!(tables.is_refused(&both, elsewhere, &archive).await);
        assert_eq!(tables.found("secret").await.as_deref(), Some(SECRET));
    }
}

#[tokio::test]
async fn a_host_that_the_store_ignores_leads_to_no_other_table() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let bucket = &service.bucket;
    let victim = Engine::of(&service, &service.profile(), "victim");
    victim.call("PUT", victim.uri("secret"), SECRET).await;
    // Without a configured domain, MinIO takes the first segment of the path for the bucket. So it takes this file of
    // `s3://bucket/bucket/victim` for a file of `s3://bucket/victim`.
    let host = format!("{bucket}.store.example:9000");
    let uri = format!("http://{host}/{bucket}/{}", victim.key("secret"));
    let mut profile = service.profile();
    profile["key-prefix"] = json!(bucket);
    profile["endpoint"] = json!("http://store.example:9000");
    let folder = victim.key("");
    let folder = folder.trim_end_matches('/');
    let catalog = Engine::of(&service, &profile, folder);
    let refused = catalog.understood(catalog.request("GET", uri.clone(), &[]));
    assert!(
        matches!(refused, Err(SignError::Host { .. })),
        "{refused:?}"
    );

    // What could be done with such a signature.
    profile["remote-signing-url-style"] = json!("virtual_host");
    let misled = Engine::of(&service, &profile, folder);
    let mut signed = misled.signed("GET", uri, None).await;
    signed.uri = victim.uri("secret");
    signed.headers.insert("Host".to_owned(), vec![host]);
    let read = misled.send("GET", &signed, "").await;
    assert_eq!(read.text().await.unwrap(), SECRET);
}

#[tokio::test]
async fn what_a_session_signs_deletes_nothing_elsewhere() {
    let Some(tables) = Tables::start().await.pop() else {
        return;
    };
    let own = &tables.own;
    own.call("PUT", own.uri("a"), "a").await;
    let body = |key: String| format!("<Delete><Object><Key>{key}</Key></Object></Delete>");
    let (mine, other) = (body(own.key("a")), body(tables.victim.key("secret")));
    let signed = own
        .signed("POST", own.bucket_uri() + "?delete", Some(&mine))
        .await;
    let answer = own
        .send("POST", &signed, &other)
        .await
        .text()
        .await
        .unwrap();
    assert!(!answer.contains("<Deleted>"), "{answer}");
    assert_eq!(tables.found("secret").await.as_deref(), Some(SECRET));
    assert_eq!(own.send("POST", &signed, &mine).await.status(), 200);
    let signed = own.signed("GET", own.uri("a"), None).await;
    assert_eq!(own.send("GET", &signed, "").await.status(), 404);
}
