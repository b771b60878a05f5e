//! The mistakes in a configuration, which are reported all together.

use std::fmt;

/// One mistake, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong: the name of a variable, or a key and its file.
    pub subject: String,
    /// The value that was set, with secrets redacted.
    pub value: Option<String>,
    /// The rule that the value breaks.
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

    /// The same source sets the same setting by two names.
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

/// All mistakes of a configuration. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub(super) Vec<Mistake>);

impl Mistakes {
    /// The individual mistakes.
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
