//! Texts from outside, shortened and escaped for messages.

use std::fmt::{self, Write};

/// Longest text that is shown whole, in characters.
const SHOWN_CHARS: usize = 80;

/// A text that somebody sent, fit for an error message: its first characters, control characters escaped, and `…` if it goes on.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt<'a>(pub &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        for c in rest.by_ref().take(SHOWN_CHARS) {
            if c.is_control() {
                write!(out, "{}", c.escape_default())?;
            } else {
                out.write_char(c)?;
            }
        }
        match rest.next() {
            Some(_) => out.write_char('…'),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        let long = "ü".repeat(SHOWN_CHARS);
        assert_eq!(Excerpt(&long).to_string(), long);
        let longer = format!("{long}x");
        assert_eq!(Excerpt(&longer).to_string(), format!("{long}…"));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Excerpt("a\n\u{1f}b").to_string(), "a\\n\\u{1f}b");
    }
}
