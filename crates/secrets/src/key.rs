//! The encryption key of secrets, derived from the configured passphrase.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::hkdf::{self, HKDF_SHA256, Salt};

use crate::{Plaintext, Result, SecretError, key_file};

/// Salt of the derivation, so that the same passphrase gives another key in another program.
const SALT: &[u8] = b"lakekeeper.secrets.v1";
const FOR_SEALING: &[u8] = b"chacha20-poly1305";
const FOR_NAMING: &[u8] = b"key-id";

/// Identifies a key without revealing it. Stored beside each encrypted secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    pub(crate) const LENGTH: usize = 8;

    pub(crate) const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for KeyId {
    type Err = ();

    /// Parses the output of `Display`: 16 hexadecimal digits.
    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != 2 * Self::LENGTH || !is_hex {
            return Err(());
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| ())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A ChaCha20-Poly1305 key and its id.
pub struct Key {
    id: KeyId,
    cipher: LessSafeKey,
}

impl Key {
    /// Derives the key from `LAKEKEEPER__PG_ENCRYPTION_KEY` by HKDF with SHA-256 (RFC 5869).
    ///
    /// HKDF does not slow down guessing, so the passphrase must be long and random (32 random bytes in base64), not
    /// something that a person remembers.
    pub fn from_passphrase(passphrase: &Plaintext) -> Result<Self> {
        if passphrase.expose().trim().is_empty() {
            return Err(SecretError::EmptyKey);
        }
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(passphrase.expose().as_bytes());
        let mut id = [0; KeyId::LENGTH];
        expand(&extracted, FOR_NAMING, &mut id)?;
        let okm = extracted.expand(&[FOR_SEALING], &CHACHA20_POLY1305);
        let key: UnboundKey = okm.map_err(|_| SecretError::NoRandomness)?.into();
        Ok(Self {
            id: KeyId(id),
            cipher: LessSafeKey::new(key),
        })
    }

    /// Derives the key from the content of the file at `path`. If there is no file, creates one with a random key
    /// that only its owner can read.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_passphrase(&key_file::read_or_create(path)?)
    }

    /// The id of the key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) const fn cipher(&self) -> &LessSafeKey {
        &self.cipher
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Key({})", self.id)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(from: &hkdf::Prk, info: &[u8], into: &mut [u8]) -> Result<()> {
    let infos = [info];
    let okm = from.expand(&infos, Length(into.len()));
    okm.and_then(|okm| okm.fill(into))
        .map_err(|_| SecretError::NoRandomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_passphrase_gives_one_key_and_another_gives_another() {
        let id = |text| Key::from_passphrase(&Plaintext::new(text)).unwrap().id();
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Key::from_passphrase(&Plaintext::new("a")).unwrap().id();
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "0123", "0123456789abcdeg", "+123456789abcdef"] {
            assert_eq!(wrong.parse::<KeyId>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let refused = Key::from_passphrase(&Plaintext::new(" \n"));
        assert!(matches!(refused, Err(SecretError::EmptyKey)));
    }

    #[test]
    fn debug_shows_the_id_only() {
        let key = Key::from_passphrase(&Plaintext::new("hunter2")).unwrap();
        assert_eq!(format!("{key:?}"), format!("Key({})", key.id()));
    }
}
