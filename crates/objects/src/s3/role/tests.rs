//! Keys of a role: shared, renewed, and not lost while the service is away.

use futures::future::join_all;
use serde_json::json;

use super::*;
use crate::s3::sts::tests::{granted, refused};
use crate::token::stand_in::TokenServiceStandIn;
use crate::{ObjectError, StorageCredential, StorageProfile};

const HOUR: Duration = Duration::from_hours(1);

fn configured(endpoint: &str) -> (StorageProfile, StorageCredential) {
    let profile = json!({
        "type": "s3", "bucket": "bucket", "region": "eu-central-1", "sts-enabled": false,
        "assume-role-arn": "arn:aws:iam::1:role/r", "endpoint": endpoint, "path-style-access": true,
    });
    let credential = json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE",
        "secret-access-key": "hunter2", "external-id": "ext1",
    });
    (
        StorageProfile::from_json(&profile).unwrap(),
        StorageCredential::from_json(&credential).unwrap(),
    )
}

fn role(endpoint: &str) -> AssumedRole {
    match configured(endpoint) {
        (StorageProfile::S3(profile), StorageCredential::S3(credential)) => {
            let sts = Sts::open(&profile, &credential).unwrap();
            AssumedRole::new(sts, "arn:aws:iam::1:role/r")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn concurrent_requests_share_one_call() {
    let service = TokenServiceStandIn::answering(vec![granted("ASIA1", HOUR)]).await;
    let role = role(&service.url);
    let all = join_all((0..50).map(|_| role.get_credential())).await;
    for credential in all {
        assert_eq!(credential.unwrap().key_id, "ASIA1");
    }
    let form = service.only().form();
    assert_eq!(form["RoleArn"], "arn:aws:iam::1:role/r");
    assert_eq!(form["ExternalId"], "ext1");
    assert_eq!(form["RoleSessionName"], "lakekeeper");
    assert!(!form.contains_key("Policy"));
}

#[tokio::test]
async fn keys_are_renewed_before_they_end() {
    let nearly_over = Duration::from_mins(4);
    let answers = vec![granted("ASIA1", nearly_over), granted("ASIA2", HOUR)];
    let service = TokenServiceStandIn::answering(answers).await;
    let role = role(&service.url);
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(role.get_credential().await.unwrap().key_id.clone());
    }
    assert_eq!(keys, ["ASIA1", "ASIA2", "ASIA2"]);
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test]
async fn living_keys_outlast_a_service_that_fails() {
    let living = granted("ASIA1", Duration::from_mins(4));
    let answers = vec![living, refused(403, "AccessDenied", "No.")];
    let service = TokenServiceStandIn::answering(answers).await;
    let role = role(&service.url);
    for _ in 0..3 {
        assert_eq!(role.get_credential().await.unwrap().key_id, "ASIA1");
    }
    // The failure is remembered for a while, so the service is not asked again at once.
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test]
async fn a_refused_role_is_denied_access_to_the_bucket() {
    let service = TokenServiceStandIn::answering(vec![refused(403, "AccessDenied", "No.")]).await;
    let (profile, credential) = configured(&service.url);
    let objects = crate::open(&profile, Some(&credential)).unwrap();
    let at = profile.base_location().join("x").unwrap();
    let error = objects.read(&at, 10).await.unwrap_err();
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    assert!(error.report().contains("No. (403 AccessDenied)"), "{error}");
    assert!(!format!("{error:?} {objects:?}").contains("hunter2"));
}
