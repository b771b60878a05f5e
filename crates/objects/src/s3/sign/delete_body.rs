//! The keys in the body of `POST ?delete`.
//!
//! Reads only the form of XML that clients write, in which no two parsers see different keys: without comments,
//! sections, entity declarations, attributes, and unknown elements.

use super::SignError;

/// S3 accepts no more keys.
const MAX_KEYS: usize = 1000;
/// Enough for that many keys of 1024 bytes, with escapes and tags.
const MAX_BYTES: usize = 2 * 1024 * 1024;
const NAMESPACES: [&str; 3] = [
    "<Delete>",
    r#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#,
    r#"<Delete xmlns="https://s3.amazonaws.com/doc/2006-03-01/">"#,
];

pub(super) fn keys(body: &str) -> Result<Vec<String>, SignError> {
    SignError::bound("body", body.len(), MAX_BYTES)?;
    let mut reader = Reader { rest: body };
    let keys = reader
        .document()
        .map_err(|reason| SignError::DeleteBody { reason })?;
    if keys.len() > MAX_KEYS {
        return Err(SignError::TooLarge {
            what: "body of `POST ?delete`",
            found: keys.len(),
            unit: "keys",
            max: MAX_KEYS,
        });
    }
    Ok(keys)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Vec<String>, &'static str> {
        self.declaration()?;
        if !NAMESPACES.iter().any(|tag| self.take(tag)) {
            return Err("must be a `<Delete>` in the namespace of S3");
        }
        let mut keys = Vec::new();
        let mut has_quiet = false;
        loop {
            self.blanks();
            if self.take("<Object>") {
                keys.push(self.object()?);
            } else if !has_quiet && self.take("<Quiet>") {
                has_quiet = true;
                if !(self.take("true</Quiet>") || self.take("false</Quiet>")) {
                    return Err("has a `<Quiet>` that is neither `true` nor `false`");
                }
            } else if self.take("</Delete>") {
                break;
            } else {
                return Err("has something else than `<Object>` and one `<Quiet>` in `<Delete>`");
            }
        }
        self.blanks();
        if !self.rest.is_empty() {
            return Err("has something behind `</Delete>`");
        }
        if keys.is_empty() {
            return Err("names no key");
        }
        Ok(keys)
    }

    /// Skips `<?xml version="1.0" encoding="UTF-8"?>`, with either kind of quotes, if it is there.
    fn declaration(&mut self) -> Result<(), &'static str> {
        if let Some(after) = self.rest.strip_prefix("<?xml ") {
            let (inside, rest) = after.split_once("?>").unwrap_or_default();
            let plain = inside.trim_ascii().replace('\'', "\"");
            let known = [
                r#"version="1.0""#,
                r#"version="1.0" encoding="UTF-8""#,
                r#"version="1.0" encoding="utf-8""#,
                r#"version="1.0" encoding="UTF-8" standalone="yes""#,
            ];
            if !known.contains(&plain.as_str()) {
                return Err("has an XML declaration other than version 1.0 in UTF-8");
            }
            self.rest = rest;
        }
        self.blanks();
        Ok(())
    }

    /// Reads one key, after its `<Object>`.
    fn object(&mut self) -> Result<String, &'static str> {
        self.blanks();
        if !self.take("<Key>") {
            return Err("has an `<Object>` that does not begin with its `<Key>`");
        }
        let (text, rest) = self
            .rest
            .split_once("</Key>")
            .ok_or("has a `<Key>` without an end")?;
        self.rest = rest;
        self.blanks();
        if !self.take("</Object>") {
            return Err("has an `<Object>` with more than a `<Key>`, such as a version");
        }
        let key = unescape(text)?;
        // Some parsers cut off blanks at the ends.
        if key.trim() != key {
            return Err("has a key with a blank at an end");
        }
        Ok(key)
    }

    fn take(&mut self, expected: &str) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }
}

/// Replaces XML's five predefined entities and its numeric character references.
fn unescape(text: &str) -> Result<String, &'static str> {
    if text.contains(['<', '>']) {
        return Err("has a `<Key>` with markup in it");
    }
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part
            .split_once(';')
            .ok_or("has a `&` that begins no entity")?;
        plain.push(entity(name).ok_or("has an entity that XML itself does not have")?);
        plain.push_str(rest);
    }
    Ok(plain)
}

fn entity(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        // `from_str_radix` would also accept a sign.
        let is_plain = digits.bytes().all(|b| b.is_ascii_alphanumeric());
        is_plain
            .then(|| u32::from_str_radix(digits, radix).ok())
            .flatten()
            .and_then(char::from_u32)
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => match other.strip_prefix('#')? {
            hex if hex.starts_with('x') => number(hex.get(1..)?, 16),
            decimal => number(decimal, 10),
        },
    }
}
