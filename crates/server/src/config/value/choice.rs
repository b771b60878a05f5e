//! One of a few words.

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
    /// What a denial of the admission endpoint means.
    AdmissionCheckKind, "`gating`, `role_granting`" {
        /// The request is rejected.
        Gating = "gating",
        /// The role is withheld.
        RoleGranting = "role_granting",
    }
}

choice! {
    /// How the admission endpoint knows whose request it is about.
    AdmissionTokens, "`forward_caller_token`" {
        /// By the caller's token.
        Forwarded = "forward_caller_token",
    }
}

choice! {
    /// What becomes of a change on which a verifier says nothing.
    OnFailure, "`deny`, `allow`" {
        /// It is refused for now.
        Deny = "deny",
        /// It happens.
        Allow = "allow",
    }
}

choice! {
    /// Whether connections to PostgreSQL are encrypted.
    SslMode, "`disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`" {
        /// Never.
        Disable = "disable",
        /// If the server insists.
        Allow = "allow",
        /// If the server can.
        Prefer = "prefer",
        /// Always; whose certificate it is does not matter.
        Require = "require",
        /// Always, with a certificate by a known authority.
        VerifyCa = "verify-ca",
        /// Always, with a certificate for this very host.
        VerifyFull = "verify-full",
    }
}

choice! {
    /// Where storage credentials are kept.
    SecretBackend, "`postgres`, `kv2`" {
        /// Encrypted in the catalog's database, whichever that is.
        Database = "postgres",
        /// In a KV secrets engine, version 2, of Vault or OpenBao.
        Kv2 = "kv2",
    }
}

choice! {
    /// How log lines look.
    LogFormat, "`json`, `pretty`" {
        /// One JSON object a line, for machines.
        Json = "json",
        /// Text with colours, for people.
        Pretty = "pretty",
    }
}

choice! {
    /// What a service account of Kubernetes is known by.
    SubjectSource, "`uid`, `username`" {
        /// Its UID.
        Uid = "uid",
        /// `system:serviceaccount:<namespace>:<name>`.
        Username = "username",
    }
}

choice! {
    /// Who decides what callers may do.
    AuthzBackend, "`builtin`, `openfga`, `allowall`" {
        /// Grants in the catalog's own database.
        BuiltIn = "builtin",
        /// An OpenFGA, which is fed from the catalog's database.
        OpenFga = "openfga",
        /// Nobody: everything is allowed.
        AllowAll = "allowall",
    }
}

choice! {
    /// What kind of engine reads views.
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
