//! Turns loaded tables and views into answers, cached ones where possible.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalog::Loaded;
use http::{HeaderMap, StatusCode, header};
use model::{TabularKind, TabularPath};
use serde_json::Value;

use super::answers::{Answer, AnswerKey, Coding, put_validators};
use super::delegated::{Links, Renewable, tail};
use crate::app::App;
use crate::encode::accepts_gzip;
use crate::error::ApiResult;
use crate::etag::{etag, matching_tag};
use crate::extract::forwarded_base;
use crate::splice::{Pieces, gzip};

/// The kind of answer: which members it has beside the metadata.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// `LoadTableResult`: how the client accesses the files of the table at this path.
    Table(&'a TabularPath),
    /// `LoadViewResult`: how the client accesses the files of a view.
    View,
    /// `CommitTableResponse` and `UnregisterTableResponse`: no further members.
    Commit,
}

/// The answer, with the metadata compressed as it is stored if the client accepts gzip.
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
        // Not cached: the same answer is not asked for again.
        Shape::Commit => {
            let body = body(loaded, "}", coding)?;
            Arc::new(Answer::new(body, coding, etag(loaded, None)))
        }
        Shape::Table(path) => finished(app, headers, loaded, coding, Some(path)).await?,
        Shape::View => finished(app, headers, loaded, coding, None).await?,
    };
    Ok(answer.into_response())
}

/// A 304 if the client already has this answer, with credentials that need not be renewed yet; `None` otherwise.
pub(super) fn not_modified(app: &App, headers: &HeaderMap, loaded: &Loaded) -> Option<Response> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return None;
    }
    let etag = matching_tag(headers, loaded, app.catalog.now())?;
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    put_validators(response.headers_mut(), Some(etag));
    Some(response)
}

/// Refuses a request from whose headers no links can be made, so that it is refused before it changes anything.
pub(super) fn check_links(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    forwarded_base(app, headers).map(drop)
}

/// The links of the answer; `None` if the client accesses the files without the catalog's help.
pub(crate) fn links<'a>(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    renewable: Option<Renewable<'a>>,
) -> ApiResult<Option<Links<'a>>> {
    if loaded.file_access().is_none() {
        return Ok(None);
    }
    let base = forwarded_base(app, headers)?;
    let links = Links::new(base, loaded.warehouse(), renewable);
    Ok(Some(match (renewable, loaded.staged_at()) {
        (Some((_, path)), Some(location)) => links.staged(&path.namespace, location),
        _ => links.through(loaded.referenced_by()),
    }))
}

/// The answer from the cache, or a new one. That of a staged table is not cached.
async fn finished(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    coding: Coding,
    table: Option<&TabularPath>,
) -> ApiResult<Arc<Answer>> {
    let credential = loaded.credential(&app.catalog).await?;
    let renewable = table.map(|path| (TabularKind::Table, path));
    let links = links(app, headers, loaded, renewable)?;
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
