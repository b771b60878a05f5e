//! Who asks, in which project.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use catalog::audit::Audit;
use catalog::{CatalogError, Request, RequestOrigin};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, header};
use model::{Caller, ProjectId, RequestId};

use crate::app::App;
use crate::base_uri::base_uri;
use crate::error::{ApiError, ApiResult};
use crate::extract::delegation::delegation;

const PROJECT_ID: HeaderName = HeaderName::from_static("x-project-id");
/// What older clients send.
const PROJECT_IDENT: HeaderName = HeaderName::from_static("x-project-ident");
/// As much as is told of what a client calls itself.
const USER_AGENT_BYTES: usize = 256;

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
            referenced_by: Vec::new(),
            via: None,
            origin: origin(app, &parts.headers, &parts.extensions),
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

/// Where the request came from; what only audit events tell is left out if there are none.
pub(crate) fn origin(app: &App, headers: &HeaderMap, extensions: &Extensions) -> RequestOrigin {
    let is_audited = app.catalog.settings().audit == Audit::On;
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.filter(|_| is_audited);
    RequestOrigin {
        request_id: request_id(extensions),
        user_agent: agent.and_then(|agent| {
            let text = agent.to_str().ok()?;
            // Of what is ASCII each byte is a character.
            Some(Arc::from(text.get(..USER_AGENT_BYTES).unwrap_or(text)))
        }),
    }
}

/// What the outermost layer calls the request. A router without that layer is a test's.
pub(crate) fn request_id(extensions: &Extensions) -> RequestId {
    let id = extensions.get::<RequestId>().cloned();
    id.unwrap_or_else(RequestId::generate)
}

/// The project in the header, or in the header that older clients send.
pub(crate) fn project(headers: &HeaderMap) -> ApiResult<Option<ProjectId>> {
    let Some(value) = headers
        .get(PROJECT_ID)
        .or_else(|| headers.get(PROJECT_IDENT))
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
