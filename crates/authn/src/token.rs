//! The token in a request's `Authorization: Bearer` header.

use std::fmt;

use crate::Refusal;

/// A bearer token as it was sent, not verified yet. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// The longest token that is accepted, in bytes. Microsoft Entra's tokens with 200 groups have 9 kB.
    pub const MAX_BYTES: usize = 16 << 10;

    /// Accepts a text whose length and characters a token may have (RFC 6750 section 2.1).
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > Self::MAX_BYTES {
            return Err(Refusal::TooLong {
                bytes: text.len(),
                max: Self::MAX_BYTES,
            });
        }
        let is_mark = |b: u8| matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || is_mark(b);
        if text.is_empty() || !text.bytes().all(is_allowed) {
            return Err(Refusal::Malformed("it has characters that no token has"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret text of the token. Only for verifying the token or sending it to a provider.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BearerToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_up_to_its_bound_and_never_shown() {
        let longest = "x".repeat(BearerToken::MAX_BYTES);
        let token = BearerToken::parse(&longest).unwrap();
        assert!(!format!("{token:?}").contains("xx"));
        let longer = format!("{longest}x");
        let refused = BearerToken::parse(&longer).unwrap_err();
        assert!(matches!(refused, Refusal::TooLong { .. }), "{refused}");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        for wrong in ["", "a b", "a\nb", "ä", "a,b", "a\0"] {
            assert!(BearerToken::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
