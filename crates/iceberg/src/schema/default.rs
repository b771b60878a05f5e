//! Default values of columns (table spec, "JSON single-value serialization"): whether the Java reference can
//! read them.

use super::{Kind, Type, types};

/// Whether the JSON value can be a default of the type. Dates and times need only be strings: their text is not
/// parsed.
pub(super) fn fits(ty: &Type, json: &str) -> bool {
    let text = || serde_json::from_str::<String>(json).ok();
    let lower = match ty {
        Type::Named(name) => name.to_ascii_lowercase(),
        _ => String::new(),
    };
    match Kind::of(ty) {
        Kind::Boolean => matches!(json, "true" | "false"),
        Kind::Integer => json.parse::<i32>().is_ok(),
        Kind::Long => json.parse::<i64>().is_ok(),
        // The Java reference reads `1` as an integer and refuses it as a float.
        Kind::FloatingPoint => is_number(json) && json.contains(['.', 'e', 'E']),
        Kind::Text | Kind::Date | Kind::Time | Kind::Timestamp | Kind::TimestampNanos => {
            text().is_some()
        }
        Kind::Uuid => text().is_some_and(|text| is_uuid(&text)),
        Kind::Decimal => {
            let scale = types::decimal(&lower).map(|(_, scale)| scale);
            text().is_some_and(|text| scale.is_none_or(|scale| has_scale(&text, scale)))
        }
        Kind::Bytes => text().is_some_and(|text| is_hex(&text)),
        Kind::Fixed => {
            let digits = types::fixed_length(&lower).map(|bytes| i64::from(bytes) * 2);
            let has_length =
                |text: &str| digits.is_none_or(|digits| i64::try_from(text.len()) == Ok(digits));
            text().is_some_and(|text| is_hex(&text) && has_length(&text))
        }
        Kind::Collection if matches!(ty, Type::List { .. }) => json.starts_with('['),
        Kind::Struct | Kind::Collection => json.starts_with('{'),
        // The spec allows no default but `null`, which is handled by the caller.
        Kind::Unknown | Kind::Variant | Kind::Geo => false,
        Kind::Future => true,
    }
}

fn is_number(json: &str) -> bool {
    let first = json.bytes().next();
    first.is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the text is a decimal number with exactly `scale` digits after the point.
fn has_scale(text: &str, scale: i32) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut all = whole.bytes().chain(fraction.bytes());
    !whole.is_empty()
        && i32::try_from(fraction.len()) == Ok(scale)
        && all.all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_a_value_of_its_type() {
        // `right` is what version 1.12 of the Java reference accepts, `wrong` is what it refuses.
        for (ty, right, wrong) in [
            ("boolean", &["true"][..], &["\"true\"", "1"][..]),
            ("int", &["1", "-7"], &["1.0", "\"abc\"", "9999999999", "{}"]),
            ("long", &["9999999999"], &["99999999999999999999", "1e3"]),
            (
                "float",
                &["1.5", "1e400", "-0.0"],
                &["1", "\"1.0\"", "true"],
            ),
            ("string", &["\"\""], &["1", "[]"]),
            ("date", &["\"2020-01-01\""], &["5"]),
            (
                "timestamptz",
                &["\"2020-01-01T10:00:00+00:00\""],
                &["1577872800"],
            ),
            (
                "uuid",
                &["\"F79C3E09-677C-4BBD-A479-3F349CB785E7\""],
                &["\"x\""],
            ),
            (
                "decimal(9,2)",
                &["\"1.50\"", "\"-1.50\""],
                &["1.50", "\"1.5\"", "\"x.00\"", "\".50\""],
            ),
            ("decimal(9, 0)", &["\"1\""], &["\"1.0\"", "\"\""]),
            ("binary", &["\"aB\"", "\"\""], &["\"a\"", "\"zz\""]),
            ("fixed[2]", &["\"aabb\""], &["\"aa\"", "4"]),
            ("variant", &[], &["1", "\"x\""]),
            ("geometry", &[], &["\"x\""]),
        ] {
            let ty = Type::Named(ty.to_owned());
            assert!(right.iter().all(|json| fits(&ty, json)), "{ty}: {right:?}");
            assert!(!wrong.iter().any(|json| fits(&ty, json)), "{ty}: {wrong:?}");
        }
    }
}
