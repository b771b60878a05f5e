//! An unencrypted secret.

use std::fmt;

use zeroize::Zeroizing;

/// An unencrypted secret. It is hidden from `Debug`, cannot be serialised, and is wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(Zeroizing<String>);

impl Plaintext {
    /// Wraps the text of a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text of the secret; to be called only where it is needed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::Plaintext;

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", Plaintext::new("hunter2")).contains("hunter2"));
    }
}
