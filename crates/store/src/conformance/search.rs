//! Searches for tables and views.

use std::sync::Arc;

use model::{NamespaceId, TabularId, Version};

use super::fixture::{Catalog, later, name, new_table, new_view};
use super::soft_deletion::soft_drop;
use crate::{AtVersion, Effects, Store, TabularRename, TabularSearch};

async fn found(catalog: &Catalog, text: &str) -> Vec<(f32, String)> {
    let search = TabularSearch::of(catalog.warehouse, text);
    let found = catalog.store.tabular_search(search).await.unwrap();
    let told = found.into_iter();
    told.map(|(distance, one)| (distance, format!("{}.{}", one.path, one.name)))
        .collect()
}

async fn names(catalog: &Catalog, text: &str) -> Vec<String> {
    let found = found(catalog, text).await;
    found.into_iter().map(|(_, name)| name).collect()
}

pub async fn names_with_mistakes_are_found_the_best_first(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["Sales"]).await;
    for text in [
        "Orders",
        "orders_archive",
        "ordres",
        "Bücher-2024",
        "zebra",
        "a",
    ] {
        catalog.table(ns, text).await;
    }
    catalog.create(new_view(ns, "all.orders")).await.unwrap();
    assert_eq!(
        names(&catalog, "orders").await,
        [
            "Sales.Orders",
            "Sales.all.orders",
            "Sales.orders_archive",
            "Sales.ordres"
        ]
    );
    assert_eq!(
        found(&catalog, "ORDERS").await[0],
        (0.0, "Sales.Orders".to_owned())
    );
    for (text, expected) in [
        ("bucher 2024", "Sales.Bücher-2024"),
        ("BÜCHER", "Sales.Bücher-2024"),
        ("zebar", "Sales.zebra"),
        ("a", "Sales.a"),
    ] {
        assert_eq!(names(&catalog, text).await[0], expected, "{text}");
    }
    for nothing in ["", "xyz", "'", "%", "_"] {
        assert!(names(&catalog, nothing).await.is_empty(), "{nothing}");
    }
}

pub async fn ids_find_a_table_or_all_in_a_namespace(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["ns"]).await;
    let (table, _) = (
        catalog.table(ns, "one").await,
        catalog.table(ns, "two").await,
    );
    assert_eq!(names(&catalog, &table.to_string()).await, ["ns.one"]);
    assert_eq!(names(&catalog, &ns.to_string()).await, ["ns.one", "ns.two"]);
    let other = catalog.other("other").await;
    assert!(names(&other, &table.to_string()).await.is_empty());
    assert!(names(&other, &ns.to_string()).await.is_empty());
}

pub async fn what_is_soft_deleted_takes_no_place_among_what_an_id_finds(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["ns"]).await;
    let mut tables = Vec::new();
    for number in 0..=TabularSearch::CANDIDATES {
        let name = format!("t{number}");
        tables.push((catalog.table(ns, &name).await, format!("ns.{name}")));
    }
    tables.sort();
    let (_, last) = tables.pop().unwrap();
    for (id, _) in tables {
        soft_drop(&catalog, id).await;
    }
    assert_eq!(names(&catalog, &ns.to_string()).await, [last]);
}

pub async fn what_a_search_finds_is_what_is_there(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (ns, inner) = (
        catalog.namespace(&["ns"]).await,
        catalog.namespace(&["ns", "in"]).await,
    );
    let id = catalog.table(ns, "before").await;
    rename(&catalog, id, inner, "later").await;
    assert!(names(&catalog, "before").await.is_empty());
    assert_eq!(names(&catalog, "later").await, ["ns.in.later"]);
    assert!(
        names(&catalog.other("other").await, "later")
            .await
            .is_empty()
    );
    let at = AtVersion::of(id, catalog.version(id).await);
    store.tabular_drop(at, Effects::none()).await.unwrap();
    assert!(names(&catalog, "later").await.is_empty());
    // The same id and name can be used again.
    let again = crate::NewTabular {
        id,
        version: Version::from_i64(1 << 40),
        ..new_table(ns, "later")
    };
    catalog.create(again).await.unwrap();
    assert_eq!(names(&catalog, "later").await, ["ns.later"]);
}

async fn rename(catalog: &Catalog, id: TabularId, namespace: NamespaceId, to: &str) {
    let rename = TabularRename {
        id,
        expected: catalog.version(id).await,
        namespace,
        found_at: None,
        name: name(to),
        at: later(1),
    };
    let renamed = catalog.store.tabular_rename(rename, Effects::none());
    renamed.await.unwrap();
}

pub async fn one_among_very_many_alike_is_found(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["ns"]).await;
    let many = (0..1_500).map(|number| new_table(ns, &format!("customer_orders_{number:05}")));
    catalog
        .commit(many.collect(), Vec::new(), Effects::none())
        .await
        .unwrap();
    catalog.table(ns, "customer_orders").await;
    for (text, expected) in [
        ("customer_orders_00777", "ns.customer_orders_00777"),
        ("custmer orders 00777", "ns.customer_orders_00777"),
        ("customer_orders", "ns.customer_orders"),
    ] {
        assert_eq!(names(&catalog, text).await[0], expected, "{text}");
    }
    let some = names(&catalog, "customer").await.len();
    assert!((TabularSearch::ENOUGH..200).contains(&some), "{some}");
}

pub async fn the_longest_name_is_found(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let ns = catalog.namespace(&["ns"]).await;
    let longest = "y".repeat(model::Bounds::NAME_BYTES - 2) + "qz";
    catalog.table(ns, &longest).await;
    let other = "ü".repeat(model::Bounds::NAME_BYTES / 2);
    catalog.table(ns, &other).await;
    let found = names(&catalog, "yyqz").await;
    assert_eq!(found, [format!("ns.{longest}")]);
    assert_eq!(names(&catalog, "üüü").await, [format!("ns.{other}")]);
}
