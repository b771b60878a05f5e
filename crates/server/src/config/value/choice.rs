//! Settings whose value is one of a few words.

use super::Value;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $kind:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl Value for $name {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Result<Self, String> {
                match text.to_ascii_lowercase().as_str() {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("must be one of {}", Self::KIND)),
                }
            }

            fn print(&self) -> Option<String> {
                Some(match self { $(Self::$variant => $word,)* }.to_owned())
            }
        }
    };
}

choice! {
    /// What happens if the admission service denies a check.
    AdmissionCheckKind, "`gating`, `role_granting`" {
        /// The request is rejected.
        Gating = "gating",
        /// The caller does not get the role.
        RoleGranting = "role_granting",
    }
}

choice! {
    /// Which token the admission service gets.
    AdmissionTokens, "`forward_caller_token`" {
        /// The caller's token.
        Forwarded = "forward_caller_token",
    }
}

choice! {
    /// What happens to a change if its verifier makes no decision.
    OnFailure, "`deny`, `allow`" {
        /// It is refused with status 503.
        Deny = "deny",
        /// It is made.
        Allow = "allow",
    }
}

choice! {
    /// Whether connections to PostgreSQL are encrypted and whether the server's certificate is checked.
    SslMode, "`disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`" {
        /// Never encrypted.
        Disable = "disable",
        /// Encrypted if the server supports it, as with `Prefer`.
        Allow = "allow",
        /// Encrypted if the server supports it.
        Prefer = "prefer",
        /// Always encrypted; the certificate is not checked.
        Require = "require",
        /// Always encrypted, with a certificate from a trusted authority, for any host name.
        VerifyCa = "verify-ca",
        /// Always encrypted, with a certificate from a trusted authority for this host name.
        VerifyFull = "verify-full",
    }
}

choice! {
    /// Where storage credentials are kept.
    SecretBackend, "`postgres`, `kv2`" {
        /// Encrypted in the catalog's database, be it PostgreSQL or SQLite.
        Database = "postgres",
        /// In a KV secrets engine, version 2, of Vault or OpenBao.
        Kv2 = "kv2",
    }
}

choice! {
    /// The format of log lines.
    LogFormat, "`json`, `pretty`" {
        /// One JSON object per line.
        Json = "json",
        /// Text with colours.
        Pretty = "pretty",
    }
}

choice! {
    /// The id by which a service account of Kubernetes is known.
    SubjectSource, "`uid`, `username`" {
        /// The UID of the service account.
        Uid = "uid",
        /// `system:serviceaccount:<namespace>:<name>`.
        Username = "username",
    }
}

choice! {
    /// What decides what callers may do.
    AuthzBackend, "`builtin`, `openfga`, `allowall`" {
        /// Grants in the catalog's database.
        BuiltIn = "builtin",
        /// An OpenFGA server that the catalog keeps up to date from its database.
        OpenFga = "openfga",
        /// Nothing: everything is allowed.
        AllowAll = "allowall",
    }
}

choice! {
    /// The type of a trusted engine.
    EngineType, "`trino`" {
        /// Trino.
        Trino = "trino",
    }
}

impl From<SubjectSource> for authn::SubjectSource {
    fn from(source: SubjectSource) -> Self {
        match source {
            SubjectSource::Uid => Self::Uid,
            SubjectSource::Username => Self::Username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn a_word_is_one_of_the_list_in_any_case() {
        assert_eq!(SslMode::parse("Verify-Full"), Ok(SslMode::VerifyFull));
        assert_eq!(LogFormat::Json.print().as_deref(), Some("json"));
        let rule = rule_of::<LogFormat>("xml").unwrap();
        assert!(rule.contains("`json`") && rule.contains("`pretty`"));
    }
}
