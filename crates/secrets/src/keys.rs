//! The key that seals, and those that open besides.

use std::fmt;

use store::{SEALED_HEAD_BYTES, SecretRows};

use crate::sealed::Head;
use crate::{Key, KeyId, Result, SecretError};

/// One key that seals and opens, and any number that only open: those that are leaving, and those that are coming.
#[derive(Debug)]
pub struct Keys {
    sealing: Key,
    opening: Vec<Key>,
}

impl Keys {
    /// Seals with `sealing`, opens with any.
    pub fn new(sealing: Key, opening: Vec<Key>) -> Self {
        Self { sealing, opening }
    }

    /// The key that seals.
    pub const fn sealing(&self) -> &Key {
        &self.sealing
    }

    /// The key with this id, if it is there.
    pub(crate) fn find(&self, id: KeyId) -> Option<&Key> {
        let mut all = std::iter::once(&self.sealing).chain(&self.opening);
        all.find(|key| key.id() == id)
    }

    /// The ids of all.
    pub fn ids(&self) -> KeyIds {
        let all = std::iter::once(&self.sealing).chain(&self.opening);
        KeyIds(all.map(Key::id).collect())
    }

    /// Well if these keys open all secrets that warehouses use, but those of keys that are known to be lost.
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

/// Which keys there are, to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIds(pub Vec<KeyId>);

impl fmt::Display for KeyIds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(KeyId::to_string).collect();
        out.write_str(&names.join(", "))
    }
}

const _: () = assert!(Head::BYTES == SEALED_HEAD_BYTES as usize);
