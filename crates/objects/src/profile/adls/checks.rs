//! The rules for the fields of the profiles on Azure.

use super::{Lake, ProfileError, onelake};
use crate::location::{Location, container_problem, dfs_name, host_problem};
use crate::profile::s3::checks::http_url;

pub(super) fn account_name(name: &str) -> Result<(), ProfileError> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (3..=24).contains(&name.len()) && name.chars().all(is_allowed) {
        return Ok(());
    }
    let rule = "must have 3 to 24 lower case letters and digits, and no host";
    Err(ProfileError::field("account-name", name, rule))
}

pub(super) fn filesystem(name: &str) -> Result<(), ProfileError> {
    match container_problem(name) {
        None => Ok(()),
        Some(rule) => Err(ProfileError::field("filesystem", name, rule)),
    }
}

/// The part of host names after the account, in lower case and with its `dfs` name.
pub(super) fn host(given: Option<String>, account: &str) -> Result<Option<String>, ProfileError> {
    let Some(given) = given.filter(|host| !host.trim().is_empty()) else {
        return Ok(None);
    };
    let host = given.trim().to_ascii_lowercase();
    let refused = |rule| Err(ProfileError::field("host", &given, rule));
    if let Some(rule) = host_problem(&host) {
        return refused(rule);
    }
    if host.starts_with(&format!("{account}.")) {
        return refused("must not begin with the account: write `dfs.core.windows.net`");
    }
    if !host.contains('.') {
        return refused("must have at least two labels, such as `dfs.core.windows.net`");
    }
    Ok(Some(dfs_name(&host).into_owned()))
}

/// The URL of Entra ID. Plain HTTP is allowed only on this machine: the client's secret is sent there.
pub(super) fn authority_host(given: Option<String>) -> Result<Option<String>, ProfileError> {
    const FIELD: &str = "authority-host";
    let Some(url) = http_url(FIELD, given)? else {
        return Ok(None);
    };
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !is_local {
        let rule = "must begin with `https://`: the client's secret is sent there";
        return Err(ProfileError::field(FIELD, url.as_str(), rule));
    }
    Ok(Some(url.into()))
}

pub(super) fn token_seconds(seconds: Option<u64>, max: u64) -> Result<(), ProfileError> {
    match seconds {
        Some(seconds) if !(1..=max).contains(&seconds) => {
            let place = if max == onelake::MAX_TOKEN_SECONDS {
                " on OneLake"
            } else {
                ""
            };
            let rule = format!("must be between 1 and {max} seconds{place}");
            let seconds = seconds.to_string();
            Err(ProfileError::field(
                "sas-token-validity-seconds",
                &seconds,
                rule,
            ))
        }
        _ => Ok(()),
    }
}

/// The fields together must give a valid location.
pub(super) fn base_location(lake: &Lake) -> Result<(), ProfileError> {
    Location::parse(lake.base_location().as_str())?;
    Ok(())
}
