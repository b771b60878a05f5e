//! Removes `null` members from the JSON that clients send: a client means the same as by leaving the member out,
//! but other readers of the metadata refuse `null`. Stored metadata keeps its nulls.

use serde_json::value::RawValue;

use super::object::{Object, elements};
use super::write::{ObjectWriter, array_of};
use super::{Extra, Raw};
use crate::error::ParseError;

/// How many levels of objects and arrays are searched for nulls. The deepest are the blobs of a statistics file:
/// objects in a list in an object.
const LEVELS: usize = 3;

/// The value without the `null` members of its objects.
pub(crate) fn without_nulls(value: &RawValue) -> Result<Raw, ParseError> {
    let raw = Raw::from(value);
    // Most values have no null, and searching for one is cheaper than copying the value.
    if !raw.get().contains("null") {
        return Ok(raw);
    }
    let mut out = String::with_capacity(raw.get().len());
    write(&mut out, raw.get(), LEVELS)?;
    Ok(Raw::printed(out))
}

/// Removes the members whose value is `null`.
pub(crate) fn drop_nulls(extra: &mut Extra) {
    extra.retain(|(_, value)| value.get() != "null");
}

fn write(out: &mut String, text: &str, levels: usize) -> Result<(), ParseError> {
    match text.as_bytes().first() {
        Some(b'{') if levels > 0 => {
            let members = Object::parse("object", text)?.into_members();
            let mut writer = ObjectWriter::new(out);
            for (key, value) in members.iter().filter(|(_, value)| value.get() != "null") {
                write(writer.value(key), value.get(), levels - 1)?;
            }
            writer.end();
            Ok(())
        }
        Some(b'[') if levels > 0 => {
            let items = elements(text).map_err(|error| ParseError::new("array", error))?;
            let mut done = Ok(());
            array_of(out, items, |out, item| {
                if done.is_ok() {
                    done = write(out, item.get(), levels - 1);
                }
            });
            done
        }
        _ => {
            out.push_str(text);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_go_and_everything_else_stays_as_it_was_written() {
        let cases = [
            (r#"{"a":1.50,"b":"null"}"#, r#"{"a":1.50,"b":"null"}"#),
            (r#"{"a":null}"#, "{}"),
            (
                r#"{"a":null,"b":[null,{"c":null,"d":1e400}],"n\u0061":"x\ny"}"#,
                r#"{"b":[null,{"d":1e400}],"na":"x\ny"}"#,
            ),
        ];
        for (sent, want) in cases {
            let value: &RawValue = serde_json::from_str(sent).unwrap();
            assert_eq!(without_nulls(value).unwrap().get(), want);
        }
        let twice: &RawValue = serde_json::from_str(r#"{"a":null,"a":1}"#).unwrap();
        assert!(without_nulls(twice).is_err());
    }
}
