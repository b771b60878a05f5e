//! Redirects by a service, which no client may follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::token::stand_in::Seen;
use crate::{
    Location, Permission, Scope, StorageCredential, StorageProfile, open, table_bucket, vendor,
};

/// A service that redirects all requests to another one, and the number of requests that each got.
struct Redirecting {
    port: u16,
    asked: Arc<AtomicUsize>,
    followed: Arc<AtomicUsize>,
}

impl Redirecting {
    async fn start() -> Self {
        let followed = Arc::default();
        let (elsewhere, asked) = (serve(None, &followed).await, Arc::default());
        Self {
            port: serve(Some(elsewhere), &asked).await,
            asked,
            followed,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn assert_not_followed(&self) {
        assert!(self.asked.load(Ordering::Relaxed) > 0, "nobody asked");
        assert_eq!(self.followed.load(Ordering::Relaxed), 0);
    }
}

/// Counts the requests to a local port. Each is redirected to the port `to`, or answered with success if there is
/// none.
async fn serve(to: Option<u16>, count: &Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::clone(count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            Seen::read(&mut stream).await;
            let answer = match to {
                Some(to) => format!("307 Moved\r\nlocation: http://127.0.0.1:{to}/reload?x=1"),
                None => "200 OK".to_owned(),
            };
            let answer = format!(
                "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\netag: \"1\"\r\n\
                 last-modified: Sat, 21 Nov 2026 06:00:00 GMT\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    port
}

fn profile(json: &Value) -> StorageProfile {
    StorageProfile::from_json(json).unwrap()
}

fn access_key() -> StorageCredential {
    StorageCredential::from_json(&json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE", "secret-access-key": "hunter2",
    }))
    .unwrap()
}

fn bucket(more: &Value) -> StorageProfile {
    let mut json = json!({
        "type": "s3", "bucket": "lake", "region": "local-01", "flavor": "s3-compat", "path-style-access": true,
        "sts-enabled": true, "endpoint": "http://127.0.0.1:1",
    });
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    profile(&json)
}

async fn read(profile: &StorageProfile, credential: &StorageCredential) {
    let objects = open(profile, Some(credential)).unwrap();
    let at = profile.base_location().join("a").unwrap();
    let read = objects.read(&at, 1024).await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test]
async fn a_bucket_that_redirects_is_not_followed() {
    let service = Redirecting::start().await;
    read(&bucket(&json!({"endpoint": service.url()})), &access_key()).await;
    service.assert_not_followed();
}

#[tokio::test]
async fn a_filesystem_that_redirects_is_not_followed() {
    let service = Redirecting::start().await;
    let filesystem = profile(&json!({
        "type": "adls", "account-name": "account1", "filesystem": "lake", "host": format!("dfs.localhost:{}", service.port),
    }));
    let key = json!({"type": "az", "credential-type": "shared-access-key", "key": "aGk="});
    read(&filesystem, &StorageCredential::from_json(&key).unwrap()).await;
    service.assert_not_followed();
}

#[tokio::test]
async fn a_token_service_that_redirects_is_not_followed() {
    let service = Redirecting::start().await;
    let bucket = bucket(&json!({"sts-endpoint": service.url()}));
    let vendor = vendor(&bucket, Some(&access_key())).unwrap().unwrap();
    let scope = Scope {
        folder: Location::parse("s3://lake/orders").unwrap(),
        permission: Permission::Read,
    };
    assert!(vendor.vend(&scope).await.is_err());
    service.assert_not_followed();
}

#[tokio::test]
async fn a_table_bucket_that_redirects_is_not_followed() {
    let service = Redirecting::start().await;
    let tables = profile(&json!({
        "type": "s3-tables", "table-bucket-arn": "arn:aws:s3tables:local-01:000000000000:bucket/lake",
        "flavor": "s3-compat", "endpoint": service.url(), "region": "local-01", "sts-enabled": false,
    }));
    let bucket = table_bucket(&tables, Some(&access_key())).unwrap().unwrap();
    assert!(bucket.create_namespace("ns").await.is_err());
    service.assert_not_followed();
}
