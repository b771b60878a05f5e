//! Re-encrypts stored secrets with the present sealing key, while servers may read and write secrets.

use model::SecretId;
use store::SecretRows;

use crate::{EncryptedSecrets, Keys, Result, SecretError, sealed};

/// Number of secrets per read.
const BATCH: u32 = 100;
/// Most passes over all secrets. Servers that still encrypt with a former key may add secrets during a pass, so
/// passes are repeated until one finds nothing to do.
const PASSES: usize = 5;

/// The result of a rotation.
#[derive(Debug, Default)]
pub struct Rotation {
    /// Number of secrets that were re-encrypted.
    pub renewed: u64,
    /// Number of secrets that the last pass found encrypted with the sealing key, including re-encrypted ones.
    pub current: u64,
    /// Secrets that could not be decrypted, and why. They are unchanged.
    pub unreadable: Vec<(SecretId, SecretError)>,
}

impl EncryptedSecrets {
    /// Re-encrypts all secrets that are not encrypted with the sealing key in the present format. Calls `told` after
    /// each batch.
    ///
    /// It can be interrupted and run again at any time, and several rotations can run at once: each secret is
    /// replaced by a single statement, and only if it is unchanged since it was read.
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
            // If the row has changed meanwhile, the secret was dropped or re-encrypted by another rotation.
            if rows.secret_replace(id, was, now).await? {
                rotation.renewed += 1;
            }
        }
        Err(error) => rotation.unreadable.push((id, error)),
    }
    Ok(())
}
