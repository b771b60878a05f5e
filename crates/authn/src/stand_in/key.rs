//! Keys that sign tokens.

use std::fmt;

use p521::ecdsa::signature::Signer;
use p521::ecdsa::{
    Signature as P521Signature, SigningKey as P521SigningKey, VerifyingKey as P521Key,
};
use p521::elliptic_curve::rand_core::OsRng;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::encoded;

/// A key made for these tests, which protects nothing. It is a file because `ring` cannot generate RSA keys.
const RSA: &str = include_str!("opens-nothing.pem");

/// The algorithms that a key may sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum Kind {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Ed25519,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ed25519,
    ];

    /// The algorithm's name in a token's header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ed25519 => "EdDSA",
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair, &'static str),
    P521(P521SigningKey),
    Ed25519(Ed25519KeyPair),
}

/// A private key with its id.
pub struct SigningKey {
    id: String,
    kind: Kind,
    pair: Pair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({}, {:?})", self.id, self.kind)
    }
}

impl SigningKey {
    /// A new key; for RSA, always the same one.
    pub fn new(kind: Kind, id: &str) -> Self {
        let rsa = |encoding| {
            let der = PrivatePkcs8KeyDer::from_pem_slice(RSA.as_bytes()).unwrap();
            Pair::Rsa(
                RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap(),
                encoding,
            )
        };
        let pair = match kind {
            Kind::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Kind::Rs384 => rsa(&RSA_PKCS1_SHA384),
            Kind::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Kind::Ps256 => rsa(&RSA_PSS_SHA256),
            Kind::Ps384 => rsa(&RSA_PSS_SHA384),
            Kind::Ps512 => rsa(&RSA_PSS_SHA512),
            Kind::Es256 => Pair::Ecdsa(ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING), "P-256"),
            Kind::Es384 => Pair::Ecdsa(ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING), "P-384"),
            Kind::Es512 => Pair::P521(P521SigningKey::random(&mut OsRng)),
            Kind::Ed25519 => {
                let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
            }
        };
        Self {
            id: id.to_owned(),
            kind,
            pair,
        }
    }

    /// The public half as a JWK, as a provider publishes it.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair, _) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": encoded(public.n), "e": encoded(public.e) })
            }
            Pair::Ecdsa(pair, curve) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.split_at(1).1.split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y) })
            }
            Pair::P521(pair) => {
                let point = P521Key::from(pair).to_encoded_point(false);
                let (x, y) = (encoded(point.x().unwrap()), encoded(point.y().unwrap()));
                json!({ "kty": "EC", "crv": "P-521", "x": x, "y": y })
            }
            Pair::Ed25519(pair) => {
                let x = encoded(pair.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
            }
        };
        let about = json!({ "kid": self.id, "use": "sig" });
        let about = about.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(about);
        jwk
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.kind.name(), "typ": "JWT", "kid": self.id });
        self.sign_with(&header, claims)
    }

    /// A token with this header, even if the header does not fit the key.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let (header, claims) = (header.to_string(), claims.to_string());
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", encoded(signature))
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ecdsa(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::P521(pair) => {
                let signature: P521Signature = pair.sign(message);
                signature.to_bytes().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap()
}
