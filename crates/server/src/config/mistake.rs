//! What is wrong with a configuration: everything, in one list.

use std::fmt;

/// One thing that is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong: the name of a variable, or of a key with its file.
    pub subject: String,
    /// What it was set to; secrets are redacted.
    pub value: Option<String>,
    /// The rule that it breaks.
    pub rule: String,
}

impl Mistake {
    pub(super) fn new(subject: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            value: None,
            rule: rule.into(),
        }
    }

    /// What is said has been said by another name of the same source.
    pub(super) fn twice(subject: impl Into<String>, other: &str) -> Self {
        Self::new(
            subject,
            format!("means the same as {other}: set one of them"),
        )
    }

    pub(super) fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(out, "{}={value}: {}", self.subject, self.rule),
            None => write!(out, "{}: {}", self.subject, self.rule),
        }
    }
}

/// Why a configuration cannot be used. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub(super) Vec<Mistake>);

impl Mistakes {
    /// Each mistake.
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 {
            "mistake"
        } else {
            "mistakes"
        };
        write!(out, "the configuration has {} {noun}:", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|mistake| write!(out, "\n  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
