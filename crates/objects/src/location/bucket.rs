//! The naming rules for S3 buckets.

/// The rule that `bucket` breaks, or `None` when it is a proper name.
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
