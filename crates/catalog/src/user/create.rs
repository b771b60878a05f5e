//! Registers users: by themselves on their first request, or by a caller with the right to.

use std::sync::Arc;

use authz::{Action, Authorized, ServerAction};
use model::{Identity, UserId, UserType};
use store::{StoreError, UserRow, UserSource};

use super::{check_text, refused};
use crate::server::ServerTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A user to be registered.
#[derive(Debug, Clone)]
pub struct UserCreate {
    /// The user's id; the caller's if absent.
    pub id: Option<UserId>,
    /// The data of the user.
    pub user: NewUser,
    /// What happens if the user is already registered.
    pub existing: Existing,
}

/// The data of a user in a request. If the caller registers itself, missing fields are taken from its token.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The display name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether it is a person or a program.
    pub user_type: Option<UserType>,
}

/// What happens to a user that is already registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The request is refused.
    Refused,
    /// The user is updated.
    Updated,
}

/// The user as it is stored now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The user was not registered before.
    New(UserRow),
    /// The user was registered before, and has been updated.
    Known(UserRow),
}

/// Registers a user. Every caller may register itself.
pub async fn create(cx: &Catalog, request: &Request, new: UserCreate) -> Result<Created> {
    let caller = cx.of_self(request);
    let own = caller.as_ref().map(|caller| &caller.user);
    match (caller.as_ref(), new.id) {
        (Some(caller), None) => provision(cx, caller, new.user, new.existing).await,
        (Some(caller), Some(id)) if own == Some(&id) => {
            provision(cx, caller, new.user, new.existing).await
        }
        (_, Some(id)) => {
            let action = Action::Server(ServerAction::ProvisionUsers);
            let server = cx.require(request, action, ServerTarget).await?;
            let missing = |what| {
                let message = format!(
                    "`{what}` is missing: it is required to create another user than the caller"
                );
                CatalogError::bad_request(message)
            };
            let name = new.user.name.filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| missing("name"))?;
            let user_type = new.user.user_type.ok_or_else(|| missing("user-type"))?;
            let row = row(cx, id, (name, new.user.email, user_type))?;
            save(cx, &server, row, new.existing).await
        }
        (None, None) => Err(CatalogError::bad_request(
            "`id` is missing, and the request has no token that identifies the user",
        )),
    }
}

/// Registers the caller with the data of its token, unless it is registered.
pub(crate) async fn register_if_new(cx: &Catalog, request: &Request) -> Result<()> {
    let Some(caller) = cx.of_self(request) else {
        return Ok(());
    };
    match cx.store(&caller).user_load(&caller.user).await {
        Ok(_) => return Ok(()),
        Err(StoreError::NotFound(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let said = of_token(&caller, NewUser::default());
    let mut row = row(cx, caller.user.clone(), said)?;
    row.source = UserSource::ConfigCall;
    match cx.store(&caller).user_create(row).await {
        Ok(()) | Err(StoreError::AlreadyExists(_)) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// Registers the caller with the data in `said`, and that of its token for fields that are missing.
pub(crate) async fn provision(
    cx: &Catalog,
    caller: &Authorized<Arc<Identity>>,
    said: NewUser,
    existing: Existing,
) -> Result<Created> {
    let row = row(cx, caller.user.clone(), of_token(caller, said))?;
    save(cx, caller, row, existing).await
}

fn of_token(caller: &Identity, said: NewUser) -> (String, Option<String>, UserType) {
    let name = said.name.filter(|name| !name.is_empty());
    let name = name.or_else(|| caller.name.clone());
    let name = name.unwrap_or_else(|| format!("Nameless App with ID {}", caller.user));
    let email = said.email.filter(|email| !email.is_empty());
    let user_type = said.user_type.or(caller.user_type);
    (
        name,
        email.or_else(|| caller.email.clone()),
        // A person is recognized by claims of its token (`user_type`); without them the user counts as a program.
        user_type.unwrap_or(UserType::Application),
    )
}

fn row(
    cx: &Catalog,
    id: UserId,
    (name, email, user_type): (String, Option<String>, UserType),
) -> Result<UserRow> {
    let email = email.filter(|email| !email.is_empty());
    check_text("name", &name)?;
    if let Some(email) = &email {
        check_text("e-mail address", email)?;
    }
    Ok(UserRow {
        id,
        name,
        email,
        user_type,
        source: UserSource::CreateEndpoint,
        created_at: cx.now(),
        updated_at: None,
    })
}

async fn save<T>(
    cx: &Catalog,
    proof: &Authorized<T>,
    row: UserRow,
    existing: Existing,
) -> Result<Created> {
    let store = cx.store(proof);
    match (store.user_create(row.clone()).await, existing) {
        (Ok(()), _) => Ok(Created::New(row)),
        (Err(StoreError::AlreadyExists(_)), Existing::Refused) => Err(CatalogError::new(
            ErrorKind::AlreadyExists,
            format!(
                "user `{}` exists already; to change it, send `\"update-if-exists\": true`",
                row.id
            ),
        )),
        (Err(StoreError::AlreadyExists(_)), Existing::Updated) => {
            let updated_at = Some(row.created_at);
            let changed = UserRow { updated_at, ..row };
            let now = store.user_update(changed).await.map_err(refused)?;
            Ok(Created::Known(now))
        }
        (Err(other), _) => Err(other.into()),
    }
}
