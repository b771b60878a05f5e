//! Turns the errors of Azure into ours.

use std::error::Error as _;

use object_store::Error;

use crate::classify;
use crate::error::{ObjectError, StoreFailure};
use crate::location::Location;

/// The error of an operation on `at`.
pub(super) fn error(at: &Location, error: &Error) -> ObjectError {
    if let Some(refusal) = sign_in_refusal(error) {
        return ObjectError::PermissionDenied {
            location: at.clone(),
            source: Box::new(refusal),
        };
    }
    match classify::error(at, error) {
        ObjectError::NotFound { location, source } if is_code(&source, "ContainerNotFound") => {
            ObjectError::Invalid { location, source }
        }
        // The name belongs to a folder, or another writer is creating the file.
        ObjectError::Invalid { location, source }
            if is_code(&source, "BlobAlreadyExists")
                || is_code(&source, "PathAlreadyExists")
                || is_code(&source, "ResourceTypeMismatch") =>
        {
            ObjectError::AlreadyExists { location, source }
        }
        error => error,
    }
}

/// The refusal of Entra ID to give a token. Keeps only its code: the message may repeat parts of the secret.
pub(super) fn sign_in_refusal(error: &Error) -> Option<StoreFailure> {
    let text = error.source()?.to_string();
    if !text.contains("performing token request") {
        return None;
    }
    let status = text
        .split_once("status code: ")
        .and_then(|(_, rest)| rest.get(..3)?.parse::<u16>().ok())
        .filter(|status| (400..500).contains(status) && !matches!(status, 408 | 429))?;
    let code = text.split_once("AADSTS").map(|(_, rest)| {
        let digits = rest.chars().take_while(char::is_ascii_digit);
        format!("AADSTS{}", digits.collect::<String>())
    });
    Some(StoreFailure {
        status: Some(status),
        code,
        message: "Entra ID refused the credential".to_owned(),
    })
}

fn is_code(failure: &StoreFailure, code: &str) -> bool {
    failure.code.as_deref() == Some(code)
}
