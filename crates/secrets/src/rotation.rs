//! Encrypts stored secrets anew with the key that seals now, beside whoever reads and writes them.

use model::SecretId;
use store::SecretRows;

use crate::{EncryptedSecrets, Keys, Result, SecretError, sealed};

/// Secrets that are read at once.
const BATCH: u32 = 100;
/// Whoever still seals with a former key may have added secrets behind our back; so it is looked again, so often.
const PASSES: usize = 5;

/// What has become of the stored secrets.
#[derive(Debug, Default)]
pub struct Rotation {
    /// Encrypted anew.
    pub renewed: u64,
    /// As they should be, found so in the last pass. Those that were encrypted anew are among them.
    pub current: u64,
    /// Those that could not be opened, and why; they are as they were.
    pub unreadable: Vec<(SecretId, SecretError)>,
}

impl EncryptedSecrets {
    /// Encrypts each stored secret with the key that seals, unless it is already; calls `told` after each batch.
    ///
    /// It may be ended at any time and run again, also several times at once: a secret is replaced by a single statement, and only
    /// if it is as it was read.
    pub async fn rotate(&self, mut told: impl FnMut(&Rotation) + Send) -> Result<Rotation> {
        let mut rotation = Rotation::default();
        for _ in 0..PASSES {
            let before = rotation.renewed;
            (rotation.current, rotation.unreadable) = (0, Vec::new());
            let mut after = None;
            loop {
                let page = self.rows.secret_page(after, BATCH).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (id, sealed) in page {
                    renew(self.rows.as_ref(), &self.keys, id, sealed, &mut rotation).await?;
                }
                told(&rotation);
            }
            if rotation.renewed == before {
                break;
            }
        }
        Ok(rotation)
    }
}

async fn renew(
    rows: &(dyn SecretRows + Send + Sync),
    keys: &Keys,
    id: SecretId,
    was: store::SealedSecret,
    rotation: &mut Rotation,
) -> Result<()> {
    if sealed::is_note(&was) {
        return Ok(());
    }
    if sealed::is_as_sealed_by(keys.sealing(), &was) {
        rotation.current += 1;
        return Ok(());
    }
    match sealed::open(keys, id, &was) {
        Ok(secret) => {
            let now = sealed::seal(keys.sealing(), id, &secret)?;
            // If it is not as it was, it has been dropped, or somebody else has encrypted it.
            if rows.secret_replace(id, was, now).await? {
                rotation.renewed += 1;
            }
        }
        Err(error) => rotation.unreadable.push((id, error)),
    }
    Ok(())
}
