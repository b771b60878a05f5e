//! Reads the statistics files and encryption keys that clients attach to tables, as strictly as the Java reference:
//! it cannot load a table in which one of their fields is missing. Stored ones are read leniently.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::log::{EncryptionKey, StatisticsFile};
use crate::error::ParseError;
use crate::json::{Object, Raw, without_nulls};

impl StatisticsFile {
    /// Reads a statistics file that a client wants to set.
    pub(crate) fn parse_new(value: &RawValue) -> Result<Self, ParseError> {
        let raw = without_nulls(value)?;
        let mut object = file(&raw)?;
        object.require::<i64>("file-footer-size-in-bytes")?;
        for blob in object.require_array("blob-metadata")? {
            check_blob(blob.get())?;
        }
        Self::of(raw)
    }

    /// Reads a partition statistics file that a client wants to set.
    pub(crate) fn parse_new_of_partitions(value: &RawValue) -> Result<Self, ParseError> {
        let raw = without_nulls(value)?;
        file(&raw)?;
        Self::of(raw)
    }
}

/// Splits a statistics file and checks the member that both kinds of them need.
fn file(raw: &Raw) -> Result<Object<'_>, ParseError> {
    let mut object = Object::parse("statistics file", raw.get())?;
    object.require::<i64>("file-size-in-bytes")?;
    Ok(object)
}

fn check_blob(text: &str) -> Result<(), ParseError> {
    let mut blob = Object::parse("blob metadata", text)?;
    blob.require::<String>("type")?;
    blob.require::<i64>("snapshot-id")?;
    blob.require::<i64>("sequence-number")?;
    blob.require::<Vec<i32>>("fields")?;
    blob.optional::<BTreeMap<String, String>>("properties")?;
    Ok(())
}

impl EncryptionKey {
    /// Reads a key that a client wants to add.
    pub(crate) fn parse_new(value: &RawValue) -> Result<Self, ParseError> {
        let raw = without_nulls(value)?;
        let mut object = Object::parse("encryption key", raw.get())?;
        object.optional::<BTreeMap<String, String>>("properties")?;
        object.optional::<String>("encrypted-by-id")?;
        if !is_base64(&object.require::<String>("encrypted-key-metadata")?) {
            return Err(object.error("the field `encrypted-key-metadata` is not base64"));
        }
        Self::of(raw)
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    // Padding may be missing as a whole, but not in part.
    let is_whole = match digits.len() % 4 {
        0 => padding == 0,
        2 => matches!(padding, 0 | 2),
        3 => matches!(padding, 0 | 1),
        _ => false,
    };
    is_whole && digits.bytes().all(is_digit)
}
