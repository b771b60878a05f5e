//! Finds the caller from `Authorization: Bearer …` (RFC 6750) before the rest of the request is read.
//!
//! The reason why a token is refused is logged, but not sent to the client. No token is ever logged.

use std::sync::Arc;

use admission::{Applicant, Rejection};
use authn::{Authenticator, AuthnError, BearerToken, ProviderUnavailable, Refusal};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Caller, Identity};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{origin, request_id};

/// The header with the id of the role that the caller wants to act as.
const ASSUME_ROLE: HeaderName = HeaderName::from_static("x-assume-role");

/// The challenge for a request without credentials (RFC 6750, section 3: no error code then).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"lakekeeper\"");
/// The challenge for a request whose credentials are not valid.
const INVALID: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"lakekeeper\", error=\"invalid_token\"");

/// The request with its [`Caller`] as an extension, or the response that refuses the request. Without an authenticator the
/// request stays as it is, and its caller is anonymous.
pub(crate) async fn authenticate(app: &App, mut request: Request) -> Result<Request, Response> {
    if app.authenticator.is_none() {
        return Ok(request);
    }
    let known = match caller(app, request.headers(), request.extensions()).await {
        Ok(caller) => acting(app, caller, request.headers(), request.extensions()).await,
        Err(failure) => return Err(failure.refused(request.uri().path())),
    };
    let caller = known.map_err(IntoResponse::into_response)?;
    request.extensions_mut().insert(caller);
    Ok(request)
}

fn not_admitted(why: Rejection) -> ApiError {
    match why {
        Rejection::Forbidden(message) => {
            ApiError::new(StatusCode::FORBIDDEN, "AdmissionForbidden", message)
        }
        Rejection::Unavailable { retry_after, .. } => {
            let message = "the admission service did not answer; nothing was changed, try again";
            ApiError::unavailable(message, Some(retry_after))
        }
    }
}

/// Why a request has no caller.
enum AuthenticationFailure {
    Nobody,
    Unproven(Refusal),
    Unavailable(ProviderUnavailable),
    NotAdmitted(Rejection),
}

impl AuthenticationFailure {
    fn refused(self, path: &str) -> Response {
        match self {
            Self::Nobody => refused("MissingAuthorizationHeader", CHALLENGE),
            Self::Unproven(why) => {
                tracing::info!(%why, path, "authentication failed");
                refused("AuthenticationFailed", INVALID)
            }
            Self::Unavailable(why) => {
                tracing::error!(%why, "tokens cannot be verified");
                let message = "the identity provider cannot be reached, so the token cannot be verified; try again";
                ApiError::unavailable(message, None).into_response()
            }
            Self::NotAdmitted(why) => not_admitted(why).into_response(),
        }
    }
}

async fn caller(
    app: &App,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, AuthenticationFailure> {
    let Some(authenticator) = &app.authenticator else {
        return Ok(Caller::Anonymous);
    };
    let token = token(headers)?;
    let identity = identity(authenticator.as_ref(), &token).await?;
    let Some(gates) = &app.gates else {
        return Ok(Caller::User(identity));
    };
    let applicant = Applicant {
        identity: &identity,
        token: &token,
        request_id: &request_id(extensions),
    };
    let admission = gates.admit(&applicant).await;
    let roles = admission.map_err(AuthenticationFailure::NotAdmitted)?.roles;
    if roles.is_empty() {
        return Ok(Caller::User(identity));
    }
    Ok(Caller::User(Arc::new(Identity {
        admission_roles: roles,
        ..Identity::clone(&identity)
    })))
}

async fn identity(
    authenticator: &dyn Authenticator,
    token: &BearerToken,
) -> Result<Arc<Identity>, AuthenticationFailure> {
    let found = authenticator.authenticate(token).await;
    found.map_err(|error| match error {
        AuthnError::Refused(why) => AuthenticationFailure::Unproven(why),
        AuthnError::Unavailable(why) => AuthenticationFailure::Unavailable(why),
    })
}

/// The token of the request's only `authorization` header.
fn token(headers: &HeaderMap) -> Result<BearerToken, AuthenticationFailure> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let header = match (given.next(), given.next()) {
        (Some(only), None) => only,
        (None, _) => return Err(AuthenticationFailure::Nobody),
        (Some(_), Some(_)) => {
            let why = "there is more than one `authorization` header";
            return Err(AuthenticationFailure::Unproven(Refusal::Malformed(why)));
        }
    };
    bearer(header).map_err(AuthenticationFailure::Unproven)
}

/// The caller, acting as the role in `x-assume-role` if there is one.
async fn acting(
    app: &App,
    caller: Caller,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> ApiResult<Caller> {
    let mut given = headers.get_all(ASSUME_ROLE).iter();
    let Some(header) = given.next() else {
        return Ok(caller);
    };
    let id = header.to_str().ok().and_then(|text| text.parse().ok());
    let Some(id) = id.filter(|_| given.next().is_none()) else {
        let message = "header `x-assume-role` must be the id of one role, a UUID";
        return Err(ApiError::bad_request(message));
    };
    let asked = catalog::Request {
        caller,
        origin: origin(app, headers, extensions),
        ..catalog::Request::system()
    };
    Ok(catalog::role::assume(&app.catalog, &asked, id).await?)
}

/// The token in an `authorization` header. The scheme's name is case-insensitive (RFC 9110, section 11.1).
fn bearer(header: &HeaderValue) -> Result<BearerToken, Refusal> {
    let text = header
        .to_str()
        .map_err(|_| Refusal::Malformed("the `authorization` header is not ASCII"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            BearerToken::parse(token.trim())
        }
        _ => Err(Refusal::Malformed(
            "the `authorization` header is not `Bearer` and a token",
        )),
    }
}

fn refused(kind: &'static str, challenge: HeaderValue) -> Response {
    let message = "send a token of the configured identity provider as `Authorization: Bearer …`";
    let mut response = ApiError::new(StatusCode::UNAUTHORIZED, kind, message).into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}
