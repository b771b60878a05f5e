//! Answers that something is not there, where its warehouse is hidden from the caller.

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use catalog::RequestOrigin;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use model::{Caller, RequestId, WarehouseId};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{request_id, warehouse_at};
use crate::observe::no_body;

/// Whom a warehouse may be hidden from. If the answer is that something in the warehouse is not there, and the caller may not see the
/// warehouse, the answer is that there is no such warehouse: what is told does not depend on whether it is there.
pub(crate) struct Concealed {
    warehouse: WarehouseId,
    caller: Caller,
    request_id: RequestId,
}

impl Concealed {
    /// `None` where nothing is to be hidden: from whom nobody knows, nothing can be.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        // An answer to `HEAD` does not say what is missing: see [`without_length`].
        if request.method() == Method::HEAD {
            return None;
        }
        Some(Self {
            warehouse: warehouse_of(request)?,
            caller: request.extensions().get().cloned()?,
            request_id: request_id(request.extensions()),
        })
    }

    /// The answer as the caller may see it.
    pub(crate) async fn from(self, app: &App, response: Response) -> Response {
        if response.status() != StatusCode::NOT_FOUND {
            return response;
        }
        let asked = catalog::Request {
            caller: self.caller,
            origin: RequestOrigin {
                request_id: self.request_id,
                user_agent: None,
            },
            ..catalog::Request::system()
        };
        match catalog::warehouse::concealed(&app.catalog, &asked, self.warehouse).await {
            Ok(None) => response,
            Ok(Some(error)) | Err(error) => ApiError::from(error).into_response(),
        }
    }
}

/// The answer to `HEAD` of what is not there: without the length of a message, which would tell what is missing.
pub(crate) fn without_length(method: &Method, response: Response) -> Response {
    if *method != Method::HEAD || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let mut response = response.map(|_| no_body());
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

/// The warehouse in the path of what lies in one.
fn warehouse_of(request: &Request) -> Option<WarehouseId> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    warehouse_at(route, request.uri())
}
