//! Versions of a view: its queries, and the default catalog and namespace of the names in them.

use std::collections::BTreeSet;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{ParseError, UpdateError};
use crate::json::{
    Extra, Object, ObjectWriter, Raw, canonical, check_depth, drop_nulls, size_of_extra,
};
use crate::table::strings;

/// One version of a view (view spec, "Versions").
///
/// Reading needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
#[derive(Debug, Clone)]
pub struct ViewVersion {
    pub(crate) id: i32,
    pub(crate) timestamp_ms: i64,
    /// In an update, −1 stands for the schema added last.
    pub(crate) schema_id: i32,
    summary: Raw,
    default_catalog: Option<String>,
    default_namespace: Vec<String>,
    representations: Vec<Representation>,
    extra: Extra,
}

/// One query of a view. Kinds other than `sql` are kept unread.
#[derive(Debug, Clone)]
struct Representation {
    dialect: Option<String>,
    raw: Raw,
}

impl ViewVersion {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("view version", text)?;
        let summary = object.require_raw("summary")?;
        let strings = serde_json::from_str::<std::collections::BTreeMap<String, String>>;
        strings(summary.get())
            .map_err(|error| object.error(format_args!("the field `summary`: {error}")))?;
        Ok(Self {
            id: object.require("version-id")?,
            timestamp_ms: object.require("timestamp-ms")?,
            schema_id: object.require("schema-id")?,
            summary: Raw::from(summary),
            default_catalog: object.optional("default-catalog")?,
            default_namespace: object.require("default-namespace")?,
            representations: object
                .require_array("representations")?
                .into_iter()
                .map(Representation::parse)
                .collect::<Result<_, _>>()?,
            extra: object.rest(),
        })
    }

    pub(crate) fn print(&self, out: &mut String) {
        let mut writer = ObjectWriter::new(out);
        writer
            .plain("version-id", self.id)
            .plain("timestamp-ms", self.timestamp_ms)
            .plain("schema-id", self.schema_id)
            .json("summary", self.summary.get());
        if let Some(catalog) = &self.default_catalog {
            writer.string("default-catalog", catalog);
        }
        strings(&mut writer, "default-namespace", &self.default_namespace);
        writer.array(
            "representations",
            &self.representations,
            |out, representation| {
                out.push_str(representation.raw.get());
            },
        );
        writer.extra(&self.extra).end();
    }

    /// A text that is equal for versions with the same content; ids and timestamps do not count.
    pub(crate) fn content_key(&self) -> String {
        let mut version = self.clone();
        (version.id, version.timestamp_ms) = (0, 0);
        drop_nulls(&mut version.extra);
        let mut text = String::new();
        version.print(&mut text);
        canonical(&text)
    }

    /// The approximate size of the version's JSON, in bytes.
    pub(crate) fn size(&self) -> usize {
        let queries = self.representations.iter().map(|one| one.raw.get().len());
        let levels = self.default_namespace.iter().map(String::len);
        let texts = queries.sum::<usize>() + levels.sum::<usize>() + self.summary.get().len();
        texts + size_of_extra(&self.extra)
    }

    /// The SQL dialects that the version has queries for, in lower case.
    pub(crate) fn dialects(&self) -> BTreeSet<String> {
        self.representations
            .iter()
            .filter_map(|r| r.dialect.clone())
            .collect()
    }

    pub(crate) fn has_queries(&self) -> bool {
        !self.representations.is_empty()
    }

    /// Refuses two queries for one dialect.
    pub(crate) fn check_dialects(&self) -> Result<(), UpdateError> {
        let mut seen = BTreeSet::new();
        for dialect in self
            .representations
            .iter()
            .filter_map(|r| r.dialect.as_deref())
        {
            if !seen.insert(dialect) {
                return Err(UpdateError::Invalid(format!(
                    "Invalid view version: Cannot add multiple queries for dialect {dialect}"
                )));
            }
        }
        Ok(())
    }
}

impl Representation {
    fn parse(value: &RawValue) -> Result<Self, ParseError> {
        let mut object = Object::parse("view representation", value.get())?;
        let kind: String = object.require("type")?;
        let dialect = if kind.eq_ignore_ascii_case("sql") {
            object.require::<String>("sql")?;
            Some(object.require::<String>("dialect")?.to_lowercase())
        } else {
            None
        };
        Ok(Self {
            dialect,
            raw: Raw::from(value),
        })
    }
}

impl<'de> Deserialize<'de> for ViewVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}
