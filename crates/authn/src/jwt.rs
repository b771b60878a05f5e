//! Parses a signed JWT (RFC 7519 in the compact form of RFC 7515) and verifies its signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::algorithm::Algorithm;
use crate::claims::Claims;
use crate::jwk::Jwks;
use crate::{BearerToken, Refusal};

/// The parts of a token that is not verified yet.
#[derive(Debug)]
pub(crate) struct Jwt<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// Not to be trusted before the signature is verified.
    pub(crate) claims: Claims,
    signed: &'a [u8],
    signature: Vec<u8>,
}

/// The parts of the header that are used. Keys that a token contains or links to (`jwk`, `x5c`, `jku`, `x5u`) are ignored:
/// with them, anybody could sign a token.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

impl<'a> Jwt<'a> {
    pub(crate) fn take_apart(token: &'a BearerToken) -> Result<Self, Refusal> {
        let text = token.expose();
        let three = "it has not three parts divided by dots";
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed(three))?;
        let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed(three))?;
        if claims.contains('.') {
            return Err(Refusal::Malformed(three));
        }
        let header: Header = serde_json::from_slice(&decoded(header)?)
            .map_err(|_| Refusal::Malformed("its header is not a JSON object with `alg`"))?;
        if header.crit.is_some() {
            return Err(Refusal::CriticalExtension);
        }
        let algorithm =
            Algorithm::named(&header.alg).ok_or_else(|| Refusal::algorithm(&header.alg))?;
        Ok(Self {
            algorithm,
            key_id: header.kid,
            claims: Claims::parse(&decoded(claims)?)?,
            signed: signed.as_bytes(),
            signature: decoded(signature)?,
        })
    }

    /// Checks that one of the keys has made the signature.
    pub(crate) fn verify_signature(&self, keys: &Jwks) -> Result<(), Refusal> {
        let mut candidates = keys
            .candidates(self.key_id.as_deref(), self.algorithm)
            .peekable();
        if candidates.peek().is_none() {
            return Err(Refusal::unknown_key(self.key_id.as_deref()));
        }
        let confirms = |key: &crate::algorithm::PublicKey| {
            key.confirms(self.algorithm, self.signed, &self.signature)
        };
        if candidates.any(confirms) {
            Ok(())
        } else {
            Err(Refusal::Signature)
        }
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Refusal::Malformed("a part is not base64url without padding"))
}

/// The issuer in a token, without verification: only for a token that the system itself gave to this process.
pub(crate) fn issuer_unverified(token: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims = Claims::parse(&decoded(claims).ok()?).ok()?;
    claims.issuer().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(header: &str, claims: &str) -> Refusal {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.c2ln", encode(header), encode(claims));
        Jwt::take_apart(&BearerToken::parse(&token).unwrap()).unwrap_err()
    }

    #[test]
    fn none_and_hmac_and_what_nobody_knows_are_refused_by_name() {
        for algorithm in [
            "none", "None", "NONE", "HS256", "HS384", "HS512", "rs256", "ES521", "",
        ] {
            let header = format!(r#"{{"alg":"{algorithm}"}}"#);
            assert_eq!(
                refusal(&header, "{}"),
                Refusal::Algorithm(algorithm.to_owned())
            );
        }
    }

    #[test]
    fn what_the_header_demands_and_nobody_understands_is_refused() {
        let header = r#"{"alg":"RS256","crit":["b64"],"b64":false}"#;
        assert_eq!(refusal(header, "{}"), Refusal::CriticalExtension);
    }

    #[test]
    fn claims_and_header_must_be_objects() {
        for (header, claims) in [("[]", "{}"), ("{}", "{}"), (r#"{"alg":"RS256"}"#, "[]")] {
            assert!(
                matches!(refusal(header, claims), Refusal::Malformed(_)),
                "{header} {claims}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[A-Za-z0-9._-]{0,200}") {
            if let Ok(token) = BearerToken::parse(&text) {
                let taken = Jwt::take_apart(&token).map(|_| ());
                prop_assert!(taken.is_err());
                prop_assert_eq!(issuer_unverified(&text), None);
            }
        }
    }
}
