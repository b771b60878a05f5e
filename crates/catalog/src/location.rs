//! Chooses and checks the locations of tables and views.

use model::Properties;
use objects::{LayoutName, Location};

use crate::tabular::CreationPlace;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result, namespace};

/// The location of a new table or view: the one that the client asked for, if `place` allows it; otherwise the one
/// that the storage has made for it; otherwise a folder, named by the warehouse's layout, below the namespace's
/// `location` property or, without one, below the folder that the layout gives the namespace.
pub(crate) async fn of_new(
    cx: &Catalog,
    place: &CreationPlace,
    asked: Option<&str>,
    new: LayoutName<'_>,
) -> Result<Location> {
    let profile = &place.warehouse.profile;
    if let Some(asked) = asked {
        let asked = check(&place.warehouse, asked)?;
        place.check(&asked)?;
        return Ok(asked);
    }
    if let Some(made) = &place.made {
        return Ok(made.clone());
    }
    let parent = if let Some(location) = place.properties.get("location") {
        profile.parse_location(location)?
    } else {
        namespace::folder(cx, &place.warehouse, &place.namespace, place.within.id).await?
    };
    Ok(parent.join(&profile.layout().tabular_folder(new))?)
}

/// Checks a location that a client chose: it must lie in the warehouse, and not be the warehouse's base location.
pub(crate) fn check(warehouse: &Warehouse, asked: &str) -> Result<Location> {
    let location = warehouse.profile.parse_location(asked)?;
    let base = warehouse.profile.base_location();
    if location == base {
        let message = format!(
            "location `{asked}` is the base location of the warehouse; choose a folder below it"
        );
        return Err(CatalogError::new(ErrorKind::InvalidLocation, message));
    }
    Ok(location)
}

/// The location as metadata spells it: the client's spelling without a trailing `/`.
pub(crate) fn spelled(location: &Location) -> String {
    location.as_str().trim_end_matches('/').to_owned()
}

/// Checks the location that metadata names, and its paths with [`check_paths`].
pub(crate) fn check_metadata(
    warehouse: &Warehouse,
    location: &str,
    properties: &Properties,
) -> Result<Location> {
    let location = check(warehouse, location)?;
    check_paths(warehouse, &location, properties)?;
    Ok(location)
}

/// Refuses `write.metadata.path`, `write.data.path` and their older names outside of the table's or view's own
/// location: files there would be out of reach of its credentials and of its purge.
pub(crate) fn check_paths(
    warehouse: &Warehouse,
    location: &Location,
    properties: &Properties,
) -> Result<()> {
    for key in [
        "write.metadata.path",
        "write.data.path",
        "write.object-storage.path",
        "write.folder-storage.path",
    ] {
        let Some(path) = properties.get(key) else {
            continue;
        };
        if !warehouse.profile.parse_location(path)?.is_within(location) {
            let message = format!(
                "property `{key}` is `{path}`, which is not within the location `{}`",
                location.as_str()
            );
            return Err(CatalogError::new(ErrorKind::InvalidLocation, message));
        }
    }
    Ok(())
}
