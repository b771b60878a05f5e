//! Tables and views as answers.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalog::Loaded;
use http::{HeaderMap, StatusCode, header};
use model::{TabularKind, TabularPath};
use serde_json::Value;

use super::answers::{Answer, AnswerKey, Coding, put_validators};
use super::delegated::{Links, Renewed, tail};
use crate::app::App;
use crate::encode::accepts_gzip;
use crate::error::ApiResult;
use crate::etag::{etag, known};
use crate::extract::forwarded_base;
use crate::splice::{Pieces, gzip};

/// What stands beside the metadata.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// `LoadTableResult`: what the client needs to reach the files of the table at the path.
    Table(&'a TabularPath),
    /// `LoadViewResult`: the same for a view.
    View,
    /// `CommitTableResponse`, `UnregisterTableResponse`: nothing.
    Commit,
}

/// The answer; compressed as it is stored if the client takes gzip.
pub(super) async fn answer(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    shape: Shape<'_>,
) -> ApiResult<Response> {
    let coding = if accepts_gzip(headers) {
        Coding::Gzip
    } else {
        Coding::Identity
    };
    let answer = match shape {
        // Answered once, so it is not kept.
        Shape::Commit => {
            let body = body(loaded, "}", coding)?;
            Arc::new(Answer::new(body, coding, etag(loaded, None)))
        }
        Shape::Table(path) => finished(app, headers, loaded, coding, Some(path)).await?,
        Shape::View => finished(app, headers, loaded, coding, None).await?,
    };
    Ok(answer.into_response())
}

/// 304, if the client has named the answer's tag and what it got with it is still good; nothing otherwise.
pub(super) fn not_modified(app: &App, headers: &HeaderMap, loaded: &Loaded) -> Option<Response> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return None;
    }
    let etag = known(headers, loaded, app.catalog.now())?;
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    put_validators(response.headers_mut(), Some(etag));
    Some(response)
}

/// Refuses a request in whose answer the client could not be told where the catalog is, before it has changed anything.
pub(super) fn check_links(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    forwarded_base(app, headers).map(drop)
}

/// What the client needs to find the catalog again.
pub(crate) fn links<'a>(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    renewed: Option<Renewed<'a>>,
) -> ApiResult<Option<Links<'a>>> {
    if loaded.file_access().is_none() {
        return Ok(None);
    }
    let base = forwarded_base(app, headers)?;
    let links = Links::new(base, loaded.warehouse(), renewed);
    Ok(Some(match (renewed, loaded.staged_at()) {
        (Some((_, path)), Some(location)) => links.staged(&path.namespace, location),
        _ => links.through(loaded.referenced_by()),
    }))
}

/// The answer, out of those that are kept or made now.
async fn finished(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    coding: Coding,
    table: Option<&TabularPath>,
) -> ApiResult<Arc<Answer>> {
    let credential = loaded.credential(&app.catalog).await?;
    let renewed = table.map(|path| (TabularKind::Table, path));
    let links = links(app, headers, loaded, renewed)?;
    let make = || {
        let tail = tail(loaded, credential.as_deref(), links.as_ref());
        let body = body(loaded, &tail, coding)?;
        let etag = etag(loaded, credential.as_deref());
        ApiResult::Ok(Arc::new(Answer::new(body, coding, etag)))
    };
    let Some(stamp) = loaded.stamp() else {
        return make();
    };
    let key = AnswerKey {
        loaded: stamp,
        coding,
        credential: credential.as_ref().map(|credential| credential.serial),
        links: links.as_ref().map(Links::text),
    };
    if let Some(known) = app.answers.get(&key) {
        return Ok(known);
    }
    let made = make()?;
    app.answers.put(key, &made);
    Ok(made)
}

fn body(loaded: &Loaded, tail: &str, coding: Coding) -> ApiResult<Pieces> {
    let before = match loaded.metadata_location() {
        Some(location) => format!(
            "{{\"metadata-location\":{},\"metadata\":",
            Value::from(location)
        ),
        None => "{\"metadata\":".to_owned(),
    };
    Ok(match coding {
        Coding::Gzip => gzip(before.as_bytes(), loaded.metadata(), tail.as_bytes()),
        Coding::Identity => {
            let json = Bytes::from(loaded.metadata_json()?);
            Pieces::new([before.into(), json, Bytes::copy_from_slice(tail.as_bytes())])
        }
    })
}
