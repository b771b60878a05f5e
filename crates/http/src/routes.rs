//! An API's operations: how they are routed and how they are described.

use axum::Router;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;

/// Operations, by paths that begin with the version of their API.
#[derive(Default)]
pub(crate) struct Routes(Vec<UtoipaMethodRouter<App>>);

impl Routes {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With the operations of one path.
    pub(crate) fn routes(mut self, path: UtoipaMethodRouter<App>) -> Self {
        self.0.push(path);
        self
    }

    /// With all of these.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Routed below an API's name. Each path is routed whole: a nested router would take the address of each request apart
    /// and put it together again.
    pub(crate) fn below(self, api: &str) -> Router<App> {
        let mut router = Router::new();
        for (_, paths, methods) in self.0 {
            for path in paths.paths.into_keys() {
                router = router.route(&format!("{api}{path}"), methods.clone());
            }
        }
        router
    }

    /// Described, by the same paths without the API's name.
    pub(crate) fn described(self) -> utoipa::openapi::OpenApi {
        let described = self.0.into_iter();
        let described = described.fold(OpenApiRouter::<App>::new(), OpenApiRouter::routes);
        described.into_openapi()
    }
}
