//! Answers that something is not there, where its warehouse is hidden from the caller.

use axum::extract::{MatchedPath, OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use catalog::RequestOrigin;
use http::{Method, StatusCode};
use model::{Caller, WarehouseId};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{request_id, warehouse_at};

/// Lets requests pass. If the answer is that something in a warehouse is not there, and the caller may not see the warehouse, the answer is that there is no
/// such warehouse: what is told does not depend on whether it is there.
pub(crate) async fn conceal(State(app): State<App>, request: Request, next: Next) -> Response {
    // An answer to `HEAD` does not say what is missing.
    if request.method() == Method::HEAD {
        return next.run(request).await;
    }
    let (Some(warehouse), Some(caller)) = (warehouse_of(&request), caller_of(&request)) else {
        return next.run(request).await;
    };
    let request_id = request_id(request.extensions());
    let response = next.run(request).await;
    if response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let asked = catalog::Request {
        caller,
        origin: RequestOrigin {
            request_id,
            user_agent: None,
        },
        ..catalog::Request::system()
    };
    match catalog::warehouse::concealed(&app.catalog, &asked, warehouse).await {
        Ok(None) => response,
        Ok(Some(error)) | Err(error) => ApiError::from(error).into_response(),
    }
}

fn caller_of(request: &Request) -> Option<Caller> {
    request.extensions().get().cloned()
}

/// The warehouse in the path of what lies in one.
fn warehouse_of(request: &Request) -> Option<WarehouseId> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    let sent = request.extensions().get::<OriginalUri>();
    let path = sent.map_or(request.uri(), |sent| &sent.0);
    warehouse_at(route, path)
}
