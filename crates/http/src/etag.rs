//! Entity tags: equal exactly for equal answers.

use catalog::{Loaded, Representation};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// The tag of an answer: bound to warehouse and its version, table, metadata file, representation and delegation. Weak, because the
/// same answer may be compressed or not.
pub(crate) fn etag(loaded: &Loaded, delegation: &str) -> Option<HeaderValue> {
    let metadata_location = loaded.metadata_location.as_deref()?;
    let representation = match loaded.representation {
        Representation::All => "all",
        Representation::Refs => "refs",
    };
    let mut digest = Sha256::new();
    digest.update(loaded.warehouse().as_uuid());
    digest.update(loaded.warehouse_version().as_i64().to_be_bytes());
    digest.update(loaded.id.as_uuid());
    for part in [metadata_location, representation, delegation] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    let mut tag = String::with_capacity(40);
    tag.push_str("W/\"");
    for byte in digest.iter().take(16) {
        for half in [byte >> 4, byte & 15] {
            tag.push(char::from_digit(u32::from(half), 16).unwrap_or_default());
        }
    }
    tag.push('"');
    HeaderValue::from_maybe_shared(bytes::Bytes::from(tag)).ok()
}

/// Whether the client has this answer already (RFC 9110, section 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(current) = etag.to_str().map(opaque) else {
        return false;
    };
    let mut known = headers
        .get_all("if-none-match")
        .iter()
        .filter_map(|value| value.to_str().ok());
    known.any(|list| {
        list.split(',')
            .any(|tag| tag.trim() == "*" || opaque(tag) == current)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_match_in_lists() {
        let etag = HeaderValue::from_static("W/\"abc\"");
        let with = |value: &'static str| {
            HeaderMap::from_iter([(http::header::IF_NONE_MATCH, HeaderValue::from_static(value))])
        };
        for value in ["W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "*"] {
            assert!(is_known(&with(value), &etag), "{value}");
        }
        for value in ["\"ab\"", "abcd", ""] {
            assert!(!is_known(&with(value), &etag), "{value}");
        }
    }
}
