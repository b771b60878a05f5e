//! The operations that engines need; other requests are not signed.

use super::SignError;
use super::uri::Uri;
use crate::location::shortened;
use crate::vend::Permission;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    GetObject,
    HeadObject,
    PutObject,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    DeleteObject,
    DeleteObjects,
    ListObjects,
}

/// What the path of a URI names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Object,
    Bucket,
}

/// How a request is recognised as an operation.
struct Rule {
    /// S3's name of the operation.
    name: &'static str,
    method: &'static str,
    named: Named,
    /// Query parameters that must be there.
    required: &'static [&'static str],
    /// Query parameters that are allowed because they do not widen what the request reaches.
    optional: &'static [&'static str],
}

/// Some SDKs name the operation in this parameter; S3 ignores it.
const SDK_LABEL: &str = "x-id";
const PART: &str = "partNumber";
const UPLOAD: &str = "uploadId";

const fn of_object(
    name: &'static str,
    method: &'static str,
    required: &'static [&'static str],
) -> Rule {
    Rule {
        name,
        method,
        named: Named::Object,
        required,
        optional: &[],
    }
}

const fn of_bucket(
    name: &'static str,
    method: &'static str,
    required: &'static [&'static str],
) -> Rule {
    Rule {
        named: Named::Bucket,
        ..of_object(name, method, required)
    }
}

impl Rule {
    const fn or(self, optional: &'static [&'static str]) -> Self {
        Self { optional, ..self }
    }

    fn matches(&self, query: &[(String, String)]) -> bool {
        let has = |name: &&str| query.iter().any(|(given, _)| given == name);
        let knows = |(given, value): &(String, String)| {
            let known = |name: &&str| *name == given.as_str();
            self.required.iter().any(known) && selects_operation(given, value)
                || self.optional.iter().any(known)
                || given == SDK_LABEL
        };
        self.required.iter().all(has) && query.iter().all(knows)
    }
}

/// Whether a parameter that decides about the operation has a value by which S3 recognises the same operation.
fn selects_operation(name: &str, value: &str) -> bool {
    match name {
        "list-type" => value == "2",
        "uploads" | "delete" => value.is_empty(),
        UPLOAD | PART => !value.is_empty(),
        _ => true,
    }
}

impl Operation {
    const ALL: [Self; 10] = [
        Self::GetObject,
        Self::HeadObject,
        Self::PutObject,
        Self::CreateMultipartUpload,
        Self::UploadPart,
        Self::CompleteMultipartUpload,
        Self::AbortMultipartUpload,
        Self::DeleteObject,
        Self::DeleteObjects,
        Self::ListObjects,
    ];

    const fn rule(self) -> Rule {
        match self {
            Self::GetObject => of_object("GetObject", "GET", &[]).or(&[PART]),
            Self::HeadObject => of_object("HeadObject", "HEAD", &[]).or(&[PART]),
            Self::PutObject => of_object("PutObject", "PUT", &[]),
            Self::CreateMultipartUpload => of_object("CreateMultipartUpload", "POST", &["uploads"]),
            Self::UploadPart => of_object("UploadPart", "PUT", &[PART, UPLOAD]),
            Self::CompleteMultipartUpload => {
                of_object("CompleteMultipartUpload", "POST", &[UPLOAD])
            }
            Self::AbortMultipartUpload => of_object("AbortMultipartUpload", "DELETE", &[UPLOAD]),
            Self::DeleteObject => of_object("DeleteObject", "DELETE", &[]),
            Self::DeleteObjects => of_bucket("DeleteObjects", "POST", &["delete"]),
            Self::ListObjects => of_bucket("ListObjectsV2", "GET", &["list-type", "prefix"]).or(&[
                "continuation-token",
                "delimiter",
                "encoding-type",
                "fetch-owner",
                "max-keys",
                "start-after",
            ]),
        }
    }

    /// The operation of a request with this method and this URI.
    pub(super) fn of(method: &str, named: Named, uri: &Uri) -> Result<Self, SignError> {
        if Self::ALL.iter().all(|each| each.method() != method) {
            return Err(SignError::Method(shortened(method)));
        }
        let is_it = |each: &Self| {
            let rule = each.rule();
            rule.method == method && rule.named == named && rule.matches(&uri.query)
        };
        Self::ALL
            .into_iter()
            .find(is_it)
            .ok_or_else(|| refused(method, named, uri))
    }

    /// S3's name of the operation.
    pub(super) fn name(self) -> &'static str {
        self.rule().name
    }

    pub(super) fn method(self) -> &'static str {
        self.rule().method
    }

    /// The permission that the caller needs.
    pub(super) fn needs(self) -> Permission {
        match self {
            Self::GetObject | Self::HeadObject | Self::ListObjects => Permission::Read,
            Self::PutObject
            | Self::CreateMultipartUpload
            | Self::UploadPart
            | Self::CompleteMultipartUpload
            | Self::AbortMultipartUpload
            | Self::DeleteObject
            | Self::DeleteObjects => Permission::Write,
        }
    }
}

fn refused(method: &str, named: Named, uri: &Uri) -> SignError {
    const MAX_NAMES: usize = 8;
    let names: Vec<String> = uri
        .query
        .iter()
        .take(MAX_NAMES)
        .map(|(name, _)| format!("`{}`", shortened(name)))
        .collect();
    let of = match named {
        Named::Object => "of an object",
        Named::Bucket => "of the bucket",
    };
    let with = if names.is_empty() {
        String::new()
    } else {
        format!(" with {}", names.join(", "))
    };
    SignError::Operation {
        operation: format!("`{method}` {of}{with}"),
        reason: match named {
            Named::Object => {
                "on objects, only reading, writing, deleting and uploads in parts are signed"
            }
            Named::Bucket => {
                "on the bucket, only `GET ?list-type=2&prefix=…` and `POST ?delete` are signed"
            }
        },
    }
}
