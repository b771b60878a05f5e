//! Why a token did not let anybody in.

/// What an [`Authenticator`](crate::Authenticator) can fail with. Its text is for the log, not for whoever sent the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthnError {
    /// The token proves nothing.
    #[error("the token is refused: {0}")]
    Refused(#[from] Refusal),
    /// Nobody can say whether it does. Nobody is let in then.
    #[error("the token cannot be verified now: {0}")]
    Unavailable(#[from] ProviderUnavailable),
}

/// An identity provider cannot be asked, or what asking it takes is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProviderUnavailable(pub(crate) String);

/// What is wrong with a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is longer than any token has to be.
    #[error("it has {bytes} bytes; {max} are the most")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// It is no signed JWT in the compact form (RFC 7515 section 7.1).
    #[error("it is no signed JWT: {0}")]
    Malformed(&'static str),
    /// Its algorithm is none of the asymmetric ones that are verified; `none` and HMAC never are.
    #[error("its algorithm {0:?} is not accepted")]
    Algorithm(String),
    /// It demands an extension that nobody here understands (RFC 7515 section 4.1.11).
    #[error("its header names critical extensions")]
    CriticalExtension,
    /// No provider has this issuer.
    #[error("no configured provider has the issuer {0:?}")]
    Issuer(String),
    /// It is meant for somebody else.
    #[error("its audience is {0:?}, and none of these is configured")]
    Audience(Vec<String>),
    /// Its provider has no such key, not even after its keys were fetched again.
    #[error("its provider has no key {0:?} for its algorithm")]
    UnknownKey(Option<String>),
    /// The signature is not by the key of its provider.
    #[error("its signature is wrong")]
    Signature,
    /// A claim that must be there is not, or is not what it must be.
    #[error("its claim {claim:?} {problem}")]
    Claim {
        /// Which one.
        claim: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is over.
    #[error("it expired {0} s ago")]
    Expired(i64),
    /// It does not count yet.
    #[error("it is valid in {0} s only")]
    NotYetValid(i64),
    /// It lacks the scope that is demanded.
    #[error("it lacks the scope {0:?}")]
    Scope(String),
    /// Kubernetes does not know it.
    #[error("Kubernetes refuses it: {0:?}")]
    Kubernetes(String),
}

/// As much of what a stranger has written goes into a log.
const SHOWN_CHARS: usize = 100;
const SHOWN_AUDIENCES: usize = 5;

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

impl Refusal {
    pub(crate) fn algorithm(name: &str) -> Self {
        Self::Algorithm(shown(name))
    }

    pub(crate) fn unknown_key(id: Option<&str>) -> Self {
        Self::UnknownKey(id.map(shown))
    }

    pub(crate) fn issuer(issuer: &str) -> Self {
        Self::Issuer(shown(issuer))
    }

    pub(crate) fn audience<'a>(audiences: impl IntoIterator<Item = &'a str>) -> Self {
        let audiences = audiences.into_iter().take(SHOWN_AUDIENCES);
        Self::Audience(audiences.map(shown).collect())
    }

    pub(crate) fn kubernetes(why: &str) -> Self {
        Self::Kubernetes(shown(why))
    }

    pub(crate) fn claim(claim: &str, problem: &'static str) -> Self {
        Self::Claim {
            claim: claim.to_owned(),
            problem,
        }
    }
}
