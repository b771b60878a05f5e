//! The objects that vended credentials reach on a real S3 that enforces session policies.
//!
//! The tests use `object_store` itself, as any engine would, not this crate.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: a broken service fails the test, and new fields of JSON are made by indexing"
)]

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use objects::{
    AccessCheck, AccessOutcome, Location, Permission, Scope, StorageCredential, StorageProfile,
    TrialError, VendError, Vended, Vendor, try_storage,
};
use serde_json::{Value, json};

use crate::s3::Service;

fn with_sts(service: &Service) -> Value {
    let mut profile = service.profile();
    profile["sts-enabled"] = json!(true);
    profile["sts-token-validity-seconds"] = json!(900);
    profile
}

fn open(service: &Service, profile: &Value) -> (StorageProfile, Arc<dyn Vendor>) {
    let profile = StorageProfile::from_json(profile).unwrap();
    let credential = StorageCredential::from_json(&service.credential()).unwrap();
    let vendor = objects::vendor(&profile, Some(&credential));
    (profile, vendor.unwrap().unwrap())
}

/// The client that an engine builds from vended credentials.
fn engine(service: &Service, bucket: &str, vended: &Vended) -> AmazonS3 {
    let get = |name: &str| {
        let found = vended.config.iter().find(|(given, _)| given == name);
        found.unwrap().1.expose().clone()
    };
    AmazonS3Builder::new()
        .with_endpoint(&service.endpoint)
        .with_region(&service.region)
        .with_allow_http(true)
        .with_bucket_name(bucket)
        .with_access_key_id(get("s3.access-key-id"))
        .with_secret_access_key(get("s3.secret-access-key"))
        .with_token(get("s3.session-token"))
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        })
        .build()
        .unwrap()
}

/// `yes`, `denied`, or the error.
fn told<T>(outcome: Result<T, object_store::Error>) -> String {
    match outcome {
        Ok(_) => "yes".to_owned(),
        Err(e) if e.to_string().contains("AccessDenied") => "denied".to_owned(),
        Err(e) => e.to_string(),
    }
}

/// Tries to write, write in parts, read, list and delete in one folder; `seeded` is an object in it.
async fn probe(engine: &AmazonS3, folder: &str, seeded: &str) -> [String; 5] {
    let at = |name: &str| Path::parse(format!("{folder}{name}")).unwrap();
    let payload = || PutPayload::from_static(b"x");
    let in_parts = async {
        let mut upload = engine.put_multipart(&at("parts.txt")).await?;
        upload.put_part(payload()).await?;
        upload.complete().await
    };
    let prefix = Path::parse(folder.trim_end_matches('/')).unwrap();
    let prefix = Some(&prefix).filter(|_| !folder.is_empty());
    [
        told(engine.put(&at("put.txt"), payload()).await),
        told(in_parts.await),
        told(engine.get(&Path::parse(seeded).unwrap()).await),
        told(engine.list(prefix).try_collect::<Vec<_>>().await),
        told(engine.delete(&Path::parse(seeded).unwrap()).await),
    ]
}

#[tokio::test]
async fn vended_credentials_reach_one_folder_and_nothing_else() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let (profile, vendor) = open(&service, &with_sts(&service));
    let credential = StorageCredential::from_json(&service.credential()).unwrap();
    let own = objects::open(&profile, Some(&credential)).unwrap();
    let base = profile.base_location();
    let (bucket, inside) = (service.bucket.as_str(), format!("{}/orders/", base.key()));
    let beside = format!("{}/orders2/", base.key());
    let above = format!("{}/", base.key());

    for permission in [Permission::Read, Permission::Write] {
        for folder in [&inside, &beside, &above] {
            let seed = format!("s3://{bucket}/{folder}{permission}.txt");
            let seed = Location::parse(&seed).unwrap();
            own.write_new(&seed, "seed".into()).await.unwrap();
        }
        let folder = base.join("orders").unwrap();
        let scope = Scope { folder, permission };
        let vended = vendor.vend(&scope).await.unwrap();

        let (no, yes) = ("denied", "yes");
        let within = match permission {
            Permission::Read => [no, no, yes, yes, no],
            Permission::Write => [yes; 5],
        };
        let table = [
            (bucket, inside.as_str(), within),
            (bucket, beside.as_str(), [no; 5]),
            (bucket, above.as_str(), [no; 5]),
            (bucket, "", [no; 5]),
            ("another-bucket", inside.as_str(), [no; 5]),
        ];
        for (bucket, folder, expected) in table {
            let engine = engine(&service, bucket, &vended);
            let seeded = format!("{folder}{permission}.txt");
            let found = probe(&engine, folder, &seeded).await;
            assert_eq!(found, expected, "{permission} in {bucket}/{folder}");
        }
    }
    let confirm = |_| std::future::ready(Ok::<_, objects::ObjectError>(()));
    let deleted = objects::delete_prefix(own.as_ref(), &base, confirm);
    deleted.await.unwrap();
}

#[tokio::test]
async fn a_trial_with_vended_access_passes_and_cleans_up() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let (profile, vendor) = open(&service, &with_sts(&service));
    let credential = StorageCredential::from_json(&service.credential()).unwrap();
    let own = objects::open(&profile, Some(&credential)).unwrap();
    let trial = try_storage(own.as_ref(), Some(vendor.as_ref()), &profile).await;
    let all_passed = trial
        .iter()
        .all(|(_, outcome)| matches!(outcome, AccessOutcome::Passed { .. }));
    assert!(all_passed && trial.len() == 5, "{trial:?}");
    let base = profile.base_location();
    let left = own.list_prefix(&base, objects::PageRequest::first()).await;
    assert_eq!(left.unwrap().locations, []);
}

#[tokio::test]
async fn a_bucket_with_a_key_of_its_own_is_vended_too() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = with_sts(&service);
    profile["aws-kms-key-arn"] = json!("arn:aws:kms:local-01:000000000000:key/k");
    let (profile, vendor) = open(&service, &profile);
    for permission in [Permission::Read, Permission::Write] {
        let folder = profile.base_location().join("t").unwrap();
        vendor.vend(&Scope { folder, permission }).await.unwrap();
    }
}

#[tokio::test]
async fn the_server_can_take_a_role_itself() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let mut profile = service.profile();
    // For any role, MinIO gives the rights of the key.
    profile["assume-role-arn"] = json!("arn:aws:iam::000000000000:role/lake");
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&service.credential()).unwrap();
    let own = objects::open(&profile, Some(&credential)).unwrap();
    objects::validate_access(own.as_ref(), &profile.base_location())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_the_token_service() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let profile = StorageProfile::from_json(&with_sts(&service)).unwrap();
    let mut wrong = service.credential();
    let credential = StorageCredential::from_json(&wrong).unwrap();
    let own = objects::open(&profile, Some(&credential)).unwrap();
    wrong["secret-access-key"] = json!("a-wrong-secret");
    let wrong = StorageCredential::from_json(&wrong).unwrap();
    let vendor = objects::vendor(&profile, Some(&wrong)).unwrap().unwrap();
    let trial = try_storage(own.as_ref(), Some(vendor.as_ref()), &profile).await;
    let (check, outcome) = &trial[1];
    assert_eq!(*check, AccessCheck::VendedIssued);
    let AccessOutcome::Failed { error, .. } = outcome else {
        panic!("{trial:?}")
    };
    assert!(
        matches!(error, TrialError::NotIssued(VendError::Refused { .. })),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("a-wrong-secret"));
}
