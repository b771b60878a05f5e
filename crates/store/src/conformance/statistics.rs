//! Counts of calls, and of tables and views.

use std::sync::Arc;
use std::time::Duration;

use model::{PageRequest, PageSize, ProjectId, Timestamp, Version, WarehouseId};

use super::fixture::{Catalog, new_generic_table, new_project, new_table, new_view, refused};
use crate::{
    AtVersion, CallsAbout, CallsQuery, CountedCalls, Effects, EndpointCalls, Entity,
    STATISTICS_SPAN, SoftDrop, Store, StoreError, WarehouseCounts, hour_of,
};

/// Half past ten in the morning.
const NOW: Timestamp = Timestamp::from_ms(1_714_559_400_000);

fn calls(catalog: &Catalog, route: &str, status: u16, count: u64) -> EndpointCalls {
    EndpointCalls {
        warehouse: Some(catalog.warehouse),
        project: None,
        route: route.to_owned(),
        status,
        count,
        first_at: NOW,
        last_at: NOW.plus(Duration::from_mins(1)),
    }
}

fn all(catalog: &Catalog) -> CallsQuery {
    CallsQuery {
        project: catalog.project.clone(),
        about: CallsAbout::Anything,
        statuses: None,
        after: Timestamp::from_ms(0),
        until: NOW.plus(Duration::from_hours(9)),
    }
}

async fn told(catalog: &Catalog, query: CallsQuery) -> Vec<(String, u16, u64)> {
    let listed = catalog.store.calls_list(query).await.unwrap().into_iter();
    listed
        .map(|one| (one.route, one.status, one.count))
        .collect()
}

pub async fn calls_of_all_replicas_add_up(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let one = calls(&catalog, "GET /a", 200, 3);
    let other = EndpointCalls {
        first_at: NOW.minus(Duration::from_mins(5)),
        last_at: NOW,
        count: 4,
        ..one.clone()
    };
    let adds = [
        vec![one.clone(), calls(&catalog, "GET /b", 200, 1)],
        vec![other.clone()],
    ];
    let runs = adds.map(|calls| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.calls_add(calls).await })
    });
    for run in runs {
        run.await.unwrap().unwrap();
    }
    store.calls_add(Vec::new()).await.unwrap();
    let listed = store.calls_list(all(&catalog)).await.unwrap();
    let warehouse = (catalog.warehouse, Some("warehouse".to_owned()));
    let expected = CountedCalls {
        hour: hour_of(NOW),
        route: "GET /a".to_owned(),
        status: 200,
        warehouse: Some(warehouse),
        count: 7,
        first_at: other.first_at,
        last_at: one.last_at,
    };
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], expected);
}

pub async fn calls_are_told_by_hour_the_latest_first(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let later = EndpointCalls {
        first_at: NOW.plus(STATISTICS_SPAN),
        ..calls(&catalog, "GET /b", 404, 1)
    };
    let added = vec![
        calls(&catalog, "GET /a", 200, 1),
        calls(&catalog, "GET /a", 404, 2),
        later,
        EndpointCalls {
            warehouse: Some(other.warehouse),
            ..calls(&catalog, "GET /a", 200, 3)
        },
        EndpointCalls {
            warehouse: None,
            project: Some(catalog.project.clone()),
            ..calls(&catalog, "POST /c", 201, 4)
        },
    ];
    store.calls_add(added).await.unwrap();
    let entry = |route: &str, status, count| (route.to_owned(), status, count);
    let everything = told(&catalog, all(&catalog)).await;
    assert_eq!(everything.len(), 5);
    assert_eq!(everything[0], entry("GET /b", 404, 1));
    assert_eq!(everything[4], entry("POST /c", 201, 4));
    for (about, statuses, expected) in [
        (
            CallsAbout::NoWarehouse,
            None,
            vec![entry("POST /c", 201, 4)],
        ),
        (
            CallsAbout::Warehouse(other.warehouse),
            None,
            vec![entry("GET /a", 200, 3)],
        ),
        (
            CallsAbout::Warehouse(catalog.warehouse),
            Some(vec![404, 500]),
            vec![entry("GET /b", 404, 1), entry("GET /a", 404, 2)],
        ),
        (CallsAbout::Anything, Some(Vec::new()), Vec::new()),
    ] {
        let query = CallsQuery {
            about,
            statuses,
            ..all(&catalog)
        };
        assert_eq!(told(&catalog, query).await, expected, "{about:?}");
    }
    // Two adjacent windows neither overlap nor leave a gap.
    let hour = hour_of(NOW);
    let early = CallsQuery {
        until: hour,
        ..all(&catalog)
    };
    let late = CallsQuery {
        after: hour,
        ..all(&catalog)
    };
    assert_eq!(told(&catalog, early).await.len(), 4);
    assert_eq!(told(&catalog, late).await, [entry("GET /b", 404, 1)]);
}

pub async fn what_nobody_knows_counts_for_who_asked_or_nobody(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let nowhere = Some(WarehouseId::generate());
    let one = calls(&catalog, "GET /a", 404, 1);
    let added = vec![
        EndpointCalls {
            warehouse: nowhere,
            project: Some(catalog.project.clone()),
            ..one.clone()
        },
        // The project of the warehouse counts, not the one that the caller names.
        EndpointCalls {
            project: Some(ProjectId::generate()),
            ..one.clone()
        },
        EndpointCalls {
            warehouse: nowhere,
            ..one.clone()
        },
        EndpointCalls {
            warehouse: None,
            project: Some(ProjectId::generate()),
            ..one
        },
    ];
    store.calls_add(added).await.unwrap();
    let listed = store.calls_list(all(&catalog)).await.unwrap();
    let mut about: Vec<_> = listed
        .into_iter()
        .map(|one| one.warehouse.map(|(id, _)| id))
        .collect();
    about.sort_unstable();
    assert_eq!(about, [None, Some(catalog.warehouse)]);
    // When the warehouse is gone, its calls remain and its name is not shown any more.
    store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
    let listed = store.calls_list(all(&catalog)).await.unwrap();
    assert!(
        listed
            .iter()
            .any(|one| one.warehouse == Some((catalog.warehouse, None)))
    );
    let project = new_project();
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    let of_project = EndpointCalls {
        warehouse: None,
        project: Some(project.id.clone()),
        ..calls(&catalog, "GET /a", 200, 1)
    };
    store.calls_add(vec![of_project]).await.unwrap();
    store
        .project_drop(&project.id, Effects::none())
        .await
        .unwrap();
}

pub async fn old_counts_go(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let old = (0..5).map(|number| calls(&catalog, &format!("GET /{number}"), 200, 1));
    store.calls_add(old.collect()).await.unwrap();
    let new = EndpointCalls {
        first_at: NOW.plus(STATISTICS_SPAN),
        ..calls(&catalog, "GET /new", 200, 1)
    };
    store.calls_add(vec![new]).await.unwrap();
    let before = hour_of(NOW).plus(STATISTICS_SPAN);
    for removed in [3, 2, 0] {
        assert_eq!(store.calls_trim(before, 3).await.unwrap(), removed);
    }
    assert_eq!(told(&catalog, all(&catalog)).await.len(), 1);
}

async fn held(catalog: &Catalog) -> Vec<WarehouseCounts> {
    let listed = catalog
        .store
        .warehouse_counts(catalog.warehouse, PageRequest::FIRST);
    listed.await.unwrap().items
}

/// The latest numbers of tables and views in the warehouse.
async fn now_held(catalog: &Catalog) -> (i64, i64) {
    let latest = held(catalog).await[0];
    (latest.tables, latest.views)
}

pub async fn tables_and_views_are_counted_while_they_have_a_row(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    assert_eq!(now_held(&catalog).await, (0, 0));
    let ns = catalog.namespace(&["ns"]).await;
    let some = vec![
        new_table(ns, "a"),
        new_table(ns, "b"),
        new_view(ns, "v"),
        new_generic_table(ns, "g"),
    ];
    let id = some[0].id;
    catalog
        .commit(some, Vec::new(), Effects::none())
        .await
        .unwrap();
    catalog.table(ns, "c").await;
    assert_eq!(now_held(&catalog).await, (3, 1));
    store
        .warehouse_counts_merge(Timestamp::from_ms(0))
        .await
        .unwrap();
    assert_eq!(now_held(&catalog).await, (3, 1));
    // A table that replaces itself is counted once; a soft-deleted table is still counted.
    let again = crate::NewTabular {
        replaces: Some(AtVersion::of(id, catalog.version(id).await)),
        version: catalog.version(id).await.next(),
        id,
        ..new_table(ns, "a")
    };
    catalog.create(again).await.unwrap();
    let how = SoftDrop {
        at: NOW,
        expiry: crate::Expiry::Keep,
    };
    let at = AtVersion::of(id, catalog.version(id).await);
    store.soft_drop(at, how, Effects::none()).await.unwrap();
    assert_eq!(now_held(&catalog).await, (3, 1));
    let found = store
        .deleted_find(catalog.warehouse, vec![id])
        .await
        .unwrap();
    let at = AtVersion::of(id, found[0].version);
    store.deleted_expire(at, Effects::none()).await.unwrap();
    assert_eq!(now_held(&catalog).await, (2, 1));
    assert_eq!(now_held(&other).await, (0, 0));
    store
        .warehouse_drop((other.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
    let gone = store.warehouse_counts(other.warehouse, PageRequest::FIRST);
    refused!(gone.await, StoreError::NotFound(Entity::Warehouse(id)) if id == other.warehouse);
}

pub async fn hours_that_are_long_past_are_told_as_one(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["ns"]).await;
    for name in ["a", "b", "c"] {
        catalog.table(ns, name).await;
    }
    let before = held(&catalog).await;
    let latest = before[0];
    assert_eq!((latest.tables, latest.views), (3, 0));
    assert!(before.is_sorted_by(|one, next| one.hour > next.hour));
    let soon = latest.hour.plus(STATISTICS_SPAN);
    for _ in 0..2 {
        store.warehouse_counts_merge(soon).await.unwrap();
        assert_eq!(held(&catalog).await, [latest]);
    }
    // In pages of one, each hour is listed once.
    let one = PageRequest {
        after: None,
        size: PageSize::clamped(1),
    };
    let page = store
        .warehouse_counts(catalog.warehouse, one.clone())
        .await
        .unwrap();
    assert_eq!((page.items, page.next), (vec![latest], None));
    let behind = PageRequest {
        after: Some(model::PageToken::after(latest.hour.as_ms().to_string())),
        ..one
    };
    let page = store
        .warehouse_counts(catalog.warehouse, behind)
        .await
        .unwrap();
    assert!(page.items.is_empty());
}
