//! Azure's naming rules for storage, and the normalised form of a filesystem that has several spellings.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{Location, LocationProblem, Scheme};

/// Nested percent-encodings that are decoded; deeper ones are refused before.
const MAX_ROUNDS: usize = 4;

/// `filesystem@account.host` in the form for comparison.
///
/// The case of a host does not matter, and an account is both at `account.dfs.…` and at `account.blob.…`.
pub(super) fn normalized_authority(given: &str) -> Result<String, LocationProblem> {
    let refused = |part, rule| LocationProblem::Authority {
        authority: given.to_owned(),
        part,
        rule,
    };
    let Some((filesystem, host)) = given.split_once('@') else {
        return Err(refused("filesystem", "must stand before an `@`"));
    };
    if filesystem.contains(':') {
        return Err(LocationProblem::Authority {
            authority: "[redacted]".to_owned(),
            part: "filesystem",
            rule: "must not hold a password",
        });
    }
    if let Some(rule) = container_problem(filesystem) {
        return Err(refused("filesystem", rule));
    }
    let host = host.to_ascii_lowercase();
    if let Some(rule) = host_problem(&host) {
        return Err(refused("host", rule));
    }
    let (account, suffix) = host
        .split_once('.')
        .ok_or_else(|| refused("host", "must begin with the account and a dot"))?;
    Ok(format!("{filesystem}@{account}.{}", dfs_name(suffix)))
}

/// The name of a host in locations: with `dfs` in place of `blob`. Only the first of these labels names the service.
pub(crate) fn dfs_name(host: &str) -> Cow<'_, str> {
    let mut labels: Vec<&str> = host.split('.').collect();
    let service = labels
        .iter_mut()
        .find(|label| matches!(**label, "blob" | "dfs"));
    match service {
        Some(label) if *label == "blob" => {
            *label = "dfs";
            Cow::Owned(labels.join("."))
        }
        _ => Cow::Borrowed(host),
    }
}

/// The rule for containers, which Data Lake Storage calls filesystems, that `name` breaks.
pub(crate) fn container_problem(name: &str) -> Option<&'static str> {
    if !(3..=63).contains(&name.len()) {
        return Some("must have 3 to 63 characters");
    }
    if !name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return Some("may only have lower case letters, digits and hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Some("must begin and end with a letter or a digit");
    }
    if name.contains("--") {
        return Some("must not have two hyphens in a row");
    }
    None
}

/// The rule for host names, with or without a port, that `host` breaks.
pub(crate) fn host_problem(host: &str) -> Option<&'static str> {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    // `u16` would also read a sign.
    let is_port = |port: &str| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok();
    if port.is_some_and(|port| !is_port(port) || port == "443") {
        return Some("must have a port from 1 to 65535 or, for 443, none");
    }
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Some(
            "must be labels of 1 to 63 letters, digits and inner hyphens with dots between them",
        );
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.chars().all(|c| c.is_ascii_digit()) {
        return Some("must be a name, not an IP address");
    }
    None
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Refuses segments that end with a dot, plain or percent-encoded: Azure and its clients cut the dot off, so
/// `orders.` may be `orders`.
pub(super) fn refuse_final_dots(location: Location) -> Result<Location, LocationProblem> {
    if location.scheme().canonical() == Scheme::Abfss && has_final_dot(location.key()) {
        return Err(LocationProblem::Ambiguous(
            "a segment that ends with a dot".to_owned(),
        ));
    }
    Ok(location)
}

fn has_final_dot(key: &str) -> bool {
    let mut key = Cow::Borrowed(key);
    for _ in 0..=MAX_ROUNDS {
        if key.split('/').any(|segment| segment.ends_with('.')) {
            return true;
        }
        key = Cow::Owned(percent_decode_str(&key).decode_utf8_lossy().into_owned());
    }
    false
}
