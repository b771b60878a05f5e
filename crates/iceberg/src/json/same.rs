//! Equality of JSON values by meaning, exact for numbers of any size.

use super::object::{Object, elements};
use super::write::{ObjectWriter, array_of, quoted};

/// Whether two texts are the same JSON value. Objects compare without order. Numbers compare by
/// their text, so `1` and `1.0` differ: some reader may tell them apart.
///
/// Recursion is as deep as the text nests, which [`super::check_depth`] has bounded.
pub(crate) fn same_value(one: &str, two: &str) -> bool {
    one == two || canonical(one) == canonical(two)
}

/// A spelling that is the same for all values that [`same_value`] finds equal. To compare one value with many, each
/// has to be read only once.
pub(crate) fn canonical(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write(&mut out, text.trim());
    out
}

fn write(out: &mut String, text: &str) {
    match text.as_bytes().first() {
        Some(b'{') => {
            // An object that cannot be read (a key occurs twice) equals only the same text.
            let Ok(object) = Object::parse("object", text) else {
                return out.push_str(text);
            };
            let mut members = object.into_members();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            let mut writer = ObjectWriter::new(out);
            for (key, value) in members {
                write(writer.value(&key), value.get());
            }
            writer.end();
        }
        Some(b'[') => match elements(text) {
            Ok(items) => array_of(out, items, |out, item| write(out, item.get())),
            Err(_) => out.push_str(text),
        },
        Some(b'"') => match serde_json::from_str::<String>(text) {
            Ok(string) => out.push_str(quoted(&string).get()),
            Err(_) => out.push_str(text),
        },
        _ => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, same_value as same_in_pairs};

    /// Both ways to compare must say the same.
    fn same_value(one: &str, two: &str) -> bool {
        let same = same_in_pairs(one, two);
        assert_eq!(canonical(one) == canonical(two), same, "{one} and {two}");
        same
    }

    #[test]
    fn values_are_equal_whatever_their_spelling() {
        assert!(same_value(
            r#"{"a":1,"b":[true,"x"]}"#,
            r#" { "b":[true , "\u0078"], "a":1}"#
        ));
        assert!(!same_value(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
        assert!(!same_value("[1,2]", "[2,1]"));
        assert!(!same_value(
            "12345678901234567890123",
            "12345678901234567890124"
        ));
        assert!(!same_value("1", "\"1\""));
        assert!(!same_value("1", "1.0"));
        // Text that cannot be read equals only itself.
        assert!(same_value(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#));
        assert!(!same_value(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#));
        assert!(!same_value(r#""\ud800""#, r#""\\ud800""#));
    }
}
