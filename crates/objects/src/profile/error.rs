//! What can be wrong with a storage profile or credential.

use crate::location::LocationError;

/// A storage profile or credential that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The JSON lacks a field, or one has the wrong type.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// `storage profile` or `storage credential`.
        what: &'static str,
        /// What the JSON reader said.
        reason: String,
    },
    /// A field breaks its rule.
    #[error("`{field}` is `{value}`: it {rule}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// The refused value, shortened; `[redacted]` for secrets.
        value: String,
        /// The rule, as `must …`.
        rule: String,
    },
    /// Another field requires this one.
    #[error("`{field}` is missing: {rule}")]
    Missing {
        /// The field's name in JSON.
        field: &'static str,
        /// Why it is needed.
        rule: &'static str,
    },
    /// A kind of storage or credential that the API defines but this build does not support.
    #[error("`{field}` `{value}` is not supported by this build yet: use one of {supported}")]
    Unsupported {
        /// The field's name in JSON.
        field: &'static str,
        /// The refused value.
        value: String,
        /// What can be used instead.
        supported: &'static str,
    },
    /// The server does not allow this kind of storage.
    #[error("storage of type `{kind}` is switched off: {remedy}")]
    Refused {
        /// The profile's type.
        kind: &'static str,
        /// How to switch it on.
        remedy: &'static str,
    },
    /// An update tried to change a field that locates the data of existing tables.
    #[error(
        "`{field}` cannot be changed from `{from}` to `{to}`: existing tables would be lost; create a new warehouse"
    )]
    Immutable {
        /// The field's name in JSON.
        field: &'static str,
        /// Its present value.
        from: String,
        /// Its value in the update.
        to: String,
    },
    /// The fields together give a base location that cannot be used.
    #[error(transparent)]
    Location(#[from] LocationError),
}

impl ProfileError {
    pub(crate) fn field(field: &'static str, value: &str, rule: impl Into<String>) -> Self {
        Self::Field {
            field,
            value: crate::location::shortened(value),
            rule: rule.into(),
        }
    }
}
