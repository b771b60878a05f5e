//! Validates JSON with the subset of JSON Schema that the contract uses.

use serde_json::{Map, Value};

/// The named schemas, to which others refer.
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    pub(super) const fn of(named: Map<String, Value>) -> Self {
        Self(named)
    }

    /// The deviations of the value from the schema, each with its path.
    pub(super) fn wrong_with(&self, value: &Value, schema: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check("$", value, schema, &mut wrong);
        wrong
    }

    fn check(&self, place: &str, value: &Value, schema: &Value, wrong: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap();
            // The contract has no storage profile for local files, which only this catalog has.
            if name == "StorageProfile" && value["type"] == "local" {
                return;
            }
            return self.check(place, value, &self.0[name], wrong);
        }
        for (keyword, rule) in schema {
            let fits = match keyword.as_str() {
                "type" => is_of_type(value, rule),
                "enum" => rule.as_array().unwrap().contains(value),
                "format" => has_format(value, rule.as_str().unwrap()),
                "minimum" => value
                    .as_f64()
                    .is_none_or(|number| number >= rule.as_f64().unwrap()),
                "minItems" => value
                    .as_array()
                    .is_none_or(|all| all.len() as u64 >= rule.as_u64().unwrap()),
                "oneOf" => self.fitting(place, value, rule) == 1,
                "required" => {
                    let names = rule
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|name| name.as_str().unwrap());
                    value
                        .as_object()
                        .is_none_or(|object| names.clone().all(|name| object.contains_key(name)))
                }
                "allOf" => {
                    for part in rule.as_array().unwrap() {
                        self.check(place, value, part, wrong);
                    }
                    true
                }
                "items" => {
                    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(&format!("{place}[{at}]"), item, rule, wrong);
                    }
                    true
                }
                "properties" => {
                    for (name, property) in value.as_object().into_iter().flatten() {
                        if let Some(rule) = rule.get(name) {
                            self.check(&format!("{place}.{name}"), property, rule, wrong);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let known = schema.get("properties");
                    let mut others = value.as_object().into_iter().flatten();
                    rule != false
                        || others
                            .all(|(name, _)| known.is_some_and(|known| known.get(name).is_some()))
                }
                "propertyNames" => true,
                unknown => panic!("the contract uses `{unknown}`, which is not checked"),
            };
            if !fits {
                wrong.push(format!("{place}: {value} does not fit {keyword} {rule}"));
            }
        }
    }

    fn fitting(&self, place: &str, value: &Value, choices: &Value) -> usize {
        let fits = |choice: &&Value| {
            let mut wrong = Vec::new();
            self.check(place, value, choice, &mut wrong);
            wrong.is_empty()
        };
        choices.as_array().unwrap().iter().filter(fits).count()
    }
}

fn is_of_type(value: &Value, rule: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the contract has the type `{other}`"),
    };
    rule.as_array()
        .map_or_else(|| is(rule), |any| any.iter().any(is))
}

fn has_format(value: &Value, format: &str) -> bool {
    let Some(text) = value.as_str() else {
        let fits_32_bits = value
            .as_i64()
            .is_none_or(|number| i32::try_from(number).is_ok());
        return format != "int32" || fits_32_bits;
    };
    match format {
        "uuid" => uuid::Uuid::try_parse(text).is_ok(),
        "date-time" => text.ends_with('Z') && text.len() >= 20 && text.as_bytes()[10] == b'T',
        _ => true,
    }
}
