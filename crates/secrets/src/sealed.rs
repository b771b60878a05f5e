//! How a sealed secret is laid out: format, key id, nonce, ciphertext with its tag.
//!
//! Format and key id are part of what the tag covers, and so is the secret's id: sealed bytes that are moved to another
//! row do not open.

use model::SecretId;
use ring::aead::{Aad, CHACHA20_POLY1305, NONCE_LEN, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use store::SealedSecret;
use zeroize::Zeroizing;

use crate::{Key, KeyId, Plaintext, Result, SecretError};

const FORMAT: u8 = 1;
const NONCE_AT: usize = 1 + KeyId::LENGTH;
const TEXT_AT: usize = NONCE_AT + NONCE_LEN;

/// Encrypts `secret` for the row `id`, with a random nonce.
pub(crate) fn seal(key: &Key, id: SecretId, secret: &Plaintext) -> Result<SealedSecret> {
    let mut nonce = [0; NONCE_LEN];
    let drawn = SystemRandom::new().fill(&mut nonce);
    drawn.map_err(|_| SecretError::NoRandomness)?;
    // Room for the tag, so that the buffer with the plaintext is not moved and left behind.
    let length = secret.expose().len();
    let mut text = Vec::with_capacity(length + CHACHA20_POLY1305.tag_len());
    text.extend_from_slice(secret.expose().as_bytes());
    let covered = associated(key.id(), id);
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    key.cipher()
        .seal_in_place_append_tag(nonce_used, Aad::from(covered), &mut text)
        .map_err(|_| SecretError::TooLong {
            length,
            bound: crate::MAX_PLAINTEXT_BYTES,
        })?;
    let mut sealed = Vec::with_capacity(TEXT_AT + text.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(key.id().as_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&text);
    Ok(SealedSecret(sealed))
}

/// Decrypts what [`seal`] made for the row `id`.
pub(crate) fn open(key: &Key, id: SecretId, sealed: &SealedSecret) -> Result<Plaintext> {
    let damaged = || SecretError::Damaged(id);
    let (format, rest) = sealed.0.split_first().ok_or_else(damaged)?;
    if *format != FORMAT {
        return Err(SecretError::UnknownFormat {
            secret: id,
            format: *format,
            known: FORMAT,
        });
    }
    let (sealed_with, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    let sealed_with = KeyId::from_bytes(*sealed_with);
    if sealed_with != key.id() {
        return Err(SecretError::WrongKey {
            secret: id,
            sealed_with,
            configured: key.id(),
        });
    }
    let (nonce, text) = rest.split_first_chunk().ok_or_else(damaged)?;
    let mut text = Zeroizing::new(text.to_vec());
    let covered = Aad::from(associated(sealed_with, id));
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key
        .cipher()
        .open_in_place(nonce, covered, &mut text)
        .map_err(|_| damaged())?;
    let opened = std::str::from_utf8(opened).map_err(|_| damaged())?;
    Ok(Plaintext::new(opened))
}

/// What the tag covers besides the text.
fn associated(key: KeyId, id: SecretId) -> Vec<u8> {
    let mut covered = vec![FORMAT];
    covered.extend_from_slice(key.as_bytes());
    covered.extend_from_slice(id.as_uuid().as_bytes());
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(passphrase: &str) -> Key {
        Key::from_passphrase(&Plaintext::new(passphrase)).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let (key, id) = (key("k"), SecretId::generate());
        let secret = Plaintext::new(r#"{"secret-access-key":"ü"}"#);
        let sealed = seal(&key, id, &secret).unwrap();
        assert_eq!(open(&key, id, &sealed).unwrap(), secret);
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let (key, id) = (key("k"), SecretId::generate());
        let secret = Plaintext::new("same");
        let first = seal(&key, id, &secret).unwrap();
        assert_ne!(first, seal(&key, id, &secret).unwrap());
    }

    #[test]
    fn another_key_is_named_in_the_refusal() {
        let (right, wrong, id) = (key("right"), key("wrong"), SecretId::generate());
        let sealed = seal(&right, id, &Plaintext::new("s")).unwrap();
        let message = open(&wrong, id, &sealed).unwrap_err().to_string();
        for named in [
            id.to_string(),
            right.id().to_string(),
            wrong.id().to_string(),
        ] {
            assert!(message.contains(&named), "{message}");
        }
    }

    #[test]
    fn sealed_bytes_do_not_open_under_another_id() {
        let key = key("k");
        let sealed = seal(&key, SecretId::generate(), &Plaintext::new("s")).unwrap();
        let other = SecretId::generate();
        assert!(matches!(
            open(&key, other, &sealed),
            Err(SecretError::Damaged(id)) if id == other
        ));
    }

    #[test]
    fn a_change_of_any_single_bit_is_noticed() {
        let (key, id) = (key("k"), SecretId::generate());
        let sealed = seal(&key, id, &Plaintext::new("secret")).unwrap();
        for bit in 0..sealed.0.len() * 8 {
            let mut altered = sealed.clone();
            altered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, id, &altered).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn truncated_bytes_are_refused() {
        let (key, id) = (key("k"), SecretId::generate());
        let sealed = seal(&key, id, &Plaintext::new("secret")).unwrap();
        for length in 0..sealed.0.len() {
            let cut = SealedSecret(sealed.0[..length].to_vec());
            assert!(open(&key, id, &cut).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let (key, id) = (key("k"), SecretId::generate());
        let mut sealed = seal(&key, id, &Plaintext::new("s")).unwrap();
        sealed.0[0] = 2;
        let refused = open(&key, id, &sealed).unwrap_err();
        assert!(matches!(
            refused,
            SecretError::UnknownFormat {
                format: 2,
                known: 1,
                ..
            }
        ));
    }
}
