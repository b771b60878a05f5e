//! Failures and unusual answers of Google's storage.

use std::sync::Arc;

use serde_json::json;

use super::super::stand_in::{Canned, GoogleStandIn, OWN_TOKEN, google};
use super::*;
use crate::credential::StorageCredential;
use crate::profile::StorageProfile;

struct Bucket {
    service: GoogleStandIn,
    objects: Arc<dyn Objects>,
    base: Location,
}

/// A bucket of a service that issues tokens as Google does, and gives one answer to all other requests.
async fn answering(status: u16, headers: &'static str, body: &'static str) -> Bucket {
    let service = GoogleStandIn::answering(Box::new(move |seen| match seen.target() {
        "POST /token" => google(seen),
        _ => Canned(status, headers, body.to_owned()),
    }))
    .await;
    let profile = json!({"type": "gcs", "bucket": "bucket-1", "key-prefix": "w h"});
    let credential =
        json!({"type": "gcs", "credential-type": "service-account-key", "key": service.key()});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    Bucket {
        objects: crate::open(&profile, Some(&credential)).unwrap(),
        base: profile.base_location(),
        service,
    }
}

impl Bucket {
    fn at(&self, relative: &str) -> Location {
        self.base.join(relative).unwrap()
    }

    async fn write(&self) -> Result<(), ObjectError> {
        self.objects
            .write_new(&self.at("a%2Fb"), Bytes::from_static(b"x"))
            .await
    }

    fn requests(&self) -> Vec<String> {
        let mut targets = self.service.targets();
        targets.retain(|target| target != "POST /token");
        targets
    }
}

#[tokio::test]
async fn requests_name_the_object_literally_and_carry_the_token() {
    let bucket = answering(200, "", "content").await;
    let at = bucket.at("a%2Fb");
    assert_eq!(bucket.objects.read(&at, 100).await.unwrap(), "content");
    bucket.write().await.unwrap();
    bucket.objects.delete(&at).await.unwrap();
    assert_eq!(
        bucket.requests(),
        [
            "GET /storage/v1/b/bucket-1/o/w%20h%2Fa%252Fb?alt=media",
            "POST /upload/storage/v1/b/bucket-1/o?uploadType=media&name=w+h%2Fa%252Fb&ifGenerationMatch=0",
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Fa%252Fb",
        ]
    );
    let seen = bucket.service.seen();
    let bearer = format!("Bearer {OWN_TOKEN}");
    for request in seen.iter().filter(|seen| seen.target() != "POST /token") {
        assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    }
}

#[tokio::test]
async fn listings_tell_markers_of_folders_apart_and_go_on_at_the_token() {
    let listing = r#"{"items": [{"name": "w h/t/"}, {"name": "w h/t/a", "size": "7"}, {"name": "w h/t/b/"}], "nextPageToken": "n=1"}"#;
    let bucket = answering(200, "", listing).await;
    let page = PageRequest {
        after: Some(PageToken("a&b".to_owned())),
        limit: 7,
    };
    let found = bucket.objects.list_prefix(&bucket.at("t"), page).await;
    let found = found.unwrap();
    assert_eq!(found.locations, [bucket.at("t/a")]);
    let markers = ["t/", "t/b/"].map(|relative| bucket.base.join_listed(relative).unwrap());
    assert_eq!(found.markers, markers);
    assert_eq!(found.next, Some(PageToken("n=1".to_owned())));
    assert_eq!(
        bucket.requests(),
        [
            "GET /storage/v1/b/bucket-1/o?prefix=w+h%2Ft%2F&maxResults=7&fields=items%28name%2Csize%29%2CnextPageToken&pageToken=a%26b"
        ]
    );
}

#[tokio::test]
async fn what_is_listed_is_deleted_whatever_it_is_called() {
    let listing = r#"{"items": [{"name": "w h/t//a"}, {"name": "w h/t/../b"}, {"name": "w h/t/c\u0001"}, {"name": "w h/t/."}, {"name": "w h/t/"}, {"name": "w h/t/d/"}]}"#;
    let bucket = answering(200, "", listing).await;
    let confirm = |_| std::future::ready(Ok::<_, ObjectError>(()));
    let outcome = crate::delete_prefix(bucket.objects.as_ref(), &bucket.at("t"), confirm).await;
    let error = outcome.unwrap_err().report();
    assert!(error.contains("such as `w h/t/c\\u{1}`: delete"), "{error}");
    let mut deleted = bucket.requests().split_off(1);
    deleted.sort();
    assert_eq!(
        deleted,
        [
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Ft%2F",
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Ft%2F%2Fa",
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Ft%2F.",
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Ft%2F..%2Fb",
            "DELETE /storage/v1/b/bucket-1/o/w%20h%2Ft%2Fd%2F",
        ]
    );
}

#[tokio::test]
async fn a_page_may_be_empty_and_not_the_last() {
    let bucket = answering(200, "", r#"{"nextPageToken": "on"}"#).await;
    let found = bucket
        .objects
        .list_prefix(&bucket.base, PageRequest::first())
        .await;
    assert!(found.unwrap().next.is_some());
}

#[tokio::test]
async fn answers_are_told_apart() {
    let reason = |code: u16, reason: &str, message: &str| {
        let body =
            json!({"error": {"code": code, "message": message, "errors": [{"reason": reason}]}});
        body.to_string().leak() as &'static str
    };
    for (status, body, expected, tries) in [
        (
            412,
            reason(412, "conditionNotMet", "Precondition"),
            "AlreadyExists",
            1,
        ),
        (
            401,
            reason(401, "authError", "Invalid"),
            "PermissionDenied",
            1,
        ),
        (
            403,
            reason(403, "forbidden", "no storage.objects.create"),
            "PermissionDenied",
            1,
        ),
        (
            403,
            reason(403, "userRateLimitExceeded", "slow"),
            "Unavailable",
            4,
        ),
        (
            404,
            reason(404, "notFound", "The specified bucket does not exist."),
            "Invalid",
            1,
        ),
        (400, reason(400, "invalid", "Bad"), "Invalid", 1),
        (301, "", "Invalid", 1),
        (409, reason(409, "conflict", "edited"), "Unavailable", 4),
        (
            429,
            reason(429, "rateLimitExceeded", "slow"),
            "Unavailable",
            4,
        ),
        (503, "<html>", "Unavailable", 4),
    ] {
        let bucket = answering(status, "", body).await;
        let error = bucket.write().await.unwrap_err();
        let shown = format!("{error:?} {}", error.report());
        assert!(shown.starts_with(expected), "{status}: {shown}");
        assert!(shown.contains(&status.to_string()), "{shown}");
        assert_eq!(bucket.requests().len(), tries, "{shown}");
    }
}

#[tokio::test]
async fn what_is_missing_counts_as_deleted_unless_it_is_the_bucket() {
    let bucket = answering(404, "", r#"{"error": {"message": "No such object"}}"#).await;
    bucket.objects.delete(&bucket.at("a")).await.unwrap();
    bucket
        .objects
        .delete_batch(vec![bucket.at("a"), bucket.at("b")])
        .await
        .unwrap();
    let missing = r#"{"error": {"message": "The specified bucket does not exist."}}"#;
    let bucket = answering(404, "", missing).await;
    let error = bucket.objects.delete(&bucket.at("a")).await.unwrap_err();
    assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
}

#[tokio::test]
async fn an_object_that_is_too_large_is_not_read() {
    let bucket = answering(200, "", "0123456789").await;
    let error = bucket.objects.read(&bucket.at("a"), 9).await.unwrap_err();
    assert!(
        matches!(
            error,
            ObjectError::TooLarge {
                size: 10,
                max: 9,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_sign_in_is_a_refused_access_without_secrets() {
    let service = GoogleStandIn::answering(Box::new(|_| {
        let body = json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
        Canned(400, "", body.to_string())
    }))
    .await;
    let profile = json!({"type": "gcs", "bucket": "bucket-1"});
    let key = service.key();
    let credential = json!({"type": "gcs", "credential-type": "service-account-key", "key": key});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    let objects = crate::open(&profile, Some(&credential)).unwrap();
    let at = profile.base_location().join("a").unwrap();
    let error = objects.read(&at, 1).await.unwrap_err();
    let shown = format!("{} {error:?} {objects:?}", error.report());
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{shown}"
    );
    assert!(
        shown.contains("Invalid JWT Signature. (400 invalid_grant)"),
        "{shown}"
    );
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
}
