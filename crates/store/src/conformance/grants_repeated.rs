//! Changes to grants and members that are refused if they would change nothing.

use std::sync::Arc;

use model::{Principal, Privilege, RoleId, Securable};

use super::fixture::{Catalog, Marks, NOW, change, given_by, refused, user};
use super::grants::World;
use super::race::{all, assert_one_wins};
use super::role::role;
use crate::{
    Effects, Entity, GrantChange, MemberKind, Membership, Result, RoleAssign, Store, StoreError,
    Unchanged,
};

const MOST: u32 = 3;
const RUNNERS: usize = 8;

/// A change that is refused if any part of it would change nothing.
fn strict(
    on: &Securable,
    writes: &[(&Principal, Privilege)],
    deletes: &[(&Principal, Privilege)],
) -> GrantChange {
    GrantChange {
        unchanged: Unchanged::Refused,
        ..change(on, writes, deletes)
    }
}

fn assign(on: RoleId, joins: &[&Principal], leaves: &[&Principal]) -> RoleAssign {
    let owned = |all: &[&Principal]| all.iter().map(|who| (*who).clone()).collect();
    RoleAssign {
        role: on,
        joins: owned(joins),
        leaves: owned(leaves),
        writes: Vec::new(),
        deletes: Vec::new(),
        unchanged: Unchanged::Refused,
        at: NOW,
    }
}

pub async fn a_grant_that_is_there_and_one_that_is_not_refuse_the_change(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let (ada, bob) = (&world.ada, &world.bob);
    let (select, modify) = (Privilege::Select, Privilege::Modify);
    for on in world.way() {
        let first = store.grants_apply(strict(&on, &[(ada, select)], &[]), Effects::none());
        first.await.unwrap();
        let before = world.version().await;
        let marks = Marks::of(world.catalog.warehouse);
        let again = strict(&on, &[(bob, select), (ada, select)], &[]);
        refused!(
            store.grants_apply(again, marks.effects()).await,
            StoreError::AlreadyExists(Entity::Grant(it)) if it.to == *ada && it.on == on && it.privilege == select
        );
        marks.are_absent(store).await;
        let back = strict(&on, &[(bob, select)], &[(ada, select), (ada, modify)]);
        refused!(
            store.grants_apply(back, marks.effects()).await,
            StoreError::NotFound(Entity::Grant(it)) if it.to == *ada && it.on == on && it.privilege == modify
        );
        marks.are_absent(store).await;
        assert_eq!(given_by(store, &on).await, [(ada.clone(), select)], "{on}");
        assert_eq!(world.version().await, before, "nothing has changed");
        let turned = strict(&on, &[(bob, select)], &[(ada, select)]);
        store.grants_apply(turned, marks.effects()).await.unwrap();
        marks.are_there(store).await;
        assert_eq!(given_by(store, &on).await, [(bob.clone(), select)], "{on}");
    }
}

pub async fn a_member_that_is_there_and_one_that_is_not_refuse_the_change(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (ada, bob) = (user(store, "oidc~ada").await, user(store, "oidc~bob").await);
    let here = role(store, &catalog.project, "here").await;
    let low = Principal::Role(role(store, &catalog.project, "low").await);
    let try_to = async |assign: RoleAssign| -> Result<()> {
        let marks = Marks::of(catalog.warehouse);
        let made = store.role_assign(assign, MOST, marks.effects()).await;
        match &made {
            Ok(()) => marks.are_there(store).await,
            Err(_) => marks.are_absent(store).await,
        }
        made
    };
    try_to(assign(here, &[&ada, &low], &[])).await.unwrap();
    for there in [&ada, &low] {
        refused!(
            try_to(assign(here, &[&bob, there], &[])).await,
            StoreError::AlreadyExists(Entity::Member(role, it)) if role == here && it == *there
        );
    }
    refused!(
        try_to(assign(here, &[], &[&ada, &bob])).await,
        StoreError::NotFound(Entity::Member(role, it)) if role == here && it == bob
    );
    // The removal of the member and of its ownership of the role: both happen or neither.
    let owned = RoleAssign {
        deletes: vec![(ada.clone(), Privilege::Ownership)],
        ..assign(here, &[], &[&ada])
    };
    refused!(
        try_to(owned).await,
        StoreError::NotFound(Entity::Grant(it)) if it.to == ada
    );
    assert_eq!(users(store, here).await, std::slice::from_ref(&ada));
    try_to(assign(here, &[&bob], &[&ada])).await.unwrap();
    assert_eq!(users(store, here).await, [bob]);
}

/// The users that are direct members of a role.
async fn users(store: &Arc<dyn Store>, role: RoleId) -> Vec<Principal> {
    let which = (Some(MemberKind::User), Membership::Direct);
    super::role_member::members(store, role, which).await
}

pub async fn of_many_equal_changes_at_once_one_is_made(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let select = [(&world.ada, Privilege::Select)];
    for on in [Securable::Server, world.table()] {
        for (writes, deletes) in [(&select[..], &[][..]), (&[][..], &select[..])] {
            let change = strict(&on, writes, deletes);
            let results = all((0..RUNNERS).map(|_| {
                let (store, change) = (Arc::clone(store), change.clone());
                async move { store.grants_apply(change, Effects::none()).await }
            }))
            .await;
            assert_one_wins(&results, |error| {
                matches!(
                    error,
                    StoreError::AlreadyExists(Entity::Grant(_))
                        | StoreError::NotFound(Entity::Grant(_))
                )
            });
        }
        assert_eq!(given_by(store, &on).await, []);
    }
    let here = role(store, &world.catalog.project, "here").await;
    for (joins, leaves) in [(&[&world.ada][..], &[][..]), (&[][..], &[&world.ada][..])] {
        let assign = assign(here, joins, leaves);
        let results = all((0..RUNNERS).map(|_| {
            let (store, assign) = (Arc::clone(store), assign.clone());
            async move { store.role_assign(assign, MOST, Effects::none()).await }
        }))
        .await;
        assert_one_wins(&results, |error| {
            matches!(
                error,
                StoreError::AlreadyExists(Entity::Member(..))
                    | StoreError::NotFound(Entity::Member(..))
            )
        });
    }
}
