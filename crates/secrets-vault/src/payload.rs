//! Converts a secret to and from the `data` of KV v2, which must be a JSON object.
//!
//! A storage credential is a JSON object and is stored as it is, as in today's Lakekeeper. Any other text is wrapped
//! in an object.

use secrets::Plaintext;
use serde_json::{Map, Value};

/// The only member of an object that wraps a text.
const TEXT: &str = "text";

pub(crate) fn to_data(secret: &Plaintext) -> Map<String, Value> {
    match serde_json::from_str(secret.expose()) {
        Ok(Value::Object(members)) if wrapped(&members).is_none() => members,
        _ => Map::from_iter([(TEXT.to_owned(), Value::from(secret.expose()))]),
    }
}

pub(crate) fn from_data(data: Map<String, Value>) -> Plaintext {
    match wrapped(&data) {
        Some(text) => Plaintext::new(text),
        None => Plaintext::new(Value::Object(data).to_string()),
    }
}

fn wrapped(data: &Map<String, Value>) -> Option<&str> {
    let text = data.get(TEXT).filter(|_| data.len() == 1);
    text.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "s",
            "[1]",
            r#"{"type":"s3"}"#,
            r#"{"text":"s"}"#,
            r#"{"text":1}"#,
            r#"{"more":{},"text":"s"}"#,
            "{\"broken\":",
        ] {
            let back = from_data(to_data(&Plaintext::new(text)));
            assert_eq!(back.expose(), text);
        }
    }

    #[test]
    fn an_object_stands_there_as_it_is() {
        let credential = r#"{"type":"s3","credential-type":"access-key"}"#;
        let data = to_data(&Plaintext::new(credential));
        assert_eq!(data["credential-type"], "access-key");
    }
}
