//! Members of roles, and how memberships affect privileges.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{PageRequest, PageSize, Principal, Privilege, ProjectId, RoleId, RoleIdent, Securable};

use super::fixture::{
    Catalog, Marks, apply, given_by, later, new_project, other_project, refused, user,
};
use super::role::{new_role, principals, role};
use crate::{
    Effects, Entity, MemberFilter, MemberKind, Membership, NamedRoles, Place, Result, RoleAssign,
    RoleMember, RoleMembers, RoleRow, Store, StoreError, Unchanged,
};

const MOST: u32 = 3;

async fn add(store: &Arc<dyn Store>, role: RoleId, members: Vec<Principal>) -> Result<()> {
    let add = RoleMembers { role, members };
    store.role_members_add(add, MOST, Effects::none()).await
}

async fn leave(store: &Arc<dyn Store>, role: RoleId, members: Vec<Principal>) -> Result<()> {
    let remove = RoleMembers { role, members };
    store.role_members_remove(remove, Effects::none()).await
}

/// The members in the order of the list, read in pages of one.
pub(super) async fn members(
    store: &Arc<dyn Store>,
    role: RoleId,
    (kind, membership): (Option<MemberKind>, Membership),
) -> Vec<Principal> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(1);
        let which = MemberFilter { kind, membership };
        let page = store.role_members(role, which, PageRequest { after, size });
        let page = page.await.unwrap();
        found.extend(page.items.into_iter().map(|one| match one {
            RoleMember::User(user) => Principal::User(user.id),
            RoleMember::Role(role) => Principal::Role(role.id),
        }));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

pub async fn who_is_in_a_role_is_in_those_above(store: &Arc<dyn Store>) {
    use Membership::{Direct, Transitive};
    let catalog = Catalog::new(store).await;
    let project = &catalog.project;
    let (ada, bob) = (user(store, "oidc~ada").await, user(store, "oidc~bob").await);
    let [top, middle, low] = [
        role(store, project, "top").await,
        role(store, project, "middle").await,
        role(store, project, "low").await,
    ];
    let as_role = Principal::Role;
    add(store, top, vec![as_role(middle), bob.clone()])
        .await
        .unwrap();
    for _ in 0..2 {
        add(store, middle, vec![as_role(low)]).await.unwrap();
        add(store, low, vec![ada.clone()]).await.unwrap();
    }
    let all = BTreeSet::from([ada.clone(), as_role(top), as_role(middle), as_role(low)]);
    assert_eq!(principals(store, &ada, &[]).await, all);
    let expected = BTreeSet::from([bob.clone(), as_role(top)]);
    assert_eq!(principals(store, &bob, &[]).await, expected);
    let expected = BTreeSet::from([as_role(middle), as_role(top)]);
    assert_eq!(principals(store, &as_role(middle), &[]).await, expected);
    // A token names roles of all projects.
    let ident = |provider, source: &str| RoleIdent::new(provider, source).unwrap();
    let named = [
        ident(RoleIdent::LAKEKEEPER, &low.to_string()),
        ident(RoleIdent::LAKEKEEPER, "unknown"),
        ident("another", &middle.to_string()),
    ];
    let found = principals(store, &bob, &named).await;
    let all = [bob.clone(), as_role(top), as_role(middle), as_role(low)];
    assert_eq!(found, BTreeSet::from(all));
    let direct = members(store, top, (None, Direct)).await;
    assert_eq!(direct, [as_role(middle), bob.clone()]);
    let users = members(store, top, (Some(MemberKind::User), Transitive)).await;
    assert_eq!(users, [ada.clone(), bob.clone()]);
    let roles = members(store, top, (Some(MemberKind::Role), Transitive)).await;
    assert_eq!(
        roles,
        BTreeSet::from([as_role(middle), as_role(low)])
            .into_iter()
            .collect::<Vec<_>>()
    );
    for (membership, expected) in [(Direct, 1), (Transitive, 3)] {
        let page = store.role_member_of(&ada, project, membership, PageRequest::FIRST);
        assert_eq!(page.await.unwrap().items.len(), expected);
        let elsewhere = new_project().id;
        let page = store.role_member_of(&ada, &elsewhere, membership, PageRequest::FIRST);
        assert_eq!(page.await.unwrap().items.len(), 0);
    }
    for _ in 0..2 {
        leave(store, middle, vec![as_role(low), bob.clone()])
            .await
            .unwrap();
        let left = BTreeSet::from([ada.clone(), as_role(low)]);
        assert_eq!(principals(store, &ada, &[]).await, left);
    }
    // A dropped user is a member of no role; neither is a dropped role.
    store.user_drop(&"oidc~bob".parse().unwrap()).await.unwrap();
    store.role_drop(middle, Effects::none()).await.unwrap();
    assert_eq!(members(store, top, (None, Direct)).await, []);
    refused!(
        store.role_drop(middle, Effects::none()).await,
        StoreError::NotFound(Entity::Role(_))
    );
}

/// The answer does not grow with the roles that others nest above a named role in their own projects.
pub async fn a_token_names_roles_of_the_projects_that_matter_and_of_the_server(
    store: &Arc<dyn Store>,
) {
    let catalog = Catalog::new(store).await;
    let other = other_project(store).await;
    let ident = RoleIdent::new("oidc", "analysts").unwrap();
    let mut named = Vec::new();
    for project in [&catalog.project, &other.id] {
        let row = RoleRow {
            ident: ident.clone(),
            ..new_role(project, "analysts")
        };
        named.push(row.id);
        store.role_create(row, Effects::none()).await.unwrap();
    }
    let [here, there] = [named[0], named[1]];
    for level in 0..5 {
        let above = role(store, &other.id, &format!("above {level}")).await;
        add(store, above, vec![Principal::Role(there)])
            .await
            .unwrap();
    }
    let idents = [ident, RoleIdent::new("oidc", "unknown").unwrap()];
    let found = async |projects: &[ProjectId]| {
        let found = store.grants_named(&idents, projects).await;
        found.unwrap()
    };
    assert_eq!(found(&[]).await, NamedRoles::default());
    let expected = NamedRoles {
        in_projects: vec![(catalog.project.clone(), here)],
        on_server: Vec::new(),
    };
    assert_eq!(
        found(std::slice::from_ref(&catalog.project)).await,
        expected
    );
    // A privilege on the server counts in every project.
    let operators = role(store, &other.id, "operators").await;
    add(store, operators, vec![Principal::Role(there)])
        .await
        .unwrap();
    let bearer = Principal::Role(operators);
    apply(
        store,
        &Securable::Server,
        &[(&bearer, Privilege::Operator)],
        &[],
    )
    .await
    .unwrap();
    let expected = NamedRoles {
        on_server: vec![operators],
        ..expected
    };
    assert_eq!(
        found(std::slice::from_ref(&catalog.project)).await,
        expected
    );
}

pub async fn members_come_together_or_not_at_all(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = other_project(store).await;
    let foreign = role(store, &other.id, "foreign").await;
    let here = role(store, &catalog.project, "here").await;
    let ada = user(store, "oidc~ada").await;
    let stranger = Principal::User("oidc~nobody".parse().unwrap());
    let refused = add(store, here, vec![ada.clone(), stranger]).await;
    refused!(refused, StoreError::NotFound(Entity::User(_)));
    let refused = add(store, here, vec![ada.clone(), Principal::Role(foreign)]).await;
    refused!(refused, StoreError::NotFound(Entity::Role(id)) if id == foreign);
    let gone = RoleId::generate();
    let refused = add(store, gone, vec![ada.clone()]).await;
    refused!(refused, StoreError::NotFound(Entity::Role(id)) if id == gone);
    refused!(
        leave(store, gone, vec![]).await,
        StoreError::NotFound(Entity::Role(_))
    );
    assert_eq!(members(store, here, (None, Membership::Direct)).await, []);
    let marks = Marks::of(catalog.warehouse);
    let (role, members) = (here, vec![Principal::Role(here)]);
    let itself = store.role_members_add(RoleMembers { role, members }, MOST, marks.effects());
    refused!(itself.await, StoreError::RoleCycle { .. });
    marks.are_absent(store).await;
}

pub async fn roles_form_no_circle_and_nest_so_deep(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let mut roles = Vec::new();
    for number in 0..6 {
        roles.push(role(store, &catalog.project, &format!("r{number}")).await);
    }
    let into = |above: usize, below: usize| {
        let members = vec![Principal::Role(roles[below])];
        let above = roles[above];
        async move { add(store, above, members).await }
    };
    into(0, 1).await.unwrap();
    into(2, 3).await.unwrap();
    refused!(into(1, 0).await, StoreError::RoleCycle { .. });
    // `0 > 1 > 2 > 3` is three steps deep.
    into(1, 2).await.unwrap();
    refused!(into(3, 0).await, StoreError::RoleCycle { .. });
    refused!(into(3, 4).await, StoreError::RoleTooDeep { most: MOST, .. });
    refused!(into(5, 0).await, StoreError::RoleTooDeep { .. });
    // A shorter path beside the longest one.
    into(0, 3).await.unwrap();
    into(0, 4).await.unwrap();
    into(4, 5).await.unwrap();
    into(1, 2).await.unwrap();
}

pub async fn of_crossing_memberships_none_makes_a_circle(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for round in 0..8 {
        let one = role(store, &catalog.project, &format!("one{round}")).await;
        let two = role(store, &catalog.project, &format!("two{round}")).await;
        let into = |above, below| {
            let store = Arc::clone(store);
            tokio::spawn(async move { add(&store, above, vec![Principal::Role(below)]).await })
        };
        let both = [into(one, two), into(two, one)];
        let mut made = 0;
        for one in both {
            match one.await.unwrap() {
                Ok(()) => made += 1,
                Err(StoreError::RoleCycle { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(made, 1);
    }
}

pub async fn who_is_in_a_role_and_who_owns_it_change_together(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (ada, bob) = (user(store, "oidc~ada").await, user(store, "oidc~bob").await);
    let here = role(store, &catalog.project, "here").await;
    let outer = role(store, &catalog.project, "outer").await;
    add(store, outer, vec![Principal::Role(here)])
        .await
        .unwrap();
    add(store, here, vec![ada.clone()]).await.unwrap();
    let on = Securable::Role(here);
    apply(store, &on, &[(&ada, Privilege::Ownership)], &[])
        .await
        .unwrap();
    let owns = |who: &Principal| vec![(who.clone(), Privilege::Ownership)];
    let assign = |joins: &[Principal], writes| RoleAssign {
        role: here,
        joins: joins.to_vec(),
        leaves: vec![ada.clone()],
        writes,
        deletes: owns(&ada),
        unchanged: Unchanged::Skipped,
        at: later(1),
    };
    let made = async |assign: RoleAssign| {
        let marks = Marks::of(catalog.warehouse);
        let made = store.role_assign(assign, MOST, marks.effects()).await;
        (made, marks)
    };
    let stranger = Principal::User("oidc~nobody".parse().unwrap());
    let circle = [Principal::Role(outer)];
    for refused in [
        assign(std::slice::from_ref(&stranger), owns(&bob)),
        assign(std::slice::from_ref(&bob), owns(&stranger)),
        assign(&circle, owns(&bob)),
    ] {
        let (refused, marks) = made(refused).await;
        assert!(
            matches!(
                refused,
                Err(StoreError::NotFound(Entity::User(_)) | StoreError::RoleCycle { .. })
            ),
            "{refused:?}"
        );
        marks.are_absent(store).await;
        let direct = members(store, here, (None, Membership::Direct)).await;
        assert_eq!(direct, std::slice::from_ref(&ada));
        assert_eq!(given_by(store, &on).await.len(), 1);
    }
    for _ in 0..2 {
        let (done, marks) = made(assign(std::slice::from_ref(&bob), owns(&bob))).await;
        done.unwrap();
        marks.are_there(store).await;
        let direct = members(store, here, (None, Membership::Direct)).await;
        assert_eq!(direct, std::slice::from_ref(&bob));
        let given = given_by(store, &on).await;
        assert_eq!(given, [(bob.clone(), Privilege::Ownership)]);
    }
}

pub async fn what_a_role_has_been_given_ends_with_it(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = other_project(store).await;
    let far = super::fixture::new_warehouse(&other.id, "far");
    let far_id = far.id;
    store.warehouse_create(far, Effects::none()).await.unwrap();
    let here = role(store, &catalog.project, "here").await;
    let (ada, to) = (user(store, "oidc~ada").await, Principal::Role(here));
    let versions = || async {
        let places = [catalog.warehouse, far_id].map(Place::Warehouse);
        let found = store.grants_on_paths(&[], &places).await.unwrap();
        found
            .into_iter()
            .map(|one| one.unwrap().version.as_i64())
            .collect::<Vec<_>>()
    };
    let on = Securable::Warehouse(catalog.warehouse);
    apply(store, &on, &[(&to, Privilege::Select)], &[])
        .await
        .unwrap();
    assert_eq!(versions().await, [2, 1]);
    let on_far = Securable::Warehouse(far_id);
    let foreign = apply(store, &on_far, &[(&to, Privilege::Select)], &[]).await;
    refused!(foreign, StoreError::NotFound(Entity::Role(_)));
    add(store, here, vec![ada.clone()]).await.unwrap();
    assert_eq!(versions().await, [3, 1]);
    add(store, here, vec![ada.clone()]).await.unwrap();
    assert_eq!(versions().await, [3, 1], "nobody has come");
    // A role of any project can have a privilege on the server.
    apply(store, &Securable::Server, &[(&to, Privilege::Admin)], &[])
        .await
        .unwrap();
    assert_eq!(versions().await, [4, 2]);
    leave(store, here, vec![ada.clone()]).await.unwrap();
    assert_eq!(versions().await, [5, 3]);
    let inner = role(store, &catalog.project, "inner").await;
    add(store, here, vec![Principal::Role(inner)])
        .await
        .unwrap();
    assert_eq!(versions().await, [6, 4]);
    add(store, inner, vec![ada]).await.unwrap();
    assert_eq!(
        versions().await,
        [7, 5],
        "one above has something on the server"
    );
    store.role_drop(here, Effects::none()).await.unwrap();
    assert_eq!(versions().await, [8, 6]);
    assert_eq!(given_by(store, &on).await, []);
    assert_eq!(given_by(store, &Securable::Server).await, []);
    // A dropped project takes its roles with it.
    for (privilege, expected) in [(None, [8, 6]), (Some(Privilege::Operator), [10, 8])] {
        let project = new_project();
        let created = store.project_create(project.clone(), Effects::none());
        created.await.unwrap();
        let to = Principal::Role(role(store, &project.id, "theirs").await);
        if let Some(privilege) = privilege {
            apply(store, &Securable::Server, &[(&to, privilege)], &[])
                .await
                .unwrap();
        }
        let dropped = store.project_drop(&project.id, Effects::none());
        dropped.await.unwrap();
        assert_eq!(versions().await, expected);
    }
}
