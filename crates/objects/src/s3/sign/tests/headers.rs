//! The headers that may be sent with a request.

use super::*;

#[test]
fn headers_are_kept_and_only_what_s3_wants_is_signed() {
    let mut asked = request("PUT", &at("/bucket-a/wh/orders/a"));
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("Content-Length", "7"),
        ("User-Agent", "aws-sdk-java/2"),
        ("amz-sdk-request", "attempt=1; max=4"),
        ("X-Amz-Meta-Note", "  a   b "),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("Host", "store.example:9000"),
    ] {
        asked = with_header(asked, name, value);
    }
    let given = asked.headers.clone();
    let signed = sign(asked).unwrap();
    for (name, values) in &given {
        assert_eq!(signed.headers.get(name), Some(values));
    }
    let authorization = &signed.headers["Authorization"][0];
    assert!(
        authorization.contains(
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-copy-source-if-match;x-amz-date;\
             x-amz-meta-note;x-amz-meta-snowball-auto-extract;x-amz-trailer,"
        ),
        "{authorization}"
    );
    let names: Vec<String> = signed
        .headers
        .keys()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    assert_eq!(
        names
            .iter()
            .filter(|name| *name == "x-amz-content-sha256")
            .count(),
        1
    );
    assert_eq!(
        signed.headers.len(),
        given.len() + 4,
        "date, signature and what keeps it a plain write are new"
    );
}

#[test]
fn javas_client_may_ask_for_a_checksum_behind_what_it_reads() {
    let trailing = |method| {
        let asked = request(method, &at("/bucket-a/wh/orders/a"));
        sign(with_header(asked, "x-amz-te", "append-md5"))
    };
    let signed = trailing("GET").unwrap();
    assert!(signed.headers["Authorization"][0].contains(";x-amz-te,"));
    assert!(matches!(trailing("PUT"), Err(SignError::Header { .. })));
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let temporary = SigningKey::of(Arc::new(AwsCredential {
        token: Some("a-token".to_owned()),
        ..credential()
    }));
    let parsed = S3Request::parse(
        &profile(&json!({})),
        BulkDeletes::Refused,
        request("GET", &at("/bucket-a/wh/orders/a")),
    );
    let signed = parsed
        .unwrap()
        .sign(&scope(FOLDER, Permission::Read), &temporary, now())
        .unwrap();
    assert_eq!(signed.headers["x-amz-security-token"], ["a-token"]);
    assert!(signed.headers["Authorization"][0].contains(";x-amz-security-token,"));
    assert_eq!(signed.headers["x-amz-content-sha256"], ["UNSIGNED-PAYLOAD"]);
}

#[test]
fn headers_that_do_more_than_engines_need_are_refused() {
    let put = || request("PUT", &at("/bucket-a/wh/orders/a"));
    let refused = [
        ("x-amz-acl", "public-read"),
        (
            "x-amz-grant-read",
            "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"",
        ),
        ("x-amz-tagging", "a=b"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("X-Amz-Website-Redirect-Location", "/x"),
        ("x-amz-rename-source", "/bucket-a/wh/other/a"),
        ("Authorization", "x"),
        ("X-Amz-Security-Token", "x"),
        ("x-amz-date", "20200101T000000Z"),
        ("x-amz-date", "now"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-content-sha256", "abc"),
        ("x-amz-meta-a", "a\nb"),
        ("x-amz-meta-a", "\u{e9}"),
        ("x-amz-meta a", "b"),
        ("host", "evil.example"),
        ("x-amz-copy-source", "/bucket-b/wh/orders/b"),
        ("x-amz-copy-source", "arn:aws:s3:::bucket-a/wh/orders/b"),
        ("x-amz-copy-source", "/bucket-a/wh/orders/b?versionId=1"),
        ("x-amz-copy-source", "/bucket-a/wh%2Forders/b"),
        ("x-amz-copy-source", "/bucket-a/wh/orders/a+b"),
    ];
    for (name, value) in refused {
        let outcome = sign(with_header(put(), name, value));
        assert!(
            matches!(outcome, Err(SignError::Header { .. })),
            "{name}: {value}: {outcome:?}"
        );
        assert!(!outcome.unwrap_err().to_string().contains("AllUsers"));
    }
    let twice = with_header(with_header(put(), "x-amz-meta-a", "b"), "X-Amz-Meta-A", "c");
    assert!(matches!(sign(twice), Err(SignError::Header { .. })));
    let list = request("GET", &at("/bucket-a?list-type=2&prefix=wh/orders/"));
    assert!(sign(with_header(list, "x-amz-meta-a", "b")).is_err());
    let get = request("GET", &at("/bucket-a/wh/orders/a"));
    assert!(
        sign(with_header(
            get,
            "x-amz-copy-source",
            "/bucket-a/wh/orders/b"
        ))
        .is_err()
    );
}

#[test]
fn copies_come_out_of_the_same_folder() {
    let copy = |source| {
        sign(with_header(
            request("PUT", &at("/bucket-a/wh/orders/a")),
            COPY_SOURCE,
            source,
        ))
    };
    for source in ["/bucket-a/wh/orders/b", "bucket-a/wh/orders/b%20c"] {
        assert!(copy(source).is_ok(), "{source}");
    }
    for source in [
        "/bucket-a/wh/orders2/b",
        "/bucket-a/wh/b",
        "bucket-a/wh/orders",
    ] {
        let outcome = copy(source);
        assert!(
            matches!(outcome, Err(SignError::Outside { .. })),
            "{source}: {outcome:?}"
        );
    }
    for source in [
        "/bucket-a/wh/orders/../b",
        "/bucket-a/wh/orders/%2e%2e/b",
        "/bucket-a//wh/orders/b",
    ] {
        let outcome = copy(source);
        assert!(
            matches!(outcome, Err(SignError::Key { .. })),
            "{source}: {outcome:?}"
        );
    }
}

#[test]
fn a_clients_clock_is_believed_for_a_quarter_of_an_hour() {
    let ask = |ago: i64| {
        let at_client: DateTime<Utc> =
            DateTime::<Utc>::from(now()) - chrono::Duration::seconds(ago);
        let asked = request("GET", &at("/bucket-a/wh/orders/a"));
        let given = timestamp(at_client);
        sign(with_header(asked, "X-Amz-Date", &given)).map(|signed| (given, signed))
    };
    let (given, signed) = ask(60).unwrap();
    assert_eq!(signed.headers["X-Amz-Date"], [given]);
    assert!(!signed.headers.contains_key("x-amz-date"));
    assert!(ask(-800).is_ok());
    assert!(ask(1000).is_err());
    assert!(ask(-1000).is_err());
}
