//! Checks that must hold for any text that is given as a location. The fuzz target calls them, and so do tests of the crate
//! `objects`, on the saved corpus and on texts made up from doubtful parts.
//!
//! The checks split locations with code of their own.

#[path = "decoding.rs"]
mod decoding;

use decoding::lenient;
use model::Bounds;
use objects::Location;
use unicode_normalization::UnicodeNormalization;

/// The bytes are one or two lines. A line that is accepted as a location can be read in one way only, and whether one of two
/// locations lies in the other is decided correctly.
pub(crate) fn location(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = location_text(text);
    }
}

/// Checks each line and each pair of lines. Returns whether all lines are accepted as locations of tables.
pub(crate) fn location_text(text: &str) -> bool {
    let lines: Vec<&str> = text.splitn(2, '\n').collect();
    let taken: Vec<Location> = lines.iter().filter_map(|line| taken(line)).collect();
    for one in &taken {
        for other in &taken {
            judge_pair(one, other);
        }
    }
    taken.len() == lines.len()
}

/// The location, if it is one that a client may propose for a table.
fn taken(given: &str) -> Option<Location> {
    let object = Location::parse_object(given);
    if let Ok(location) = &object {
        judge_spelling(given, location);
        judge_family(location);
    }
    let location = Location::parse(given).ok()?;
    assert_eq!(Ok(&location), object.as_ref(), "stricter, not different");
    judge_readers(given);
    Some(location)
}

/// The store and the path segments that a text names.
fn apart(given: &str) -> (String, Vec<&str>) {
    let (scheme, rest) = match given.split_once(':') {
        Some((scheme, rest)) if !given.starts_with('/') => (scheme, rest),
        _ => ("file", given),
    };
    if scheme == "file" {
        let segments = rest.split('/').filter(|segment| !segment.is_empty());
        return ("file://".to_owned(), segments.collect());
    }
    let rest = rest.strip_prefix("//").unwrap();
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    let key = key.strip_suffix('/').unwrap_or(key);
    let segments = key.split('/').filter(|_| !key.is_empty()).collect();
    let store = match scheme {
        "s3a" | "s3n" => format!("s3://{authority}"),
        "abfss" | "wasbs" => format!("abfss://{}", one_host(authority)),
        _ => format!("{scheme}://{authority}"),
    };
    (store, segments)
}

/// The host of an Azure account in one spelling: its case does not count, and its `blob` and `dfs` names are the same.
fn one_host(authority: &str) -> String {
    let (filesystem, host) = authority.split_once('@').unwrap();
    let host = host.to_ascii_lowercase();
    let mut labels: Vec<&str> = host.split('.').collect();
    let service = (1..labels.len()).find(|at| ["blob", "dfs"].contains(&labels[*at]));
    if let Some(at) = service {
        labels[at] = "dfs";
    }
    format!("{filesystem}@{}", labels.join("."))
}

/// Checks that the location has the store and segments of the text, and that its normalised form is the same location.
fn judge_spelling(given: &str, location: &Location) {
    let (store, segments) = apart(given);
    assert!(given.len() <= Bounds::LOCATION_BYTES && !given.contains(char::is_control));
    assert_eq!(location.as_str(), given);
    let whole: Vec<&str> = std::iter::once(store.as_str())
        .chain(segments.iter().copied())
        .collect();
    assert_eq!(location.normalized(), whole.join("/"));
    assert_eq!(location.key(), segments.join("/"));
    assert!(store.ends_with(location.bucket()));
    for segment in &segments {
        assert!(!matches!(*segment, "" | "." | ".."), "segment {segment:?}");
    }
    // The root of the files has no path left, so its normalised form is no location.
    if location.normalized() != "file://" {
        let again = Location::parse_object(location.normalized()).unwrap();
        assert_eq!(again.normalized(), location.normalized());
    }
}

/// Checks that the location lies in its parent, and that joining its name to the parent gives the location.
fn judge_family(location: &Location) {
    assert!(location.is_within(location));
    let Some(parent) = location.parent() else {
        assert_eq!((location.key(), location.name()), ("", ""));
        return;
    };
    assert!(location.is_within(&parent) && !parent.is_within(location));
    assert_eq!(Location::parse_object(parent.as_str()), Ok(parent.clone()));
    assert_eq!(parent.join(location.name()), Ok(location.clone()));
    let beside = format!("{}2", location.normalized());
    if let Ok(beside) = Location::parse_object(&beside) {
        assert!(!beside.is_within(location) && !location.is_within(&beside));
    }
}

/// Checks that the text leads to the same place however often a reader decodes it, cuts it or normalises its characters
/// (NFKC).
fn judge_readers(given: &str) {
    let plain: String = given.nfkc().collect();
    assert!(!plain.contains(['?', '#', '\\']), "cut by some: {plain:?}");
    assert!(plain.matches("://").count() < 2, "two in one: {plain:?}");
    assert_eq!(plain.matches('%').count(), given.matches('%').count());
    let mut current = given.to_owned();
    for _ in 0..8 {
        assert!(!current.contains(char::is_control), "{current:?}");
        let plain: String = current.nfkc().collect();
        let slashes = plain.matches(['/', '\\']).count();
        assert_eq!(slashes, given.matches('/').count(), "{current:?}");
        for segment in plain.split('/') {
            assert!(!matches!(segment, "." | ".."), "climbs: {current:?}");
        }
        current = lenient(&current);
    }
}

/// Checks that `is_within` agrees with the segments of both locations, and so does the index range in which the stores look
/// for what lies in `outer`.
fn judge_pair(inner: &Location, outer: &Location) {
    let (inner_at, outer_at) = (apart(inner.as_str()), apart(outer.as_str()));
    let expected = inner_at.0 == outer_at.0 && inner_at.1.starts_with(&outer_at.1);
    assert_eq!(inner.is_within(outer), expected, "{inner:?} in {outer:?}");
    let both = expected && outer.is_within(inner);
    assert_eq!(inner == outer, both, "{inner:?} and {outer:?}");
    let (from, to) = (
        format!("{}/", outer.normalized()),
        format!("{}0", outer.normalized()),
    );
    let in_range = (from.as_str()..to.as_str()).contains(&inner.normalized());
    assert_eq!(in_range, expected && !both, "{inner:?} in {outer:?}");
}
