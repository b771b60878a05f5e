//! Entity tags of loaded tables and views. Equal answers have equal tags; the tag of an answer with credentials is valid only
//! until a new load would vend others.

use catalog::{Credential, FileAccess, Loaded, Representation};
use http::{HeaderMap, HeaderValue};
use model::Timestamp;
use objects::Permission;
use sha2::{Digest, Sha256};

/// The tag of an answer: a digest of the warehouse and its version, the table or view, metadata file, representation, methods of
/// delegation, what the caller may do with the files, and the views that led to the table. Weak, because the same answer may be
/// compressed or not. `None` for a staged table.
///
/// With credentials, the tag ends in `.` and the time from which a load vends others, in milliseconds since 1970, in hex.
pub(crate) fn etag(loaded: &Loaded, credential: Option<&Credential>) -> Option<HeaderValue> {
    let content = content(loaded)?;
    tag(&match credential {
        Some(credential) => format!("W/\"{content}.{:x}\"", credential.fresh_until.as_ms()),
        None => format!("W/\"{content}\""),
    })
}

fn tag(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

fn content(loaded: &Loaded) -> Option<String> {
    let metadata_location = loaded.metadata_location()?;
    let representation = match loaded.representation {
        Representation::All => "all",
        Representation::Refs => "refs",
    };
    let mut digest = Sha256::new();
    digest.update(loaded.warehouse().as_uuid());
    digest.update(loaded.warehouse_version().as_i64().to_be_bytes());
    digest.update(loaded.id.as_uuid());
    for part in [metadata_location, representation] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.update(granted(loaded.file_access()));
    // The views are in the answer by its links, which only those get who may reach the files.
    if loaded.file_access().is_some() {
        for view in loaded.referenced_by() {
            let view = view.to_string();
            digest.update((view.len() as u64).to_be_bytes());
            digest.update(view);
        }
    }
    let digest = digest.finalize();
    let mut text = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or_default());
        }
    }
    Some(text)
}

fn granted(access: Option<FileAccess>) -> [u8; 3] {
    let Some(FileAccess {
        methods,
        permission,
    }) = access
    else {
        return [0; 3];
    };
    let permission = match permission {
        Permission::Read => 1,
        Permission::Write => 2,
    };
    [
        permission,
        methods.vended_credentials.into(),
        methods.remote_signing.into(),
    ]
}

/// The tag in `if-none-match` (RFC 9110, section 13.1.2) that shows that the client has this answer, with credentials that need
/// not be renewed yet; `None` if there is no such tag.
pub(crate) fn matching_tag(
    headers: &HeaderMap,
    loaded: &Loaded,
    now: Timestamp,
) -> Option<HeaderValue> {
    let content = content(loaded)?;
    let vends = loaded
        .file_access()
        .is_some_and(|access| access.methods.vended_credentials);
    let values = headers.get_all("if-none-match").iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|list| list.split(','));
    tags.find_map(|given| match given.trim() {
        "*" if !vends => etag(loaded, None),
        given => {
            let own = strip(given)?;
            is_good(own, &content, vends.then_some(now)).then(|| tag(&format!("W/\"{own}\"")))?
        }
    })
}

fn strip(given: &str) -> Option<&str> {
    let quoted = given.strip_prefix("W/").unwrap_or(given);
    quoted.strip_prefix('"')?.strip_suffix('"')
}

/// Whether a tag is the one of the content. With `now`, the tag must also end in a later time.
fn is_good(given: &str, content: &str, now: Option<Timestamp>) -> bool {
    let Some(rest) = given.strip_prefix(content) else {
        return false;
    };
    match now {
        None => rest.is_empty(),
        Some(now) => rest
            .strip_prefix('.')
            .and_then(|hex| i64::from_str_radix(hex, 16).ok())
            .is_some_and(|until| now.as_ms() < until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_are_the_same() {
        for given in ["W/\"abc\"", "\"abc\""] {
            assert_eq!(strip(given), Some("abc"));
        }
        for given in ["abc", "\"abc", "", "\"", "W/abc"] {
            assert_eq!(strip(given), None, "{given}");
        }
    }

    #[test]
    fn a_tag_is_good_for_its_content_and_until_its_time() {
        let at = |ms| Some(Timestamp::from_ms(ms));
        let table = [
            ("abc", None, true),
            ("abcd", None, false),
            ("ab", None, false),
            ("abc.ff", None, false),
            ("abc.ff", at(254), true),
            ("abc.ff", at(255), false),
            ("abc", at(0), false),
            ("abc.", at(0), false),
            ("abc.zz", at(0), false),
            ("abc.fffffffffffffffffff", at(0), false),
            ("xbc.ff", at(0), false),
        ];
        for (given, now, good) in table {
            assert_eq!(is_good(given, "abc", now), good, "{given} at {now:?}");
        }
    }
}
