//! What a definition may say, and which values it allows.

use std::collections::BTreeSet;

use model::{Bounds, Excerpt, TagName, TagScope};
use store::TagValues;

use crate::{CatalogError, Result, TagErrorKind};

/// Which values a tag takes, without those to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagValueKind {
    /// None: that it is there says all.
    Marker,
    /// Any text.
    FreeText,
    /// One of a few.
    Enumerated,
}

pub(super) fn invalid(message: impl Into<String>) -> CatalogError {
    CatalogError::new(TagErrorKind::InvalidDefinition.into(), message)
}

/// The values of a new definition.
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

/// The values with some more, none of which may be among them twice.
pub(super) fn with(mut values: BTreeSet<String>, more: Vec<String>) -> Result<BTreeSet<String>> {
    let mut new = BTreeSet::new();
    for value in more {
        if let Some(why) = misshapen(&value) {
            return Err(invalid(format!("an allowed value {why}")));
        }
        if !new.insert(value.clone()) {
            return Err(invalid(format!("allowed value `{value}` is there twice")));
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

/// What is wrong with a value, whatever the tag.
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

/// Refuses a value that the tag does not take.
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
            "tag name `{name}` is reserved: the catalog keeps `system`, `lakekeeper` and what begins with them and a dot"
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
