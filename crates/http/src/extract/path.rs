//! Reads warehouses, namespaces, tables and views from paths.

use axum::extract::{FromRequestParts, Request};
use catalog::tabular::AtPath;
use http::StatusCode;
use http::request::Parts;
use model::{
    Excerpt, InvalidProjectId, Name, NamespacePath, ProjectId, SEPARATOR, TabularId, TabularPath,
    WarehouseId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::route::Params;
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

/// `…/{prefix}/namespaces/{namespace}/tables/{table}`, or the same with `{view}`.
#[derive(Debug)]
pub(crate) struct AtTabular {
    pub(crate) warehouse: WarehouseId,
    pub(crate) path: TabularPath,
}

/// `…/{prefix}/tabular-id/{tabular_id}`.
#[derive(Debug)]
pub(crate) struct AtTabularId {
    pub(crate) warehouse: WarehouseId,
    pub(crate) id: TabularId,
}

impl AtTabular {
    pub(crate) const fn at(&self) -> AtPath<'_> {
        AtPath {
            warehouse: self.warehouse,
            path: &self.path,
        }
    }
}

/// The name of a table or view, with its namespace.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct Identifier {
    /// The levels of the namespace, outermost first.
    pub(crate) namespace: Vec<String>,
    /// The name within the namespace.
    pub(crate) name: String,
}

/// Parses an identifier; `what` (`table`, `view`) is for the error message.
pub(crate) fn identifier(what: &'static str, given: &Identifier) -> ApiResult<TabularPath> {
    let namespace = NamespacePath::parse(given.namespace.clone())?;
    Ok(TabularPath {
        namespace,
        name: Name::parse(what, &given.name)?,
    })
}

/// Parses the levels of a namespace, joined by the unit separator.
pub(crate) fn namespace_of_text(text: &str) -> ApiResult<NamespacePath> {
    Ok(NamespacePath::parse(
        text.split(SEPARATOR).map(str::to_owned).collect(),
    )?)
}

fn warehouse(params: &Params<'_>) -> ApiResult<WarehouseId> {
    let text = params.get("prefix")?;
    text.parse().map_err(|_| {
        let shown = Excerpt(&text);
        let message =
            format!("prefix `{shown}` is not the id of a warehouse; take it from `GET /v1/config`");
        ApiError::new(StatusCode::BAD_REQUEST, "PrefixIsNotWarehouseID", message)
    })
}

/// The warehouse in a path, read like in the extractors: whether a warehouse is concealed, and where a call is counted, must not
/// depend on how a client escapes its id.
pub(crate) fn warehouse_at(request: &Request) -> Option<WarehouseId> {
    let params = Params::at(request.extensions(), request.uri());
    let mut names = ["prefix", "warehouse_id"].into_iter();
    let text = names.find_map(|name| params.find(name).ok().flatten())?;
    text.parse().ok()
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Ok(Self(warehouse(&Params::of(parts))?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtNamespace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = Params::of(parts);
        let namespace = namespace_of_text(&params.get("namespace")?)?;
        Ok(Self {
            warehouse: warehouse(&params)?,
            namespace,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtTabular {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = Params::of(parts);
        let namespace = namespace_of_text(&params.get("namespace")?)?;
        let name = match params.find("table")? {
            Some(table) => Name::parse("table", &table)?,
            None => Name::parse("view", &params.get("view")?)?,
        };
        Ok(Self {
            warehouse: warehouse(&params)?,
            path: TabularPath { namespace, name },
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtTabularId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = Params::of(parts);
        let id = params.get("tabular_id")?;
        let Ok(id) = id.parse() else {
            let shown = Excerpt(&id);
            let message = format!("`{shown}` in the path must be the id of a table, a UUID");
            return Err(ApiError::bad_request(message));
        };
        Ok(Self {
            warehouse: warehouse(&params)?,
            id,
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
