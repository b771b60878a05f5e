//! Whose rights count for what is read through views.
//!
//! A trusted engine tells the views that have led it to a table, the outermost first. Each must be there, and whoever's rights
//! count at that point must be allowed to see it and to read through it. From a view that names an owner on, it is the owner's rights
//! that count. The word of anybody else about views is not heard.

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

/// What each view on the way must be allowed for.
const PASSING: [Action; 2] = [
    Action::View(ViewAction::GetMetadata),
    Action::View(ViewAction::Select),
];

/// That a request is judged on its way through views.
#[derive(Debug, Clone)]
pub struct Via {
    /// Who has sent it.
    pub(crate) sender: Caller,
    /// The views, the outermost first.
    pub(crate) views: Vec<TabularPath>,
    /// The view whose owner's rights count, if they are not the sender's any more.
    pub(crate) definer: Option<TabularPath>,
}

impl Request {
    /// Whether it is judged by the rights of a view's owner. Then files are read, and not written.
    pub(crate) fn is_delegated(&self) -> bool {
        self.via.as_ref().is_some_and(|via| via.definer.is_some())
    }

    /// On its way through the views.
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

    /// Judged by the rights of the view's owner from here on.
    fn on_behalf_of(mut self, owner: UserId, definer: &TabularPath) -> Self {
        self.caller = Caller::User(Arc::new(Identity::of(owner)));
        if let Some(via) = &mut self.via {
            Arc::make_mut(via).definer = Some(definer.clone());
        }
        self
    }

    /// What its sender is told of a refusal: who owns a view that it may not see is not among that.
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
    /// What stands at the path with its current content, and the request as it is to be judged. The views that lead there are
    /// looked up along with it.
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
        // What is wrong with a view is told first: of what it leads to nothing is told to those whom it does not let through.
        let judged = judged?;
        let (target, versioned) = found?;
        Ok((judged, target, versioned))
    }

    /// The request as it is to be judged behind the views that have led to it.
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
            if let Some(owner) = owner(request, engines, path, &versioned)? {
                judged = judged.on_behalf_of(owner, path);
            }
        }
        Ok(judged)
    }
}

/// Who owns the view, as the engines that have sent the request see it. They and the owner have the same identity provider.
fn owner(
    request: &Request,
    engines: &[&TrustedEngine],
    path: &TabularPath,
    versioned: &Versioned,
) -> Result<Option<UserId>> {
    let properties = versioned.view_properties()?;
    let named = engines.iter().filter_map(|engine| {
        let property = &engine.owner_property;
        properties.get(property).map(|owner| (property, owner))
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
                    "property `{property}` of view `{path}` names nobody that `{provider}` could know: nobody's rights can be looked at; \
                     create the view anew"
                ))
            })
        }
        [(one, _), (other, _), ..] => Err(CatalogError::bad_request(format!(
            "properties `{one}` and `{other}` of view `{path}` name different owners, and the request's token stands for the engines \
             of both: nobody can tell whose rights count; remove one of them"
        ))),
    }
}
