//! Authenticates every request to an API, audits its outcome, and conceals hidden warehouses in its answer.

use std::convert::Infallible;
use std::mem;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use catalog::audit::Audit;
use futures::future::{BoxFuture, Either};
use tower::{Layer, Service};

use crate::app::App;
use crate::audit::Pending;
use crate::authenticate::authenticate;
use crate::conceal::{Concealable, without_length};

/// Puts [`Entered`] around routes.
#[derive(Clone)]
pub(crate) struct Entry(pub(crate) App);

impl<S> Layer<S> for Entry {
    type Service = Entered<S>;

    fn layer(&self, inner: S) -> Entered<S> {
        Entered {
            inner,
            app: self.0.clone(),
        }
    }
}

/// One service for three concerns: three layers would each box the request's future.
#[derive(Clone)]
pub(crate) struct Entered<S> {
    inner: S,
    app: App,
}

impl<S> Service<Request> for Entered<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.app.authenticator.is_none() && request.method().is_safe() {
            return Either::Left(self.inner.call(request));
        }
        // `poll_ready` was called on `self.inner`, not on its clone: so call the former, and keep the clone for later.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        Either::Right(Box::pin(pass(self.app.clone(), ready, request)))
    }
}

async fn pass<S>(app: App, mut inner: S, request: Request) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let request = match authenticate(&app, request).await {
        Ok(request) => request,
        Err(refused) => return Ok(refused),
    };
    let is_audited = app.catalog.settings().audit == Audit::On;
    let pending = is_audited.then(|| Pending::of(&app, &request)).flatten();
    let (concealable, method) = (Concealable::of(&request), request.method().clone());
    let mut response = without_length(&method, inner.call(request).await?);
    if let Some(concealable) = concealable {
        response = concealable.from(&app, response).await;
    }
    if let Some(pending) = pending {
        pending.answered(response.status());
    }
    Ok(response)
}
