//! The identity that AWS gives a process, with a real S3 behind it.
//!
//! A process gets it from environment variables, which the tests of one process share: so each test runs itself again
//! in a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests: a broken service fails the test, and the child's words are passed on"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use objects::{Permission, Scope, StorageCredential, StorageProfile};
use serde_json::json;

use crate::s3::Service;

const CHILD: &str = "LAKEKEEPER_TEST_IS_CHILD";

/// Runs the test of this name in a process with these environment variables.
fn run_alone(test: &str, variables: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&format!("s3_identity::{test}"), "--exact", "--nocapture"])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"));
}

/// The steps of every child: the server's own access, with nothing but the identity in the environment.
async fn access_bucket(service: &Service) -> (StorageProfile, StorageCredential) {
    let mut profile = service.profile();
    profile["sts-enabled"] = json!(true);
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = json!({"type": "s3", "credential-type": "aws-system-identity"});
    let credential = StorageCredential::from_json(&credential).unwrap();
    let own = objects::open(&profile, Some(&credential)).unwrap();
    objects::validate_access(own.as_ref(), &profile.base_location())
        .await
        .unwrap();
    (profile, credential)
}

#[tokio::test]
async fn variables_are_an_identity_that_can_vend() {
    let Some(service) = Service::from_env() else {
        return;
    };
    if std::env::var_os(CHILD).is_none() {
        let key = service.credential();
        let variables = [
            ("AWS_ACCESS_KEY_ID", key["access-key-id"].as_str().unwrap()),
            (
                "AWS_SECRET_ACCESS_KEY",
                key["secret-access-key"].as_str().unwrap(),
            ),
        ];
        return run_alone("variables_are_an_identity_that_can_vend", &variables);
    }
    let (profile, credential) = access_bucket(&service).await;
    let vendor = objects::vendor(&profile, Some(&credential)).unwrap();
    let scope = Scope {
        folder: profile.base_location().join("t").unwrap(),
        permission: Permission::Read,
    };
    let vended = vendor.unwrap().vend(&scope).await.unwrap();
    objects::open_vended(&profile, &vended).unwrap();
}

#[tokio::test]
async fn a_role_of_the_instance_is_an_identity() {
    let Some(service) = Service::from_env() else {
        return;
    };
    if std::env::var_os(CHILD).is_none() {
        let endpoint = InstanceMetadataStandIn::start(keys_with_token(&service).await);
        return run_alone(
            "a_role_of_the_instance_is_an_identity",
            &[("AWS_METADATA_ENDPOINT", &endpoint)],
        );
    }
    access_bucket(&service).await;
}

/// Keys in the form that an instance gets, and that the store accepts: those of a session.
async fn keys_with_token(service: &Service) -> String {
    let mut profile = service.profile();
    profile["sts-enabled"] = json!(true);
    profile["key-prefix"] = json!("objects-tests");
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&service.credential()).unwrap();
    let vendor = objects::vendor(&profile, Some(&credential)).unwrap();
    let scope = Scope {
        folder: profile.base_location(),
        permission: Permission::Write,
    };
    let vended = vendor.unwrap().vend(&scope).await.unwrap();
    let get = |name: &str| {
        let found = vended.config.iter().find(|(given, _)| given == name);
        found.unwrap().1.expose().clone()
    };
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
        "Expiration": "2100-01-01T00:00:00Z", "AccessKeyId": get("s3.access-key-id"),
        "SecretAccessKey": get("s3.secret-access-key"), "Token": get("s3.session-token"),
    })
    .to_string()
}

/// Answers the three requests of version 2 of an instance's metadata service, and no others.
struct InstanceMetadataStandIn;

impl InstanceMetadataStandIn {
    fn start(keys: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &keys);
            }
        });
        endpoint
    }
}

fn answer(mut stream: TcpStream, keys: &str) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = head.next().unwrap().unwrap();
    let rest: Vec<String> = head
        .map(Result::unwrap)
        .take_while(|line| !line.is_empty())
        .collect();
    let has_token = rest.iter().any(|line| line.ends_with("a-token"));
    let target = first.trim_end_matches(" HTTP/1.1");
    let roles = "GET /latest/meta-data/iam/security-credentials/";
    let body = match target.strip_prefix(roles) {
        None if target == "PUT /latest/api/token" => "a-token",
        Some("") if has_token => "the-role",
        Some("the-role") if has_token => keys,
        _ => panic!("{first} {rest:?}"),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
}
