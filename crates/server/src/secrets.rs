//! Storage credentials: opening where they are kept, and encrypting them anew.

use std::sync::Arc;

use model::{Clock, SystemClock};
use secrets::{CachedSecrets, EncryptedSecrets, Key, Keys, Rotation, SecretStore};
use store::Store;

use crate::config::{Config, KeySource, Secrets};
use crate::{Error, backend};

/// Encrypts each stored secret with the key that is configured now, unless it is already; calls `told` now and then.
pub async fn rotate(
    config: &Config,
    told: impl FnMut(&Rotation) + Send,
) -> Result<Rotation, Error> {
    let database = config.database.as_ref();
    let store = backend::open(database.ok_or(Error::NotConfigured("a database"))?).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(encrypted(&config.secrets, &store, &clock)?
        .rotate(told)
        .await?)
}

/// Where the configuration says, with a cache before it if it says so. Refused if its keys do not open what warehouses use.
pub(crate) async fn open(
    config: &Secrets,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn SecretStore>, Error> {
    let secrets = encrypted(config, store, clock)?;
    secrets.check_keys(&config.lost_keys).await?;
    let secrets = Arc::new(secrets);
    Ok(match config.cache {
        Some(settings) => Arc::new(CachedSecrets::new(secrets, settings, Arc::clone(clock))),
        None => secrets,
    })
}

fn encrypted(
    config: &Secrets,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> Result<EncryptedSecrets, Error> {
    let sealing = match &config.key {
        Some(KeySource::Passphrase(passphrase)) => Key::from_passphrase(passphrase)?,
        Some(KeySource::File(path)) => Key::from_file(path)?,
        None => return Err(Error::NotConfigured("an encryption key")),
    };
    let opening = config.decryption_keys.iter().map(Key::from_passphrase);
    let keys = Keys::new(sealing, opening.collect::<Result<_, _>>()?);
    let rows = Arc::clone(store);
    Ok(EncryptedSecrets::new(rows, keys, Arc::clone(clock)))
}
