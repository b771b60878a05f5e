//! Reads that happen before it is known whether the caller may see the rows.

use model::{
    Name, NamespaceId, Page, PageRequest, Principal, ProjectId, RoleId, RoleIdent, Securable,
    TabularId, TabularKind, TagDefinitionId, TagName, TaskId, WarehouseId,
};
use store::{
    ManagedAccessOf, NamespaceRow, PathPrivileges, Place, PlacedTabular, ProjectRow, Result,
    RoleRow, ServerRow, Store, TabularRow, TagDefinitionRow, TaskInfo, TaskScope, WarehouseRow,
};

/// Reads, by id or name, the rows that authorization decisions are made on, outside of the gathered statement. It
/// cannot change anything, and lists little: all else needs a proof and [`Catalog::store`](crate::Catalog::store).
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a>(&'a dyn Store);

impl<'a> Lookup<'a> {
    pub(crate) const fn new(store: &'a dyn Store) -> Self {
        Self(store)
    }

    pub(crate) async fn server_load(self) -> Result<ServerRow> {
        self.0.server_load().await
    }

    pub(crate) async fn project_load(self, id: &ProjectId) -> Result<ProjectRow> {
        self.0.project_load(id).await
    }

    pub(crate) async fn role_load(self, id: RoleId) -> Result<RoleRow> {
        self.0.role_load(id).await
    }

    pub(crate) async fn warehouse_load(self, id: WarehouseId) -> Result<WarehouseRow> {
        self.0.warehouse_load(id).await
    }

    pub(crate) async fn warehouse_find(
        self,
        project: &ProjectId,
        name: &Name,
    ) -> Result<Option<WarehouseRow>> {
        self.0.warehouse_find(project, name).await
    }

    pub(crate) async fn warehouse_list(
        self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<WarehouseRow>> {
        self.0.warehouse_list(project, page).await
    }

    pub(crate) async fn namespace_load(
        self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceRow> {
        self.0.namespace_load(warehouse, id).await
    }

    pub(crate) async fn tabular_load(
        self,
        warehouse: WarehouseId,
        id: TabularId,
    ) -> Result<TabularRow> {
        self.0.tabular_load(warehouse, id).await
    }

    pub(crate) async fn tabular_find_by_location(
        self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<PlacedTabular>> {
        self.0.tabular_find_by_location(warehouse, location).await
    }

    pub(crate) async fn tabular_homes(
        self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<(TabularId, TabularKind, NamespaceId)>> {
        self.0.tabular_homes(warehouse, ids).await
    }

    pub(crate) async fn task_find(
        self,
        scope: &TaskScope,
        ids: Vec<TaskId>,
    ) -> Result<Vec<TaskInfo>> {
        self.0.task_find(scope, ids).await
    }

    pub(crate) async fn tag_definition_load(
        self,
        project: &ProjectId,
        id: TagDefinitionId,
    ) -> Result<TagDefinitionRow> {
        self.0.tag_definition_load(project, id).await
    }

    pub(crate) async fn tag_definition_find(
        self,
        project: &ProjectId,
        name: &TagName,
    ) -> Result<TagDefinitionRow> {
        self.0.tag_definition_find(project, name).await
    }

    pub(crate) async fn grants_on_paths(
        self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<PathPrivileges>>> {
        self.0.grants_on_paths(principals, places).await
    }

    pub(crate) async fn managed_access(self, of: &Securable) -> Result<ManagedAccessOf> {
        self.0.managed_access(of).await
    }

    pub(crate) async fn grants_principals(
        self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>> {
        self.0.grants_principals(of, named).await
    }
}
