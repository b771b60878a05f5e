//! The namespaces and tables that a consumer of nothing but events knows of, to compare with those that exist.

use std::collections::{BTreeMap, BTreeSet};

use model::EventKind;
use serde_json::Value;
use store::OutboxRow;

use crate::Error;
use crate::check::{Rule, Violation};
use crate::warehouse::list;
use crate::world::World;

/// Existing namespaces and tables, each with its warehouse's id.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mirror {
    namespaces: BTreeSet<(String, String)>,
    tables: BTreeSet<(String, String)>,
}

impl Mirror {
    /// The state that follows from the events.
    pub(crate) fn from_events(rows: &[OutboxRow]) -> Self {
        let (mut namespaces, mut tables) = (BTreeSet::new(), BTreeMap::new());
        for row in rows {
            let event = &row.event;
            let Some(warehouse) = event.warehouse else {
                continue;
            };
            let within = |name: String| (warehouse.to_string(), name);
            let body: Value = serde_json::from_str(event.body.get()).unwrap_or_default();
            let subject = event.subject.clone();
            match event.kind {
                EventKind::CreateNamespace => {
                    namespaces.insert(within(levels(&body)));
                }
                EventKind::DropNamespace => {
                    namespaces.remove(&within(levels(&body)));
                }
                EventKind::CreateTable => {
                    tables.insert(subject, within(name(&body)));
                }
                EventKind::UndropTabulars => {
                    namespaces.insert(within(levels(&body)));
                    tables.insert(subject, within(name(&body)));
                }
                EventKind::RenameTable => {
                    let to = body.get("destination").map(name).unwrap_or_default();
                    tables.insert(subject, within(to));
                }
                EventKind::DropTable => {
                    tables.remove(&subject);
                }
                _ => {}
            }
        }
        Self {
            namespaces,
            tables: tables.into_values().collect(),
        }
    }

    /// The state that the catalog lists.
    pub(crate) async fn listed(world: &World) -> Result<Self, Error> {
        let mut listed = Self::default();
        for warehouse in &world.warehouses {
            let path = format!("{}/namespaces", warehouse.prefix());
            for namespace in list(&world.client, &path, "namespaces").await? {
                let namespace = joined(&namespace);
                let path = format!("{path}/{namespace}/tables");
                for table in list(&world.client, &path, "identifiers").await? {
                    listed.tables.insert((warehouse.id.clone(), name(&table)));
                }
                listed.namespaces.insert((warehouse.id.clone(), namespace));
            }
        }
        Ok(listed)
    }

    /// Reports every namespace and table that is in only one of the two states.
    pub(crate) fn compare(&self, listed: &Self, found: &mut Vec<Violation>) {
        let pairs = [
            (&self.namespaces, &listed.namespaces),
            (&self.tables, &listed.tables),
        ];
        for (expected, listed) in pairs {
            for (warehouse, name) in expected.symmetric_difference(listed) {
                let where_from = if listed.contains(&(warehouse.clone(), name.clone())) {
                    "is in the catalog but not in what events tell"
                } else {
                    "is not in the catalog but in what events tell"
                };
                let detail = format!("{name} of {warehouse} {where_from}");
                found.push(Violation::new(Rule::Event, detail));
            }
        }
    }
}

fn name(about: &Value) -> String {
    let name = about.get("name").and_then(Value::as_str);
    format!("{}.{}", levels(about), name.unwrap_or_default())
}

fn levels(about: &Value) -> String {
    about.get("namespace").map(joined).unwrap_or_default()
}

fn joined(levels: &Value) -> String {
    let levels = levels.as_array().into_iter().flatten();
    levels
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(".")
}
