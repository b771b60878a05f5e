//! Administrators that the configuration names.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Caller, UserId};

use crate::{
    Action, Authorizer, AuthorizerUnavailable, Check, Decision, GenericTableAction,
    NamespaceAction, RoleAction, TableAction, ViewAction, WarehouseAction,
};

/// Allows the users that the configuration names everything but reading and writing data, acting as a role, granting
/// privileges, and switching managed access. Asks another authorizer about these actions, and about all other callers.
#[derive(Debug)]
pub struct InstanceAdmins {
    users: HashSet<UserId>,
    others: Arc<dyn Authorizer>,
}

impl InstanceAdmins {
    /// Makes `users` administrators; `others` decides everything else.
    pub fn new(users: impl IntoIterator<Item = UserId>, others: Arc<dyn Authorizer>) -> Self {
        Self {
            users: users.into_iter().collect(),
            others,
        }
    }
}

#[async_trait]
impl Authorizer for InstanceAdmins {
    fn name(&self) -> &'static str {
        self.others.name()
    }

    fn is_instance_admin(&self, caller: &Caller) -> bool {
        // A caller who acts as a role has that role's rights only.
        matches!(caller, Caller::User(identity) if self.users.contains(&identity.user))
    }

    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        if !self.is_instance_admin(caller) {
            return self.others.decide(caller, checks).await;
        }
        let open = checks.iter().filter(|check| !is_free(check.action));
        let open: Vec<_> = open.cloned().collect();
        let mut decided = if open.is_empty() {
            Vec::new().into_iter()
        } else {
            self.others.decide(caller, &open).await?.into_iter()
        };
        let decide = |check: &Check| {
            if is_free(check.action) {
                Decision::Allow
            } else {
                // A missing decision counts as a denial.
                decided.next().unwrap_or(Decision::Deny)
            }
        };
        Ok(checks.iter().map(decide).collect())
    }
}

const fn is_free(action: Action) -> bool {
    !matches!(
        action,
        Action::Table(TableAction::ReadData | TableAction::WriteData)
            | Action::GenericTable(GenericTableAction::ReadData | GenericTableAction::WriteData)
            | Action::View(ViewAction::Select)
            | Action::Role(RoleAction::Assume)
            // An administrator who switches it off would let owners grant what it keeps them from granting.
            | Action::Warehouse(WarehouseAction::SetManagedAccess)
            | Action::Namespace(NamespaceAction::SetManagedAccess)
            | Action::Grant(_)
    )
}

#[cfg(test)]
mod tests {
    use model::{Identity, Privilege, ProjectId, RoleId};

    use super::*;
    use crate::{ProjectAction, Resource};

    /// Denies everything, and counts the checks.
    #[derive(Debug, Default)]
    struct DenyAll(std::sync::Mutex<usize>);

    #[async_trait]
    impl Authorizer for DenyAll {
        fn name(&self) -> &'static str {
            "deny-all"
        }

        async fn decide(
            &self,
            _: &Caller,
            checks: &[Check],
        ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
            *self.0.lock().unwrap() += checks.len();
            Ok(vec![Decision::Deny; checks.len()])
        }
    }

    fn checks() -> Vec<Check> {
        let actions = [
            Action::Table(TableAction::ReadData),
            Action::Project(ProjectAction::Delete),
            Action::Grant(Privilege::Select),
            Action::Table(TableAction::Commit),
            Action::Warehouse(WarehouseAction::SetManagedAccess),
            Action::Namespace(NamespaceAction::SetManagedAccess),
        ];
        let on = Resource::Project(ProjectId::nil());
        let check = |action| Check {
            action,
            resource: on.clone(),
        };
        actions.map(check).to_vec()
    }

    #[tokio::test]
    async fn the_named_users_administrate_but_see_no_data_and_give_nothing() {
        let asked = Arc::new(DenyAll::default());
        let named: UserId = "oidc~a".parse().unwrap();
        let admins = InstanceAdmins::new([named.clone()], Arc::<DenyAll>::clone(&asked));
        let identity = Arc::new(Identity::of(named));
        let user = Caller::User(Arc::clone(&identity));
        let (yes, no) = (Decision::Allow, Decision::Deny);
        assert_eq!(
            admins.decide(&user, &checks()).await.unwrap(),
            [no, yes, no, yes, no, no]
        );
        assert_eq!(
            *asked.0.lock().unwrap(),
            4,
            "only what is not free is asked"
        );
        assert!(admins.is_instance_admin(&user));

        let role = Caller::Role(identity, RoleId::generate());
        let other = Caller::User(Arc::new(Identity::of("oidc~b".parse().unwrap())));
        for caller in [role, other, Caller::Anonymous] {
            assert_eq!(admins.decide(&caller, &checks()).await.unwrap(), [no; 6]);
            assert!(!admins.is_instance_admin(&caller));
        }
    }
}
