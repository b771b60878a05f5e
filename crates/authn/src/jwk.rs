//! The keys that a provider publishes (RFC 7517).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::{Algorithm, PublicKey};

/// Most keys that a provider may publish. It also bounds how many are tried for a token whose header names no key.
const MAX_KEYS: usize = 100;

/// The keys that a provider's signatures are verified with. Never empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Jwks(Vec<Key>);

#[derive(Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    /// The only algorithm that the key may be used with, if its provider restricts it.
    algorithm: Option<Algorithm>,
    public: PublicKey,
}

#[derive(Debug, Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwks {
    /// Reads a key set. Keys of unsupported kinds, and keys that are not for signatures, are ignored (RFC 7517 section 5).
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let published: Published = serde_json::from_slice(json)
            .map_err(|error| format!("its keys are no JWK set: {error}"))?;
        let found = published.keys.len();
        if found > MAX_KEYS {
            return Err(format!("it has {found} keys; {MAX_KEYS} are the most"));
        }
        let keys = published.keys.into_iter().filter_map(key);
        let keys: Vec<Key> = keys.collect();
        if keys.is_empty() {
            let kinds = "RSA of 2,048 bits or more, P-256, P-384, P-521 or Ed25519";
            return Err(format!(
                "none of its {found} keys can be used; signing keys must be {kinds}"
            ));
        }
        Ok(Self(keys))
    }

    /// The keys that may have made the signature of a token whose header names key `id`. A key without an id is a candidate
    /// for every token; for a token that names no key, every key is one.
    pub(crate) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &PublicKey> {
        let is_candidate = move |key: &&Key| {
            let is_named = match (&key.id, id) {
                (Some(key), Some(token)) => key == token,
                _ => true,
            };
            is_named
                && key.algorithm.is_none_or(|only| only == algorithm)
                && key.public.makes(algorithm)
        };
        self.0.iter().filter(is_candidate).map(|key| &key.public)
    }
}

fn key(json: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(json).ok()?;
    let is_for_signatures = jwk.r#use.as_deref().is_none_or(|purpose| purpose == "sig")
        && jwk
            .key_ops
            .as_ref()
            .is_none_or(|all| all.iter().any(|one| one == "verify"));
    if !is_for_signatures {
        return None;
    }
    let algorithm = match jwk.alg.as_deref() {
        None => None,
        Some(name) => Some(Algorithm::named(name)?),
    };
    Some(Key {
        algorithm,
        public: public(&jwk)?,
        id: jwk.kid,
    })
}

fn public(jwk: &Jwk) -> Option<PublicKey> {
    let bytes = |text: &Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
    // An uncompressed point by X9.62: the byte 4 and both coordinates.
    let point = |length: usize| {
        let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
        let is_whole = x.len() == length && y.len() == length;
        is_whole.then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    };
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let n = bytes(&jwk.n)?;
            // Some providers put a zero byte before the modulus, which `ring` refuses.
            let n: Vec<u8> = n.into_iter().skip_while(|byte| *byte == 0).collect();
            let fits = (256..=1_024).contains(&n.len());
            let e = bytes(&jwk.e)?;
            fits.then_some(PublicKey::Rsa { n, e })
        }
        ("EC", Some("P-256")) => point(32).map(PublicKey::P256),
        ("EC", Some("P-384")) => point(48).map(PublicKey::P384),
        ("EC", Some("P-521")) => point(66).map(PublicKey::P521),
        ("OKP", Some("Ed25519")) => {
            let x = bytes(&jwk.x)?;
            (x.len() == 32).then_some(PublicKey::Ed25519(x))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn ed25519(further: &Value) -> Value {
        let mut key = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
        let further = further.as_object().unwrap().clone();
        key.as_object_mut().unwrap().extend(further);
        key
    }

    fn parse(keys: &[Value]) -> Result<Jwks, String> {
        Jwks::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keys_that_are_of_no_use_are_passed_over() {
        let useless = [
            json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "hmac", "alg": "HS256" }),
            json!({ "kty": "EC", "crv": "P-521", "x": X, "y": X }),
            json!({ "kty": "EC", "crv": "P-256", "x": X, "y": "AAAA" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
            ed25519(&json!({ "use": "enc" })),
            ed25519(&json!({ "key_ops": ["sign"] })),
            ed25519(&json!({ "alg": "HS256" })),
            json!("no key"),
        ];
        assert!(parse(&useless).unwrap_err().contains("none of its 8 keys"));
        let mut keys = useless.to_vec();
        keys.push(ed25519(
            &json!({ "kid": "a", "use": "sig", "key_ops": ["verify"] }),
        ));
        let keys = parse(&keys).unwrap();
        assert_eq!(keys.candidates(Some("a"), Algorithm::EdDsa).count(), 1);
        assert_eq!(keys.candidates(None, Algorithm::EdDsa).count(), 1);
        assert_eq!(keys.candidates(Some("b"), Algorithm::EdDsa).count(), 0);
        assert_eq!(keys.candidates(Some("a"), Algorithm::Rs256).count(), 0);
    }

    #[test]
    fn a_key_for_one_algorithm_verifies_no_other() {
        let n = BASE64_URL_SAFE_NO_PAD.encode([1; 256]);
        let key = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "PS256" });
        let keys = parse(&[key]).unwrap();
        assert_eq!(keys.candidates(None, Algorithm::Ps256).count(), 1);
        assert_eq!(keys.candidates(None, Algorithm::Rs256).count(), 0);
    }

    #[test]
    fn more_keys_than_the_bound_are_refused() {
        let keys = vec![ed25519(&json!({})); MAX_KEYS];
        assert!(parse(&keys).is_ok());
        let keys = vec![ed25519(&json!({})); MAX_KEYS + 1];
        assert!(parse(&keys).unwrap_err().contains("100 are the most"));
    }
}
