//! Checks that every reader takes a key for the same object, and that it is below a folder.

use percent_encoding::percent_decode_str;

use super::SignError;
use crate::location::{Location, MAX_KEY_BYTES, Scheme};

/// Nested percent-encodings that are decoded before a key is refused.
const MAX_ROUNDS: usize = 4;

/// Refuses a key that a store, a proxy or a file system below could take for another one.
///
/// Keys are literal: Iceberg itself writes `%2F` into them, for partition values with a slash. So percent-encoding
/// alone is allowed; a key that would leave its folder if it were decoded is refused.
pub(super) fn check_key(key: &str) -> Result<(), SignError> {
    SignError::bound("key", key.len(), MAX_KEY_BYTES)?;
    problem(key).map_or(Ok(()), |reason| Err(SignError::key(key, reason)))
}

/// Does the same for the prefix of a listing, which may end anywhere in a key.
pub(super) fn check_prefix(prefix: &str) -> Result<(), SignError> {
    match prefix.strip_suffix('/').unwrap_or(prefix) {
        "" => Ok(()),
        key => check_key(key),
    }
}

const DOT_SEGMENT: &str = "has a segment `.` or `..`, perhaps encoded or in other characters";

/// Whether the key has only characters that all readers take for themselves, as nearly all keys do.
fn is_plain(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_graphic() && b != b'%')
}

fn problem(key: &str) -> Option<&'static str> {
    let is_plain = is_plain(key);
    if !is_plain && key.chars().any(char::is_control) {
        return Some("has a control character");
    }
    if key.contains('\\') {
        return Some("has a `\\`, which some stores take for `/`");
    }
    let mut segments = key.as_bytes().split(|byte| *byte == b'/');
    if segments.any(<[u8]>::is_empty) {
        return Some("has an empty segment (`//`, or `/` at an end)");
    }
    if is_plain {
        return has_dot_segment(key).then_some(DOT_SEGMENT);
    }
    let mut current = folded(key);
    for _ in 0..MAX_ROUNDS {
        if has_dot_segment(&current) {
            return Some(DOT_SEGMENT);
        }
        let decoded: Vec<u8> = percent_decode_str(&current).collect();
        if decoded == current.as_bytes() {
            return None;
        }
        current = folded(&String::from_utf8_lossy(&decoded));
    }
    Some("is percent-encoded too many times over")
}

fn has_dot_segment(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|segment| matches!(segment, b"." | b".."))
}

/// The text with plain characters in place of their compatibility forms, and without characters that some readers
/// drop.
fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        match c {
            '\u{2024}' | '\u{FE52}' | '\u{FF0E}' => plain.push('.'),
            '\u{2025}' | '\u{FE30}' => plain.push_str(".."),
            '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' => plain.push('/'),
            '\u{FE68}' | '\u{FF3C}' => plain.push('\\'),
            '\u{FE6A}' | '\u{FF05}' => plain.push('%'),
            other => plain.push(other),
        }
    }
    plain
}

/// Characters that some readers drop: control characters, soft hyphen, joiners, direction marks, byte order mark.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        )
}

/// All keys below one folder of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folder<'a> {
    pub(super) at: &'a Location,
    pub(super) bucket: &'a str,
}

impl Folder<'_> {
    /// Refuses a key that is not below the folder; `orders2/x` is not below `orders`.
    pub(super) fn require_key(&self, key: &str) -> Result<(), SignError> {
        match self.below(key) {
            Some(rest) if !rest.is_empty() => Ok(()),
            _ => Err(SignError::outside(format!("the key `{key}`"), self.at)),
        }
    }

    /// Refuses a prefix with which keys outside the folder could begin.
    pub(super) fn require_prefix(&self, prefix: &str) -> Result<(), SignError> {
        match self.below(prefix) {
            Some(_) => Ok(()),
            None => Err(SignError::outside(
                format!("the list's prefix `{prefix}`"),
                self.at,
            )),
        }
    }

    /// The part of `key` after the folder's `/`; `None` if it is not below the folder.
    fn below<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.at.scheme().canonical() != Scheme::S3 || self.at.bucket() != self.bucket {
            return None;
        }
        match self.at.key() {
            "" => Some(key),
            folder => key.strip_prefix(folder)?.strip_prefix('/'),
        }
    }
}
