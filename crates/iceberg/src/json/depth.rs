//! A bound on nesting, so that no later reader of the same text can run out of stack.

/// How deeply arrays and objects may nest. Parsers of clients stop at 128 (`serde_json`) to 1,000 (Jackson).
pub(crate) const MAX_DEPTH: usize = 128;

/// Refuses text that nests deeper than [`MAX_DEPTH`].
///
/// One pass without recursion. The text need not be valid JSON.
pub(crate) fn check_depth(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!(
                        "the JSON nests deeper than {MAX_DEPTH} levels (at byte {at})"
                    ));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The index of the quote that closes the string opened at `open`, or the end of the text.
pub(super) fn end_of_string(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        match bytes.get(at + found) {
            Some(b'"') => return at + found,
            _ => at += found + 2,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_strings_only() {
        assert!(check_depth(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
        assert!(check_depth(&"[".repeat(129)).is_err());
        assert!(check_depth(&format!("\"{}\"", "[".repeat(1000))).is_ok());
        assert!(check_depth(&format!("\"\\\"{}\"", "{".repeat(1000))).is_ok());
        assert!(check_depth(&"[]".repeat(1000)).is_ok());
        assert!(check_depth("\"unclosed \\").is_ok());
    }
}
