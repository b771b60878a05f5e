//! Asks the contract verifiers before something changes.
//!
//! Without a configured verifier, no proposal is built. Verifiers are asked outside of transactions, so each change
//! that they approve is applied only to the version that they were shown; after a concurrent change they are asked
//! again, about the new version.

use std::time::Duration;

use approval::{
    Action, Asker, Denial, Named, Proposal, ProposedChange, Refusal, Refused, TokenRole, Verifiers,
};
use model::{Caller, NamespacePath, Principal};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use store::{StoredMetadata, TreeTabular};

use crate::heavy::heavy;
use crate::tabular::TabularTarget;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ContractErrorKind, ErrorKind, Request, Result};

/// When a client may retry after a verifier did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Catalog {
    /// Asks the verifiers, if there are any, to approve all of the changes in the warehouse; an error if they do not.
    pub(crate) async fn approve(
        &self,
        request: &Request,
        warehouse: &Warehouse,
        changes: impl FnOnce() -> Result<Vec<ProposedChange>>,
    ) -> Result<()> {
        let Some(verifiers) = self.verifiers() else {
            return Ok(());
        };
        let changes = changes()?;
        if changes.is_empty() {
            return Ok(());
        }
        Box::pin(self.ask_verifiers(verifiers, request, warehouse, changes)).await
    }

    /// The same for one change of a target whose content is not loaded yet. `None` if the target has changed since it
    /// was found.
    pub(crate) async fn approve_unloaded(
        &self,
        request: &Request,
        target: &TabularTarget,
        change: impl FnOnce(Box<RawValue>) -> Result<ProposedChange>,
    ) -> Result<Option<()>> {
        let Some(verifiers) = self.verifiers() else {
            return Ok(Some(()));
        };
        let found = self.find_content_by_id(target.warehouse.id(), target.id());
        let (warehouse, found) = found.await?;
        let content = found.map(|(_, versioned)| versioned);
        let is_same = |version| version == target.stamp.version;
        let Some(content) = content.filter(|content| is_same(content.version())) else {
            return Ok(None);
        };
        let changes = vec![change(metadata(&content.content.metadata)?)?];
        let asked = self.ask_verifiers(verifiers, request, &warehouse, changes);
        Box::pin(asked).await.map(Some)
    }

    async fn ask_verifiers(
        &self,
        verifiers: &Verifiers,
        request: &Request,
        warehouse: &Warehouse,
        changes: Vec<ProposedChange>,
    ) -> Result<()> {
        let proposal = Proposal {
            request_id: request.origin.request_id.clone(),
            caller: self.asker(&request.caller).await?,
            project_id: warehouse.row.project.clone(),
            warehouse_id: warehouse.id(),
            warehouse_name: warehouse.row.name.as_str().to_owned(),
            changes,
        };
        let verified = verifiers.verify(&proposal).await;
        verified.map_err(|refused| refusal(&refused))
    }

    async fn asker(&self, caller: &Caller) -> Result<Asker> {
        let Some(principal) = caller.principal() else {
            return Ok(Asker::default());
        };
        let named = caller.named_roles();
        let principals = self.lookup().grants_principals(&principal, &named).await?;
        let role = |principal| match principal {
            Principal::Role(role) => Some(role),
            Principal::User(_) => None,
        };
        let named = named.iter().map(|role| TokenRole {
            provider_id: role.provider().to_owned(),
            source_id: role.source().to_owned(),
        });
        Ok(Asker {
            user: caller.identity().map(|identity| identity.user.clone()),
            assumed_role: match caller {
                Caller::Role(_, role) => Some(*role),
                _ => None,
            },
            roles: principals.into_iter().filter_map(role).collect(),
            token_roles: named.collect(),
        })
    }
}

fn refusal(refused: &Refused<'_>) -> CatalogError {
    match refused {
        Refused::Denied(name, denial) => {
            let kind = match denial.refusal() {
                Refusal::Forbidden => ContractErrorKind::Forbidden,
                Refusal::Conflict => ContractErrorKind::Violated,
            };
            let reason = Denial::reason(denial);
            let message = format!("contract verifier `{name}` denies the change: {reason}");
            CatalogError::new(ErrorKind::Contract(kind), message)
        }
        Refused::Unavailable(name, why) => CatalogError {
            source: Some(format!("contract verifier `{name}`: {why}").into()),
            retry_after: Some(RETRY_AFTER),
            ..CatalogError::new(
                ErrorKind::Unavailable,
                format!(
                    "contract verifier `{name}`, which must allow the change, does not answer; nothing was changed, try again"
                ),
            )
        },
    }
}

/// Stored metadata as the JSON that verifiers are shown.
pub(crate) fn metadata(stored: &StoredMetadata) -> Result<Box<RawValue>> {
    heavy(stored.json_len(), || json(stored.decode()?))
}

/// Metadata that is not stored yet, as the JSON that verifiers are shown.
pub(crate) fn json(text: Vec<u8>) -> Result<Box<RawValue>> {
    let text = String::from_utf8(text).map_err(CatalogError::internal)?;
    RawValue::from_string(text).map_err(CatalogError::internal)
}

/// Updates as the client sent them, as JSON.
pub(crate) fn updates(sent: &impl Serialize) -> Result<Box<RawValue>> {
    to_raw_value(sent).map_err(CatalogError::internal)
}

/// The change of a table or view that goes along with a change of its namespace. `None` for a table or view that is
/// already soft-deleted.
pub(crate) fn swept_along(
    action: Action,
    within: &NamespacePath,
    one: &TreeTabular,
) -> Option<ProposedChange> {
    let is_live = one.deleted.is_none();
    let named = || Named::within(within, &one.name);
    is_live.then(|| ProposedChange::of(action, one.kind, one.id, named()))
}
