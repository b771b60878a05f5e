//! The database's layout, and the programs that know it.

use std::time::Duration;

use model::Name;
use store::conformance::warehouse::FORMER_ADDRESSES;
use store::{Effects, Servers, StoreError, WarehouseRow, Warehouses};
use store_postgres::{OpenError, PostgresConfig, PostgresStore, TemporaryDatabase, migrate};
use uuid::Uuid;

use crate::broken::waiting;
use crate::catalog::{Catalog, connect};
use crate::cluster;

/// Creates an empty database; returns its URL and its name.
async fn empty() -> (String, String) {
    let name = format!("layout_{}", Uuid::new_v4().simple());
    let server = connect(cluster::url()).await;
    server
        .batch_execute(&format!("create database {name}"))
        .await
        .unwrap();
    let (before, after) = cluster::url().rsplit_once("/postgres").unwrap();
    (format!("{before}/{name}{after}"), name)
}

async fn remove(name: &str) {
    let server = connect(cluster::url()).await;
    let drop = format!("drop database {name} with (force)");
    server.batch_execute(&drop).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_may_migrate_at_once_and_again() {
    let (url, name) = empty().await;
    let all: Vec<_> = (0..8)
        .map(|_| {
            let config = PostgresConfig::new(&url);
            tokio::spawn(async move { migrate(&config).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    migrate(&PostgresConfig::new(&url)).await.unwrap();
    let one = PostgresStore::connect(PostgresConfig::new(&url))
        .await
        .unwrap();
    let two = PostgresStore::connect(PostgresConfig::new(&url))
        .await
        .unwrap();
    assert_eq!(
        one.server_load().await.unwrap(),
        two.server_load().await.unwrap()
    );
    drop((one, two));
    remove(&name).await;
}

#[tokio::test]
async fn a_database_of_lakekeeper_0_is_refused_as_it_is() {
    let (url, name) = empty().await;
    let other = connect(&url).await;
    let tables = "create table _sqlx_migrations (version bigint); create table server (id uuid)";
    other.batch_execute(tables).await.unwrap();
    let error = migrate(&PostgresConfig::new(&url)).await.unwrap_err();
    assert!(matches!(error, OpenError::Lakekeeper0), "{error:?}");
    assert!(error.to_string().contains("name an empty database"));
    let count = "select count(*) from pg_tables where schemaname = 'public'";
    let count: i64 = other.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(count, 2);
    remove(&name).await;
}

#[tokio::test]
async fn a_migration_that_meets_a_lock_tries_again_when_it_is_gone() {
    let (url, name) = empty().await;
    let other = connect(&url).await;
    let held = "begin; create table server (id uuid)";
    other.batch_execute(held).await.unwrap();
    let config = PostgresConfig::new(&url);
    let migrating = tokio::spawn(async move { migrate(&config).await });
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!migrating.is_finished());
    other.batch_execute("rollback").await.unwrap();
    migrating.await.unwrap().unwrap();
    remove(&name).await;
}

/// Two transactions that wait for each other: PostgreSQL ends one of them, which may be the migration.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_ended_by_a_deadlock_tries_again() {
    let (url, name) = empty().await;
    let (other, eye) = (connect(&url).await, connect(&url).await);
    // Makes sure that the migration looks for deadlocks first.
    let held = "set deadlock_timeout = '10min'; begin; create table project (id text)";
    other.batch_execute(held).await.unwrap();
    let config = PostgresConfig::new(&url);
    let migrating = tokio::spawn(async move { migrate(&config).await });
    waiting(&eye, 1).await;
    other
        .batch_execute("create table server (id uuid); rollback")
        .await
        .unwrap();
    migrating.await.unwrap().unwrap();
    drop((other, eye));
    remove(&name).await;
}

#[tokio::test]
async fn warehouses_get_the_addresses_that_new_ones_have() {
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let client = connect(database.url()).await;
    let project = "insert into project values ('p', 'p', 0)";
    client.batch_execute(project).await.unwrap();
    for (profile, location, _) in FORMER_ADDRESSES {
        let warehouse =
            "insert into warehouse (id, project_id, name, name_key, status, protected, version,
                 storage_profile, base_location, settings, created_at)
             values (gen_random_uuid(), 'p', $2, $2, 'active', false, 1, $1, $2, '{}', 0)";
        client
            .execute(warehouse, &[&profile, &location])
            .await
            .unwrap();
    }
    for migration in [
        include_str!("../../migrations/V14__warehouse_addresses.sql"),
        include_str!("../../migrations/V17__rented_hosts.sql"),
    ] {
        client.batch_execute(migration).await.unwrap();
    }
    for (_, before, expected) in FORMER_ADDRESSES {
        let question = "select base_location from warehouse where name = $1";
        let row = client.query_one(question, &[&before]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), expected);
    }
}

#[tokio::test]
async fn warehouses_that_have_come_to_overlap_can_still_be_changed() {
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let by_hand = connect(database.url()).await;
    // A migration may leave overlapping base locations.
    let two = "insert into project values ('p', 'p', 0);
        insert into warehouse (id, project_id, name, name_key, status, protected, version,
            storage_profile, base_location, settings, created_at)
        select gen_random_uuid(), 'p', name, name, 'active', false, 1, '{}', location, '{}', 0
        from (values ('around', 's3://bucket'), ('inside', 's3://bucket/inside')) as w(name, location)";
    by_hand.batch_execute(two).await.unwrap();
    let store = PostgresStore::connect(PostgresConfig::new(database.url()));
    let store = store.await.unwrap();
    let (project, name) = ("p".parse().unwrap(), |text| {
        Name::parse("name", text).unwrap()
    });
    let found = async |text| store.warehouse_find(&project, &name(text)).await.unwrap();
    let renamed = WarehouseRow {
        name: name("renamed"),
        ..found("around").await.unwrap()
    };
    let updated = store.warehouse_update(renamed, Effects::none()).await;
    updated.unwrap();
    let moved = WarehouseRow {
        base_location: "s3://bucket/inside/deeper".to_owned(),
        ..found("renamed").await.unwrap()
    };
    let refused = store.warehouse_update(moved, Effects::none()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::LocationTaken { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_list_is_read_from_an_index_alone_however_long_names_are() {
    let catalog = Catalog::new().await;
    let namespace = catalog.namespace("n").await;
    let client = connect(catalog.database.url()).await;
    // The last name is as long as a folded name of 512 bytes can become, and hard to compress.
    let tables = "insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key,
            location_claim, protected, version, created_at, location, metadata_location, metadata)
        select gen_random_uuid(), $1, $2, 'table', left(word, 512), word, 's3://b/' || i, false, 1, 0,
            'l', 'm', decode(repeat('00', 1500), 'hex')
        from generate_series(1, 1000) as i cross join lateral (
            select left(string_agg(md5(i || ' ' || part), ''), case i when 1000 then 1536 else 12 end)
            from generate_series(1, 48) as part) as words (word)";
    let ids = (catalog.warehouse.as_uuid(), namespace.as_uuid());
    client.execute(tables, &[&ids.0, &ids.1]).await.unwrap();
    client
        .batch_execute("vacuum analyze tabular")
        .await
        .unwrap();
    let plan = "explain select id, name, protected, format from tabular
        where namespace_id = (select max(id::text)::uuid from namespace) and kind = 'table'
            and name_key > '' and deleted_at is null order by name_key limit 40";
    let plan = client.query(plan, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|step| step.get(0)).collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("Index Only Scan using tabular_list"),
        "{plan}"
    );
}

#[tokio::test]
async fn an_empty_database_is_refused_with_what_to_do() {
    let (url, name) = empty().await;
    let error = PostgresStore::connect(PostgresConfig::new(&url))
        .await
        .unwrap_err();
    assert!(
        matches!(error, OpenError::NotMigrated { found: None, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("lakekeeper migrate"), "{error}");
    remove(&name).await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let client = connect(database.url()).await;
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum)
        values (9999, 'future', '2030-01-01T00:00:00Z', '1')";
    client.batch_execute(newer).await.unwrap();
    let config = PostgresConfig::new(database.url());
    for refused in [
        migrate(&config).await.unwrap_err(),
        PostgresStore::connect(config.clone()).await.unwrap_err(),
    ] {
        assert!(
            matches!(refused, OpenError::Newer { found: 9999, .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("9999"), "{refused}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_without_the_password() {
    let config = PostgresConfig::new("postgres://user:secret@127.0.0.1:1/db");
    let error = PostgresStore::connect(config).await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
    let told = error.to_string();
    let named = "as user `user` at 127.0.0.1:1: ";
    assert!(told.contains(named) && told.contains("refused"), "{told}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_host_without_an_address_may_be_the_end_of_a_password() {
    let config = PostgresConfig::new("postgres://user:p@ssword@no-such-host.invalid/db");
    let told = PostgresStore::connect(config)
        .await
        .unwrap_err()
        .to_string();
    for said in [
        "as user `user` at no-such-host.invalid:5432: ",
        "`@` as `%40`",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("ssword@"), "{told}");
}
