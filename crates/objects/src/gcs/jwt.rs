//! The signed statement with which a service account requests a token (RFC 7523, RS256).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

/// The scope that Google requires of a token that an access boundary narrows; narrower scopes are refused.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Longest validity that Google accepts.
const VALID_SECONDS: u64 = 3600;

/// The private half of a service account's key.
pub(crate) struct Signer(KeyPair);

/// The contents of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims<'a> {
    /// The service account's e-mail address.
    pub(super) issuer: &'a str,
    /// ID of the service account's key that signs.
    pub(super) key_id: &'a str,
    /// The token endpoint.
    pub(super) audience: &'a str,
}

impl Signer {
    /// Reads an RSA key in PEM; the error is the rule that is broken and shows nothing of the key.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, &'static str> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "must be a private key in PEM (`-----BEGIN PRIVATE KEY-----` …)")?;
        let pair = match key {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("must be an RSA key"),
        };
        pair.map(Self)
            .map_err(|_| "must be an RSA key of 2048 to 4096 bits")
    }

    /// The statement, signed at `now`; `None` if the system has no randomness to sign with.
    pub(super) fn sign(&self, claims: Claims<'_>, now: SystemTime) -> Option<String> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": claims.key_id});
        let body = json!({
            "iss": claims.issuer,
            "scope": SCOPE,
            "aud": claims.audience,
            "iat": issued,
            "exp": issued + VALID_SECONDS,
        });
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(body.to_string().as_bytes())
        );
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{signed}.{}", encode(&signature)))
    }

    /// The public half in DER, to verify signatures.
    #[cfg(test)]
    pub(super) fn public(&self) -> Vec<u8> {
        self.0.public().as_ref().to_vec()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::stand_in::{PRIVATE_KEY, verified};
    use super::*;

    const CLAIMS: Claims<'static> = Claims {
        issuer: "a@b.example",
        key_id: "key-1",
        audience: "https://token.example/",
    };

    #[test]
    fn the_public_key_confirms_the_statement() {
        let signer = Signer::from_pem(PRIVATE_KEY).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let statement = signer.sign(CLAIMS, now).unwrap();
        let (header, claims) = verified(&statement).unwrap();
        assert_eq!(
            header,
            json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
        );
        assert_eq!(
            claims,
            json!({
                "iss": "a@b.example", "scope": SCOPE, "aud": "https://token.example/",
                "iat": 1_000, "exp": 4_600,
            })
        );
    }

    #[test]
    fn the_public_key_refuses_an_altered_statement() {
        let signer = Signer::from_pem(PRIVATE_KEY).unwrap();
        let statement = signer.sign(CLAIMS, UNIX_EPOCH).unwrap();
        let (_, rest) = statement.split_once('.').unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT","kid":"key-2"}"#);
        let error = verified(&format!("{header}.{rest}")).unwrap_err();
        assert_eq!(error, "the signature is wrong");
    }

    #[test]
    fn what_is_no_rsa_key_is_refused_without_being_shown() {
        let mut broken = PRIVATE_KEY.to_owned();
        broken.replace_range(300..304, "AAAA");
        let elliptic = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        for (pem, expected) in [
            ("hunter2", "PEM"),
            ("", "PEM"),
            (elliptic, "RSA key"),
            (&broken, "2048 to 4096 bits"),
        ] {
            let rule = Signer::from_pem(pem).unwrap_err();
            assert!(rule.contains(expected), "{rule}");
        }
        let signer = Signer::from_pem(PRIVATE_KEY).unwrap();
        assert_eq!(format!("{signer:?}"), "Signer([redacted])");
    }
}
