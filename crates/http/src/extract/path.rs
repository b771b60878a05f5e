//! Reads warehouses, namespaces, tables and views from paths.

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use catalog::tabular::AtPath;
use http::request::Parts;
use http::{StatusCode, Uri};
use model::{
    Excerpt, InvalidProjectId, Name, NamespacePath, ProjectId, SEPARATOR, TabularPath, WarehouseId,
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

/// `…/{prefix}/namespaces/{namespace}/tables/{table}`, or the same with `{view}`.
#[derive(Debug)]
pub(crate) struct AtTabular {
    pub(crate) warehouse: WarehouseId,
    pub(crate) path: TabularPath,
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

/// The decoded parameters of a path. A `+` is read as a space, because Java's clients encode spaces in a path so.
struct Params {
    decoded: RawPathParams,
    with_spaces: Option<Vec<(String, String)>>,
}

impl Params {
    async fn of(parts: &mut Parts) -> ApiResult<Self> {
        let decoded = RawPathParams::from_request_parts(parts, &()).await;
        let decoded = decoded.map_err(|error| {
            ApiError::bad_request(format!("the path cannot be read: {}", error.body_text()))
        })?;
        Ok(Self {
            decoded,
            with_spaces: parts.uri.path().contains('+').then(|| with_spaces(parts)),
        })
    }

    fn get(&self, name: &str) -> ApiResult<&str> {
        let spaced = self.with_spaces.iter().flatten();
        let mut spaced = spaced.map(|(key, value)| (key.as_str(), value.as_str()));
        let found = spaced.find(|(key, _)| *key == name);
        let found = found.or_else(|| self.decoded.iter().find(|(key, _)| *key == name));
        found
            .map(|(_, value)| value)
            .ok_or_else(|| ApiError::bad_request(format!("the path has no `{name}`")))
    }

    fn warehouse(&self) -> ApiResult<WarehouseId> {
        let text = self.get("prefix")?;
        text.parse().map_err(|_| {
            let shown = Excerpt(text);
            let message = format!(
                "prefix `{shown}` is not the id of a warehouse; take it from `GET /v1/config`"
            );
            ApiError::new(StatusCode::BAD_REQUEST, "PrefixIsNotWarehouseID", message)
        })
    }
}

/// The warehouse in a path, percent-decoded like in the extractors: whether a warehouse is concealed, and where a call is
/// counted, must not depend on how a client escapes its id. The warehouse is always the first parameter of a route, and all
/// segments before it are literal, so that it is the same segment in the route and in the path.
pub(crate) fn warehouse_at(route: &str, sent: &Uri) -> Option<WarehouseId> {
    let (levels, parameters) = route.split_once('{')?;
    if !parameters.starts_with("prefix}") && !parameters.starts_with("warehouse_id}") {
        return None;
    }
    let level = levels.bytes().filter(|byte| *byte == b'/').count();
    let mut segments = sent.path().as_bytes().split(|byte| *byte == b'/');
    let segment = str::from_utf8(segments.nth(level)?).ok()?;
    // Fast path: an id needs no escapes.
    if let Ok(id) = segment.parse() {
        return Some(id);
    }
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
    decoded.ok()?.parse().ok()
}

/// The parameters that contain a `+`, read from the undecoded path: after decoding, `+` and `%2B` look the same.
fn with_spaces(parts: &Parts) -> Vec<(String, String)> {
    let Some(route) = parts.extensions.get::<MatchedPath>() else {
        return Vec::new();
    };
    let segments = route.as_str().split('/').zip(parts.uri.path().split('/'));
    let parameters = segments.filter_map(|(name, value)| {
        let name = name.strip_prefix('{')?.strip_suffix('}')?;
        let spaced = value.contains('+').then(|| value.replace('+', " "))?;
        let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
        Some((name.to_owned(), decoded.ok()?.into_owned()))
    });
    parameters.collect()
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Ok(Self(Params::of(parts).await?.warehouse()?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtNamespace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = Params::of(parts).await?;
        let namespace = namespace_of_text(params.get("namespace")?)?;
        Ok(Self {
            warehouse: params.warehouse()?,
            namespace,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AtTabular {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let params = Params::of(parts).await?;
        let namespace = namespace_of_text(params.get("namespace")?)?;
        let name = match params.get("table") {
            Ok(table) => Name::parse("table", table)?,
            Err(_) => Name::parse("view", params.get("view")?)?,
        };
        Ok(Self {
            warehouse: params.warehouse()?,
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
