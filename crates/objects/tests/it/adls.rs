//! Tests with a real Blob service, Azurite or Azure itself, if `LAKEKEEPER_TEST_AZURE_HOST` is set.
//!
//! This host is the part after the account: `dfs.localhost:10000` for Azurite, `dfs.core.windows.net` for Azure.
//! `LAKEKEEPER_TEST_AZURE_ACCOUNT`, `LAKEKEEPER_TEST_AZURE_KEY` and `LAKEKEEPER_TEST_AZURE_FILESYSTEM` must be set
//! too; the filesystem must exist. Without the host, each test says that it was skipped, and passes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests: a missing variable fails the test, a skipped test says so"
)]

use std::sync::Arc;

use objects::{
    AccessStep, ObjectError, Objects, PageRequest, Permission, Scope, StorageCredential,
    StorageProfile, Vended, validate_access,
};
use serde_json::{Value, json};

use crate::open;

/// The Blob service, and the account and key for it.
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

    async fn sign(&self, profile: &Value, permission: Permission) -> Vended {
        let profile = StorageProfile::from_json(profile).unwrap();
        let credential = StorageCredential::from_json(&self.credential()).unwrap();
        let vendor = objects::vendor(&profile, Some(&credential))
            .unwrap()
            .unwrap();
        let folder = profile.base_location();
        vendor.vend(&Scope { folder, permission }).await.unwrap()
    }

    /// The storage, opened with only a signature.
    async fn vended(&self, profile: &Value, permission: Permission) -> Arc<dyn Objects> {
        let vended = self.sign(profile, permission).await;
        let profile = StorageProfile::from_json(profile).unwrap();
        objects::open_vended(&profile, &vended).unwrap()
    }
}

mod promises {
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

/// Azurite supports signatures only for whole filesystems, so here the scope is the filesystem. The verifier of the
/// unit tests judges signatures for folders.
#[tokio::test]
async fn a_signature_for_the_filesystem_allows_what_it_says_and_no_more() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = service.profile();
    profile["key-prefix"] = json!(null);
    let (objects, base) = open(&profile, &service.credential());
    let folder = base
        .join(&format!("vended/{}", uuid::Uuid::new_v4()))
        .unwrap();
    let [given, new] = ["given", "new"].map(|name| folder.join(name).unwrap());
    objects.write_new(&given, "given".into()).await.unwrap();

    let reader = service.vended(&profile, Permission::Read).await;
    assert_eq!(reader.read(&given, 10).await.unwrap(), "given");
    let listed = reader.list_prefix(&folder, PageRequest::first()).await;
    assert_eq!(listed.unwrap().locations, std::slice::from_ref(&given));
    denied(&reader.write_new(&new, "new".into()).await);
    denied(&reader.delete(&given).await);
    denied(&reader.delete_batch(vec![given.clone()]).await);

    let writer = service.vended(&profile, Permission::Write).await;
    writer.write_new(&new, "new".into()).await.unwrap();
    writer
        .delete_batch(vec![given.clone(), new.clone()])
        .await
        .unwrap();
    let listed = objects.list_prefix(&folder, PageRequest::first()).await;
    assert!(listed.unwrap().locations.is_empty());
}

#[tokio::test]
async fn a_signature_is_refused_in_another_filesystem() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = service.profile();
    profile["key-prefix"] = json!(null);
    let vended = service.sign(&profile, Permission::Write).await;
    profile["filesystem"] = json!("no-such-filesystem-of-lakekeeper");
    let profile = StorageProfile::from_json(&profile).unwrap();
    let other = objects::open_vended(&profile, &vended).unwrap();
    let object = profile.base_location().join("x").unwrap();
    denied(&other.write_new(&object, "x".into()).await);
    denied(&other.read(&object, 10).await.map(|_| ()));
    denied(&other.delete(&object).await);
}

fn denied(outcome: &Result<(), ObjectError>) {
    assert!(
        matches!(outcome, Err(ObjectError::PermissionDenied { .. })),
        "{outcome:?}"
    );
}
