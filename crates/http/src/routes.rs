//! An API's operations: how they are routed and how they are described.

use axum::Router;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;

/// Operations, by paths that begin with the version of their API.
#[derive(Default)]
pub(crate) struct Routes {
    routed: Vec<(String, MethodRouter<App>)>,
    /// Put together as they come: each operation brings the schemas of all that it names, and most name the same.
    described: OpenApiRouter<App>,
}

impl Routes {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With the operations of one path.
    pub(crate) fn routes(mut self, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        let by_path = paths.paths.keys();
        self.routed
            .extend(by_path.map(|path| (path.clone(), methods.clone())));
        self.described = self.described.routes((schemas, paths, MethodRouter::new()));
        self
    }

    /// With all of these.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.routed.extend(other.routed);
        self.described = self.described.merge(other.described);
        self
    }

    /// Routed below an API's name, and described by the same paths without it. Each path is routed whole: a nested router would take
    /// the address of each request apart and put it together again.
    pub(crate) fn below(self, api: &str) -> (Router<App>, OpenApi) {
        let routed = self.routed.into_iter();
        let router = routed.fold(Router::new(), |router, (path, methods)| {
            router.route(&format!("{api}{path}"), methods)
        });
        (router, self.described.into_openapi())
    }

    /// Described alone.
    pub(crate) fn described(self) -> OpenApi {
        self.described.into_openapi()
    }
}
