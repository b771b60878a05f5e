//! Names of roles at their providers, the systems that know who is in them.

use std::fmt;

use crate::{Bounds, Excerpt};

/// The name of a role at its provider, such as `oidc~analysts`: the provider's name and the role's name there. Unique
/// in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIdent {
    provider: String,
    source: String,
}

/// A provider and a source that are together not a valid role name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "role `{provider}~{source_id}` must have a provider-id out of a-z, 0-9 and `-` with at most {most_provider} bytes and a \
     source-id without control characters with at most {most_source} bytes, neither empty",
    most_provider = Bounds::ROLE_PROVIDER_BYTES,
    most_source = Bounds::ROLE_SOURCE_BYTES
)]
pub struct InvalidRoleIdent {
    provider: String,
    source_id: String,
}

impl RoleIdent {
    /// Separates provider and source.
    pub const SEPARATOR: char = '~';
    /// The provider of roles that exist only in this catalog.
    pub const LAKEKEEPER: &'static str = "lakekeeper";
    /// The provider of roles that the catalog creates for itself; nobody else may create such roles.
    pub const SYSTEM: &'static str = "system";

    /// The role that `provider` calls `source`.
    pub fn new(provider: &str, source: &str) -> Result<Self, InvalidRoleIdent> {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_provider = !provider.is_empty()
            && provider.len() <= Bounds::ROLE_PROVIDER_BYTES
            && provider.chars().all(is_word);
        let is_source = !source.is_empty()
            && source.len() <= Bounds::ROLE_SOURCE_BYTES
            && !source.chars().any(char::is_control);
        if is_provider && is_source {
            return Ok(Self {
                provider: provider.to_owned(),
                source: source.to_owned(),
            });
        }
        Err(InvalidRoleIdent {
            provider: Excerpt(provider).to_string(),
            source_id: Excerpt(source).to_string(),
        })
    }

    /// The system that knows who is in the role.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The role's name at the provider.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for RoleIdent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}{}", self.provider, Self::SEPARATOR, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ident_has_a_provider_and_a_source() {
        let longest = "x".repeat(Bounds::ROLE_SOURCE_BYTES);
        let ident = RoleIdent::new("my-idp2", &longest).unwrap();
        assert_eq!(ident.to_string(), format!("my-idp2~{longest}"));
        assert!(RoleIdent::new("oidc", "Team A / ü~x").is_ok());
        for (provider, source) in [
            ("", "a"),
            ("oidc", ""),
            ("OIDC", "a"),
            ("a~b", "c"),
            ("oidc", "a\nb"),
            ("oidc", &format!("{longest}x")),
            (&"p".repeat(Bounds::ROLE_PROVIDER_BYTES + 1), "a"),
        ] {
            let error = RoleIdent::new(provider, source).unwrap_err();
            assert!(error.to_string().contains("provider-id"), "{error}");
        }
    }
}
