//! Warehouses, namespaces, tables and views in a path.

use axum::extract::{FromRequestParts, RawPathParams};
use http::StatusCode;
use http::request::Parts;
use model::{
    InvalidProjectId, Name, NamespacePath, ProjectId, SEPARATOR, TabularPath, WarehouseId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};

/// `…/{prefix}`.
#[derive(Debug)]
pub(crate) struct At(pub(crate) WarehouseId);

/// `…/{prefix}/namespaces/{namespace}`.
#[derive(Debug)]
pub(crate) struct AtNamespace {
    pub(crate) warehouse: WarehouseId,
    pub(crate) namespace: NamespacePath,
}

/// `…/{prefix}/namespaces/{namespace}/tables/{table}`, or a view.
#[derive(Debug)]
pub(crate) struct AtTabular {
    pub(crate) warehouse: WarehouseId,
    pub(crate) path: TabularPath,
}

/// A namespace's name and that of something in it, in a body.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct Identifier {
    /// The levels of the namespace.
    pub(crate) namespace: Vec<String>,
    /// The name.
    pub(crate) name: String,
}

/// Parses an identifier of a body.
pub(crate) fn identifier(what: &'static str, given: &Identifier) -> ApiResult<TabularPath> {
    let namespace = NamespacePath::parse(given.namespace.clone())?;
    Ok(TabularPath {
        namespace,
        name: Name::parse(what, &given.name)?,
    })
}

/// Parses levels that are joined by the unit separator.
pub(crate) fn namespace_of_text(text: &str) -> ApiResult<NamespacePath> {
    Ok(NamespacePath::parse(
        text.split(SEPARATOR).map(str::to_owned).collect(),
    )?)
}

async fn params(parts: &mut Parts) -> ApiResult<RawPathParams> {
    RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|error| {
            ApiError::bad_request(format!("the path cannot be read: {}", error.body_text()))
        })
}

fn param<'a>(params: &'a RawPathParams, name: &str) -> ApiResult<&'a str> {
    let found = params.iter().find(|(key, _)| *key == name);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| ApiError::bad_request(format!("the path has no `{name}`")))
}

fn warehouse(params: &RawPathParams) -> ApiResult<WarehouseId> {
    let text = param(params, "prefix")?;
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(80).collect();
        let message =
            format!("prefix `{shown}` is not the id of a warehouse; take it from `GET /v1/config`");
        ApiError::new(StatusCode::BAD_REQUEST, "PrefixIsNotWarehouseID", message)
    })
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Ok(Self(warehouse(&params(parts).await?)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtNamespace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = params(parts).await?;
        let namespace = namespace_of_text(param(&params, "namespace")?)?;
        Ok(Self {
            warehouse: warehouse(&params)?,
            namespace,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtTabular {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = params(parts).await?;
        let namespace = namespace_of_text(param(&params, "namespace")?)?;
        let name = match param(&params, "table") {
            Ok(table) => Name::parse("table", table)?,
            Err(_) => Name::parse("view", param(&params, "view")?)?,
        };
        Ok(Self {
            warehouse: warehouse(&params)?,
            path: TabularPath { namespace, name },
        })
    }
}

/// Parses a project's id.
pub(crate) fn project_id(text: &str) -> ApiResult<ProjectId> {
    text.parse().map_err(|error: InvalidProjectId| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "MalformedProjectID",
            error.to_string(),
        )
    })
}
