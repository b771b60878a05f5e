//! The body of a request to an admission service: the operator's JSON, with the caller filled in.

use std::fmt;

use serde_json::Value;

/// Longest template, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// A JSON text with placeholders that each request fills in: `{{subject}}` and `{{idp_id}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyTemplate(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Subject,
    IdpId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Place(Place),
}

/// Why a text is not a valid template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBody {
    /// It is not JSON.
    #[error("is no JSON: {0}")]
    Json(String),
    /// It has an unknown placeholder.
    #[error("has `{{{{{0}}}}}`; there are `{{{{subject}}}}` and `{{{{idp_id}}}}`")]
    Placeholder(String),
    /// It has a placeholder in the name of a field.
    #[error("has `{{{{` in the name of a field; only texts are filled in")]
    Name,
    /// It is too long.
    #[error("has more than {MAX_BYTES} bytes")]
    TooLong,
}

impl BodyTemplate {
    /// Parses a template. In valid JSON, `{{` only occurs within strings.
    pub fn parse(text: &str) -> Result<Self, InvalidBody> {
        if text.len() > MAX_BYTES {
            return Err(InvalidBody::TooLong);
        }
        let json: Value =
            serde_json::from_str(text).map_err(|error| InvalidBody::Json(error.to_string()))?;
        if has_open_name(&json) {
            return Err(InvalidBody::Name);
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((literal, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| InvalidBody::Placeholder(start(after)))?;
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Place(match name.trim() {
                "subject" => Place::Subject,
                "idp_id" => Place::IdpId,
                _ => return Err(InvalidBody::Placeholder(start(name))),
            }));
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The body for a caller of this subject and identity provider.
    pub fn fill(&self, subject: &str, idp_id: &str) -> String {
        let mut body = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => body.push_str(text),
                Part::Place(Place::Subject) => push_escaped(&mut body, subject),
                Part::Place(Place::IdpId) => push_escaped(&mut body, idp_id),
            }
        }
        body
    }
}

/// Appends the text, escaped as within a JSON string.
fn push_escaped(body: &mut String, text: &str) {
    let quoted = Value::from(text).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    body.push_str(inner.unwrap_or_default());
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

fn has_open_name(json: &Value) -> bool {
    match json {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains("{{") || has_open_name(value)),
        Value::Array(items) => items.iter().any(has_open_name),
        _ => false,
    }
}

impl fmt::Display for BodyTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.fill("{{subject}}", "{{idp_id}}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_filled_in_stays_a_text_and_all_else_stays_as_it_is() {
        let text = r#"{ "s": "{{subject}}@{{ idp_id }}", "n": 1.50, "a": ["{{subject}}", null], "o": {"b":{"c":1}} }"#;
        let template = BodyTemplate::parse(text).unwrap();
        let subject = "a\"},\"admin\":\"yes\\ü\n{{idp_id}}";
        let filled = template.fill(subject, "oidc");
        assert!(filled.contains("1.50"), "{filled}");
        let json: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(json["s"], format!("{subject}@oidc"));
        assert_eq!(json["a"], json!([subject, null]));
        assert_eq!(json.as_object().unwrap().len(), 4);
    }

    #[test]
    fn what_cannot_be_filled_in_is_refused() {
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES));
        for (text, part) in [
            ("", "no JSON"),
            ("{", "no JSON"),
            (r#"{"a":{{subject}}}"#, "no JSON"),
            (r#"{"a":"{{user}}"}"#, "`{{user}}`"),
            (r#"{"a":"{{subject"}"#, "{{subject"),
            (r#"{"{{subject}}":1}"#, "name of a field"),
            (&long, "65536"),
        ] {
            let refused = BodyTemplate::parse(text).unwrap_err().to_string();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
