//! Prints objects member by member; raw values are copied.

use std::fmt::{self, Write as _};

use super::depth::end_of_string;
use super::{Extra, Raw};

/// Prints one object to the end of a string.
pub(crate) struct ObjectWriter<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> ObjectWriter<'o> {
    pub(crate) fn new(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Prints `key` and returns the string to which its value must be appended.
    pub(crate) fn value(&mut self, key: &str) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        push_quoted(self.out, key);
        self.out.push(':');
        self.out
    }

    /// A number, `true` or `false`.
    pub(crate) fn plain(&mut self, key: &str, value: impl fmt::Display) -> &mut Self {
        push_plain(self.value(key), value);
        self
    }

    pub(crate) fn plain_if_some(
        &mut self,
        key: &str,
        value: Option<impl fmt::Display>,
    ) -> &mut Self {
        if let Some(value) = value {
            self.plain(key, value);
        }
        self
    }

    pub(crate) fn string(&mut self, key: &str, value: &str) -> &mut Self {
        push_quoted(self.value(key), value);
        self
    }

    /// A value that is JSON already.
    pub(crate) fn json(&mut self, key: &str, value: &str) -> &mut Self {
        self.value(key).push_str(value);
        self
    }

    /// An array; `print` appends one element.
    pub(crate) fn array<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        print: impl FnMut(&mut String, T),
    ) -> &mut Self {
        array_of(self.value(key), items, print);
        self
    }

    /// An object of strings.
    pub(crate) fn strings<'s>(
        &mut self,
        key: &str,
        entries: impl IntoIterator<Item = (&'s String, &'s String)>,
    ) -> &mut Self {
        let mut inner = ObjectWriter::new(self.value(key));
        for (name, value) in entries {
            inner.string(name, value);
        }
        inner.end();
        self
    }

    pub(crate) fn extra(&mut self, extra: &Extra) -> &mut Self {
        for (key, value) in extra {
            self.json(key, value.get());
        }
        self
    }

    pub(crate) fn end(&mut self) {
        self.out.push('}');
    }
}

/// Prints an array to the end of a string; `print` appends one element.
pub(crate) fn array_of<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        print(out, item);
    }
    out.push(']');
}

/// The text as a JSON string.
pub(crate) fn quoted(text: &str) -> Raw {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    Raw::printed(out)
}

fn push_plain(out: &mut String, value: impl fmt::Display) {
    // Writing to a `String` does not fail.
    let _ = write!(out, "{value}");
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

/// Valid JSON without the white space between its tokens.
pub(super) fn compact(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b' ' | b'\n' | b'\r' | b'\t' => at,
            b'"' => end_of_string(bytes, at) + 1,
            _ => at + 1,
        };
        // Outside of strings JSON is ASCII, so these are character boundaries.
        out.push_str(text.get(at..end.min(text.len())).unwrap_or_default());
        at = end.max(at + 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants() {
        let text = "q\" b\\ n\n t\t z\u{0} é 🦆";
        assert_eq!(
            serde_json::from_str::<String>(quoted(text).get()).unwrap(),
            text
        );
    }

    #[test]
    fn compacting_keeps_strings_whole() {
        let pretty = "{\n  \"a b\" : [ 1.50 , \"x \\\" \\n y\" ],\n\t\"é\": null\n}";
        assert_eq!(compact(pretty), r#"{"a b":[1.50,"x \" \n y"],"é":null}"#);
    }
}
