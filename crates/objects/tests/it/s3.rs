//! Tests with a real S3, if `LAKEKEEPER_TEST_S3_ENDPOINT` is set.
//!
//! `LAKEKEEPER_TEST_S3_BUCKET`, `LAKEKEEPER_TEST_S3_ACCESS_KEY_ID` and `LAKEKEEPER_TEST_S3_SECRET_ACCESS_KEY` must be
//! set too; `LAKEKEEPER_TEST_S3_REGION` is `us-east-1` by default. The bucket must exist. Without the endpoint, each
//! test says that it was skipped, and passes.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests: a missing variable fails the test, a skipped test says so"
)]

use objects::{AccessStep, ObjectError, validate_access};
use serde_json::{Value, json};

use crate::open;

/// The S3 service, and the bucket and key for it.
pub(crate) struct Service {
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    pub(crate) region: String,
    access_key_id: String,
    secret_access_key: String,
}

impl Service {
    pub(crate) fn from_env() -> Option<Self> {
        let get = |name: &str| {
            std::env::var_os(format!("LAKEKEEPER_TEST_S3_{name}"))?
                .into_string()
                .ok()
        };
        let Some(endpoint) = get("ENDPOINT") else {
            eprintln!("SKIPPED: no LAKEKEEPER_TEST_S3_ENDPOINT");
            return None;
        };
        Some(Self {
            endpoint,
            bucket: get("BUCKET").expect("LAKEKEEPER_TEST_S3_BUCKET"),
            region: get("REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            access_key_id: get("ACCESS_KEY_ID").expect("LAKEKEEPER_TEST_S3_ACCESS_KEY_ID"),
            secret_access_key: get("SECRET_ACCESS_KEY")
                .expect("LAKEKEEPER_TEST_S3_SECRET_ACCESS_KEY"),
        })
    }

    pub(crate) fn profile(&self) -> Value {
        json!({
            "type": "s3",
            "bucket": self.bucket,
            "region": self.region,
            "endpoint": self.endpoint,
            "path-style-access": true,
            "flavor": "s3-compat",
            "sts-enabled": false,
            "key-prefix": format!("objects-tests/{}", uuid::Uuid::new_v4()),
        })
    }

    pub(crate) fn credential(&self) -> Value {
        json!({
            "type": "s3",
            "credential-type": "access-key",
            "access-key-id": self.access_key_id,
            "secret-access-key": self.secret_access_key,
        })
    }
}

mod promises {
    objects::each_promise!(on_service);
    on_service!(deletes_markers_of_folders);
}

#[tokio::test]
async fn says_which_step_failed_without_showing_the_key() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut credential = service.credential();
    credential["secret-access-key"] = json!("a-wrong-secret");
    let (objects, base) = open(&service.profile(), &credential);

    let error = validate_access(objects.as_ref(), &base).await.unwrap_err();
    assert_eq!(error.step, AccessStep::Write);
    assert!(
        matches!(error.source, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    let shown = format!("{error} {error:?} {objects:?}");
    assert!(shown.contains("SignatureDoesNotMatch"), "{shown}");
    assert!(
        !shown.contains("a-wrong-secret") && !shown.contains(&service.access_key_id),
        "{shown}"
    );
}

#[tokio::test]
async fn says_that_the_bucket_is_missing() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = service.profile();
    profile["bucket"] = json!("no-such-bucket-of-lakekeeper");
    let (objects, base) = open(&profile, &service.credential());

    let error = validate_access(objects.as_ref(), &base).await.unwrap_err();
    assert!(
        matches!(error.source, ObjectError::Invalid { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    let error = objects.delete(&base.join("x").unwrap()).await.unwrap_err();
    assert!(error.report().contains("NoSuchBucket"), "{error}");
}
