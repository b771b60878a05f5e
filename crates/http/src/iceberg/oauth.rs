//! `POST /v1/oauth/tokens`, which is always refused: identity providers issue the tokens for this catalog.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;

/// An error of OAuth 2.0 (RFC 6749, section 5.2), the form that clients expect from a token endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct OAuthError {
    error: &'static str,
    error_description: String,
}

/// Refuses, and says which endpoint issues tokens. The specification has deprecated this path; it is not in `endpoints`.
pub(crate) async fn tokens(State(app): State<App>) -> (StatusCode, Json<OAuthError>) {
    let error_description = match &app.authenticator {
        None => {
            "this catalog runs without authentication: configure the client without credentials"
                .to_owned()
        }
        Some(authenticator) => {
            let endpoint = authenticator.token_endpoint();
            let endpoint = endpoint.map_or_else(
                || "the token endpoint of the identity provider".to_owned(),
                |url| format!("`{url}`"),
            );
            format!(
                "this catalog issues no tokens: set `oauth2-server-uri` of the client to {endpoint}"
            )
        }
    };
    let error = OAuthError {
        // Unlike `invalid_grant` or `invalid_client`, this makes no client retry with another grant or secret.
        error: "invalid_request",
        error_description,
    };
    (StatusCode::BAD_REQUEST, Json(error))
}
