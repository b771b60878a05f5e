//! Keeps a 404 from revealing that a warehouse exists which the caller may not see.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use catalog::RequestOrigin;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use model::{Caller, RequestId, WarehouseId};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{request_id, warehouse_at};
use crate::observe::no_body;

/// A request to a warehouse that may be hidden from its caller. If the answer is 404 for something in the warehouse, and the
/// caller may not see the warehouse, the answer becomes the 404 for a missing warehouse: so it does not depend on whether the
/// warehouse exists.
pub(crate) struct Concealable {
    warehouse: WarehouseId,
    caller: Caller,
    request_id: RequestId,
}

impl Concealable {
    /// `None` if there is nothing to conceal: the path names no warehouse, or the catalog runs without authentication.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        // An answer to `HEAD` does not reveal what is missing: see [`without_length`].
        if request.method() == Method::HEAD {
            return None;
        }
        Some(Self {
            warehouse: warehouse_at(request)?,
            caller: request.extensions().get().cloned()?,
            request_id: request_id(request.extensions()),
        })
    }

    /// The answer that the caller may see.
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

/// Removes the length of the error message from a 404 to `HEAD`: it differs by what is missing, and so would reveal it.
pub(crate) fn without_length(method: &Method, response: Response) -> Response {
    if *method != Method::HEAD || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let mut response = response.map(|_| no_body());
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}
