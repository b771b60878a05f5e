//! Turns the errors of `object_store` into ours.
//!
//! `object_store` keeps the status and the body of a failed request private and shows them only as text, so they are
//! parsed from this text. A test with a server of canned answers notices when the text changes.

use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::error::{ObjectError, StoreFailure};
use crate::location::Location;
use crate::token::TokenFailure;

/// The error of an operation on `at`.
pub(crate) fn error(at: &Location, error: &Error) -> ObjectError {
    // The request was not sent: there were no keys to sign it with.
    if let Some(failure) = error
        .source()
        .and_then(|e| e.downcast_ref::<TokenFailure>())
    {
        return failure.clone().into_object_error(at);
    }
    let failure = failure(error);
    let location = at.clone();
    let code = failure.code.as_deref().unwrap_or_default();
    if is_transient(&failure, code) || is_connection(error) {
        return ObjectError::Unavailable {
            location,
            source: Box::new(failure),
        };
    }
    let source = Box::new(failure.clone());
    match error {
        Error::NotFound { .. } if code == "NoSuchBucket" => {
            ObjectError::Invalid { location, source }
        }
        Error::NotFound { .. } => ObjectError::NotFound { location, source },
        Error::AlreadyExists { .. } | Error::Precondition { .. } => {
            ObjectError::AlreadyExists { location, source }
        }
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            ObjectError::PermissionDenied { location, source }
        }
        // `object_store` reports a refused listing as a generic failure.
        _ if matches!(failure.status, Some(401 | 403))
            || matches!(code, "AccessDenied" | "ExpiredToken" | "InvalidToken") =>
        {
            ObjectError::PermissionDenied { location, source }
        }
        _ => ObjectError::Invalid { location, source },
    }
}

/// The error in words, for requests without a location.
pub(crate) fn text(error: &Error) -> String {
    failure(error).to_string()
}

/// Whether the store does not implement a feature of the request.
pub(crate) fn is_not_implemented(error: &Error) -> bool {
    let failure = failure(error);
    failure.status == Some(501) || failure.code.as_deref() == Some("NotImplemented")
}

/// Whether a bulk deletion failed for only one of its keys.
pub(crate) fn is_of_one_key(error: &Error) -> bool {
    error
        .to_string()
        .contains("DeleteObjects request failed for key")
}

fn is_transient(failure: &StoreFailure, code: &str) -> bool {
    let by_code = matches!(
        code,
        // The first two answer a create-only PUT that conflicts with another request for the same key.
        "ConditionalRequestConflict"
            | "OperationAborted"
            | "SlowDown"
            | "InternalError"
            | "ServiceUnavailable"
            | "RequestTimeout"
            | "Throttling"
            | "RequestLimitExceeded"
    );
    let by_status = failure
        .status
        .is_some_and(|s| s == 408 || s == 429 || (s >= 500 && s != 501));
    by_code || by_status
}

/// Whether the connection failed, rather than the store.
fn is_connection(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(http) = current.downcast_ref::<HttpError>() {
            return !matches!(http.kind(), HttpErrorKind::Unknown);
        }
        cause = current.source();
    }
    false
}

/// The status, code and message of an answer; without an answer the chain of causes.
fn failure(error: &Error) -> StoreFailure {
    let text = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let status = text
        .split_once("status code: ")
        .and_then(|(_, rest)| rest.get(..3))
        .and_then(|digits| digits.parse::<u16>().ok());
    let code = element(&text, "Code");
    let message = match (element(&text, "Message"), status, &code) {
        (Some(message), ..) => message,
        (None, Some(_), _) | (None, _, Some(_)) => "the store refused the request".to_owned(),
        (None, None, None) => causes(error),
    };
    StoreFailure {
        status,
        code,
        message,
    }
}

/// The text of the first XML element `name`, shortened.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(
        value
            .chars()
            .filter(|c| !c.is_control())
            .take(300)
            .collect(),
    )
}

/// The chain of causes, without the texts that wrappers repeat.
fn causes(error: &Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(current) = cause {
        let text = current.to_string();
        // The text of a wrapper ends with the text of its cause: cut it off.
        if let Some(last) = texts.last_mut()
            && let Some(own) = last.strip_suffix(text.as_str())
        {
            *last = own.trim_end_matches([' ', ':', '-']).to_owned();
        }
        texts.push(text);
        cause = current.source();
    }
    // Omit the texts that name the request and its duration: the caller knows both.
    texts.retain(|text| !text.is_empty() && !text.starts_with("Error performing"));
    if texts.is_empty() {
        error.to_string()
    } else {
        texts.join(": ")
    }
}
