//! TLS to brokers.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Whom we believe, and who we are. The files are read when there is something to connect.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    /// Authorities to believe instead of the system's, a PEM file.
    pub(crate) roots: Option<PathBuf>,
    /// Our certificate and its key, PEM files.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Errors: a text that says which file is wrong.
    pub(crate) fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(self.roots()?);
        let Some((certificate, key)) = &self.identity else {
            return Ok(config.with_no_client_auth());
        };
        let chain = certificates(certificate)?;
        let unreadable = |error| format!("`{}`: {error}", key.display());
        let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
        let config = config.with_client_auth_cert(chain, key);
        config.map_err(|error| error.to_string())
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let found = match &self.roots {
            Some(file) => certificates(file)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let (added, _) = roots.add_parsable_certificates(found);
        match &self.roots {
            Some(file) if added == 0 => Err(format!("`{}` has no certificate", file.display())),
            _ => Ok(roots),
        }
    }
}

fn certificates(file: &PathBuf) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| format!("`{}`: {error}", file.display()))
}
