//! The naming rules for buckets.

/// The rule of S3 that `bucket` breaks, or `None` when it is a proper name.
pub(crate) fn bucket_problem(bucket: &str) -> Option<&'static str> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !(3..=63).contains(&bucket.len()) {
        return Some("must have 3 to 63 characters");
    }
    if !bucket
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-')
    {
        return Some("may only have lower case letters, digits, dots and hyphens");
    }
    if !edge(bucket.chars().next()) || !edge(bucket.chars().next_back()) {
        return Some("must begin and end with a letter or a digit");
    }
    if bucket.contains("..") {
        return Some("must not have two dots in a row");
    }
    if bucket.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("must not look like an IP address");
    }
    None
}

/// The rule of Google Cloud Storage that `bucket` breaks, or `None` when it is a proper name.
pub(crate) fn gcs_bucket_problem(bucket: &str) -> Option<&'static str> {
    const MAX_PART: usize = 63;
    const MAX_WITH_DOTS: usize = 222;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let max = if bucket.contains('.') {
        MAX_WITH_DOTS
    } else {
        MAX_PART
    };
    if !(3..=max).contains(&bucket.len()) {
        return Some("must have 3 to 63 characters, or up to 222 with dots");
    }
    if !bucket
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
    {
        return Some("may only have lower case letters, digits, dots, hyphens and underscores");
    }
    if !edge(bucket.chars().next()) || !edge(bucket.chars().next_back()) {
        return Some("must begin and end with a letter or a digit");
    }
    if bucket.contains("..") {
        return Some("must not have two dots in a row");
    }
    if bucket.split('.').any(|part| part.len() > MAX_PART) {
        return Some("must have at most 63 characters between two dots");
    }
    if bucket.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("must not look like an IP address");
    }
    if bucket.starts_with("goog") || bucket.contains("google") {
        return Some("must not begin with `goog` or contain `google`");
    }
    None
}
