//! Grants: the same requests on each kind of thing.

pub(crate) mod all;
pub(crate) mod body;
pub(crate) mod generic_table;
pub(crate) mod namespace;
pub(crate) mod project;
pub(crate) mod server;
pub(crate) mod table;
pub(crate) mod view;
pub(crate) mod warehouse;

use axum::Json;
use catalog::Request;
use catalog::grant::GrantsOn;
use http::StatusCode;

use self::body::{
    ApplyGrantsRequest, GrantAccessQuery, ListGrantsQuery, ListGrantsResponse,
    ResourceGrantablePrivilegesResponse,
};
use crate::app::{App, to_the_end};
use crate::error::ApiResult;
use crate::extract::Posted;

async fn list(
    app: App,
    request: Request,
    (on, query): (GrantsOn, ListGrantsQuery),
) -> ApiResult<Json<ListGrantsResponse>> {
    let (to, page) = query.decode(&app)?;
    let found = catalog::grant::on(&app.catalog, &request, (on, to), page).await?;
    Ok(Json(found.into()))
}

async fn apply(
    app: App,
    Posted { request, body }: Posted<ApplyGrantsRequest>,
    on: GrantsOn,
) -> ApiResult<StatusCode> {
    let diff = body.decode()?;
    to_the_end(async move { catalog::grant::apply(&app.catalog, &request, (on, diff)).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn grantable(
    app: App,
    request: Request,
    (on, query): (GrantsOn, GrantAccessQuery),
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    let of = query.decode()?;
    let found = catalog::grant::grantable(&app.catalog, &request, (on, of)).await?;
    Ok(Json(ResourceGrantablePrivilegesResponse::of(
        on.kind(),
        found,
    )))
}
