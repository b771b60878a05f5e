#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use super::*;

const NESTED: &str = r#"{"type":"struct","schema-id":3,"identifier-field-ids":[1],"owner":"me","fields":[
  {"id":1,"name":"id","required":true,"type":"long","doc":"the key","x":1e400},
  {"id":2,"name":"tags","required":false,"type":{"type":"list","element-id":7,"element-required":true,
    "element":{"type":"struct","fields":[{"id":8,"name":"k","required":true,"type":"string"}]}}},
  {"id":3,"name":"m","required":false,"type":{"type":"map","key-id":9,"key":"string","value-id":10,
    "value":"decimal(9,2)","value-required":false,"later":true}},
  {"id":4,"name":"odd","required":false,"type":"quaternion<8>"},
  {"id":5,"name":"odder","required":false,"type":{"type":"union","of":["a"]}}]}"#;

#[test]
fn a_schema_survives_reading_and_printing() {
    let schema = Schema::parse(NESTED).unwrap();
    assert_eq!(schema.to_raw(Some(3)), Raw::printed(NESTED.to_owned()));
    assert_eq!(schema.highest_field_id(), 10);
}

#[test]
fn schemas_are_the_same_whatever_their_id_and_spelling() {
    let one = Schema::parse(NESTED).unwrap();
    let respelled = NESTED
        .replace("decimal(9,2)", "DECIMAL( 9, 2 )")
        .replace("\"schema-id\":3", "\"schema-id\":99,\"doc\":null");
    assert!(one.same_as(&Schema::parse(&respelled).unwrap()));
    for (from, to) in [
        ("the key", "a key"),
        ("\"x\":1e400", "\"x\":1"),
        ("[1]", "[]"),
    ] {
        let other = Schema::parse(&NESTED.replace(from, to)).unwrap();
        assert!(!one.same_as(&other), "{from} → {to}");
    }
}

#[test]
fn names_are_found_in_full_and_short() {
    let schema = Schema::parse(NESTED).unwrap();
    let index = SchemaIndex::new(&schema).unwrap();
    assert_eq!(index.id_of("tags.element.k"), Some(8));
    assert_eq!(index.id_of("tags.k"), Some(8));
    assert_eq!(index.id_of("m.value"), Some(10));
    assert_eq!(index.id_of("k"), None);
    assert_eq!(index.node(8).unwrap().parent, Some(7));
}

#[test]
fn broken_schemas_are_refused_with_a_reason() {
    let cases = [
        (
            "\"id\":2,",
            "\"id\":1,",
            "the field id 1 belongs to both id and tags",
        ),
        (
            "\"name\":\"m\"",
            "\"name\":\"id\"",
            "multiple fields for name id: 1 and 3",
        ),
        ("[1]", "[77]", "field does not exist"),
        ("[1]", "[2]", "not a primitive type field"),
        ("[1]", "[4]", "not a required field"),
        ("[1]", "[8]", "must not be nested in tags.element"),
        (
            "\"type\":\"long\"",
            "\"type\":\"double\"",
            "must not be float or double field",
        ),
        (
            "\"id\":1,",
            "\"id\":2147483648,",
            "the field `id` is `2147483648`",
        ),
        (
            "\"type\":\"struct\",\"schema",
            "\"type\":\"list\",\"schema",
            "not `struct`",
        ),
    ];
    for (from, to, want) in cases {
        let error = Schema::parse(&NESTED.replace(from, to))
            .unwrap_err()
            .to_string();
        // `tags.element` is a required struct; what is wrong is the list around it.
        let want = want.replace("tags.element", "tags");
        assert!(error.contains(&want), "{error} lacks {want}");
    }
}

#[test]
fn fresh_ids_go_level_by_level() {
    let mut schema = Schema::parse(NESTED).unwrap();
    let mut fresh = FreshIds::default();
    fresh.assign(&mut schema).unwrap();
    assert_eq!(fresh.last(), 9);
    assert_eq!(
        [7, 8, 9, 10].map(|old| fresh.new_id(old).unwrap()),
        [6, 7, 8, 9]
    );
    assert_eq!(schema.identifier_field_ids, [1]);
}

#[test]
fn types_of_v3_are_refused_before_v3() {
    let known = NESTED
        .replace("quaternion<8>", "variant")
        .replace(r#"{"type":"union","of":["a"]}"#, "\"int\"");
    let schema = Schema::parse(&known).unwrap();
    let error = check_compatibility(&schema, 2).unwrap_err().to_string();
    assert!(
        error.contains("Invalid type for odd: variant is not supported until v3"),
        "{error}"
    );
    check_compatibility(&schema, 3).unwrap();
    let schema = Schema::parse(&known.replace("\"x\":1e400", "\"initial-default\":5")).unwrap();
    let error = check_compatibility(&schema, 1).unwrap_err().to_string();
    assert!(
        error.contains("non-null default (5) is not supported until v3"),
        "{error}"
    );
}

/// A schema of one column with this type and these members.
fn column(ty: &str, more: &str) -> Schema {
    let text = format!(
        r#"{{"type":"struct","fields":[{{"id":1,"name":"a","required":false,"type":{ty}{more}}}]}}"#
    );
    Schema::parse(&text).unwrap()
}

#[test]
fn types_that_no_version_has_are_refused_and_the_right_one_is_named() {
    let message = |ty: &str, version| {
        let checked = check_compatibility(&column(ty, ""), version);
        checked.map_err(|error| error.to_string())
    };
    for (ty, want) in [
        (
            r#""varchar""#,
            "Invalid type for a: varchar is no type of Iceberg's: use string",
        ),
        (r#""VARCHAR(10)""#, "use string"),
        (r#""text""#, "use string"),
        (r#""integer""#, "use int"),
        (r#""bigint""#, "use long"),
        (r#""timestamp_s""#, "timestamp_s is no type of Iceberg's"),
        (r#"" int""#, " int is no type of Iceberg's"),
        (
            r#""decimal(99,2)""#,
            "decimal(99,2) has more than 38 digits",
        ),
        (r#""decimal(x)""#, "use decimal(precision, scale)"),
        (r#""decimal""#, "use decimal(precision, scale)"),
        (r#""decimal(9)""#, "use decimal(precision, scale)"),
        (r#""decimal(,)""#, "use decimal(precision, scale)"),
        (r#""fixed""#, "use fixed[length]"),
        (r#""fixed[99999999999]""#, "use fixed[length]"),
        (r#""geometry()""#, "use geometry(crs)"),
        (r#""geography(x,foo)""#, "use geography(crs, algorithm)"),
        (
            r#"{"type":"union"}"#,
            r#"{"type":"union"} is no type of Iceberg's"#,
        ),
        (
            r#"{"type":"list","element-id":2,"element-required":true,"element":"blob"}"#,
            "for a.element: blob",
        ),
    ] {
        let refused = message(ty, 3).unwrap_err();
        assert!(refused.contains(want), "{refused} lacks {want}");
        assert_eq!(message(ty, 4), Ok(()), "v4 may have it");
    }
    for ty in [
        "\"INT\"",
        "\"decimal( 38 , 0 )\"",
        "\"fixed[ 4 ]\"",
        "\"geometry\"",
        "\"geometry (srid:4326)\"",
        "\"GEOGRAPHY( x , spherical )\"",
        "\"timestamptz_ns\"",
        "\"unknown\"",
    ] {
        assert_eq!(message(ty, 3), Ok(()), "{ty}");
    }
}

#[test]
fn defaults_and_docs_of_another_type_are_refused() {
    for (more, want) in [
        (
            r#","initial-default":"abc""#,
            "Invalid initial default for a: \"abc\" is not a value of the type int",
        ),
        (
            r#","write-default":1.5"#,
            "Invalid write default for a: 1.5",
        ),
        (r#","doc":5"#, "Invalid doc for a: 5 is not a string"),
    ] {
        let error = check_compatibility(&column("\"int\"", more), 3).unwrap_err();
        assert!(error.to_string().contains(want), "{error} lacks {want}");
    }
    let fine = r#","initial-default":1,"write-default":2,"doc":"d""#;
    check_compatibility(&column("\"int\"", fine), 3).unwrap();
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let mut ty = "\"int\"".to_owned();
    for id in 0..5000 {
        ty = format!(
            r#"{{"type":"list","element-id":{id},"element-required":true,"element":{ty}}}"#
        );
    }
    let text = format!(
        r#"{{"type":"struct","fields":[{{"id":9999,"name":"a","required":true,"type":{ty}}}]}}"#
    );
    let error = serde_json::from_str::<Schema>(&text)
        .unwrap_err()
        .to_string();
    assert!(error.contains("deeper than 128"), "{error}");
}
