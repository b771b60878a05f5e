//! Opens the store of storage credentials, and re-encrypts stored credentials with a new key.

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

/// Re-encrypts all stored secrets that are not encrypted with the configured key yet. Calls `told` now and then with
/// the progress.
pub async fn rotate(
    config: &Config,
    told: impl FnMut(&Rotation) + Send,
) -> Result<Rotation, Error> {
    let store = backend::open(config.required_database()?).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(encrypted(&config.secrets, &store, &clock)?
        .rotate(told)
        .await?)
}

/// The secret store, and the Vault client whose login must be kept alive in the background, if there is one.
pub(crate) struct Opened {
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) vault: Option<Arc<VaultSecrets>>,
}

/// Opens the configured secret store, behind a cache if one is configured. Fails if the configured keys do not
/// decrypt secrets that warehouses use, or if Vault refuses the login.
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

/// Refuses to create a new key file if stored credentials were encrypted with the key of a lost one.
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
