//! The management API, compatible with the existing Lakekeeper.

mod bootstrap;
mod deleted;
mod event;
mod grant;
mod info;
mod namespace;
mod per_resource;
mod permission;
mod project;
mod protection;
mod role;
mod statistics;
mod tag;
mod tag_definition;
mod task;
mod user;
mod warehouse;

use utoipa_axum::routes;

use crate::routes::Routes;

/// All operations of the management API.
pub(crate) fn routes() -> Routes {
    let server = Routes::new()
        .routes(routes!(info::info))
        .routes(routes!(bootstrap::bootstrap));
    server
        .merge(events())
        .merge(users())
        .merge(roles())
        .merge(grants())
        .merge(projects())
        .merge(warehouses())
        .merge(protections())
        .merge(permissions())
        .merge(assignments())
        .merge(relations())
        .merge(tag_definitions())
        .merge(tags())
        .merge(tasks())
}

fn tag_definitions() -> Routes {
    use tag_definition::{attachments, create, drop, list, load, update};
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(load::load, update::update, drop::drop))
        .routes(routes!(attachments::attachments))
}

fn tags() -> Routes {
    use tag::{column, generic_table, namespace, table, view, warehouse};
    Routes::new()
        .routes(routes!(warehouse::list))
        .routes(routes!(warehouse::set, warehouse::remove))
        .routes(routes!(namespace::list))
        .routes(routes!(namespace::set, namespace::remove))
        .routes(routes!(table::list))
        .routes(routes!(table::set, table::remove))
        .routes(routes!(column::list))
        .routes(routes!(column::set, column::remove))
        .routes(routes!(column::list_all))
        .routes(routes!(view::list))
        .routes(routes!(view::set, view::remove))
        .routes(routes!(generic_table::list))
        .routes(routes!(generic_table::set, generic_table::remove))
}

fn events() -> Routes {
    use event::{dead_letters, list};
    Routes::new()
        .routes(routes!(list::list))
        .routes(routes!(dead_letters::dead_letters))
}

fn users() -> Routes {
    use user::{create, drop, list, load, search, update, whoami};
    Routes::new()
        .routes(routes!(whoami::whoami))
        .routes(routes!(list::list, create::create))
        .routes(routes!(load::load, update::update, drop::drop))
        .routes(routes!(search::search))
}

fn roles() -> Routes {
    use role::{create, drop, list, load, members, memberships, search, update};
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(load::load, update::update, drop::drop))
        .routes(routes!(load::metadata))
        .routes(routes!(update::source_system))
        .routes(routes!(search::search))
        .routes(routes!(members::direct, members::add))
        .routes(routes!(members::transitive))
        .routes(routes!(members::remove))
        .routes(routes!(memberships::of_role))
        .routes(routes!(memberships::of_role_transitive))
        .routes(routes!(memberships::of_user))
        .routes(routes!(memberships::of_user_transitive))
}

fn grants() -> Routes {
    use grant::{
        all, generic_table, namespace, project, server, table, tag_definition, view, warehouse,
    };
    Routes::new()
        .routes(routes!(all::list))
        .routes(routes!(all::grantable))
        .routes(routes!(server::list, server::apply))
        .routes(routes!(server::grantable))
        .routes(routes!(project::list, project::apply))
        .routes(routes!(project::grantable))
        .routes(routes!(warehouse::list, warehouse::apply))
        .routes(routes!(warehouse::grantable))
        .routes(routes!(namespace::list, namespace::apply))
        .routes(routes!(namespace::grantable))
        .routes(routes!(table::list, table::apply))
        .routes(routes!(table::grantable))
        .routes(routes!(view::list, view::apply))
        .routes(routes!(view::grantable))
        .routes(routes!(generic_table::list, generic_table::apply))
        .routes(routes!(generic_table::grantable))
        .routes(routes!(tag_definition::list, tag_definition::apply))
        .routes(routes!(tag_definition::grantable))
}

fn projects() -> Routes {
    use project::{create, drop, list, load, rename};
    Routes::new()
        .routes(routes!(list::list))
        .routes(routes!(load::load, create::create, drop::drop))
        .routes(routes!(rename::rename))
        .routes(routes!(load::load_by_id, drop::drop_by_id))
        .routes(routes!(rename::rename_by_id))
        .routes(routes!(statistics::of_endpoints))
}

fn warehouses() -> Routes {
    use warehouse::{create, drop, list, load, search, update, validate};
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(load::load, drop::drop))
        .routes(routes!(update::rename))
        .routes(routes!(update::activate))
        .routes(routes!(update::deactivate))
        .routes(routes!(update::protect))
        .routes(routes!(update::storage_profile))
        .routes(routes!(update::storage_credential))
        .routes(routes!(update::delete_profile))
        .routes(routes!(update::format_version_policy))
        .routes(routes!(update::managed_by))
        .routes(routes!(search::search))
        .routes(routes!(namespace::move_to))
        .routes(routes!(statistics::of_warehouse))
        .routes(routes!(validate::creation))
        .routes(routes!(validate::profile))
        .routes(routes!(validate::credential))
        .routes(routes!(validate::access))
}

fn tasks() -> Routes {
    use task::{config, control, details, list};
    Routes::new()
        .routes(routes!(deleted::list))
        .routes(routes!(deleted::undrop))
        .routes(routes!(config::soft_deletion, config::set_soft_deletion))
        .routes(routes!(config::tabular_purge, config::set_tabular_purge))
        .routes(routes!(
            config::metadata_cleanup,
            config::set_metadata_cleanup
        ))
        .routes(routes!(
            config::task_log_cleanup,
            config::set_task_log_cleanup
        ))
        .routes(routes!(list::of_warehouse))
        .routes(routes!(list::of_project))
        .routes(routes!(details::of_warehouse))
        .routes(routes!(details::of_project))
        .routes(routes!(control::of_warehouse))
        .routes(routes!(control::of_project))
}

fn protections() -> Routes {
    use protection::{generic_table, namespace, table, view};
    Routes::new()
        .routes(routes!(namespace::protection, namespace::protect))
        .routes(routes!(table::protection, table::protect))
        .routes(routes!(view::protection, view::protect))
        .routes(routes!(generic_table::protection, generic_table::protect))
}

fn permissions() -> Routes {
    use permission::{actions, batch_check, check};
    Routes::new()
        .routes(routes!(actions::of_server))
        .routes(routes!(actions::of_user))
        .routes(routes!(actions::of_project))
        .routes(routes!(actions::of_role))
        .routes(routes!(actions::of_tag_definition))
        .routes(routes!(actions::of_warehouse))
        .routes(routes!(actions::of_namespace))
        .routes(routes!(actions::of_table))
        .routes(routes!(actions::of_view))
        .routes(routes!(actions::of_generic_table))
        .routes(routes!(batch_check::batch_check))
        .routes(routes!(check::check))
}

fn assignments() -> Routes {
    use permission::levels::{
        generic_table, namespace, project, project_by_id, role, server, table, tag, view, warehouse,
    };
    Routes::new()
        .routes(routes!(server::assignments, server::assign))
        .routes(routes!(project::assignments, project::assign))
        .routes(routes!(project_by_id::assignments, project_by_id::assign))
        .routes(routes!(role::assignments, role::assign))
        .routes(routes!(tag::assignments, tag::assign))
        .routes(routes!(warehouse::assignments, warehouse::assign))
        .routes(routes!(namespace::assignments, namespace::assign))
        .routes(routes!(table::assignments, table::assign))
        .routes(routes!(view::assignments, view::assign))
        .routes(routes!(generic_table::assignments, generic_table::assign))
        .routes(routes!(warehouse::managed_access))
        .routes(routes!(warehouse::set_managed_access))
        .routes(routes!(namespace::managed_access))
        .routes(routes!(namespace::set_managed_access))
}

fn relations() -> Routes {
    use permission::levels::{
        generic_table, namespace, project, project_by_id, role, server, table, view, warehouse,
    };
    Routes::new()
        .routes(routes!(server::access))
        .routes(routes!(project::access))
        .routes(routes!(project_by_id::access))
        .routes(routes!(role::access))
        .routes(routes!(warehouse::access))
        .routes(routes!(namespace::access))
        .routes(routes!(table::access))
        .routes(routes!(view::access))
        .routes(routes!(server::authorizer_actions))
        .routes(routes!(project::authorizer_actions))
        .routes(routes!(role::authorizer_actions))
        .routes(routes!(warehouse::authorizer_actions))
        .routes(routes!(namespace::authorizer_actions))
        .routes(routes!(table::authorizer_actions))
        .routes(routes!(view::authorizer_actions))
        .routes(routes!(generic_table::authorizer_actions))
}
