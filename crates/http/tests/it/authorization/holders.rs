//! Which single grants allow everything that an operation asks for.

use authz::{Check, Resource, ResourceKind, Rights, Verdict};
use model::{Privilege, Privileges, Securable, Version};
use store::{ManagedAccess, PathPrivileges, Step};

const KINDS: [ResourceKind; 9] = [
    ResourceKind::Server,
    ResourceKind::Project,
    ResourceKind::Role,
    ResourceKind::TagDefinition,
    ResourceKind::Warehouse,
    ResourceKind::Namespace,
    ResourceKind::Table,
    ResourceKind::View,
    ResourceKind::GenericTable,
];

/// For each kind of resource, the privileges of which one alone allows all checks: `server: operator; project: data_admin
/// modify`.
pub(super) fn holders(checks: &[Check]) -> String {
    let of_kind = KINDS.iter().filter_map(|kind| {
        let enough = kind.privileges().iter().filter(|given| {
            let is_allowed = |check| is_allowed(check, *kind, **given);
            checks.iter().all(is_allowed)
        });
        let enough: Vec<_> = enough.map(|given| given.as_str()).collect();
        let is_any = !enough.is_empty();
        is_any.then(|| format!("{kind}: {}", enough.join(" ")))
    });
    let all: Vec<_> = of_kind.collect();
    if all.is_empty() {
        return "nobody by a single grant".to_owned();
    }
    all.join("; ")
}

fn is_allowed(check: &Check, kind: ResourceKind, given: Privilege) -> bool {
    let steps = way(&check.resource).into_iter().map(|on| {
        let is_here = ResourceKind::of(&on) == kind;
        let given = if is_here {
            Privileges::NONE.with(given)
        } else {
            Privileges::NONE
        };
        let managed = ManagedAccess::Off;
        Step { on, given, managed }
    });
    let path = PathPrivileges {
        version: Version::FIRST,
        steps: steps.collect(),
    };
    match Rights::along(&path).verdict(check.action, &check.resource) {
        Verdict::Allow => true,
        Verdict::Deny => false,
        Verdict::IfBelow(_) => {
            let root = check.resource.browse_root().unwrap();
            kinds_above(kind).contains(&ResourceKind::of(&root))
        }
    }
}

/// The resources from the server down to this one.
fn way(to: &Resource) -> Vec<Securable> {
    let mut way = vec![Securable::Server];
    let project = match to {
        Resource::Server | Resource::User(_) => None,
        Resource::Project(id) | Resource::Role(id, _) | Resource::TagDefinition(id, _) => Some(id),
        Resource::Warehouse(at) | Resource::Namespace(at, _) | Resource::Tabular(_, at, ..) => {
            Some(&at.project)
        }
    };
    way.extend(project.cloned().map(Securable::Project));
    if let Resource::Namespace(at, _) | Resource::Tabular(_, at, ..) = to {
        way.push(Securable::Warehouse(at.id));
    }
    if let Resource::Tabular(_, _, namespace, _) = to {
        way.push(Securable::Namespace(*namespace));
    }
    if !matches!(to, Resource::Project(_) | Resource::Server) {
        way.extend(to.securable());
    }
    way
}

/// The kinds of resources that contain one of this kind, and this kind itself.
fn kinds_above(kind: ResourceKind) -> Vec<ResourceKind> {
    use ResourceKind::{Namespace, Project, Server, Warehouse};
    let around = match kind {
        Server | ResourceKind::User => &[][..],
        Project => &[Server],
        Warehouse | ResourceKind::Role | ResourceKind::TagDefinition => &[Server, Project],
        Namespace => &[Server, Project, Warehouse],
        ResourceKind::Table | ResourceKind::View | ResourceKind::GenericTable => {
            &[Server, Project, Warehouse, Namespace]
        }
    };
    [around, &[kind]].concat()
}
