//! `lakekeeper secrets rotate`.

use clap::Subcommand;
use lakekeeper::config::{Needs, Sources};
use lakekeeper::{Error, secrets};

/// Maintenance of storage credentials in the database.
#[derive(Debug, Subcommand)]
pub(super) enum Secrets {
    /// Re-encrypt with `LAKEKEEPER__PG_ENCRYPTION_KEY` all credentials that are encrypted with another key. Servers
    /// may run meanwhile. Fails if some credentials cannot be decrypted; those stay as they are.
    Rotate,
}

pub(super) fn run(sources: &Sources, Secrets::Rotate: &Secrets) -> Result<(), Error> {
    let config = super::start(sources, Needs::Secrets)?;
    let rotation = super::block_on(secrets::rotate(&config, |so_far| {
        let (renewed, current) = (so_far.renewed, so_far.current);
        tracing::info!(renewed, current, "re-encrypting storage credentials");
    }))?;
    let (renewed, current) = (rotation.renewed, rotation.current);
    super::print(&format!(
        "{renewed} storage credentials were re-encrypted; {current} are now encrypted with the current key, {} could not \
         be decrypted\n",
        rotation.unreadable.len()
    ))?;
    if rotation.unreadable.is_empty() {
        return Ok(());
    }
    let told = rotation
        .unreadable
        .iter()
        .map(|(_, error)| error.to_string());
    Err(Error::Unreadable(told.collect::<Vec<_>>().join("\n  ")))
}
