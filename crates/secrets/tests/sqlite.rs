//! Secrets in a SQLite database.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use model::{ManualClock, Name, ProjectId, SecretId, SystemClock, Timestamp, Version, WarehouseId};
use secrets::{
    EncryptedSecrets, Key, KeyId, Keys, Plaintext, SecretError, SecretStore, Sweeper, conformance,
};
use store::{Effects, ProjectRow, Protection, SealedSecret, Store, WarehouseRow, WarehouseStatus};
use store_sqlite::SqliteStore;

const THEN: Timestamp = Timestamp::from_ms(0);

fn store() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

fn key(passphrase: &str) -> Key {
    Key::from_passphrase(&Plaintext::new(passphrase)).unwrap()
}

fn on(store: &Arc<dyn Store>, keys: impl Into<Keys>) -> EncryptedSecrets {
    EncryptedSecrets::new(Arc::clone(store) as _, keys, Arc::new(SystemClock))
}

async fn keep(secrets: &EncryptedSecrets, text: &str) -> SecretId {
    secrets.create(Plaintext::new(text)).await.unwrap()
}

async fn use_it(store: &Arc<dyn Store>, secret: SecretId) {
    let project: ProjectId = "p".parse().unwrap();
    let named = ProjectRow {
        id: project.clone(),
        name: "p".to_owned(),
        created_at: THEN,
    };
    // Fails on the second call, as the project exists already.
    let _ = store.project_create(named, Effects::none()).await;
    let id = WarehouseId::generate();
    let row = WarehouseRow {
        id,
        project,
        name: Name::parse("warehouse", &id.to_string()).unwrap(),
        status: WarehouseStatus::Active,
        protection: Protection::Off,
        storage_profile: "{}".to_owned(),
        base_location: format!("memory://{id}/"),
        storage_secret: Some(secret),
        settings: "{}".to_owned(),
        version: Version::FIRST,
        grants: Version::FIRST,
        created_at: THEN,
        updated_at: None,
    };
    store.warehouse_create(row, Effects::none()).await.unwrap();
}

#[tokio::test]
async fn secrets_in_a_sqlite_file_conform() {
    conformance::run(&on(&store(), key("k"))).await;
}

#[tokio::test]
async fn rows_hold_no_plaintext() {
    let store = store();
    let id = keep(&on(&store, key("k")), "hunter2").await;
    let stored = store.secret_load(id).await.unwrap().0;
    assert!(!stored.windows(7).any(|bytes| bytes == b"hunter2"));
}

#[tokio::test]
async fn another_key_opens_nothing() {
    let store = store();
    let id = keep(&on(&store, key("a")), "s").await;
    let refused = on(&store, key("b")).load(id).await;
    assert!(matches!(refused, Err(SecretError::WrongKey { .. })));
    assert!(on(&store, key("a")).load(id).await.is_ok());
}

#[tokio::test]
async fn rows_that_were_swapped_do_not_open() {
    let store = store();
    let secrets = on(&store, key("k"));
    let (first, second) = (
        keep(&secrets, "first").await,
        keep(&secrets, "second").await,
    );
    let was = store.secret_load(first).await.unwrap();
    let moved = store.secret_load(second).await.unwrap();
    assert!(store.secret_replace(first, was, moved).await.unwrap());
    let refused = secrets.load(first).await;
    assert!(matches!(refused, Err(SecretError::Damaged(id)) if id == first));
}

#[tokio::test]
async fn a_rotation_leaves_every_secret_with_the_new_key_alone() {
    let store = store();
    let former = on(&store, key("former"));
    let mut kept = Vec::new();
    for n in 0..250 {
        let text = format!("secret {n}");
        kept.push((keep(&former, &text).await, text));
    }
    // Meanwhile a replica that still encrypts with the former key creates secrets.
    let both = || Keys::new(key("now"), vec![key("former")]);
    let replica = on(&store, Keys::new(key("former"), vec![key("now")]));
    let early = keep(&on(&store, both()), "early").await;
    let creating = async {
        let mut made = Vec::new();
        for _ in 0..50 {
            made.push((keep(&replica, "late").await, "late".to_owned()));
        }
        made
    };
    let rotating = on(&store, both());
    let (rotated, made) = tokio::join!(rotating.rotate(|_| {}), creating);
    kept.extend(made);
    kept.push((early, "early".to_owned()));
    let renewed = rotated.unwrap().renewed + rotating.rotate(|_| {}).await.unwrap().renewed;
    assert_eq!(renewed, 300);
    let again = rotating.rotate(|_| {}).await.unwrap();
    assert_eq!((again.renewed, again.current), (0, 301));
    let alone = on(&store, key("now"));
    for (id, text) in kept {
        assert_eq!(alone.load(id).await.unwrap().expose(), text);
        assert_eq!(replica.load(id).await.unwrap().expose(), text);
    }
}

#[tokio::test]
async fn a_rotation_that_was_ended_goes_on_where_it_was() {
    let store = store();
    let former = on(&store, key("former"));
    for _ in 0..250 {
        keep(&former, "s").await;
    }
    let secrets = on(&store, Keys::new(key("now"), vec![key("former")]));
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let ended = tokio::select! {
        biased;
        Some(renewed) = hear.recv() => renewed,
        done = secrets.rotate(|so_far| told.send(so_far.renewed).unwrap()) => done.unwrap().renewed,
    };
    assert_eq!(ended, 100, "it tells after each batch");
    let rest = secrets.rotate(|_| {}).await.unwrap();
    assert!((50..=150).contains(&rest.renewed), "{}", rest.renewed);
    assert_eq!(rest.current, 250);
}

#[tokio::test]
async fn two_rotations_at_once_do_the_work_once() {
    let store = store();
    let former = on(&store, key("former"));
    for _ in 0..120 {
        keep(&former, "s").await;
    }
    let secrets = on(&store, Keys::new(key("now"), vec![key("former")]));
    let (one, two) = tokio::join!(secrets.rotate(|_| {}), secrets.rotate(|_| {}));
    assert_eq!(one.unwrap().renewed + two.unwrap().renewed, 120);
}

#[tokio::test]
async fn a_rotation_tells_what_it_cannot_open_and_goes_on() {
    let store = store();
    let lost = keep(&on(&store, key("lost")), "s").await;
    let damaged = SecretId::generate();
    let cut = SealedSecret(vec![2, 1]);
    store
        .secret_create(damaged, cut.clone(), THEN)
        .await
        .unwrap();
    keep(&on(&store, key("former")), "s").await;
    let secrets = on(&store, Keys::new(key("now"), vec![key("former")]));
    let rotation = secrets.rotate(|_| {}).await.unwrap();
    assert_eq!((rotation.renewed, rotation.current), (1, 1));
    let mut unreadable: Vec<_> = rotation.unreadable.iter().map(|(id, _)| *id).collect();
    unreadable.sort();
    assert_eq!(unreadable, [lost, damaged]);
    assert_eq!(store.secret_load(damaged).await.unwrap(), cut);
}

#[tokio::test]
async fn keys_that_do_not_open_what_warehouses_use_are_refused() {
    let store = store();
    let former = key("former");
    let orphan = keep(&on(&store, key("orphan's")), "s").await;
    assert!(store.secret_load(orphan).await.is_ok());
    for _ in 0..2 {
        let secret = keep(&on(&store, key("former")), "s").await;
        use_it(&store, secret).await;
    }
    let check = async |keys: Keys, lost: &[KeyId]| on(&store, keys).check_keys(lost).await;
    let refused = check(key("now").into(), &[]).await.unwrap_err();
    assert!(
        matches!(&refused, SecretError::MissingKey { needed, secrets: 2, .. } if *needed == former.id()),
        "{refused:?}"
    );
    let both = Keys::new(key("now"), vec![key("former")]);
    assert!(check(both, &[]).await.is_ok());
    assert!(check(key("now").into(), &[former.id()]).await.is_ok());
}

#[tokio::test]
async fn a_sweep_drops_old_orphans_wherever_they_are_kept() {
    let store = store();
    let created = ManualClock::at(THEN);
    let kept: Arc<dyn SecretStore> = Arc::new(EncryptedSecrets::new(
        Arc::clone(&store) as _,
        key("k"),
        Arc::new(created),
    ));
    let mut orphans = Vec::new();
    for _ in 0..150 {
        orphans.push(kept.create(Plaintext::new("s")).await.unwrap());
    }
    let used = kept.create(Plaintext::new("s")).await.unwrap();
    use_it(&store, used).await;
    let clock = Arc::new(ManualClock::at(THEN));
    let sweeper = Sweeper {
        rows: Arc::clone(&store) as _,
        secrets: kept,
        clock: Arc::clone(&clock) as _,
    };
    clock.set(THEN.plus(Duration::from_hours(1)));
    assert_eq!(sweeper.once().await.unwrap(), 0, "they are young");
    clock.set(THEN.plus(Duration::from_millis(3_600_001)));
    assert_eq!(sweeper.once().await.unwrap(), 150);
    assert!(store.secret_load(used).await.is_ok());
    assert!(store.secret_load(orphans[0]).await.is_err());
}

/// Drops every secret but one, which it refuses to drop while it is stuck.
#[derive(Debug)]
struct Stuck {
    one: SecretId,
    is_stuck: AtomicBool,
}

#[async_trait]
impl SecretStore for Stuck {
    async fn create(&self, _: Plaintext) -> secrets::Result<SecretId> {
        Err(SecretError::EmptyKey)
    }

    async fn load(&self, id: SecretId) -> secrets::Result<Plaintext> {
        Err(SecretError::NotFound(id))
    }

    async fn drop(&self, id: SecretId) -> secrets::Result<()> {
        if id == self.one && self.is_stuck.load(Ordering::Relaxed) {
            return Err(SecretError::Damaged(id));
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_cannot_be_dropped_is_an_orphan_until_it_can_and_keeps_none_behind_it() {
    let store = store();
    let (id, behind) = (SecretId::generate(), SecretId::generate());
    for id in [id, behind] {
        let sealed = SealedSecret(vec![1]);
        store.secret_create(id, sealed, THEN).await.unwrap();
    }
    let stuck = Arc::new(Stuck {
        one: id,
        is_stuck: AtomicBool::new(true),
    });
    let sweeper = Sweeper {
        rows: Arc::clone(&store) as _,
        secrets: Arc::clone(&stuck) as _,
        clock: Arc::new(SystemClock),
    };
    assert!(sweeper.once().await.is_err());
    assert!(store.secret_load(id).await.is_ok());
    assert!(store.secret_load(behind).await.is_err());
    stuck.is_stuck.store(false, Ordering::Relaxed);
    assert_eq!(sweeper.once().await.unwrap(), 1);
    assert!(store.secret_load(id).await.is_err());
}
