//! The reasons why a token is not accepted.

/// The errors of an [`Authenticator`](crate::Authenticator). Their texts are for the log, not for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthnError {
    /// The token is not valid.
    #[error("the token is refused: {0}")]
    Refused(#[from] Refusal),
    /// Whether the token is valid cannot be found out now. The caller is not let in.
    #[error("the token cannot be verified now: {0}")]
    Unavailable(#[from] ProviderUnavailable),
}

/// An identity provider cannot be reached, or something that is needed to call it is missing (a token, a certificate).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProviderUnavailable(pub(crate) String);

/// What is wrong with a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is longer than [`BearerToken::MAX_BYTES`](crate::BearerToken::MAX_BYTES).
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
    /// Its algorithm is not one of the supported asymmetric ones; `none` and HMAC are never accepted.
    #[error("its algorithm {0:?} is not accepted")]
    Algorithm(String),
    /// Its header lists critical extensions (`crit`); none is supported (RFC 7515 section 4.1.11).
    #[error("its header names critical extensions")]
    CriticalExtension,
    /// No provider has this issuer.
    #[error("no configured provider has the issuer {0:?}")]
    Issuer(String),
    /// None of its audiences is configured.
    #[error("its audience is {0:?}, and none of these is configured")]
    Audience(Vec<String>),
    /// Its provider publishes no key with this id for the token's algorithm, not even after its keys were fetched again.
    #[error("its provider has no key {0:?} for its algorithm")]
    UnknownKey(Option<String>),
    /// Its signature is not by a key of its provider.
    #[error("its signature is wrong")]
    Signature,
    /// A required claim is missing or has a wrong value.
    #[error("its claim {claim:?} {problem}")]
    Claim {
        /// Its name or path.
        claim: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It expired this many seconds ago.
    #[error("it expired {0} s ago")]
    Expired(i64),
    /// It becomes valid only in this many seconds.
    #[error("it is valid in {0} s only")]
    NotYetValid(i64),
    /// It lacks the scope that the configuration requires.
    #[error("it lacks the scope {0:?}")]
    Scope(String),
    /// Kubernetes did not authenticate it; the text is the reason that the review gives.
    #[error("Kubernetes refuses it: {0:?}")]
    Kubernetes(String),
}

/// How many characters of a text out of a token, which anybody may have written, are put into a message.
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
