//! A filesystem as its client sees it, whichever profile names it.

use std::time::Duration;

use super::{DEFAULT_HOST, onelake};
use crate::connection::Transport;
use crate::location::{Location, Scheme};

/// A folder of a filesystem, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lake {
    /// First label of the host: the storage account, or an endpoint of OneLake.
    pub(crate) account: String,
    /// The part of the host after the account, with a `dfs` label; for an emulator with a port.
    pub(crate) host: String,
    pub(crate) filesystem: String,
    /// Without slashes at its ends.
    pub(crate) prefix: Option<String>,
    /// The name of the account in signatures.
    pub(crate) signed_account: String,
    /// URL of Entra ID; `None` for the public cloud.
    pub(crate) authority_host: Option<String>,
    /// Validity of vended signatures.
    pub(crate) token_validity: Duration,
    /// Longest life of a key that makes signatures.
    pub(crate) longest_key: Duration,
}

impl Lake {
    pub(crate) fn base_location(&self) -> Location {
        let authority = format!("{}@{}.{}", self.filesystem, self.account, self.host);
        let key = self.prefix.as_deref().unwrap_or_default();
        Location::from_checked(Scheme::Abfss, &authority, key)
    }

    /// The `account.host` of locations.
    pub(crate) fn dfs_host(&self) -> String {
        format!("{}.{}", self.account, self.host)
    }

    /// `account.host` of the Blob service, which shows the same files.
    pub(crate) fn blob_host(&self) -> String {
        format!("{}.{}", self.account, blob_name(&self.host))
    }

    /// URL of the Blob service, without a slash at its end.
    pub(crate) fn blob_endpoint(&self) -> String {
        format!("{}://{}", self.url_scheme(), self.blob_host())
    }

    /// URL of the service that issues keys for signatures, without a slash at its end. The private link of a
    /// workspace refuses this request (`DeniedByPolicy`), so OneLake's general endpoint gets it.
    pub(crate) fn key_endpoint(&self) -> String {
        let is_private_link = self
            .host
            .strip_suffix(onelake::HOST)
            .is_some_and(|zone| zone.ends_with('.'));
        if is_private_link {
            format!("https://{}.{}", onelake::ACCOUNT, blob_name(onelake::HOST))
        } else {
            self.blob_endpoint()
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::of(&self.blob_endpoint())
    }

    /// HTTP for an emulator on this machine, otherwise HTTPS.
    fn url_scheme(&self) -> &'static str {
        let name = self.host.split(':').next().unwrap_or_default();
        if name.ends_with(".localhost") {
            "http"
        } else {
            "https"
        }
    }

    pub(crate) fn client_config(&self) -> Vec<(String, String)> {
        let property = |key: &str, value: String| (key.to_owned(), value);
        let mut config = vec![property("adls.account-name", self.account.clone())];
        if self.host != DEFAULT_HOST {
            let blob_authority = format!(".{}", blob_name(&self.host));
            config.extend([
                property("adls.account-host", self.blob_host()),
                property("adls.blob-storage-authority", blob_authority),
                property("adls.dfs-storage-authority", format!(".{}", self.host)),
            ]);
        }
        if self.transport() == Transport::Plain {
            let host = self.dfs_host();
            config.extend([
                property("adls.blob-storage-scheme", "http".to_owned()),
                property("adls.dfs-storage-scheme", "http".to_owned()),
                // Java's `ADLSFileIO` takes the URL from this property; without the property it uses TLS.
                (
                    format!("adls.connection-string.{host}"),
                    format!("http://{host}"),
                ),
            ]);
        }
        config
    }

    /// All endpoints of OneLake lead to the same workspaces, so they have one address; a storage account has only its
    /// own host.
    pub(crate) fn base_address(&self) -> String {
        let base = if self.host.ends_with(".fabric.microsoft.com") {
            let authority = format!("{}@onelake", self.filesystem);
            let key = self.prefix.as_deref().unwrap_or_default();
            Location::from_checked(Scheme::Abfss, &authority, key)
        } else {
            self.base_location()
        };
        base.normalized().to_owned()
    }
}

/// The name that a host has for the Blob service.
fn blob_name(host: &str) -> String {
    host.split('.')
        .map(|label| if label == "dfs" { "blob" } else { label })
        .collect::<Vec<_>>()
        .join(".")
}
