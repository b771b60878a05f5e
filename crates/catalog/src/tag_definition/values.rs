//! Checks tag definitions and the values of tags.

use std::collections::BTreeSet;

use model::{Bounds, Excerpt, TagName, TagScope};
use store::TagValues;

use crate::{CatalogError, Result, TagErrorKind};

/// The kind of values that a tag allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagValueKind {
    /// No value: the tag itself is the information.
    Marker,
    /// Any text.
    FreeText,
    /// One of a fixed set of values.
    Enumerated,
}

pub(super) fn invalid(message: impl Into<String>) -> CatalogError {
    CatalogError::new(TagErrorKind::InvalidDefinition.into(), message)
}

/// The values of a new definition. `allowed` must be given for an enumerated tag, and only for such.
pub fn values(kind: TagValueKind, allowed: Option<Vec<String>>) -> Result<TagValues> {
    let allowed = allowed.unwrap_or_default();
    match (kind, allowed.is_empty()) {
        (TagValueKind::Marker, true) => Ok(TagValues::Marker),
        (TagValueKind::FreeText, true) => Ok(TagValues::FreeText),
        (TagValueKind::Enumerated, true) => Err(invalid(
            "an `enumerated` tag needs at least one value in `allowed-values`",
        )),
        (TagValueKind::Enumerated, false) => {
            Ok(TagValues::Enumerated(with(BTreeSet::new(), allowed)?))
        }
        (TagValueKind::Marker | TagValueKind::FreeText, false) => Err(invalid(
            "`allowed-values` is for `enumerated` tags; leave it out",
        )),
    }
}

/// Adds values. `more` must not have a value twice; values that are already there are no error.
pub(super) fn with(mut values: BTreeSet<String>, more: Vec<String>) -> Result<BTreeSet<String>> {
    let mut new = BTreeSet::new();
    for value in more {
        if let Some(why) = misshapen(&value) {
            return Err(invalid(format!("an allowed value {why}")));
        }
        if !new.insert(value.clone()) {
            return Err(invalid(format!("allowed value `{value}` is given twice")));
        }
    }
    values.append(&mut new);
    if values.len() > Bounds::TAG_VALUES {
        return Err(invalid(format!(
            "a tag may have at most {} allowed values, not {}",
            Bounds::TAG_VALUES,
            values.len()
        )));
    }
    Ok(values)
}

/// The reason why a value is invalid for any tag; `None` if it is valid.
fn misshapen(value: &str) -> Option<String> {
    let chars = value.chars().count();
    if !(1..=Bounds::TAG_CHARS).contains(&chars) {
        let max = Bounds::TAG_CHARS;
        return Some(format!("must have 1 to {max} characters, not {chars}"));
    }
    let control = value.chars().find(|c| c.is_control())?;
    Some(format!(
        "must not contain the control character U+{:04X}",
        u32::from(control)
    ))
}

/// Refuses a value that the tag does not allow.
pub(crate) fn check_value(name: &TagName, values: &TagValues, value: Option<&str>) -> Result<()> {
    let why = match (values, value) {
        (TagValues::Marker, None) => None,
        (TagValues::Marker, Some(_)) => Some("takes no value".to_owned()),
        (TagValues::FreeText | TagValues::Enumerated(_), None) => Some("needs a value".to_owned()),
        (TagValues::FreeText, Some(value)) => {
            misshapen(value).map(|why| format!("has a value that {why}"))
        }
        (TagValues::Enumerated(allowed), Some(value)) => (!allowed.contains(value)).then(|| {
            let shown = Excerpt(value);
            format!("does not allow the value `{shown}`")
        }),
    };
    match why {
        None => Ok(()),
        Some(why) => Err(CatalogError::new(
            TagErrorKind::InvalidValue.into(),
            format!("tag `{name}` {why}"),
        )),
    }
}

/// Refuses names that only the catalog itself may use, empty scopes, and descriptions that are too long.
pub(super) fn check(
    name: &TagName,
    description: Option<&str>,
    scope: &BTreeSet<TagScope>,
) -> Result<()> {
    if name.is_reserved() {
        let message = format!(
            "tag name `{name}` is reserved: `system`, `lakekeeper` and names that begin with `system.` or `lakekeeper.` \
             are for the catalog itself"
        );
        return Err(CatalogError::new(TagErrorKind::Reserved.into(), message));
    }
    if scope.is_empty() {
        let message = "`scope` must name at least one thing that the tag can be attached to";
        return Err(invalid(message));
    }
    let bytes = description.map_or(0, str::len);
    if bytes > Bounds::TAG_DESCRIPTION_BYTES {
        let max = Bounds::TAG_DESCRIPTION_BYTES;
        let message = format!("the description of a tag may have at most {max} bytes, not {bytes}");
        return Err(invalid(message));
    }
    Ok(())
}
