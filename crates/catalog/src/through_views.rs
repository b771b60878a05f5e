//! Decides whose rights count for what is read through views.
//!
//! A trusted engine names the views that lead to a table, outermost first (`referenced-by`). Each view must exist,
//! and the caller or owner whose rights count at that point must be allowed to see it and read through it. After a
//! view that names an owner, that owner's rights count. `referenced-by` is ignored if no trusted engine has sent it.

use std::borrow::Cow;
use std::sync::Arc;

use authz::{Action, Denied, ViewAction};
use futures::future::{join, join_all};
use model::{Caller, Identity, TabularKind, TabularPath, UserId, WarehouseId};

use crate::cache::Versioned;
use crate::error::forbidden;
use crate::tabular::{AtPath, TabularTarget, missing};
use crate::trusted_engine::TrustedEngine;
use crate::{Catalog, CatalogError, Request, Result};

/// The actions that must be allowed on each view on the way.
const PASSING: [Action; 2] = [
    Action::View(ViewAction::GetMetadata),
    Action::View(ViewAction::Select),
];

/// The views that a request goes through.
#[derive(Debug, Clone)]
pub struct Via {
    /// The caller that sent the request.
    pub(crate) sender: Caller,
    /// The views, outermost first.
    pub(crate) views: Vec<TabularPath>,
    /// The view whose owner's rights count; `None` while the sender's rights count.
    pub(crate) definer: Option<TabularPath>,
}

impl Request {
    /// Whether the rights of a view's owner count. Then files may be read, but not written.
    pub(crate) fn is_delegated(&self) -> bool {
        self.via.as_ref().is_some_and(|via| via.definer.is_some())
    }

    /// The request on its way through the views.
    fn through(&self) -> Self {
        let via = Via {
            sender: self.caller.clone(),
            views: self.referenced_by.clone(),
            definer: None,
        };
        Self {
            via: Some(Arc::new(via)),
            ..self.clone()
        }
    }

    /// The request with the rights of the view's owner from here on.
    fn on_behalf_of(mut self, owner: UserId, definer: &TabularPath) -> Self {
        self.caller = Caller::User(Arc::new(Identity::of(owner)));
        if let Some(via) = &mut self.via {
            Arc::make_mut(via).definer = Some(definer.clone());
        }
        self
    }

    /// The error that the sender gets for a denial. It does not name a view's owner, whom the sender may not know.
    pub(crate) fn refused(&self, denied: Denied) -> CatalogError {
        let definer = self.via.as_ref().and_then(|via| via.definer.as_ref());
        match (denied, definer) {
            (Denied::Forbidden { action, .. }, Some(view)) => CatalogError::new(
                forbidden(action),
                format!("view `{view}` is read with the rights of its owner, who may not {action}"),
            ),
            (denied, _) => denied.into(),
        }
    }
}

impl Catalog {
    /// The table or view at the path with its current content, and the request with the caller whose rights count.
    /// The views on the way are looked up concurrently.
    pub(crate) async fn find_through<'r>(
        &self,
        request: &'r Request,
        at: AtPath<'_>,
        kind: TabularKind,
    ) -> Result<(Cow<'r, Request>, TabularTarget, Arc<Versioned>)> {
        if request.referenced_by.is_empty() {
            let (target, versioned) = self.find_content(at, kind).await?;
            return Ok((Cow::Borrowed(request), target, versioned));
        }
        let both = join(
            self.judged(request, at.warehouse),
            self.find_content(at, kind),
        );
        let (judged, found) = Box::pin(both).await;
        // Errors about a view come first: a caller that a view does not let through must not learn about what lies
        // behind it.
        let judged = judged?;
        let (target, versioned) = found?;
        Ok((judged, target, versioned))
    }

    /// The request with the caller whose rights count behind the views in `referenced_by`.
    pub(crate) async fn judged<'r>(
        &self,
        request: &'r Request,
        warehouse: WarehouseId,
    ) -> Result<Cow<'r, Request>> {
        if request.referenced_by.is_empty() {
            return Ok(Cow::Borrowed(request));
        }
        let engines = self.engines_behind(request);
        if engines.is_empty() {
            tracing::debug!("`referenced-by` does not count: no trusted engine has sent it");
            return Ok(Cow::Borrowed(request));
        }
        let walked = self.walk(request, warehouse, &engines);
        Box::pin(walked).await.map(Cow::Owned)
    }

    async fn walk(
        &self,
        request: &Request,
        warehouse: WarehouseId,
        engines: &[&TrustedEngine],
    ) -> Result<Request> {
        let views = &request.referenced_by;
        let found = views
            .iter()
            .map(|path| self.find_content(AtPath { warehouse, path }, TabularKind::View));
        let found = join_all(found).await;
        let mut judged = request.through();
        for (path, found) in views.iter().zip(found) {
            let (view, versioned) = found?;
            let passed = self.require_all(&judged, &PASSING, view).await;
            passed.map_err(|error| error.or_missing(|| missing(TabularKind::View, path)))?;
            let all = &self.settings.trusted_engines;
            let is_owner = |name: &str| all.iter().any(|engine| engine.owner_property == name);
            let properties = versioned.owner_properties(is_owner)?;
            if let Some(owner) = owner(request, engines, path, properties)? {
                judged = judged.on_behalf_of(owner, path);
            }
        }
        Ok(judged)
    }
}

/// The owner of the view, by the owner properties of the engines that sent the request. The owner is a user of the
/// same identity provider as the engine.
fn owner(
    request: &Request,
    engines: &[&TrustedEngine],
    path: &TabularPath,
    properties: &[(String, String)],
) -> Result<Option<UserId>> {
    let named = engines.iter().filter_map(|engine| {
        let property = &engine.owner_property;
        let found = properties.iter().find(|(name, _)| name == property);
        found.map(|(_, owner)| (property, owner))
    });
    let mut named: Vec<_> = named.collect();
    named.dedup_by(|one, other| one.1 == other.1);
    match named.as_slice() {
        [] => Ok(None),
        [(property, owner)] => {
            let identity = request.caller.identity();
            let provider = identity.map_or("", |identity| identity.user.provider());
            UserId::new(provider, owner).map(Some).map_err(|_| {
                CatalogError::bad_request(format!(
                    "property `{property}` of view `{path}` names no possible user of identity provider `{provider}`, so the \
                     owner's rights cannot be checked; create the view anew"
                ))
            })
        }
        [(one, _), (other, _), ..] => Err(CatalogError::bad_request(format!(
            "properties `{one}` and `{other}` of view `{path}` name different owners, and the request's token belongs to the \
             engines of both, so it is unclear whose rights count; remove one of the properties"
        ))),
    }
}
