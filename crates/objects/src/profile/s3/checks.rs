//! The rules for the fields of an S3 profile.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use url::Url;

use super::ProfileError;
use crate::metadata_server::{NO_METADATA_SERVER, is_metadata_server};

/// STS issues credentials for no less than 15 minutes and no more than 12 hours.
const TOKEN_SECONDS: std::ops::RangeInclusive<u64> = 900..=43_200;

pub(super) fn region(region: &str) -> Result<(), ProfileError> {
    const MAX_BYTES: usize = 128;
    let refused = |rule: String| Err(ProfileError::field("region", region, rule));
    if region.is_empty() {
        return refused(
            "must not be empty: any name will do for a compatible store, such as `local-01`"
                .to_owned(),
        );
    }
    if region.len() > MAX_BYTES {
        return refused(format!(
            "must have at most {MAX_BYTES} bytes, not {}",
            region.len()
        ));
    }
    if !region
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    {
        return refused("may only have letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(())
}

/// Whether the host of the endpoint is an IP address, not a name.
pub(super) fn has_ip_host(endpoint: &str) -> bool {
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, host)| host);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// The endpoint without a path. A path that only repeats the bucket, as some consoles print it, is cut off.
pub(super) fn s3_endpoint(
    given: Option<String>,
    bucket: &str,
) -> Result<Option<String>, ProfileError> {
    let Some(mut url) = http_url("endpoint", given)? else {
        return Ok(None);
    };
    if url.path().trim_matches('/') == bucket {
        url.set_path("/");
    }
    if url.path() != "/" {
        return Err(ProfileError::field(
            "endpoint",
            url.as_str(),
            "must have no path: the bucket is a field of its own",
        ));
    }
    Ok(Some(url.into()))
}

pub(super) fn sts_endpoint(given: Option<String>) -> Result<Option<String>, ProfileError> {
    Ok(http_url("sts-endpoint", given)?.map(Into::into))
}

pub(in crate::profile) fn http_url(
    field: &'static str,
    given: Option<String>,
) -> Result<Option<Url>, ProfileError> {
    let Some(given) = given.filter(|url| !url.trim().is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(given.trim()).map_err(|e| {
        ProfileError::field(
            field,
            &given,
            format!("must be a URL such as `https://s3.example.com`: {e}"),
        )
    })?;
    // Checked first, because other messages would show the value.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ProfileError::field(
            field,
            "[redacted]",
            "must hold no user and password: use the credential",
        ));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ProfileError::field(
            field,
            &given,
            "must begin with `http://` or `https://`",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ProfileError::field(
            field,
            &given,
            "must have no `?` and no `#`",
        ));
    }
    if is_metadata_server(&url) {
        return Err(ProfileError::field(field, &given, NO_METADATA_SERVER));
    }
    Ok(Some(url))
}

/// An ARN without surrounding blanks; `None` if nothing is left.
///
/// Compatible stores have roles and keys of other forms, so this refuses only what would break a request or a policy.
pub(super) fn arn(
    field: &'static str,
    given: Option<String>,
) -> Result<Option<String>, ProfileError> {
    const MAX_BYTES: usize = 2048;
    let Some(given) = given else { return Ok(None) };
    let arn = given.trim();
    if arn.is_empty() {
        return Ok(None);
    }
    if arn.len() > MAX_BYTES {
        return Err(ProfileError::field(
            field,
            arn,
            format!("must have at most {MAX_BYTES} bytes, not {}", arn.len()),
        ));
    }
    if !arn
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '*' | '?' | '$'))
    {
        return Err(ProfileError::field(
            field,
            arn,
            "must be one ARN, without blanks, wildcards and quotes",
        ));
    }
    Ok(Some(arn.to_owned()))
}

pub(super) fn token_seconds(seconds: u64) -> Result<(), ProfileError> {
    if TOKEN_SECONDS.contains(&seconds) {
        return Ok(());
    }
    let rule = format!(
        "must be between {} and {} seconds",
        TOKEN_SECONDS.start(),
        TOKEN_SECONDS.end()
    );
    Err(ProfileError::field(
        "sts-token-validity-seconds",
        &seconds.to_string(),
        rule,
    ))
}

pub(super) fn session_tags(tags: &BTreeMap<String, String>) -> Result<(), ProfileError> {
    const FIELD: &str = "sts-session-tags";
    const MAX_TAGS: usize = 50;
    if tags.len() > MAX_TAGS {
        let rule = format!("must have at most {MAX_TAGS} tags");
        return Err(ProfileError::field(FIELD, &tags.len().to_string(), rule));
    }
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) || key.chars().any(|c| !is_tag_char(c)) {
            let rule = "must have keys of 1 to 128 letters, digits, blanks and `_.:/=+-@`";
            return Err(ProfileError::field(FIELD, key, rule));
        }
        if value.chars().count() > 256 || value.chars().any(|c| !is_tag_char(c)) {
            let rule = format!(
                "must have values of at most 256 letters, digits, blanks and `_.:/=+-@` (tag `{key}`)"
            );
            return Err(ProfileError::field(FIELD, value, rule));
        }
    }
    Ok(())
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}
