//! How a table's data is laid out: partition specs and sort orders over the columns of a schema.

mod partition;
mod sort;
mod transform;

pub use partition::PartitionSpec;
pub use sort::SortOrder;

pub(crate) use partition::{FIRST_PARTITION_ID, name_taken_error};
pub(crate) use sort::{FIRST_ORDER_ID, UNSORTED_ID};

use crate::error::ParseError;
use crate::json::{Object, ObjectWriter};

/// The first format version with `source-ids`.
const SEVERAL_SOURCES_SINCE: u8 = 3;

/// The columns that a transform reads: `source-id`, or since v3 `source-ids` when there are several.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    one: Option<i32>,
    many: Option<Vec<i32>>,
}

impl Sources {
    fn take(object: &mut Object<'_>) -> Result<Self, ParseError> {
        let many: Option<Vec<i32>> = object.optional("source-ids")?;
        let one = object.optional("source-id")?;
        if one.is_none() && many.as_ref().is_none_or(Vec::is_empty) {
            return Err(object.error("the field `source-id` (or `source-ids`) is missing"));
        }
        Ok(Self { one, many })
    }

    fn ids(&self) -> impl Iterator<Item = i32> {
        let is_several = self.many.as_ref().is_some_and(|many| !many.is_empty());
        let one = if is_several { None } else { self.one };
        one.into_iter().chain(self.many.iter().flatten().copied())
    }

    /// Brings the sources that a client sent into the form of this format version: a single column is always
    /// `source-id`, which all readers know. The error says which form the version does not have.
    fn normalize_for_version(&mut self, format_version: u8) -> Result<(), String> {
        let Some(many) = &self.many else {
            return Ok(());
        };
        match (self.one, many.as_slice()) {
            (one, [only]) if one.is_none_or(|one| one == *only) => {
                *self = Self {
                    one: Some(*only),
                    many: None,
                };
                Ok(())
            }
            _ if format_version < SEVERAL_SOURCES_SINCE => Err(format!(
                "transforms of several columns are not supported until v{SEVERAL_SOURCES_SINCE}"
            )),
            _ => Ok(()),
        }
    }

    /// The same sources under their new ids; the error is the id for which there is no new id.
    fn renumbered(&self, new_id: impl Fn(i32) -> Option<i32>) -> Result<Self, i32> {
        let change = |id: i32| new_id(id).ok_or(id);
        Ok(Self {
            one: self.one.map(change).transpose()?,
            many: self
                .many
                .as_ref()
                .map(|many| many.iter().map(|id| change(*id)).collect())
                .transpose()?,
        })
    }

    fn print(&self, writer: &mut ObjectWriter<'_>) {
        writer.plain_if_some("source-id", self.one);
        if let Some(many) = &self.many {
            writer.array("source-ids", many, |out, id| out.push_str(&id.to_string()));
        }
    }
}

/// Equal if they list the same columns in the same order, be it as `source-id` or as `source-ids`.
impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        self.ids().eq(other.ids())
    }
}

impl Eq for Sources {}

impl std::hash::Hash for Sources {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ids().for_each(|id| id.hash(state));
    }
}

impl std::fmt::Display for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.ids().map(|id| id.to_string()).collect();
        f.write_str(&ids.join(", "))
    }
}
