//! The service: the router, and a shorter way to the operations that engines call most.
//!
//! For each request, axum's router clones the service of the route, boxes its future twice and copies all parameters of
//! the path: a fifth of the work of loading a cached table. The few routes here are compared with the path one by one,
//! and their handlers run in the same layers. The router has these operations too, for the description of the API.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router};
use bytes::Bytes;
use futures::future::{BoxFuture, Either};
use http::Method;
use tower::{Layer, Service};

use crate::app::App;
use crate::extract::{Pattern, Route};
use crate::iceberg::table;
use crate::layers::Layers;

static LOAD: Pattern = Pattern {
    route: "/catalog/v1/{prefix}/namespaces/{namespace}/tables/{table}",
    start: "/catalog/v1/",
    parameters: &[
        ("prefix", "/namespaces/"),
        ("namespace", "/tables/"),
        ("table", ""),
    ],
};
static SIGN: Pattern = Pattern {
    route: "/catalog/v1/{prefix}/namespaces/{namespace}/tables/{table}/sign",
    start: "/catalog/v1/",
    parameters: &[
        ("prefix", "/namespaces/"),
        ("namespace", "/tables/"),
        ("table", "/sign"),
    ],
};
static SIGN_BY_ID: Pattern = Pattern {
    route: "/catalog/v1/signer/{prefix}/tabular-id/{tabular_id}/v1/aws/s3/sign",
    start: "/catalog/v1/signer/",
    parameters: &[
        ("prefix", "/tabular-id/"),
        ("tabular_id", "/v1/aws/s3/sign"),
    ],
};

/// The whole service: the three APIs, the health check and the API description, inside their layers.
#[derive(Clone)]
pub struct ApiService {
    direct: Arc<[Direct]>,
    router: Router,
}

impl ApiService {
    /// The service of a router that has all operations.
    pub(crate) fn new(app: &App, layers: &Layers, router: Router) -> Self {
        let load = Direct::new(Method::GET, &LOAD, (app, layers), table::load::load);
        let sign = Direct::new(Method::POST, &SIGN, (app, layers), table::sign::sign);
        let by_id = table::sign::sign_by_id;
        let sign_by_id = Direct::new(Method::POST, &SIGN_BY_ID, (app, layers), by_id);
        Self {
            direct: [load, sign, sign_by_id].into(),
            router: layers.around(router),
        }
    }
}

impl<B> Service<Request<B>> for ApiService
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Answering, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        let found = self.direct.iter().find_map(|direct| {
            let route = direct.route(&request)?;
            Some((direct, route))
        });
        let Some((direct, route)) = found else {
            return Either::Right(self.router.call(request));
        };
        request.extensions_mut().insert(route);
        Either::Left((direct.call)(request))
    }
}

impl fmt::Debug for ApiService {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ApiService").finish_non_exhaustive()
    }
}

type Answering = BoxFuture<'static, Result<Response, Infallible>>;

/// An operation that is called without the router.
struct Direct {
    method: Method,
    pattern: &'static Pattern,
    call: Box<dyn Fn(Request) -> Answering + Send + Sync>,
}

impl Direct {
    fn new<H, T>(
        method: Method,
        pattern: &'static Pattern,
        (app, layers): (&App, &Layers),
        handler: H,
    ) -> Self
    where
        H: Handler<T, App> + Sync,
        T: 'static,
    {
        let service = layers.around_handler(app, handler);
        let call: Box<dyn Fn(Request) -> Answering + Send + Sync> = match layers.cors() {
            Some(cors) => {
                let service = cors.layer(service);
                Box::new(move |request| Box::pin(service.clone().call(request)))
            }
            None => Box::new(move |request| service.clone().call(request)),
        };
        Self {
            method,
            pattern,
            call,
        }
    }

    /// The route of a request that the router would route to this operation.
    fn route(&self, request: &Request) -> Option<Route> {
        if request.method() != self.method {
            return None;
        }
        let places = self.pattern.places(request.uri().path())?;
        Some(Route::Direct(self.pattern, places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::catalog_routes;

    #[test]
    fn operations_with_a_shorter_way_are_those_of_the_router() {
        let described = catalog_routes().described();
        for (pattern, id) in [
            (&LOAD, "loadTable"),
            (&SIGN, "signRequest"),
            (&SIGN_BY_ID, "signRequestByTableId"),
        ] {
            let path = pattern.route.strip_prefix("/catalog").unwrap();
            let item = described.paths.paths.get(path).unwrap();
            let found = item.get.iter().chain(&item.post);
            let ids: Vec<_> = found
                .filter_map(|one| one.operation_id.as_deref())
                .collect();
            assert!(ids.contains(&id), "{path}: {ids:?}");
            let parameters = pattern.parameters.iter();
            let parts = parameters.map(|(name, after)| format!("{{{name}}}{after}"));
            let spelled = pattern.start.to_owned() + &parts.collect::<String>();
            assert_eq!(spelled, pattern.route);
        }
    }
}
