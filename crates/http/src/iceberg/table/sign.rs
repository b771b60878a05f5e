//! `POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign`, and the paths that Lakekeeper used before signing was in the
//! specification.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use catalog::table::{SigningAddress, StagedTable};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use model::Excerpt;
use objects::{SignRequest, SignedRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{At, AtTabular, AtTabularId, Posted, Query, namespace_of_text, views};

/// A request to object storage to sign.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RemoteSignRequest {
    /// The region that the client assumes the bucket to be in.
    region: String,
    /// The absolute URI of the request.
    uri: String,
    /// The HTTP method, in upper case.
    method: String,
    /// The headers of the request: values by name.
    headers: BTreeMap<String, Vec<String>>,
    /// The body, if it names the objects that the request accesses (a bulk delete).
    body: Option<String>,
    /// Must be `s3`, which is also the default.
    provider: Option<String>,
}

/// The signed request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemoteSignResult {
    /// The URI to send the request to.
    uri: String,
    /// The headers to send, with the signature: values by name.
    headers: BTreeMap<String, Vec<String>>,
}

/// Sign a storage request for the files of a table
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}/sign", tag = "iceberg", operation_id = "signRequest",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)),
    request_body = RemoteSignRequest, responses((status = 200, body = RemoteSignResult)))]
pub(crate) async fn sign(
    State(app): State<App>,
    table: AtTabular,
    Posted { request, body }: Posted<RemoteSignRequest>,
) -> ApiResult<Response> {
    let signed = catalog::table::sign(&app.catalog, &request, table.at(), body.wanted()?).await?;
    Ok(answer(signed))
}

/// Sign a storage request; its URI decides which table it is for
#[utoipa::path(post, path = "/v1/{prefix}/v1/aws/s3/sign", tag = "iceberg", operation_id = "signRequestByLocation",
    params(("prefix" = Uuid, Path)),
    request_body = RemoteSignRequest, responses((status = 200, body = RemoteSignResult)))]
pub(crate) async fn sign_by_location(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<RemoteSignRequest>,
) -> ApiResult<Response> {
    let wanted = body.wanted()?;
    let signed = catalog::table::sign_by_location(&app.catalog, &request, warehouse, wanted);
    Ok(answer(signed.await?))
}

/// Sign a storage request; its URI decides which table it is for. For clients whose catalog URI ends in the warehouse's id
#[utoipa::path(post, path = "/{prefix}/v1/aws/s3/sign", tag = "iceberg", operation_id = "signRequestBelowWarehouse",
    params(("prefix" = Uuid, Path)),
    request_body = RemoteSignRequest, responses((status = 200, body = RemoteSignResult)))]
pub(crate) async fn sign_below_warehouse(
    app: State<App>,
    at: At,
    posted: Posted<RemoteSignRequest>,
) -> ApiResult<Response> {
    sign_by_location(app, at, posted).await
}

/// Always refused (400): the path has no warehouse
#[utoipa::path(post, path = "/v1/aws/s3/sign", tag = "iceberg", operation_id = "signRequestWithoutPrefix",
    request_body = RemoteSignRequest, responses((status = 400)))]
pub(crate) async fn sign_without_prefix() -> ApiError {
    let message = "the path does not name the warehouse: start it with the warehouse's id (the `prefix` of `GET \
                   /v1/config`), as in `/v1/{prefix}/v1/aws/s3/sign`";
    ApiError::new(StatusCode::BAD_REQUEST, "NoPrefixProvided", message)
}

/// The namespace and location of a staged table. The catalog puts them into the signing endpoint of the staged table; both are
/// given or none.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case")]
#[into_params(parameter_in = Query)]
pub(crate) struct StagedQuery {
    /// The namespace in which the table is staged, its levels joined by `%1F`.
    staged_in: Option<String>,
    /// The location of the staged table.
    staged_at: Option<String>,
}

/// Sign a storage request for the files of a table, given by its id, or of a staged table
#[utoipa::path(post, path = "/v1/signer/{prefix}/tabular-id/{tabular_id}/v1/aws/s3/sign", tag = "iceberg", operation_id = "signRequestByTableId",
    params(("prefix" = Uuid, Path), ("tabular_id" = Uuid, Path), StagedQuery, ("referenced-by" = Option<String>, Query)),
    request_body = RemoteSignRequest, responses((status = 200, body = RemoteSignResult)))]
pub(crate) async fn sign_by_id(
    State(app): State<App>,
    at: AtTabularId,
    Query(staged): Query<StagedQuery>,
    RawQuery(query): RawQuery,
    Posted { mut request, body }: Posted<RemoteSignRequest>,
) -> ApiResult<Response> {
    let most = app.catalog.settings().max_referencing_views;
    request.referenced_by = views(&query.unwrap_or_default(), most)?;
    let address = SigningAddress {
        warehouse: at.warehouse,
        id: at.id,
        staged: staged.table()?,
    };
    let signed = catalog::table::sign_by_id(&app.catalog, &request, address, body.wanted()?);
    Ok(answer(signed.await?))
}

impl StagedQuery {
    fn table(self) -> ApiResult<Option<StagedTable>> {
        match (self.staged_in, self.staged_at) {
            (Some(namespace), Some(location)) => Ok(Some(StagedTable {
                namespace: namespace_of_text(&namespace)?,
                location,
            })),
            (None, None) => Ok(None),
            _ => {
                let message =
                    "the query has only one of `staged-in` and `staged-at`: both are needed";
                Err(ApiError::bad_request(message))
            }
        }
    }
}

impl RemoteSignRequest {
    fn wanted(self) -> ApiResult<SignRequest> {
        if let Some(other) = self
            .provider
            .filter(|name| !name.eq_ignore_ascii_case("s3"))
        {
            let shown = Excerpt(&other);
            let message = format!("`provider` is `{shown}`: only requests to `s3` are signed");
            return Err(ApiError::bad_request(message));
        }
        Ok(SignRequest {
            method: self.method,
            uri: self.uri,
            region: self.region,
            headers: self.headers,
            body: self.body,
        })
    }
}

/// The signed request. Java's client caches a `private` answer by method and URI, so only reusable signatures are `private`.
fn answer(signed: SignedRequest) -> Response {
    let SignedRequest {
        uri,
        headers,
        is_reusable,
    } = signed;
    let cache = if is_reusable { "private" } else { "no-cache" };
    let json = RemoteSignResult { uri, headers }.to_json();
    let headers = [(CACHE_CONTROL, cache), (CONTENT_TYPE, "application/json")];
    (headers, json).into_response()
}

impl RemoteSignResult {
    /// Written by hand: serde looks for characters to escape byte by byte, which makes a tenth of the work of a signature if a
    /// session token is among the headers.
    fn to_json(&self) -> String {
        let sizes = self.headers.iter().map(|(name, values)| {
            let values: usize = values.iter().map(|value| value.len() + QUOTES).sum();
            name.len() + QUOTES + values
        });
        let mut json = String::with_capacity(MEMBERS + self.uri.len() + sizes.sum::<usize>());
        json.push_str("{\"uri\":");
        push_text(&mut json, &self.uri);
        json.push_str(",\"headers\":{");
        for (at, (name, values)) in self.headers.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            push_text(&mut json, name);
            json.push_str(":[");
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                push_text(&mut json, value);
            }
            json.push(']');
        }
        json.push_str("}}");
        json
    }
}

/// Bytes of the names of the members and all that is around them, at least.
const MEMBERS: usize = 32;
/// Bytes of all that is around a text, at least.
const QUOTES: usize = 4;

fn push_text(json: &mut String, text: &str) {
    // Counted, not searched: without a way out, the loop looks at many bytes at a time.
    let is_special = |byte: &u8| matches!(*byte, ..b' ' | b'"' | b'\\');
    if text.as_bytes().iter().copied().filter(is_special).count() == 0 {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_is_written_as_serde_writes_it() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let headers = [
            (
                "Authorization",
                values(&["AWS4-HMAC-SHA256 Credential=a/b"]),
            ),
            ("empty", values(&[])),
            ("x-\"odd\"", values(&["a\\b", "é", "\t\u{1}", ""])),
        ];
        let headers = headers.map(|(name, values)| (name.to_owned(), values));
        for headers in [BTreeMap::new(), headers.into()] {
            let uri = "https://lake.example/a?b=\"c\"".to_owned();
            let result = RemoteSignResult { uri, headers };
            assert_eq!(result.to_json(), serde_json::to_string(&result).unwrap());
        }
    }
}
