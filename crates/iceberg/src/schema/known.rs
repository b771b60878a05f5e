//! A cache of the parsed schemas of a table or view while updates are applied: each schema is parsed at most once,
//! however many others it is compared with.

use std::collections::HashMap;

use super::Schema;
use crate::error::ParseError;
use crate::json::Raw;

/// A schema that is kept as text: its tree is only built when an update needs it.
#[derive(Debug, Clone)]
pub(crate) struct StoredSchema {
    pub(crate) id: i32,
    pub(crate) raw: Raw,
}

/// The schemas that have been parsed so far, by id.
#[derive(Default)]
pub(crate) struct KnownSchemas(HashMap<i32, Schema>);

impl KnownSchemas {
    /// The id of the first of the stored schemas that describes the same columns.
    pub(crate) fn equal_to(
        &mut self,
        schema: &Schema,
        stored: &[StoredSchema],
    ) -> Result<Option<i32>, ParseError> {
        for one in stored {
            if self.get(one)?.same_as(schema) {
                return Ok(Some(one.id));
            }
        }
        Ok(None)
    }

    /// Adds a new schema. It replaces a removed schema that had the same id.
    pub(crate) fn add(&mut self, id: i32, schema: Schema) {
        self.0.insert(id, schema);
    }

    pub(super) fn get(&mut self, stored: &StoredSchema) -> Result<&Schema, ParseError> {
        use std::collections::hash_map::Entry;
        Ok(match self.0.entry(stored.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => slot.insert(Schema::parse(stored.raw.get())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str) -> String {
        format!(
            r#"{{"type":"struct","fields":[{{"id":1,"name":"{name}","required":true,"type":"int"}}]}}"#
        )
    }

    #[test]
    fn a_text_is_parsed_once() {
        let stored = |texts: [&str; 2]| {
            [0, 1].map(|id| StoredSchema {
                id,
                raw: Raw::printed(texts[usize::try_from(id).unwrap()].to_owned()),
            })
        };
        let mut known = KnownSchemas::default();
        let (a, b) = (schema("a"), schema("b"));
        let wanted = Schema::parse(&b).unwrap();
        assert_eq!(known.equal_to(&wanted, &stored([&a, &b])), Ok(Some(1)));
        let unreadable = stored(["not read", "not read"]);
        assert_eq!(known.equal_to(&wanted, &unreadable), Ok(Some(1)));
        let other = Schema::parse(&schema("c")).unwrap();
        assert_eq!(known.equal_to(&other, &unreadable), Ok(None));
        known.add(1, other.clone());
        assert_eq!(known.equal_to(&other, &unreadable), Ok(Some(1)));
    }
}
