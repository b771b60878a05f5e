//! Tests with a real server of Google's storage API, if `LAKEKEEPER_TEST_GCS_ENDPOINT` is set.
//!
//! `LAKEKEEPER_TEST_GCS_BUCKET` must be set too; the bucket must exist. The endpoint is an emulator that asks for no
//! identity, so these tests prove only that data is read and written. Without the endpoint, each test says that it
//! was skipped, and passes.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests: a missing variable fails the test, a skipped test says so"
)]

use objects::{ObjectError, validate_access};
use serde_json::{Value, json};

use crate::open;

struct Service {
    endpoint: String,
    bucket: String,
}

impl Service {
    fn from_env() -> Option<Self> {
        let get = |name: &str| {
            std::env::var_os(format!("LAKEKEEPER_TEST_GCS_{name}"))?
                .into_string()
                .ok()
        };
        let Some(endpoint) = get("ENDPOINT") else {
            eprintln!("SKIPPED: no LAKEKEEPER_TEST_GCS_ENDPOINT");
            return None;
        };
        Some(Self {
            endpoint,
            bucket: get("BUCKET").expect("LAKEKEEPER_TEST_GCS_BUCKET"),
        })
    }

    fn profile(&self) -> Value {
        json!({
            "type": "gcs",
            "bucket": self.bucket,
            "key-prefix": format!("objects-tests/{}", uuid::Uuid::new_v4()),
        })
    }

    fn credential(&self) -> Value {
        json!({
            "type": "gcs",
            "credential-type": "service-account-key",
            "key": {
                "type": "service_account",
                "client_email": "nobody@example.iam.gserviceaccount.com",
                "private_key_id": "none",
                "gcs_base_url": self.endpoint,
                "disable_oauth": true,
            },
        })
    }
}

mod promises {
    objects::each_promise!(on_service);
    on_service!(deletes_markers_of_folders);
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
        !matches!(error.source, ObjectError::Unavailable { .. }),
        "{error:?}"
    );
}
