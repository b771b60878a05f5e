//! Locations: spelling, comparison, and the attacks that the grammar must stop.

use proptest::prelude::*;

use super::*;

fn parsed(given: &str) -> Location {
    Location::parse(given).unwrap()
}

fn problem(given: &str) -> LocationProblem {
    Location::parse(given).expect_err(given).problem
}

#[test]
fn spellings_of_one_place_are_equal_and_kept() {
    let same = [
        [
            "file:/tmp/x",
            "file:///tmp/x",
            "/tmp/x",
            "file:///tmp/x/",
            "/tmp//x//",
            "file:////tmp/x",
        ]
        .as_slice(),
        &[
            "s3://bucket/a/b",
            "s3a://bucket/a/b",
            "s3n://bucket/a/b/",
            "s3://bucket/a/b/",
        ],
        &["s3://bucket", "s3://bucket/", "s3a://bucket"],
        &["memory://store/a", "memory://store/a/"],
    ];
    for spellings in same {
        for spelling in spellings {
            let location = parsed(spelling);
            assert_eq!(location.as_str(), *spelling);
            assert_eq!(location.to_string(), *spelling);
            assert_eq!(location, parsed(spellings[0]), "{spelling}");
        }
    }
    assert_eq!(parsed("/tmp//x/").normalized(), "file:///tmp/x");
    assert_eq!(parsed("s3a://bucket/a/").normalized(), "s3://bucket/a");
}

#[test]
fn parts_are_what_stands_there() {
    let location = parsed("s3a://my.bucket-1/a/b c/d%20e/");
    assert_eq!(
        (location.scheme(), location.bucket()),
        (Scheme::S3a, "my.bucket-1")
    );
    assert_eq!((location.key(), location.name()), ("a/b c/d%20e", "d%20e"));
    let file = parsed("file:/a/b");
    assert_eq!((file.bucket(), file.key(), file.name()), ("", "a/b", "b"));
    let bucket = parsed("s3://bucket");
    assert_eq!((bucket.key(), bucket.name()), ("", ""));
}

#[test]
fn being_within_goes_by_segments() {
    let within = [
        ("s3://bucket/orders", "s3://bucket/orders", true),
        ("s3://bucket/orders/", "s3a://bucket/orders", true),
        ("s3://bucket/orders/a", "s3://bucket/orders/", true),
        ("s3://bucket/orders", "s3://bucket", true),
        ("s3://bucket/orders2", "s3://bucket/orders", false),
        ("s3://bucket/orders2/a", "s3://bucket/orders/", false),
        ("s3://bucket/order", "s3://bucket/orders", false),
        ("s3://bucket2/orders", "s3://bucket", false),
        ("s3://bucket/ORDERS/a", "s3://bucket/orders", false),
        ("memory://bucket/orders/a", "s3://bucket/orders", false),
        ("/data/orders/a", "file:///data/orders", true),
        ("/data/orders2", "file:///data/orders", false),
        ("/data", "/", true),
    ];
    for (inner, outer, expected) in within {
        assert_eq!(
            parsed(inner).is_within(&parsed(outer)),
            expected,
            "{inner} in {outer}"
        );
    }
}

#[test]
fn parents_end_at_the_bucket() {
    let chain = |start: &str| {
        std::iter::successors(parsed(start).parent(), Location::parent)
            .map(|l| l.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        chain("s3a://bucket/a/b/"),
        ["s3a://bucket/a", "s3a://bucket"]
    );
    assert_eq!(chain("file:/a/b"), ["file:/a", "file:///"]);
    assert_eq!(chain("/a//b"), ["/a", "/"]);
    assert_eq!(chain("s3://bucket"), Vec::<String>::new());
}

#[test]
fn joining_takes_whole_literal_segments() {
    let base = parsed("s3://bucket/a/");
    assert_eq!(base.join("b/c d").unwrap().as_str(), "s3://bucket/a/b/c d");
    assert_eq!(base.join("p=x%2Fy/f?#").unwrap().key(), "a/p=x%2Fy/f?#");
    for bad in [
        "", "/b", "b/", "b//c", ".", "..", "b/../c", "./b", "b\u{0}", "b\nc",
    ] {
        assert!(base.join(bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        parsed("s3://bucket").join("a").unwrap().normalized(),
        "s3://bucket/a"
    );
    assert_eq!(
        parsed("file:/").join("a").unwrap().normalized(),
        "file:///a"
    );
}

/// All of `attacks` must be refused for a reason that `expected` accepts.
fn refused(attacks: &[&str], expected: fn(&LocationProblem) -> bool) {
    for attack in attacks {
        let found = problem(attack);
        assert!(expected(&found), "{attack:?}: {found:?}");
    }
}

#[test]
fn dot_segments_are_refused_in_every_encoding() {
    let attacks = [
        "s3://bucket/a/../b",
        "s3://bucket/..",
        "s3://bucket/a/.",
        "file:///data/../etc/passwd",
        "/data/./x",
        "s3://bucket/a/%2e%2e/b",
        "s3://bucket/a/.%2E/b",
        "s3://bucket/a/%252e%252e/b",
        "s3://bucket/a/%25252e%25252e/b",
        "s3://bucket/a%2f..%2fb",
    ];
    refused(&attacks, |p| matches!(p, LocationProblem::DotSegment(_)));
    refused(&["s3://bucket/a/%2525252525252e"], |p| {
        matches!(p, LocationProblem::EncodedTooOften)
    });
}

#[test]
fn what_engines_read_differently_is_refused() {
    let attacks = [
        "s3://bucket/a%2Fb",
        "s3://bucket/a%252Fb",
        "s3://bucket/a%5Cb",
        "s3://bucket/a\\..\\b",
        "s3://bucket/orders?versionId=1",
        "s3://bucket/orders#x",
        "s3://bucket/s3://other/x",
        "s3://bucket/\u{FF0E}\u{FF0E}/b",
        "s3://bucket/\u{FE30}/b",
        "s3://bucket/%EF%B8%B0/b",
        "s3://bucket/a\u{FF0F}b",
        "s3://bucket/a\u{2047}b",
        "s3://bucket/s3\u{FE13}//b",
        "s3://bucket/or\u{200B}ders",
        "s3://bucket/\u{202E}sredro",
        "s3://bucket/or%E2%80%8Bders",
    ];
    refused(&attacks, |p| matches!(p, LocationProblem::Ambiguous(_)));
    let empty = ["s3://bucket/a//b", "s3://bucket//a", "s3://bucket/a//"];
    refused(&empty, |p| matches!(p, LocationProblem::EmptySegment));
}

#[test]
fn control_characters_are_refused_in_every_encoding() {
    let attacks = [
        "s3://bucket/a\0b",
        "s3://bucket/a%00b",
        "s3://bucket/a\r\nx-amz-acl: public",
        "s3://bucket/a%0D%0Ab",
        "s3://bucket/a\u{85}b",
    ];
    refused(&attacks, |p| matches!(p, LocationProblem::Control(_)));
}

#[test]
fn what_is_no_bucket_is_refused() {
    let attacks = [
        "s3://b/a",
        "s3://user:secret@bucket/a",
        "s3://bucket:9000/a",
        "s3://Bucket/a",
        "s3://buck..et/a",
        "s3://192.168.0.1/a",
        "s3://bucket*/a",
    ];
    refused(&attacks, |p| matches!(p, LocationProblem::Bucket { .. }));
    refused(&["s3://", "s3:///a", "memory://"], |p| {
        matches!(p, LocationProblem::NoBucket)
    });
}

#[test]
fn what_is_no_absolute_uri_is_refused() {
    let unknown = [
        "S3://bucket/a",
        "https://bucket/a",
        "s3:/bucket/a",
        "bucket/a",
        " s3://bucket/a",
    ];
    refused(&unknown, |p| matches!(p, LocationProblem::UnknownScheme));
    refused(&["file:data", "file:"], |p| {
        matches!(p, LocationProblem::RelativePath)
    });
    let hosts = ["file://data/x", "file://localhost/x", "//host/x"];
    refused(&hosts, |p| matches!(p, LocationProblem::FileHost(_)));
    refused(&[""], |p| matches!(p, LocationProblem::Empty));
}

#[test]
fn what_is_too_long_is_refused() {
    let key = format!("s3://bucket/{}", "a".repeat(1025));
    assert_eq!(problem(&key), LocationProblem::KeyTooLong(1025));
    let name = format!("/{}", "a".repeat(256));
    assert_eq!(problem(&name), LocationProblem::NameTooLong(256));
    let all = format!("/{}", "a/".repeat(4000));
    assert_eq!(problem(&all), LocationProblem::TooLong(8001));
    let bare = format!("/bb{}", "/a".repeat(1019));
    assert_eq!(parsed(&bare).normalized().len(), 2048);
    let longer = format!("/b{bare}");
    assert_eq!(problem(&longer), LocationProblem::TooLong(2050));
}

#[test]
fn ordinary_odd_names_are_taken() {
    for given in [
        "s3://bucket/a b/c%20d/ts=2024-01-01T00%3A00/100%/%zz/ümlaut-中文",
        "s3://bucket/...a/..b/a..b/.hidden",
        "s3://bucket/a+b&c=d;e,f:g@h!i~j'(k)*[l]{m}<n>|o^p`q\"",
        &format!("s3://bucket/{}", "a".repeat(1024)),
        "file:///C:/x y/z",
    ] {
        assert_eq!(parsed(given).as_str(), given);
    }
}

#[test]
fn objects_of_writers_may_hold_what_tables_may_not() {
    // Iceberg percent-encodes partition values in the paths of data files.
    for given in [
        "s3://bucket/t/data/p=a%2Fb/1.parquet",
        "s3://bucket/t/data/p=%2E%2E/x?y#z\\1",
    ] {
        assert!(Location::parse(given).is_err());
        let location = Location::parse_object(given).unwrap();
        assert_eq!(location.normalized(), given);
    }
    assert!(Location::parse_object("s3://bucket/t/../u").is_err());
    assert!(Location::parse_object("s3://bucket/t/\0").is_err());
}

#[test]
fn messages_are_short_and_say_what_to_do() {
    let error = Location::parse(&format!("s3://bucket/../{}", "x".repeat(3000)))
        .unwrap_err()
        .to_string();
    assert!(error.len() < 400, "{error}");
    let error = Location::parse("file://data/x\u{7}")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "location `file://data/x\\u{7}` has the control character \\u{7}: remove it"
    );
    let error = Location::parse("file://data/x").unwrap_err().to_string();
    assert!(
        error.ends_with("local files have none, write `file:///folder`"),
        "{error}"
    );
}

fn segment() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 =+%._-]{1,12}".prop_filter("an ordinary segment", |s| {
        // No percent-encoding: the table above covers it.
        s != "." && s != ".." && !s.contains('%')
    })
}

fn key() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(segment(), 0..6)
}

proptest! {
    #[test]
    fn no_input_panics(given in "\\PC{0,60}") {
        let _ = Location::parse(&given);
        for scheme in ["s3://bucket/", "file:/", "memory://m", "/"] {
            let _ = Location::parse(&format!("{scheme}{given}"));
            let _ = Location::parse_object(&format!("{scheme}{given}"));
        }
    }

    #[test]
    fn normalising_is_idempotent(key in key(), scheme in prop::sample::select(vec!["s3://bucket", "s3a://bucket", "file://"])) {
        let mut given = scheme.to_owned();
        for segment in &key {
            given.push('/');
            given.push_str(segment);
        }
        if key.is_empty() {
            given.push('/');
        }
        let location = Location::parse(&given).unwrap();
        if !location.key().is_empty() {
            let again = Location::parse(location.normalized()).unwrap();
            prop_assert_eq!(again.normalized(), location.normalized());
        }
        prop_assert_eq!(location.key(), key.join("/"));
        prop_assert_eq!(location.as_str(), given);
    }

    #[test]
    fn what_is_joined_is_within_and_nothing_beside_it(base in key(), below in proptest::collection::vec(segment(), 1..4), more in "[a-z0-9._-]{1,4}") {
        let base = Location::parse(&format!("s3://bucket/{}", base.join("/"))).unwrap();
        let below = below.join("/");
        let joined = base.join(&below).unwrap();
        prop_assert!(joined.is_within(&base));
        prop_assert!(!base.is_within(&joined));
        prop_assert_eq!(joined.key().strip_prefix(base.key()).unwrap().trim_start_matches('/'), below.as_str());

        let parents: Vec<_> = std::iter::successors(joined.parent(), Location::parent).collect();
        prop_assert!(parents.contains(&base));
        prop_assert!(parents.iter().all(|parent| joined.is_within(parent)));

        let sibling = Location::parse_object(&format!("{}{more}", joined.normalized())).unwrap();
        prop_assert!(!sibling.is_within(&joined) && !joined.is_within(&sibling));
    }

    #[test]
    fn being_within_is_what_segments_say(a in key(), b in key()) {
        let location = |key: &[String]| Location::parse(&format!("s3://bucket/{}", key.join("/"))).unwrap();
        prop_assert_eq!(location(&a).is_within(&location(&b)), a.starts_with(&b));
    }
}
