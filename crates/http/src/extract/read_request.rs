//! Reads the caller, project and origin of a request from its headers.

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
/// The name that older clients use for `x-project-id`.
const PROJECT_IDENT: HeaderName = HeaderName::from_static("x-project-ident");
/// The most bytes of `user-agent` that an audit event shows.
const USER_AGENT_BYTES: usize = 256;

/// A request that changes nothing, so without an idempotency key.
#[derive(Debug)]
pub(crate) struct ReadRequest(pub(crate) Request);

impl FromRequestParts<App> for ReadRequest {
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

/// The caller that the layer around the routes has found. With an authenticator, a route outside of that layer is refused.
fn caller(parts: &Parts, app: &App) -> ApiResult<Caller> {
    match (parts.extensions.get::<Caller>(), &app.authenticator) {
        (Some(caller), _) => Ok(caller.clone()),
        (None, None) => Ok(Caller::Anonymous),
        (None, Some(_)) => Err(CatalogError::internal("the route does not authenticate").into()),
    }
}

/// The origin of the request. The user agent is read only if auditing is on.
pub(crate) fn origin(app: &App, headers: &HeaderMap, extensions: &Extensions) -> RequestOrigin {
    let is_audited = app.catalog.settings().audit == Audit::On;
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.filter(|_| is_audited);
    RequestOrigin {
        request_id: request_id(extensions),
        user_agent: agent.and_then(|agent| {
            let text = agent.to_str().ok()?;
            // `to_str` gives ASCII, so a cut at any byte is a cut between characters.
            Some(Arc::from(text.get(..USER_AGENT_BYTES).unwrap_or(text)))
        }),
    }
}

/// The id that the outermost layer gave the request; a new one without that layer, which only tests leave out.
pub(crate) fn request_id(extensions: &Extensions) -> RequestId {
    let id = extensions.get::<RequestId>().cloned();
    id.unwrap_or_else(RequestId::generate)
}

/// The project in `x-project-id`, or else in `x-project-ident`.
pub(crate) fn project(headers: &HeaderMap) -> ApiResult<Option<ProjectId>> {
    let mut names = [PROJECT_ID, PROJECT_IDENT].into_iter();
    let Some((value, name)) = names.find_map(|name| Some((headers.get(&name)?, name))) else {
        return Ok(None);
    };
    let malformed = |why: &str| {
        ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "MalformedProjectID",
            format!("header `{name}`: {why}"),
        )
    };
    let text = value
        .to_str()
        .map_err(|_| malformed("its value is not ASCII"))?;
    text.parse()
        .map(Some)
        .map_err(|error: model::InvalidProjectId| malformed(&error.to_string()))
}

/// The URI at which the client of this request reaches the catalog.
pub(crate) fn forwarded_base(app: &App, headers: &HeaderMap) -> ApiResult<String> {
    base_uri(&app.settings, headers)
}
