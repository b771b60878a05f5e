//! Checks that must hold for any request to S3 that is signed. The fuzz target calls them, and so do tests of the crate
//! `objects`, on the saved corpus and on requests made up from doubtful parts.
//!
//! The checks decode the signed request with code of their own: they share none with the signer.

#[path = "decoding.rs"]
mod decoding;
#[path = "signature.rs"]
mod signature;

use decoding::lenient;
use futures::FutureExt;
use objects::{
    BulkDeletes, Location, Permission, S3Credential, S3Request, S3Signer, Scope, SignRequest,
    SignedRequest, StorageCredential, StorageProfile,
};
use serde_json::json;
use signature::{decoded, hex};
use unicode_normalization::UnicodeNormalization;

const SECRET: &str = "hunter2";
const FOLDER: [&str; 2] = ["wh", "orders"];
/// The only parameters that the query of a signed request may have.
const PARAMETERS: [&str; 13] = [
    "continuation-token",
    "delete",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "partNumber",
    "prefix",
    "start-after",
    "uploadId",
    "uploads",
    "x-id",
];
const ORIGINS: [&str; 2] = [
    "http://store.example:9000/bucket-a",
    "http://bucket-a.store.example:9000",
];

/// The bytes are a request in the format of HTTP/1.1, with an absolute URI. If it is signed, it reaches nothing outside of
/// its folder.
pub(crate) fn sign(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = sign_text(text);
    }
}

/// Checks the request. Returns whether it was signed for a reader or a writer.
pub(crate) fn sign_text(text: &str) -> bool {
    let request = parse(text);
    let profile = json!({
        "type": "s3", "bucket": "bucket-a", "region": "local-01", "sts-enabled": false,
        "flavor": "s3-compat", "endpoint": "http://store.example:9000",
    });
    let Ok(StorageProfile::S3(profile)) = StorageProfile::from_json(&profile) else {
        panic!("the profile is sound");
    };
    let signer = S3Signer::open(&profile, &credential()).unwrap();
    let Ok(parsed) = S3Request::parse(&profile, BulkDeletes::Signed, request.clone()) else {
        return false;
    };
    let mut is_signed = false;
    for permission in [Permission::Read, Permission::Write] {
        let scope = Scope {
            folder: Location::parse("s3://bucket-a/wh/orders").unwrap(),
            permission,
        };
        if let Ok(signed) = signer.sign(&parsed, &scope).now_or_never().unwrap() {
            judge(&request, &signed, permission);
            is_signed = true;
        }
    }
    is_signed
}

fn credential() -> S3Credential {
    let credential = json!({
        "type": "s3", "credential-type": "access-key",
        "access-key-id": "AKIAEXAMPLE", "secret-access-key": SECRET,
    });
    match StorageCredential::from_json(&credential) {
        Ok(StorageCredential::S3(credential)) => credential,
        other => panic!("the credential is sound: {other:?}"),
    }
}

fn parse(text: &str) -> SignRequest {
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, Some(body.to_owned())),
        None => (text, None),
    };
    let mut lines = head.lines();
    let (method, uri) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or_default();
    let mut request = SignRequest {
        method: method.to_owned(),
        uri: uri.to_owned(),
        region: "local-01".to_owned(),
        body,
        ..SignRequest::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let values = request.headers.entry(name.to_owned()).or_default();
        values.push(value.to_owned());
    }
    request
}

fn judge(request: &SignRequest, signed: &SignedRequest, permission: Permission) {
    let method = request.method.as_str();
    if permission == Permission::Read {
        assert!(matches!(method, "GET" | "HEAD"), "{method} for a reader");
    }
    let rest = ORIGINS
        .iter()
        .filter_map(|origin| signed.uri.strip_prefix(origin))
        .find(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .unwrap_or_else(|| panic!("elsewhere: {}", signed.uri));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let value = |name: &str| {
        let mut all = parameters.iter().filter(|(given, _)| given == name);
        let first = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "twice: {name}");
        first
    };
    for (name, _) in &parameters {
        assert!(PARAMETERS.contains(&name.as_str()), "parameter {name}");
    }
    if !matches!(path, "" | "/") {
        assert!(value("delete").is_none() && value("list-type").is_none());
        require_inside(&decoded(path.strip_prefix('/').unwrap()));
    } else if method == "POST" {
        assert_eq!(value("delete"), Some(""));
        let body = request.body.as_deref().unwrap();
        let hash = hex(ring::digest::digest(&ring::digest::SHA256, body.as_bytes()).as_ref());
        assert_eq!(header(signed, "x-amz-content-sha256"), Some(hash));
        for key in keys(body) {
            require_inside(&key);
        }
    } else {
        assert_eq!((method, value("list-type")), ("GET", Some("2")));
        let prefix = value("prefix").unwrap();
        assert!(prefix.starts_with("wh/orders/"), "prefix {prefix}");
    }
    if let Some(source) = header(signed, "x-amz-copy-source") {
        let source = source.trim();
        let source = decoded(source.strip_prefix('/').unwrap_or(source));
        require_inside(source.strip_prefix("bucket-a/").unwrap());
    }
    require_signed_headers(signed);
    signature::require_right(method, signed, SECRET);
}

/// Checks that the signature covers all `x-amz-…` headers, as S3 demands, and that no ACL makes the object public.
fn require_signed_headers(signed: &SignedRequest) {
    let authorization = header(signed, "authorization").unwrap();
    let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
    let (names, _) = rest.split_once(',').unwrap();
    let names: Vec<&str> = names.split(';').collect();
    assert!(names.is_sorted() && names.contains(&"host"), "{names:?}");
    for name in signed.headers.keys().map(|name| name.to_ascii_lowercase()) {
        if name.starts_with("x-amz-") {
            assert!(names.contains(&name.as_str()), "unsigned: {name}");
        }
    }
    let acl = header(signed, "x-amz-acl").unwrap_or_default();
    assert!(!acl.contains("public") && !acl.contains("authenticated"));
}

fn header(signed: &SignedRequest, name: &str) -> Option<String> {
    let mut found = signed
        .headers
        .iter()
        .filter(|(given, _)| given.eq_ignore_ascii_case(name));
    let (_, values) = found.next()?;
    assert!(found.next().is_none(), "two spellings of {name}");
    Some(values.join(","))
}

/// Checks that the key lies in the folder, and still does however often a reader normalises its characters (NFKC), decodes
/// it and resolves `.` and `..`.
fn require_inside(key: &str) {
    assert!(
        key.strip_prefix("wh/orders/")
            .is_some_and(|rest| !rest.is_empty()),
        "outside: {key}"
    );
    let mut current = key.to_owned();
    for _ in 0..8 {
        let mut at: Vec<&str> = Vec::new();
        let plain: String = current.nfkc().collect();
        for segment in plain.split(['/', '\\']) {
            match segment {
                "" | "." => {}
                ".." => {
                    at.pop();
                }
                other => at.push(other),
            }
            assert!(at.len() < 3 || at.starts_with(&FOLDER), "climbs out: {key}");
        }
        assert!(at.starts_with(&FOLDER), "climbs out: {key}");
        current = lenient(&plain);
    }
}

/// The content of every `Key` element, as a complete XML parser reads it.
fn keys(body: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(body);
    let (mut keys, mut current) = (Vec::new(), None::<String>);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if tag.local_name().as_ref().eq_ignore_ascii_case(b"key") => {
                current = Some(String::new());
            }
            Event::End(tag) if tag.local_name().as_ref().eq_ignore_ascii_case(b"key") => {
                keys.extend(current.take());
            }
            Event::Text(text) => {
                if let Some(key) = &mut current {
                    key.push_str(&text.decode().unwrap());
                }
            }
            Event::GeneralRef(entity) => {
                let plain = entity.resolve_char_ref().unwrap().map_or_else(
                    || {
                        let name = entity.decode().unwrap();
                        let known = quick_xml::escape::resolve_predefined_entity(&name);
                        known.unwrap().to_owned()
                    },
                    |plain| plain.to_string(),
                );
                current.as_mut().unwrap().push_str(&plain);
            }
            Event::Start(_) | Event::End(_) | Event::Decl(_) => {}
            Event::Eof => return keys,
            other => panic!("in a body that was signed: {other:?}"),
        }
    }
}
