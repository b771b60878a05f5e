//! Creates a role.

use authz::ProjectAction;
use model::{EventKind, Name, ProjectId, RoleId, RoleIdent, Securable};
use store::{Effects, RoleRow};

use super::{check_description, check_ident, refused, told};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, project};

/// A role to be created.
#[derive(Debug, Clone)]
pub struct RoleCreate {
    /// Its project; the request's own if absent.
    pub project: Option<ProjectId>,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The provider that knows its members; the catalog itself if absent.
    pub provider: Option<String>,
    /// The role's id at the provider; required with a provider, and refused without.
    pub source: Option<String>,
}

/// Creates the role and makes the caller its owner.
pub async fn create(cx: &Catalog, request: &Request, new: RoleCreate) -> Result<RoleRow> {
    let project = new
        .project
        .map_or_else(|| project::of_request(cx, request), Ok)?;
    let project = project::require(cx, request, &project, ProjectAction::CreateRole).await?;
    let id = RoleId::generate();
    let ident = match (new.provider, new.source) {
        (None, None) => check_ident(RoleIdent::LAKEKEEPER, &id.to_string())?,
        (Some(provider), Some(source)) => check_ident(&provider, &source)?,
        _ => {
            let message = "`provider-id` and `source-id` must be given together, or neither";
            return Err(CatalogError::new(ErrorKind::InvalidRoleIdent, message));
        }
    };
    let role = RoleRow {
        id,
        project: project.0.id.clone(),
        ident,
        name: Name::parse("role", &new.name)?,
        description: check_description(new.description)?,
        created_at: cx.now(),
        updated_at: None,
    };
    let effects = Effects {
        grants: request.ownership(Securable::Role(id)),
        ..told(EventKind::CreateRole, &role, request.at(role.created_at))?
    };
    let created = cx.store(&project).role_create(role.clone(), effects);
    created.await.map_err(refused)?;
    Ok(role)
}
