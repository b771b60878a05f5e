//! Roles: groups of users and other roles, to which privileges can be granted.

mod assume;
mod create;
mod drop;
mod list;
mod load;
mod members;
mod memberships;
mod search;
mod update;

pub use assume::assume;
pub use create::{RoleCreate, create};
pub use drop::drop;
pub use list::list;
pub use load::{load, load_metadata};
pub(crate) use members::members_event;
pub use members::{add, members, remove};
pub use memberships::member_of;
pub(crate) use memberships::roles_of;
pub use search::search;
pub use update::{RoleUpdate, rebind, update};

use authz::{Action, Authorized, Protected, Resource, RoleAction};
use model::{Bounds, EventKind, RoleId, RoleIdent};
use serde_json::json;
use store::{Effects, Entity, RoleRow, StoreError};

use crate::events::Cause;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, project};

/// A role that a request is about.
#[derive(Debug, Clone)]
pub(crate) struct RoleTarget(RoleRow);

impl Protected for RoleTarget {
    fn resource(&self) -> Resource {
        Resource::Role(self.0.project.clone(), self.0.id)
    }
}

/// The role, if it is in the request's project and the caller may do `action` on it.
async fn require(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    action: RoleAction,
) -> Result<Authorized<RoleTarget>> {
    let project = project::of_request(cx, request)?;
    let role = find(cx, id).await?;
    if role.project != project {
        return Err(missing(id));
    }
    let required = cx.require(request, Action::Role(action), RoleTarget(role));
    let required = required.await;
    required.map_err(|error| error.or_missing(|| missing(id)))
}

/// The role, before the caller's rights are checked; missing if the request names another project than the role's.
pub(crate) async fn find_for(cx: &Catalog, request: &Request, id: RoleId) -> Result<RoleTarget> {
    let role = find(cx, id).await?;
    match &request.project {
        Some(project) if *project != role.project => Err(missing(id)),
        _ => Ok(RoleTarget(role)),
    }
}

async fn find(cx: &Catalog, id: RoleId) -> Result<RoleRow> {
    match cx.lookup().role_load(id).await {
        Ok(role) => Ok(role),
        Err(StoreError::NotFound(_)) => Err(missing(id)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn missing(id: RoleId) -> CatalogError {
    let message = format!("there is no role with the id `{id}` in the project");
    CatalogError::new(ErrorKind::NoSuchRole, message)
}

/// The event of a change to the role.
fn told(kind: EventKind, role: &RoleRow, by: Cause<'_>) -> Result<Effects> {
    let body = json!({ "project-id": role.project, "name": role.name.as_str() });
    Ok(Effects::telling([events::of_server(
        kind, &role.id, by, &body,
    )?]))
}

/// Checks the length of a role's description. An empty one is stored as none.
fn check_description(description: Option<String>) -> Result<Option<String>> {
    let (description, most) = (
        description.filter(|text| !text.is_empty()),
        Bounds::ROLE_DESCRIPTION_BYTES,
    );
    match &description {
        Some(text) if text.len() > most => Err(CatalogError::bad_request(format!(
            "the role's description must have at most {most} bytes; this one has {}",
            text.len()
        ))),
        _ => Ok(description),
    }
}

/// Checks a role's provider-id and source-id. The provider `system` is reserved for roles of the catalog itself.
fn check_ident(provider: &str, source: &str) -> Result<RoleIdent> {
    if provider == RoleIdent::SYSTEM {
        return Err(CatalogError::new(
            ErrorKind::ReservedRoleProvider,
            "the provider-id `system` is reserved for roles of the catalog itself; choose another one",
        ));
    }
    RoleIdent::new(provider, source)
        .map_err(|error| CatalogError::new(ErrorKind::InvalidRoleIdent, error.to_string()))
}

fn refused(error: StoreError) -> CatalogError {
    let message = error.to_string();
    let kind = match &error {
        StoreError::NotFound(Entity::Role(_)) => ErrorKind::NoSuchRole,
        StoreError::NotFound(Entity::User(_)) => ErrorKind::NoSuchRoleMember,
        StoreError::AlreadyExists(Entity::RoleName(_)) => ErrorKind::RoleNameTaken,
        StoreError::AlreadyExists(Entity::RoleIdent(_)) => ErrorKind::RoleIdentTaken,
        StoreError::RoleCycle { .. } => ErrorKind::RoleCycle,
        StoreError::RoleTooDeep { .. } => ErrorKind::RoleTooDeep,
        _ => return error.into(),
    };
    CatalogError::new(kind, message)
}
