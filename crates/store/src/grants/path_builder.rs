//! Builds the path from the server down to each place from the rows that a database has found.

use std::collections::HashMap;

use model::{NamespaceId, Privileges, ProjectId, Securable, Version, WarehouseId};

use super::{ManagedAccess, PathPrivileges, Place, Step};

/// The things on the paths to some places. Each thing is stored once, however many of the places lie below it.
#[derive(Debug, Default)]
pub struct PathBuilder {
    /// The privileges on the server.
    pub server: Privileges,
    /// The privileges on each project.
    pub projects: HashMap<ProjectId, Privileges>,
    /// For each warehouse: its project, its grants version, and its step.
    pub warehouses: HashMap<WarehouseId, (ProjectId, Version, Step)>,
    /// For each namespace: its warehouse, its parent namespace if any, and its step.
    pub namespaces: HashMap<NamespaceId, (WarehouseId, Option<NamespaceId>, Step)>,
}

impl PathBuilder {
    /// The path to a place; `None` if the place or something on the path does not exist.
    pub fn path(&self, place: &Place) -> Option<PathPrivileges> {
        let mut steps = Vec::new();
        let version = match place {
            Place::Server => Version::FIRST,
            Place::Project(id) => self.push_project(id, &mut steps).map(|()| Version::FIRST)?,
            Place::Warehouse(id) => self.push_warehouse(*id, &mut steps)?,
            Place::Namespace(id) => self.push_namespaces(*id, &mut steps)?,
        };
        steps.push(step(Securable::Server, self.server));
        steps.reverse();
        Some(PathPrivileges { version, steps })
    }

    fn push_project(&self, id: &ProjectId, steps: &mut Vec<Step>) -> Option<()> {
        let given = self.projects.get(id)?;
        steps.push(step(Securable::Project(id.clone()), *given));
        Some(())
    }

    fn push_warehouse(&self, id: WarehouseId, steps: &mut Vec<Step>) -> Option<Version> {
        let (project, version, warehouse) = self.warehouses.get(&id)?;
        steps.push(warehouse.clone());
        self.push_project(project, steps)?;
        Some(*version)
    }

    fn push_namespaces(&self, id: NamespaceId, steps: &mut Vec<Step>) -> Option<Version> {
        let mut next = Some(id);
        let mut within = None;
        while let Some(id) = next {
            let (warehouse, parent, namespace) = self.namespaces.get(&id)?;
            steps.push(namespace.clone());
            (within, next) = (Some(*warehouse), *parent);
        }
        self.push_warehouse(within?, steps)
    }
}

const fn step(on: Securable, given: Privileges) -> Step {
    let managed = ManagedAccess::Off;
    Step { on, given, managed }
}
