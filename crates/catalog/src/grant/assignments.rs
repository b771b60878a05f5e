//! All assignments on a thing in one answer, without pages.

use std::collections::BTreeSet;

use authz::{Authorized, Protected, Resource};
use model::{Bounds, Page, PageRequest, PageSize, Principal, RoleId, Securable};
use store::{MemberFilter, Membership, RoleMember};

use super::Relation;
use crate::permission::{Found, Target};
use crate::{Catalog, CatalogError, Request, Result};

/// All assignments on a thing.
#[derive(Debug)]
pub struct Assignments {
    /// The thing.
    pub on: Securable,
    /// The assignments, sorted by relation (see [`Relation::position`]), then by principal.
    pub assigned: Vec<(Principal, Relation)>,
}

/// The grants directly on a thing and, of a role, its direct members. Only those of the named relations, or all if
/// none is named.
pub async fn assignments(
    cx: &Catalog,
    request: &Request,
    on: &Target,
    relations: &[String],
) -> Result<Assignments> {
    let kind = on.kind();
    let wanted = if relations.is_empty() {
        Ok(Relation::all(kind).into_iter().collect())
    } else {
        let named = relations.iter();
        named.map(|text| Relation::parse(kind, text)).collect()
    };
    let wanted: BTreeSet<Relation> = wanted?;
    let found = on.find_even_if_deleted(cx, request).await?;
    let read_grants = [found.resource().read_grants_action()];
    let target = on.require(cx, request, &read_grants, found).await?;
    let on = target.securable()?;
    let mut assigned = Vec::new();
    if let Resource::Role(_, role) = target.resource()
        && wanted.contains(&Relation::Member)
    {
        assigned = members(cx, &target, role).await?;
    }
    if wanted.iter().any(|one| *one != Relation::Member) {
        let store = cx.store(&target);
        let fetch = async |page| Ok(store.grants_on(&on, None, page).await?);
        let given = all(fetch).await?.into_iter();
        let given = given.map(|row| (row.grant.to, Relation::Given(row.grant.privilege)));
        assigned.extend(given.filter(|(_, relation)| wanted.contains(relation)));
    }
    // The sort is stable: the store has returned each relation's rows ordered by principal.
    assigned.sort_by_key(|(_, relation)| relation.position());
    Ok(Assignments { on, assigned })
}

async fn members(
    cx: &Catalog,
    target: &Authorized<Found>,
    role: RoleId,
) -> Result<Vec<(Principal, Relation)>> {
    let store = cx.store(target);
    let direct = MemberFilter {
        kind: None,
        membership: Membership::Direct,
    };
    let fetch = async |page| Ok(store.role_members(role, direct, page).await?);
    let members = all(fetch).await?.into_iter().map(|member| match member {
        RoleMember::User(row) => Principal::User(row.id),
        RoleMember::Role(row) => Principal::Role(row.id),
    });
    Ok(members.map(|who| (who, Relation::Member)).collect())
}

/// All pages of a list, unless they are too many for one answer.
async fn all<T, F>(mut fetch: impl FnMut(PageRequest) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<Page<T>>>,
{
    let (mut items, mut after, most) = (Vec::new(), None, Bounds::ASSIGNMENTS);
    loop {
        let size = PageSize::MAX;
        let page = fetch(PageRequest { after, size }).await?;
        items.extend(page.items);
        if items.len() > most {
            let message = format!(
                "there are more than {most} assignments, too many for one answer; read them in pages: grants by `…/grants`, members of a role by `…/role/{{id}}/members`"
            );
            return Err(CatalogError::bad_request(message));
        }
        match page.next {
            None => return Ok(items),
            next => after = next,
        }
    }
}
