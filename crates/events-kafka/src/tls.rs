//! TLS connections to brokers.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Trusted authorities and the client's own certificate. The files are read for each connection attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub(crate) roots: Option<PathBuf>,
    /// PEM files with the client's certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// The configuration of the TLS client. The error says which file is wrong.
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
