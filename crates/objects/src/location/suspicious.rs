//! Refuses locations for tables that a store would accept, but that not all readers understand alike.
//!
//! Java's `S3FileIO` and PyIceberg cut a location at `?` and `#`, some HTTP stacks decode `%2F` and `%2e%2e`, some
//! file systems fold lookalikes. Where two readers see two locations, one table's credentials would reach another
//! table's files.

use std::borrow::Cow;

use model::Bounds;
use percent_encoding::percent_decode_str;

use super::LocationProblem;

/// Nested percent-encodings that are decoded before a location is refused.
const MAX_ROUNDS: usize = 4;

pub(super) fn refuse(given: &str) -> Result<(), LocationProblem> {
    if given.len() > Bounds::LOCATION_BYTES {
        return Err(LocationProblem::TooLong(given.len()));
    }
    if let Some(c) = given.chars().find(|c| is_ambiguous(*c)) {
        return Err(LocationProblem::Ambiguous(format!(
            "`{c}` (U+{:04X})",
            u32::from(c)
        )));
    }
    // Readers split `s3://a/s3://b` in different ways.
    if given.matches("://").count() > 1 {
        return Err(LocationProblem::Ambiguous("`://` in its path".to_owned()));
    }
    refuse_encoded(given)
}

fn refuse_encoded(given: &str) -> Result<(), LocationProblem> {
    let mut current = Cow::Borrowed(given.as_bytes());
    for _ in 0..MAX_ROUNDS {
        if !current.contains(&b'%') {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&current).into_owned();
        let decoded: Vec<u8> = percent_decode_str(&text).collect();
        if decoded == text.as_bytes() {
            return Ok(());
        }
        refuse_decoded(&text, &String::from_utf8_lossy(&decoded))?;
        current = Cow::Owned(decoded);
    }
    Err(LocationProblem::EncodedTooOften)
}

/// Refuses text that only its decoded form shows to be dangerous.
fn refuse_decoded(before: &str, after: &str) -> Result<(), LocationProblem> {
    if let Some(c) = after.chars().find(|c| c.is_control()) {
        return Err(LocationProblem::Control(c.escape_unicode().to_string()));
    }
    if after
        .split(['/', '\\'])
        .any(|segment| segment == "." || segment == "..")
    {
        return Err(LocationProblem::DotSegment(
            "percent-encoded dot".to_owned(),
        ));
    }
    let slashes = |text: &str| text.matches(['/', '\\']).count();
    if slashes(after) != slashes(before) {
        return Err(LocationProblem::Ambiguous(
            "a percent-encoded slash".to_owned(),
        ));
    }
    if let Some(c) = after
        .chars()
        .find(|c| is_ambiguous(*c) && !matches!(c, '?' | '#'))
    {
        return Err(LocationProblem::Ambiguous(format!(
            "the percent-encoded U+{:04X}",
            u32::from(c)
        )));
    }
    Ok(())
}

fn is_ambiguous(c: char) -> bool {
    is_cut(c) || is_lookalike(c) || is_invisible(c)
}

/// Characters at which readers cut off a query or a fragment, or that they read as `/`.
fn is_cut(c: char) -> bool {
    matches!(c, '?' | '#' | '\\')
}

/// Characters that look like `.`, `..`, `/`, `\`, `%`, `:`, `?` or `#`, or become one of these when compatibility
/// forms are folded (NFKC).
fn is_lookalike(c: char) -> bool {
    matches!(
        c,
        '\u{2024}'..='\u{2026}'
            | '\u{2044}'
            | '\u{2047}'..='\u{2049}'
            | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}'
            | '\u{2215}' | '\u{29F8}' | '\u{2A74}'
            | '\u{FE13}' | '\u{FE16}' | '\u{FE19}' | '\u{FE30}'
            | '\u{FE52}' | '\u{FE55}' | '\u{FE56}' | '\u{FE5F}' | '\u{FE68}' | '\u{FE6A}'
            | '\u{FF03}' | '\u{FF05}' | '\u{FF0E}' | '\u{FF0F}' | '\u{FF1A}' | '\u{FF1F}' | '\u{FF3C}'
    )
}

/// Invisible characters: soft hyphen, joiners, direction marks, line separators, byte order mark, tags.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}' | '\u{E0000}'..='\u{E007F}'
    )
}
