//! The set of keys: one that encrypts, and others that only decrypt.

use std::fmt;

use store::{SEALED_HEAD_BYTES, SecretRows};

use crate::sealed::Head;
use crate::{Key, KeyId, Result, SecretError};

/// One key that encrypts and decrypts, and any number of keys that only decrypt: former keys, and future keys that
/// other servers may use already.
#[derive(Debug)]
pub struct Keys {
    sealing: Key,
    opening: Vec<Key>,
}

impl Keys {
    /// Encrypts with `sealing`, decrypts with `sealing` and `opening`.
    pub fn new(sealing: Key, opening: Vec<Key>) -> Self {
        Self { sealing, opening }
    }

    /// The key that encrypts.
    pub const fn sealing(&self) -> &Key {
        &self.sealing
    }

    /// The key with this id, if it is among these keys.
    pub(crate) fn find(&self, id: KeyId) -> Option<&Key> {
        let mut all = std::iter::once(&self.sealing).chain(&self.opening);
        all.find(|key| key.id() == id)
    }

    /// The ids of all keys.
    pub fn ids(&self) -> KeyIds {
        let all = std::iter::once(&self.sealing).chain(&self.opening);
        KeyIds(all.map(Key::id).collect())
    }

    /// Checks that these keys decrypt all secrets that warehouses use, except those encrypted with one of the keys
    /// `lost`.
    pub async fn check(&self, rows: &dyn SecretRows, lost: &[KeyId]) -> Result<()> {
        for stored in rows.secret_heads().await? {
            let Some(Head::With(needed)) = Head::of(&stored.head) else {
                continue;
            };
            if self.find(needed).is_none() && !lost.contains(&needed) {
                return Err(SecretError::MissingKey {
                    needed,
                    secrets: stored.used,
                    configured: self.ids(),
                });
            }
        }
        Ok(())
    }
}

impl From<Key> for Keys {
    fn from(only: Key) -> Self {
        Self::new(only, Vec::new())
    }
}

/// Ids of keys, to be shown in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIds(pub Vec<KeyId>);

impl fmt::Display for KeyIds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(KeyId::to_string).collect();
        out.write_str(&names.join(", "))
    }
}

const _: () = assert!(Head::BYTES == SEALED_HEAD_BYTES as usize);
