//! A real Blob service: Azurite, or Azure itself, where `LAKEKEEPER_TEST_AZURE_HOST` says so.
//!
//! The host is what follows the account: `dfs.localhost:10000` for Azurite, `dfs.core.windows.net` for Azure.
//! `LAKEKEEPER_TEST_AZURE_ACCOUNT`, `LAKEKEEPER_TEST_AZURE_KEY` and `LAKEKEEPER_TEST_AZURE_FILESYSTEM` go with it; the
//! filesystem must exist. Without the host each test says that it was skipped and passes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests: a missing variable fails the test, a skipped test says so"
)]

use std::sync::Arc;

use objects::{
    AccessStep, Location, ObjectError, Objects, StorageCredential, StorageProfile, validate_access,
};
use serde_json::{Value, json};

/// What the tests sign in with.
struct Service {
    host: String,
    account: String,
    key: String,
    filesystem: String,
}

impl Service {
    fn from_env() -> Option<Self> {
        let get = |name: &str| {
            std::env::var_os(format!("LAKEKEEPER_TEST_AZURE_{name}"))?
                .into_string()
                .ok()
        };
        let Some(host) = get("HOST") else {
            eprintln!("SKIPPED: no LAKEKEEPER_TEST_AZURE_HOST");
            return None;
        };
        Some(Self {
            host,
            account: get("ACCOUNT").expect("LAKEKEEPER_TEST_AZURE_ACCOUNT"),
            key: get("KEY").expect("LAKEKEEPER_TEST_AZURE_KEY"),
            filesystem: get("FILESYSTEM").expect("LAKEKEEPER_TEST_AZURE_FILESYSTEM"),
        })
    }

    fn profile(&self) -> Value {
        json!({
            "type": "adls",
            "host": self.host,
            "account-name": self.account,
            "filesystem": self.filesystem,
            "key-prefix": format!("objects-tests/{}", uuid::Uuid::new_v4()),
        })
    }

    fn credential(&self) -> Value {
        json!({"type": "az", "credential-type": "shared-access-key", "key": self.key})
    }
}

fn open(profile: &Value, credential: &Value) -> (Arc<dyn Objects>, Location) {
    let profile = StorageProfile::from_json(profile).unwrap();
    let credential = StorageCredential::from_json(credential).unwrap();
    (
        objects::open(&profile, Some(&credential)).unwrap(),
        profile.base_location(),
    )
}

mod promises {
    use super::{Service, open};

    /// Like `objects::conformance!`, but each test is skipped where there is no service.
    macro_rules! on_service {
        ($($promise:ident),* $(,)?) => {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let Some(service) = Service::from_env() else { return };
                    let subject = open(&service.profile(), &service.credential());
                    objects::conformance::$promise(&subject).await;
                }
            )*
        };
    }

    objects::each_promise!(on_service);
}

#[tokio::test]
async fn says_which_step_failed_without_showing_the_key() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut credential = service.credential();
    credential["key"] = json!("YS13cm9uZy1rZXk=");
    let (objects, base) = open(&service.profile(), &credential);

    let error = validate_access(objects.as_ref(), &base).await.unwrap_err();
    assert_eq!(error.step, AccessStep::Write);
    assert!(
        matches!(error.source, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    let shown = format!("{error} {error:?} {objects:?}");
    assert!(shown.contains("403"), "{shown}");
    assert!(
        !shown.contains("YS13cm9uZy1rZXk") && !shown.contains("a-wrong-key"),
        "{shown}"
    );
}

#[tokio::test]
async fn says_that_the_filesystem_is_missing() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = service.profile();
    profile["filesystem"] = json!("no-such-filesystem-of-lakekeeper");
    let (objects, base) = open(&profile, &service.credential());

    let error = validate_access(objects.as_ref(), &base).await.unwrap_err();
    assert!(
        matches!(error.source, ObjectError::Invalid { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("ContainerNotFound"), "{error}");
    let error = objects.delete(&base.join("x").unwrap()).await.unwrap_err();
    assert!(error.report().contains("ContainerNotFound"), "{error}");
}
