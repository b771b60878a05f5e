//! The grammar of locations, which every object must follow, whoever named it.

use model::Bounds;

use super::{
    Location, LocationProblem, MAX_FILE_NAME_BYTES, MAX_KEY_BYTES, Scheme, azure, bucket_problem,
    gcs_bucket_problem,
};

pub(super) fn parse(given: &str) -> Result<Location, LocationProblem> {
    if given.is_empty() {
        return Err(LocationProblem::Empty);
    }
    if given.len() > Bounds::LOCATION_BYTES {
        return Err(LocationProblem::TooLong(given.len()));
    }
    if let Some(c) = given.chars().find(|c| c.is_control()) {
        return Err(LocationProblem::Control(c.escape_unicode().to_string()));
    }
    let (scheme, rest) = split_scheme(given)?;
    let location = match scheme {
        Scheme::File => file(rest)?,
        Scheme::Memory | Scheme::S3 | Scheme::S3a | Scheme::S3n | Scheme::Gs => {
            let (bucket, key) = split_key(rest)?;
            Location::from_checked(scheme, checked_bucket(scheme, bucket)?, key)
        }
        Scheme::Abfss | Scheme::Wasbs => {
            let (authority, key) = split_key(rest)?;
            Location::from_checked(scheme, &azure::normalized_authority(authority)?, key)
        }
    };
    // The scheme that a bare path gets makes it longer.
    if location.normalized().len() > Bounds::LOCATION_BYTES {
        return Err(LocationProblem::TooLong(location.normalized().len()));
    }
    Ok(location.respelled(given, scheme))
}

/// The scheme and the rest: for files the path, otherwise the text after `://`.
fn split_scheme(given: &str) -> Result<(Scheme, &str), LocationProblem> {
    if given.starts_with('/') {
        // Hadoop reads `//x/y` as a path on the host `x`.
        return match given.strip_prefix("//") {
            Some(host) => Err(LocationProblem::FileHost(
                host.split('/').next().unwrap_or_default().to_owned(),
            )),
            None => Ok((Scheme::File, given)),
        };
    }
    if let Some(rest) = given.strip_prefix("file:") {
        let Some(authority) = rest.strip_prefix("//") else {
            return Ok((Scheme::File, rest));
        };
        let host = authority.split('/').next().unwrap_or_default();
        return if host.is_empty() {
            Ok((Scheme::File, authority))
        } else {
            Err(LocationProblem::FileHost(host.to_owned()))
        };
    }
    let (name, rest) = given
        .split_once("://")
        .ok_or(LocationProblem::UnknownScheme)?;
    let scheme = [
        Scheme::S3,
        Scheme::S3a,
        Scheme::S3n,
        Scheme::Abfss,
        Scheme::Wasbs,
        Scheme::Gs,
        Scheme::Memory,
    ]
    .into_iter()
    .find(|s| s.as_str() == name);
    Ok((scheme.ok_or(LocationProblem::UnknownScheme)?, rest))
}

fn file(path: &str) -> Result<Location, LocationProblem> {
    if !path.starts_with('/') {
        return Err(LocationProblem::RelativePath);
    }
    // POSIX takes several slashes in a row for one.
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    for segment in &segments {
        refuse_dots(segment)?;
        if segment.len() > MAX_FILE_NAME_BYTES {
            return Err(LocationProblem::NameTooLong(segment.len()));
        }
    }
    Ok(Location::from_checked(
        Scheme::File,
        "",
        &segments.join("/"),
    ))
}

fn checked_bucket(scheme: Scheme, bucket: &str) -> Result<&str, LocationProblem> {
    if bucket.is_empty() {
        return Err(LocationProblem::NoBucket);
    }
    let broken_rule = match scheme {
        Scheme::Gs => gcs_bucket_problem(bucket),
        _ => bucket_problem(bucket),
    };
    match broken_rule {
        None => Ok(bucket),
        Some(rule) => Err(LocationProblem::Bucket {
            bucket: bucket.to_owned(),
            rule,
        }),
    }
}

/// The part before the first slash, and the checked key after it.
fn split_key(rest: &str) -> Result<(&str, &str), LocationProblem> {
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    let key = key.strip_suffix('/').unwrap_or(key);
    if !key.is_empty() {
        for segment in key.split('/') {
            if segment.is_empty() {
                return Err(LocationProblem::EmptySegment);
            }
            refuse_dots(segment)?;
        }
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(LocationProblem::KeyTooLong(key.len()));
    }
    Ok((authority, key))
}

fn refuse_dots(segment: &str) -> Result<(), LocationProblem> {
    match segment {
        "." | ".." => Err(LocationProblem::DotSegment(segment.to_owned())),
        _ => Ok(()),
    }
}
