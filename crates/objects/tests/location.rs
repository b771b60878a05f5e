//! Every accepted location has only one reading: for the saved fuzz corpus, and for texts made of doubtful parts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../../../fuzz/location.rs"]
mod location;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use unicode_normalization::UnicodeNormalization;

#[test]
fn the_saved_corpus_has_one_reading() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/location");
    let (mut taken, mut seen) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| location::location(&bytes));
        assert!(outcome.is_ok(), "{} has two readings", file.display());
        let text = String::from_utf8(bytes).unwrap_or_default();
        taken += usize::from(location::location_text(&text));
        seen += 1;
    }
    // Neither a parser that refuses everything nor one that accepts everything would pass.
    assert!(taken >= 25 && seen >= taken + 25, "{taken} of {seen}");
}

const STARTS: [&str; 9] = [
    "s3://bucket/",
    "s3a://bucket/",
    "gs://bucket/",
    "file:/",
    "file:///",
    "/",
    "memory://store/",
    "abfss://fs1@account.dfs.core.windows.net/",
    "wasbs://fs1@Account.blob.core.windows.net/",
];
const PIECES: [&str; 40] = [
    "orders",
    "orders",
    "orders2",
    "a",
    "a",
    "0",
    "/",
    "/",
    "/",
    "/",
    "/",
    "//",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    "%252e",
    "%25",
    "%2F",
    "%5C",
    "%3F",
    "%00",
    "%FF",
    "%C3%A9",
    "%EF%B8%B0",
    "%",
    "%zz",
    "\\",
    "?",
    "#",
    "://",
    " ",
    "é",
    "\u{2025}",
    "\u{fe30}",
    "\u{ff0e}",
    "\u{ff0f}",
    "\u{200b}",
    "\u{2100}",
    "\u{10ffff}",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(select(&PIECES[..]), 0..7);
    (select(&STARTS[..]), pieces).prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()))
}

/// Whether compatibility normalisation replaces the character by other text.
fn stands_for_others(c: char) -> bool {
    !c.is_ascii() && !c.nfkc().eq([c])
}

#[test]
fn characters_that_stand_for_others_mislead_nobody() {
    let mut seen = 0;
    for c in ('\0'..=char::MAX).filter(|c| stands_for_others(*c)) {
        for path in [
            format!("{c}"),
            format!("a{c}b"),
            format!("{c}2e{c}2E"),
            format!("s3{c}//b"),
        ] {
            location::location_text(&format!("s3://bucket/orders/{path}/data"));
        }
        seen += 1;
    }
    assert!(seen > 4_000, "{seen} characters");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_taken_has_one_reading(one in text(), other in text()) {
        location::location_text(&format!("{one}\n{other}"));
    }
}
