//! Lossless JSON: values are kept as the text that was read, and objects are split one level at a time.
//! Numbers never pass through a float, and members with unknown keys are kept.

mod depth;
mod nulls;
mod object;
mod same;
mod write;

pub(crate) use depth::check_depth;
pub(crate) use nulls::{drop_nulls, without_nulls};
pub(crate) use object::{Object, elements};
pub(crate) use same::{canonical, same_value};
pub(crate) use write::{ObjectWriter, array_of, quoted};

use std::sync::Arc;

use serde_json::value::RawValue;

/// The text of one valid JSON value. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Raw(Arc<str>);

impl Raw {
    /// Takes text that this crate has printed itself.
    pub(crate) fn printed(text: String) -> Self {
        Self(text.into())
    }

    pub(crate) fn get(&self) -> &str {
        &self.0
    }
}

impl From<&RawValue> for Raw {
    /// Keeps the value's text; if it has several lines, the white space between its tokens is removed.
    fn from(value: &RawValue) -> Self {
        let text = value.get();
        // Inside a JSON string a line feed is escaped, so a bare one means pretty-printing.
        if text.contains('\n') {
            Self(write::compact(text).into())
        } else {
            Self(text.into())
        }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Raw {
    /// Equal as JSON values: the order of keys and white space do not count.
    fn eq(&self, other: &Self) -> bool {
        same_value(&self.0, &other.0)
    }
}

/// Members of an object that this crate does not interpret, in the order they came.
pub(crate) type Extra = Vec<(String, Raw)>;

/// The approximate size of the members as JSON, in bytes.
pub(crate) fn size_of_extra(extra: &Extra) -> usize {
    let size = |(key, value): &(String, Raw)| key.len() + value.get().len() + 4;
    extra.iter().map(size).sum()
}

/// Whether two sets of uninterpreted members are equal. A `null` member counts as absent.
pub(crate) fn same_extra(one: &Extra, two: &Extra) -> bool {
    let sorted = |extra: &Extra| {
        let given = extra.iter().filter(|(_, value)| value.get() != "null");
        let mut members: Vec<_> = given.cloned().collect();
        members.sort_by(|(one, _), (two, _)| one.cmp(two));
        members
    };
    if one.is_empty() && two.is_empty() {
        true
    } else {
        sorted(one) == sorted(two)
    }
}

impl serde::Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}
