//! A bucket of Google Cloud Storage: its files through the JSON API, and tokens for parts of it.

mod answer;
mod boundary;
mod jwt;
mod source;
#[cfg(test)]
mod stand_in;
mod store;
mod token;
mod vend;

use crate::credential::GcsCredential;
use crate::open::OpenError;

use source::{METADATA_SERVER, Source};
use token::Tokens;

pub(crate) use jwt::Signer;
pub(crate) use store::GcsStore;
pub(crate) use vend::GcsVendor;

/// The access tokens of the identity with which the server signs in.
fn tokens(credential: &GcsCredential) -> Result<Tokens, OpenError> {
    let source = match credential {
        GcsCredential::ServiceAccountKey(key) => Source::of_key(key)?,
        GcsCredential::SystemIdentity => Source::of_machine(METADATA_SERVER)?,
    };
    Ok(Tokens::new(source))
}
