//! Searches the tables and views of a warehouse by name or id.

use authz::{Action, InWarehouse, Protected, Resource, WarehouseAction};
use model::{Name, NamespacePath, TabularId, TabularKind, TabularPath, WarehouseId};
use store::{FoundTabular, ResolveTarget, TabularSearch, Wanted};

use crate::tabular::TabularAction;
use crate::{Catalog, Request, Result};

/// Characters of the search text that are used; the rest is ignored.
const LONGEST_CHARS: usize = 64;
const MOST_TABULARS: usize = 10;

/// Tables and views that the caller may see, whose name or id is similar to the text, or whose namespace has the text
/// as its id. Best match first, each with its distance; ten at most.
pub async fn search(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    text: &str,
) -> Result<Vec<(f32, FoundTabular)>> {
    let (within, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let action = Action::Warehouse(WarehouseAction::Use);
    let within = cx.require(request, action, within).await?;
    let text: String = text.chars().take(LONGEST_CHARS).collect();
    let search = TabularSearch::of(warehouse, &text);
    let store = cx.store(&within);
    let mut found = store.tabular_search(search).await?;
    if let Some(id) = at_path(cx, warehouse, &text).await? {
        let wanted = Wanted::Id(id.as_uuid());
        let exact = store.tabular_search(TabularSearch { warehouse, wanted });
        found.retain(|(_, one)| one.id != id);
        found.splice(0..0, exact.await?);
    }
    visible(cx, request, &within.as_resource(), found).await
}

/// The table or view at the path that the text spells. A search by name could miss it if very many others have its
/// name.
async fn at_path(cx: &Catalog, warehouse: WarehouseId, text: &str) -> Result<Option<TabularId>> {
    let Some((namespace, name)) = text.trim().rsplit_once('.') else {
        return Ok(None);
    };
    let levels = namespace.split('.').map(str::to_owned).collect();
    let (Ok(namespace), Ok(name)) = (NamespacePath::parse(levels), Name::parse("table", name))
    else {
        return Ok(None);
    };
    let path = TabularPath { namespace, name };
    let found = cx.find_tabular(warehouse, &path).await?;
    Ok(found.tabular.map(|there| there.id()))
}

/// Keeps those that the caller may see, in order. The kinds are checked one after the other, since their actions
/// differ.
async fn visible(
    cx: &Catalog,
    request: &Request,
    within: &InWarehouse,
    found: Vec<(f32, FoundTabular)>,
) -> Result<Vec<(f32, FoundTabular)>> {
    let mut seen = Vec::new();
    let kinds = [
        TabularKind::Table,
        TabularKind::View,
        TabularKind::GenericTable,
    ];
    for kind in kinds {
        let of_kind = found
            .iter()
            .enumerate()
            .filter(|(_, (_, one))| one.kind == kind);
        let targets = of_kind.map(|(place, (distance, found))| FoundTarget {
            within: within.clone(),
            place,
            distance: *distance,
            found: found.clone(),
        });
        let action = TabularAction::GetMetadata.on(kind);
        let allowed = cx.filter(request, action, targets.collect()).await?;
        seen.extend(allowed.into_iter().map(authz::Authorized::into_inner));
    }
    seen.sort_by_key(|one| one.place);
    seen.truncate(MOST_TABULARS);
    Ok(seen
        .into_iter()
        .map(|one| (one.distance, one.found))
        .collect())
}

struct FoundTarget {
    within: InWarehouse,
    place: usize,
    distance: f32,
    found: FoundTabular,
}

impl Protected for FoundTarget {
    fn resource(&self) -> Resource {
        let found = &self.found;
        Resource::Tabular(found.kind, self.within.clone(), found.namespace, found.id)
    }
}
