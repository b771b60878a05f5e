//! Equality of JSON values by meaning, exact for numbers of any size.

use serde_json::value::RawValue;

use super::object::{Object, elements};

/// Whether two texts are the same JSON value. Objects compare without order. Numbers compare by
/// their text, so `1` and `1.0` differ: what differs in text may differ in meaning to some reader.
///
/// Recursion is as deep as the text nests, which [`super::check_depth`] has bounded.
pub(crate) fn same_value(one: &str, two: &str) -> bool {
    let (one, two) = (one.trim(), two.trim());
    if one == two {
        return true;
    }
    match (one.as_bytes().first(), two.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => same_object(one, two),
        (Some(b'['), Some(b'[')) => same_array(one, two),
        (Some(b'"'), Some(b'"')) => {
            let parse = serde_json::from_str::<String>;
            matches!((parse(one), parse(two)), (Ok(one), Ok(two)) if one == two)
        }
        _ => false,
    }
}

fn same_object(one: &str, two: &str) -> bool {
    let (Ok(one), Ok(two)) = (Object::parse("object", one), Object::parse("object", two)) else {
        return false;
    };
    let (mut one, mut two) = (one.into_members(), two.into_members());
    one.sort_by(|a, b| a.0.cmp(&b.0));
    two.sort_by(|a, b| a.0.cmp(&b.0));
    one.len() == two.len()
        && one
            .iter()
            .zip(&two)
            .all(|(a, b)| a.0 == b.0 && same_value(a.1.get(), b.1.get()))
}

fn same_array(one: &str, two: &str) -> bool {
    let (Ok(one), Ok(two)) = (elements(one), elements(two)) else {
        return false;
    };
    let same = |(a, b): (&&RawValue, &&RawValue)| same_value(a.get(), b.get());
    one.len() == two.len() && one.iter().zip(&two).all(same)
}

#[cfg(test)]
mod tests {
    use super::same_value;

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
    }
}
