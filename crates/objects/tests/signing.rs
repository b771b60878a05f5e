//! Every signed request stays within the table's folder: for the saved fuzz corpus, and for requests made of doubtful
//! parts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../../../fuzz/signing.rs"]
mod signing;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;

#[test]
fn the_saved_corpus_stays_inside() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/sign");
    let mut signed = 0;
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| signing::sign(&bytes));
        assert!(outcome.is_ok(), "{} gets out", file.display());
        let text = String::from_utf8(bytes).unwrap_or_default();
        signed += usize::from(signing::sign_text(&text));
        seen += 1;
    }
    // Neither a signer that refuses everything nor one that accepts everything would pass.
    assert!(signed >= 17 && seen >= signed + 17, "{signed} of {seen}");
}

const PIECES: [&str; 40] = [
    "wh",
    "orders",
    "orders2",
    "a",
    "b.parquet",
    "/",
    "/",
    "/",
    "/",
    "//",
    "..",
    ".",
    "%2e",
    "%2E%2e",
    "%252e",
    "%25",
    "%2F",
    "%252F",
    "%5C",
    "%255c",
    "\\",
    "%00",
    "%20",
    "+",
    "%C3%A9",
    "%EF%BC%8E",
    "%E2%80%A5",
    "%E2%80%8B",
    "?",
    "#",
    "&",
    "=",
    ";",
    ":",
    "@",
    "%",
    "~",
    "*",
    "'",
    "%FF",
];
const QUERIES: [&str; 16] = [
    "",
    "",
    "",
    "?list-type=2&prefix=wh/orders/",
    "?list-type=2&prefix=",
    "?delete",
    "?uploads",
    "?uploadId=a",
    "?partNumber=1&uploadId=a",
    "?acl",
    "?policy",
    "?versionId=1",
    "?x-id=a",
    "?tagging",
    "?prefix=wh/orders/&list-type=2&",
    "?list-type=2&prefix=wh%2Forders%2F",
];
const ORIGINS: [&str; 7] = [
    "http://store.example:9000/bucket-a/wh/orders/",
    "http://bucket-a.store.example:9000/wh/orders/",
    "http://store.example:9000/bucket-a/",
    "http://bucket-a.store.example:9000/",
    "http://store.example:9000/bucket-a",
    "http://store.example:9000/",
    "http://evil.example/bucket-a/wh/orders/",
];
const HEADERS: [&str; 8] = [
    "",
    "\nx-amz-copy-source: /bucket-a/wh/orders/",
    "\nx-amz-copy-source: bucket-a/",
    "\nx-amz-acl: private",
    "\nx-amz-acl: public-read",
    "\nX-Amz-Meta-A: b",
    "\nx-amz-content-sha256: UNSIGNED-PAYLOAD",
    "\nx-amz-security-token: a",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PIECES[..]), 0..8).prop_map(|pieces| pieces.concat())
}

fn body() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        pieces().prop_map(|rest| format!("wh/orders/{rest}")),
        pieces(),
        Just("wh/orders/&#46;&#x2e;/a".to_owned()),
        Just("wh/orders/<!-- -->".to_owned()),
    ];
    let object = prop_oneof![
        4 => key.prop_map(|key| format!("<Object><Key>{key}</Key></Object>")),
        1 => Just("<!-- -->".to_owned()),
        1 => Just("<Quiet>true</Quiet>".to_owned()),
    ];
    prop::collection::vec(object, 0..4)
        .prop_map(|objects| format!("\n\n<Delete>{}</Delete>", objects.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_is_signed_stays_inside(
        method in select(&["GET", "GET", "HEAD", "PUT", "PUT", "POST", "DELETE"][..]),
        origin in select(&ORIGINS[..]),
        path in pieces(),
        query in select(&QUERIES[..]),
        more in prop_oneof![3 => Just(String::new()), 1 => pieces()],
        header in select(&HEADERS[..]),
    ) {
        let tail = if header.contains("copy") { more.as_str() } else { "" };
        let in_query = if tail.is_empty() { more.as_str() } else { "" };
        signing::sign_text(&format!("{method} {origin}{path}{query}{in_query}{header}{tail}"));
    }

    #[test]
    fn deletions_of_several_stay_inside(body in body()) {
        signing::sign_text(&format!("POST http://store.example:9000/bucket-a?delete{body}"));
    }
}
