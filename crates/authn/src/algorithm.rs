//! Verifies signatures by the asymmetric algorithms of RFC 7518 and RFC 8037, each with one kind of key only.

use p521::ecdsa::signature::Verifier;
use p521::ecdsa::{Signature as P521Signature, VerifyingKey as P521Key};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
    VerificationAlgorithm,
};

/// The algorithm of a token's signature. `none` and HMAC have no variant, so no token can select them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl Algorithm {
    /// The algorithm with this registered name; the comparison is case-sensitive.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            // `Ed25519` is the name in RFC 9864.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// The public half of a provider's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
    /// An uncompressed point.
    P521(Vec<u8>),
    /// A compressed point.
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Whether a key of this kind can sign with `algorithm`.
    pub(crate) const fn makes(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::P256(_) => matches!(algorithm, Es256),
            Self::P384(_) => matches!(algorithm, Es384),
            Self::P521(_) => matches!(algorithm, Es512),
            Self::Ed25519(_) => matches!(algorithm, EdDsa),
        }
    }

    /// Whether `signature` is this key's signature of `message`, made with `algorithm`.
    pub(crate) fn confirms(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by_point = |scheme: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(scheme, point).verify(message, signature)
        };
        let verified = match (self, algorithm) {
            (Self::P256(point), Algorithm::Es256) => by_point(&ECDSA_P256_SHA256_FIXED, point),
            (Self::P384(point), Algorithm::Es384) => by_point(&ECDSA_P384_SHA384_FIXED, point),
            (Self::P521(point), Algorithm::Es512) => return by_p521(point, message, signature),
            (Self::Ed25519(point), Algorithm::EdDsa) => by_point(&ED25519, point),
            (Self::Rsa { n, e }, rsa) => match parameters(rsa) {
                Some(parameters) => {
                    PublicKeyComponents { n, e }.verify(parameters, message, signature)
                }
                None => return false,
            },
            _ => return false,
        };
        verified.is_ok()
    }
}

/// `ring` does not support the curve P-521.
fn by_p521(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let read = (
        P521Key::from_sec1_bytes(point),
        P521Signature::from_slice(signature),
    );
    match read {
        (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}

/// The parameters to verify an RSA signature with; `None` for other algorithms. All refuse keys of less than 2,048 bits.
const fn parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa => return None,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 7515 appendix A.4.
    #[test]
    fn the_example_of_the_standard_for_es512_is_confirmed_and_nothing_like_it() {
        let x = "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk";
        let y = "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2";
        let signature = bytes(
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt\
             AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        );
        let key = PublicKey::P521([&[4], bytes(x).as_slice(), &bytes(y)].concat());
        let message = b"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA";
        let confirms =
            |message: &[u8], signature: &[u8]| key.confirms(Algorithm::Es512, message, signature);
        assert!(confirms(message, &signature));
        assert!(!confirms(b"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZB", &signature));
        assert!(!confirms(message, &[0; 132]));
        assert!(!confirms(message, &signature[1..]));
        assert!(!confirms(message, &[]));
        assert!(!key.confirms(Algorithm::Es384, message, &signature));
        let nowhere = PublicKey::P521([&[4_u8], [1; 132].as_slice()].concat());
        assert!(!nowhere.confirms(Algorithm::Es512, message, &signature));
    }
}
