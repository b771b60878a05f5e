//! Refuses the character U+0000: no name, id or search term contains it, and PostgreSQL cannot store a text with it.
//!
//! It is refused in paths and queries, and in the bodies of the management API. Bodies of the catalog API may contain it in
//! values that belong to the client (such as the field delimiter of a table), because these are stored as escaped JSON.

use http::Uri;

use crate::error::{ApiError, ApiResult};

/// Refuses a path or query with U+0000, which a URI can only contain as `%00`.
pub(super) fn refuse_in_address(uri: &Uri) -> ApiResult<()> {
    let has = |text: &str| text.contains("%00");
    if has(uri.path()) || uri.query().is_some_and(has) {
        return Err(refused("the path or query", "%00"));
    }
    Ok(())
}

/// Refuses JSON with U+0000 in a string, which can only contain it as `\u0000`.
pub(super) fn refuse_in_json(json: &[u8]) -> ApiResult<()> {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (_, escape) = rest.split_at(at);
        if escape.starts_with(br"\u0000") {
            return Err(refused("the request's body", r"\u0000"));
        }
        // Skip the escaped character too: it may be a backslash.
        rest = escape.get(2..).unwrap_or_default();
    }
    Ok(())
}

fn refused(place: &str, spelled: &str) -> ApiError {
    ApiError::bad_request(format!(
        "{place} contains the character U+0000 (`{spelled}`), which is not allowed; remove it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escape_is_found_but_not_its_likeness() {
        for with in [r#"{"a":"\u0000"}"#, r#"["x\\\u0000"]"#, r#"{"\u0000":1}"#] {
            assert!(refuse_in_json(with.as_bytes()).is_err(), "{with}");
        }
        for without in [r#"{"a":"\\u0000"}"#, r#""\u0001""#, "\"\\", ""] {
            assert!(refuse_in_json(without.as_bytes()).is_ok(), "{without}");
        }
    }
}
