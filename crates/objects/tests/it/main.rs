//! The conformance suite on every store that this crate opens.

use std::sync::Arc;

use objects::{Location, Objects, StorageCredential, StorageProfile};
use serde_json::Value;

/// Tests the promises of a store in another process; each test is skipped if there is no such service.
macro_rules! on_service {
    ($($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let Some(service) = super::Service::from_env() else { return };
                let subject = crate::open(&service.profile(), &service.credential());
                objects::conformance::$promise(&subject).await;
            }
        )*
    };
}

mod adls;
mod gcs;
mod local;
mod memory;
mod s3;
mod s3_altered;
mod s3_identity;
mod s3_signed;
mod s3_vended;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn open(profile: &Value, credential: &Value) -> (Arc<dyn Objects>, Location) {
    let profile = StorageProfile::from_json(profile).unwrap();
    let credential = StorageCredential::from_json(credential).unwrap();
    (
        objects::open(&profile, Some(&credential)).unwrap(),
        profile.base_location(),
    )
}
