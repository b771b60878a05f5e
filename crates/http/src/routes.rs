//! Collects the operations of an API, both for the router and for its description.

use axum::Router;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;

/// The operations of an API. Their paths begin with its version, `/v1`.
#[derive(Default)]
pub(crate) struct Routes {
    routed: Vec<(String, MethodRouter<App>)>,
    /// Merged operation by operation, which removes duplicates: each operation brings its schemas, and many share them.
    described: OpenApiRouter<App>,
}

impl Routes {
    /// No operations.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the operations of one path.
    pub(crate) fn routes(mut self, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        let by_path = paths.paths.keys();
        self.routed
            .extend(by_path.map(|path| (path.clone(), methods.clone())));
        self.described = self.described.routes((schemas, paths, MethodRouter::new()));
        self
    }

    /// Adds the operations of `other`.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.routed.extend(other.routed);
        self.described = self.described.merge(other.described);
        self
    }

    /// A router with `api` in front of each path, and a description with the paths as they are. Paths are routed whole, because a
    /// nested router would rewrite the URI of each request.
    pub(crate) fn below(self, api: &str) -> (Router<App>, OpenApi) {
        let routed = self.routed.into_iter();
        let router = routed.fold(Router::new(), |router, (path, methods)| {
            router.route(&format!("{api}{path}"), methods)
        });
        (router, self.described.into_openapi())
    }

    /// The description alone.
    pub(crate) fn described(self) -> OpenApi {
        self.described.into_openapi()
    }
}
