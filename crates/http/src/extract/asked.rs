//! Who asks, in which project.

use axum::extract::FromRequestParts;
use catalog::{CatalogError, Request};
use http::HeaderMap;
use http::request::Parts;
use model::{Caller, ProjectId};

use crate::app::App;
use crate::base_uri::base_uri;
use crate::error::{ApiError, ApiResult};
use crate::extract::delegation::delegation;

/// A request without an effect.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) Request);

impl FromRequestParts<App> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let caller = caller(parts, app)?;
        let project = project(&parts.headers)?;
        Ok(Self(Request {
            caller,
            project,
            idempotency: None,
            delegation: delegation(&parts.headers),
        }))
    }
}

/// Whom the layer around the routes has found. A route that it does not cover lets nobody in.
fn caller(parts: &Parts, app: &App) -> ApiResult<Caller> {
    match (parts.extensions.get::<Caller>(), &app.authenticator) {
        (Some(caller), _) => Ok(caller.clone()),
        (None, None) => Ok(Caller::Anonymous),
        (None, Some(_)) => Err(CatalogError::internal("the route does not authenticate").into()),
    }
}

/// The project in the header, or in the header that older clients send.
fn project(headers: &HeaderMap) -> ApiResult<Option<ProjectId>> {
    let Some(value) = headers
        .get("x-project-id")
        .or_else(|| headers.get("x-project-ident"))
    else {
        return Ok(None);
    };
    let malformed = |why: &str| {
        ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "MalformedProjectID",
            format!("header `x-project-id`: {why}"),
        )
    };
    let text = value
        .to_str()
        .map_err(|_| malformed("its value is not ASCII"))?;
    text.parse()
        .map(Some)
        .map_err(|error: model::InvalidProjectId| malformed(&error.to_string()))
}

/// Where this request's client reaches the catalog.
pub(crate) fn forwarded_base(app: &App, headers: &HeaderMap) -> ApiResult<String> {
    base_uri(&app.settings, headers)
}
