//! The bodies and queries of requests and answers about grants.

use std::collections::BTreeMap;

use authz::ResourceKind;
use catalog::ListQuery;
use catalog::grant::{GrantDiff, PrivilegeInfo};
use http::StatusCode;
use model::{Page, Principal, Privilege, Securable, TabularKind, WarehouseId};
use serde::{Deserialize, Serialize};
use store::{GrantRow, Unchanged};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{PageQuery, UserOrRole, encode_token, principal};

fn ambiguous() -> ApiError {
    let message = "name a user or a role, not both";
    ApiError::new(StatusCode::BAD_REQUEST, "AmbiguousGrantPrincipal", message)
}

/// The principal of a grant: a user or a role, exactly one of which must be given.
pub(in crate::management) fn grantee(named: (Option<&str>, Option<Uuid>)) -> ApiResult<Principal> {
    principal(named, ambiguous)?
        .ok_or_else(|| ApiError::bad_request("the principal is missing: name a `user` or a `role`"))
}

/// A privilege, and the user or role who gets or loses it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantEntry {
    /// The name of the privilege, as `…/grants/grantable-privileges` lists it.
    #[schema(min_length = 1, max_length = 256)]
    privilege: String,
    principal: UserOrRole,
}

impl GrantEntry {
    fn decode(self) -> ApiResult<(Principal, String)> {
        Ok((grantee(self.principal.parts())?, self.privilege))
    }
}

/// Grants to give and grants to revoke, together at most 100, none twice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyGrantsRequest {
    /// Grants to give. A grant that exists already is no error.
    #[serde(default)]
    #[schema(max_items = 100)]
    writes: Vec<GrantEntry>,
    /// Grants to revoke. A grant that does not exist is no error.
    #[serde(default)]
    #[schema(max_items = 100)]
    deletes: Vec<GrantEntry>,
}

impl ApplyGrantsRequest {
    pub(crate) fn decode(self) -> ApiResult<GrantDiff> {
        let decode = |entries: Vec<GrantEntry>| {
            let entries = entries.into_iter().map(GrantEntry::decode);
            entries.collect::<ApiResult<Vec<_>>>()
        };
        Ok(GrantDiff {
            writes: decode(self.writes)?,
            deletes: decode(self.deletes)?,
            unchanged: Unchanged::Skipped,
        })
    }
}

/// Which grants to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListGrantsQuery {
    /// Only grants to this user. Not together with `principalRole`.
    principal_user: Option<String>,
    /// Only grants to this role. Not together with `principalUser`.
    principal_role: Option<Uuid>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of grants in the page.
    page_size: Option<u64>,
}

impl ListGrantsQuery {
    pub(crate) fn decode(self, app: &App) -> ApiResult<(Option<Principal>, ListQuery)> {
        let page = PageQuery {
            page_token: Some(self.page_token.unwrap_or_default()),
            page_size: self.page_size,
        };
        let to = principal(
            (self.principal_user.as_deref(), self.principal_role),
            ambiguous,
        )?;
        Ok((to, page.decode(app)?))
    }
}

/// The user or role to answer for; the caller if none is given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantAccessQuery {
    /// The id of a user. Not together with `principalRole`.
    principal_user: Option<String>,
    /// The id of a role. Not together with `principalUser`.
    principal_role: Option<Uuid>,
}

impl GrantAccessQuery {
    pub(crate) fn decode(&self) -> ApiResult<Option<Principal>> {
        principal(
            (self.principal_user.as_deref(), self.principal_role),
            ambiguous,
        )
    }
}

/// A page of grants.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListGrantsResponse {
    grants: Vec<GrantResponse>,
    /// Null on the last page.
    next_page_token: Option<String>,
}

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct GrantResponse {
    principal: UserOrRole,
    resource: GrantResource,
    privilege: String,
    /// Whether this version of the catalog knows the privilege.
    recognized: bool,
    /// When the grant was given (RFC 3339).
    created_at: Option<String>,
}

/// The resource that a grant is on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantResourceResponse)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum GrantResource {
    Server,
    Project {
        project_id: String,
    },
    Warehouse {
        warehouse_id: Uuid,
    },
    Namespace {
        warehouse_id: Uuid,
        namespace_id: Uuid,
    },
    Table {
        warehouse_id: Uuid,
        table_id: Uuid,
    },
    View {
        warehouse_id: Uuid,
        view_id: Uuid,
    },
    GenericTable {
        warehouse_id: Uuid,
        generic_table_id: Uuid,
    },
    TagDefinition {
        tag_definition_id: Uuid,
    },
}

impl GrantResource {
    /// `None` for roles, which have no grants in this API.
    fn of(on: &Securable, within: Option<WarehouseId>) -> Option<Self> {
        let within = within.map(WarehouseId::as_uuid);
        Some(match on {
            Securable::Server => Self::Server,
            Securable::Project(id) => Self::Project {
                project_id: id.to_string(),
            },
            Securable::Role(_) => return None,
            Securable::TagDefinition(id) => Self::TagDefinition {
                tag_definition_id: id.as_uuid(),
            },
            Securable::Warehouse(id) => Self::Warehouse {
                warehouse_id: id.as_uuid(),
            },
            Securable::Namespace(id) => Self::Namespace {
                warehouse_id: within?,
                namespace_id: id.as_uuid(),
            },
            Securable::Tabular(TabularKind::Table, id) => Self::Table {
                warehouse_id: within?,
                table_id: id.as_uuid(),
            },
            Securable::Tabular(TabularKind::View, id) => Self::View {
                warehouse_id: within?,
                view_id: id.as_uuid(),
            },
            Securable::Tabular(TabularKind::GenericTable, id) => Self::GenericTable {
                warehouse_id: within?,
                generic_table_id: id.as_uuid(),
            },
        })
    }
}

impl From<Page<GrantRow>> for ListGrantsResponse {
    fn from(page: Page<GrantRow>) -> Self {
        let grants = page.items.into_iter().filter_map(|row| {
            Some(GrantResponse {
                resource: GrantResource::of(&row.grant.on, row.warehouse)?,
                principal: row.grant.to.into(),
                privilege: row.grant.privilege.to_string(),
                recognized: true,
                created_at: Some(row.created_at.to_string()),
            })
        });
        Self {
            grants: grants.collect(),
            next_page_token: page.next.as_ref().map(encode_token),
        }
    }
}

/// A privilege, with texts for people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PrivilegeDescriptor {
    name: &'static str,
    display_name: String,
    description: Option<&'static str>,
    /// `metadata`, `read`, `write`, `create`, `security` or `administration`.
    category: Option<&'static str>,
    /// `server`, `project`, `warehouse`, `namespace`, `table`, `view`, `generic-table` or `tag-definition`.
    resource_type: &'static str,
}

impl PrivilegeDescriptor {
    fn of(on: ResourceKind, privilege: Privilege) -> Self {
        let info = PrivilegeInfo::of(privilege);
        Self {
            name: privilege.as_str(),
            display_name: privilege.as_str().replace('_', " "),
            description: Some(info.description),
            category: Some(info.category),
            resource_type: on.as_str(),
        }
    }
}

/// The kinds of resources that have grants in this API.
const KINDS: [ResourceKind; 8] = [
    ResourceKind::Server,
    ResourceKind::Project,
    ResourceKind::TagDefinition,
    ResourceKind::Warehouse,
    ResourceKind::Namespace,
    ResourceKind::Table,
    ResourceKind::View,
    ResourceKind::GenericTable,
];

/// The privileges of each kind of resource.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantablePrivilegesResponse {
    privileges: BTreeMap<&'static str, Vec<PrivilegeDescriptor>>,
}

impl GrantablePrivilegesResponse {
    pub(crate) fn all() -> Self {
        let kinds = KINDS.iter().map(|kind| {
            let privileges = kind.privileges().iter();
            let described = privileges.map(|one| PrivilegeDescriptor::of(*kind, *one));
            (kind.as_str(), described.collect())
        });
        Self {
            privileges: kinds.collect(),
        }
    }
}

/// A privilege, and whether the user or role may give it to others.
#[derive(Debug, Serialize, ToSchema)]
struct GrantablePrivilege {
    privilege: PrivilegeDescriptor,
    allowed: bool,
}

/// The privileges of a resource.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResourceGrantablePrivilegesResponse {
    privileges: Vec<GrantablePrivilege>,
}

impl ResourceGrantablePrivilegesResponse {
    pub(crate) fn of(on: ResourceKind, found: Vec<(Privilege, bool)>) -> Self {
        let found = found.into_iter();
        let privileges = found.map(|(privilege, allowed)| GrantablePrivilege {
            privilege: PrivilegeDescriptor::of(on, privilege),
            allowed,
        });
        Self {
            privileges: privileges.collect(),
        }
    }
}
