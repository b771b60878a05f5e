//! Where storage credentials are kept, and how they are encrypted.

use std::path::PathBuf;

use events_kafka::parse_dictionary;
use secrets::{CacheSettings, KeyId, Plaintext};
use secrets_vault::VaultConfig;

use super::database::Database;
use super::value::SecretBackend;
use super::values::Values;
use super::{list, vault};

/// Where storage credentials are kept, and how they are encrypted.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The source of the key that encrypts credentials, if the command needs one.
    pub key: Option<KeySource>,
    /// Keys that are only used to decrypt.
    pub decryption_keys: Vec<Plaintext>,
    /// Ids of keys that are lost: their credentials need not be decryptable.
    pub lost_keys: Vec<KeyId>,
    /// Size and lifetime of the cache of credentials; `None` if there is no cache.
    pub cache: Option<CacheSettings>,
    /// The Vault that keeps credentials instead of the database.
    pub vault: Option<VaultConfig>,
}

/// Where the key that encrypts credentials comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A passphrase in the configuration.
    Passphrase(Plaintext),
    /// A file, which is created on first use.
    File(PathBuf),
}

/// `database` is given only if the command needs the key.
pub(super) fn secrets(values: &mut Values, database: Option<&Database>) -> Secrets {
    spread(values);
    let (database, vault) = match values.get(&list::SECRET_BACKEND) {
        SecretBackend::Database => {
            vault::unused(values);
            (database, None)
        }
        SecretBackend::Kv2 => (None, vault::vault(values)),
    };
    Secrets {
        key: key_source(values, database),
        decryption_keys: values.get(&list::PG_DECRYPTION_KEYS).0,
        lost_keys: lost_keys(values),
        cache: cache(values),
        vault,
    }
}

/// Splits `LAKEKEEPER__KV2`, which may hold all settings of Vault, into these settings.
fn spread(values: &mut Values) {
    let Some(text) = values.get(&list::KV2) else {
        return;
    };
    match parse_dictionary(text.expose()) {
        Ok(parts) => {
            let parts = parts.into_iter();
            let parts = parts
                .map(|(name, value)| (name, value.to_string()))
                .collect();
            values.spread(&list::KV2, parts);
        }
        Err(rule) => values.refuse(&list::KV2, rule),
    }
}

/// The source of the key. PostgreSQL without a key is recorded as a mistake.
fn key_source(values: &mut Values, database: Option<&Database>) -> Option<KeySource> {
    match (values.get(&list::PG_ENCRYPTION_KEY), database) {
        (Some(passphrase), _) => Some(KeySource::Passphrase(passphrase)),
        (None, Some(Database::Sqlite { path })) => {
            let mut file = path.clone().into_os_string();
            file.push(".key");
            Some(KeySource::File(file.into()))
        }
        (None, Some(Database::Postgres(_))) => {
            let rule = "is not set: storage credentials in PostgreSQL need it. Set it to a long random text, such as \
                        the output of `openssl rand -base64 32`, the same for all servers of this database";
            values.refuse(&list::PG_ENCRYPTION_KEY, rule);
            None
        }
        (None, None) => None,
    }
}

fn lost_keys(values: &mut Values) -> Vec<KeyId> {
    let written = values.get(&list::PG_LOST_KEYS).0;
    let mut ids = Vec::new();
    for text in &written {
        if let Ok(id) = text.parse() {
            ids.push(id);
        } else {
            let rule = format!(
                "must be ids of keys, as error messages show them, such as `aa17c460bbb4ce2a`; `{text}` is none"
            );
            values.refuse(&list::PG_LOST_KEYS, rule);
        }
    }
    ids
}

fn cache(values: &mut Values) -> Option<CacheSettings> {
    let capacity = values.get(&list::CACHE__SECRETS__CAPACITY).get();
    let time_to_live = values.get(&list::CACHE__SECRETS__TIME_TO_LIVE_SECS).get();
    values
        .get(&list::CACHE__SECRETS__ENABLED)
        .then(|| CacheSettings {
            capacity: capacity as usize,
            time_to_live: std::time::Duration::from_secs(time_to_live.into()),
        })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Secrets, Mistakes> {
        let environment = variables
            .iter()
            .map(|(name, value)| (format!("LAKEKEEPER__{name}"), (*value).to_owned()));
        let sources = Sources {
            environment: environment.collect(),
            ..Sources::default()
        };
        Ok(Config::load(&sources, Needs::Nothing)?.secrets)
    }

    #[test]
    fn keys_that_only_decrypt_stand_one_a_line() {
        let keys = load(&[("PG_DECRYPTION_KEYS", "one, with a comma \n\n  two\n")]).unwrap();
        let texts: Vec<_> = keys.decryption_keys.iter().map(Plaintext::expose).collect();
        assert_eq!(texts, ["one, with a comma", "two"]);
        assert!(!format!("{keys:?}").contains("two"));
    }

    #[test]
    fn a_list_of_keys_is_not_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lakekeeper.toml");
        let load_file = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let path = ("CONFIG_FILE", file.to_str().unwrap());
            load(&[path])
        };
        let keys = load_file("pg_decryption_keys = [\"one, with a comma\", \"two\"]").unwrap();
        let texts: Vec<_> = keys.decryption_keys.iter().map(Plaintext::expose).collect();
        assert_eq!(texts, ["one, with a comma", "two"]);
        let told = load_file("pg_decryption_keys = [\"hunter2\\nhunter3\"]").unwrap_err();
        assert!(!told.to_string().contains("hunter"), "{told}");
    }

    #[test]
    fn lost_keys_are_named_by_their_ids() {
        let lost = load(&[("PG_LOST_KEYS", "aa17c460bbb4ce2a")])
            .unwrap()
            .lost_keys;
        assert_eq!(lost, ["aa17c460bbb4ce2a".parse().unwrap()]);
        let refused = load(&[("PG_LOST_KEYS", "aa17c460bbb4ce2a,mine")]);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("`mine` is none"), "{text}");
    }

    #[test]
    fn secrets_are_cached_unless_that_is_switched_off() {
        let cache = load(&[]).unwrap().cache.unwrap();
        assert_eq!((cache.capacity, cache.time_to_live.as_secs()), (500, 600));
        assert_eq!(
            load(&[("CACHE__SECRETS__ENABLED", "false")]).unwrap().cache,
            None
        );
    }
}
