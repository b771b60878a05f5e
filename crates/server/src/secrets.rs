//! Storage credentials: opening where they are kept, and encrypting them anew.

use std::path::Path;
use std::sync::Arc;

use model::{Clock, SystemClock};
use secrets::{
    CachedSecrets, EncryptedSecrets, Key, Keys, Ledger, Rotation, SecretError, SecretStore,
};
use secrets_vault::VaultSecrets;
use store::Store;

use crate::config::{Config, KeySource, Secrets};
use crate::{Error, app, backend};

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

/// Where secrets are kept, and what has to be done in the background for that.
pub(crate) struct Opened {
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) vault: Option<Arc<VaultSecrets>>,
}

/// Where the configuration says, with a cache before it if it says so. Refused if its keys do not open what warehouses use, and if
/// Vault does not let us in.
pub(crate) async fn open(
    config: &Secrets,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Error> {
    let (secrets, vault): (Arc<dyn SecretStore>, _) = if let Some(vault) = &config.vault {
        app::install_tls();
        let ledger = Ledger::new(Arc::clone(store) as _, Arc::clone(clock));
        let vault = VaultSecrets::connect(vault.clone(), ledger).await?;
        (Arc::clone(&vault) as _, Some(vault))
    } else {
        if let Some(KeySource::File(path)) = &config.key
            && config.lost_keys.is_empty()
        {
            require_key_file(path, store.as_ref()).await?;
        }
        let secrets = encrypted(config, store, clock)?;
        secrets.check_keys(&config.lost_keys).await?;
        (Arc::new(secrets), None)
    };
    let secrets = match config.cache {
        Some(settings) => Arc::new(CachedSecrets::new(secrets, settings, Arc::clone(clock))),
        None => secrets,
    };
    Ok(Opened { secrets, vault })
}

/// Refuses to make a new key in the place of one that is lost.
async fn require_key_file(path: &Path, store: &dyn Store) -> Result<(), Error> {
    if path.exists() || store.secret_heads().await?.is_empty() {
        return Ok(());
    }
    let problem = "is not there, but warehouses have storage credentials that were encrypted with the key in it: restore it from a \
                   backup; without one, set LAKEKEEPER__PG_ENCRYPTION_KEY to a new key, and what is said then names the lost one";
    Err(Error::Secrets(SecretError::KeyFile {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }))
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
