//! The headers that keep a signed write as it was signed.

use super::*;

const GUARDS: [&str; 2] = [
    "x-amz-copy-source-if-match",
    "x-amz-meta-snowball-auto-extract",
];

fn parsed(store: &serde_json::Value, asked: SignRequest) -> S3Request {
    S3Request::parse(&profile(store), BulkDeletes::Refused, asked).unwrap()
}

/// The guards that are sent; each of them must be signed too.
fn guards(signed: &SignedRequest) -> Vec<&'static str> {
    let authorization = &signed.headers["Authorization"][0];
    let sent = |name: &&str| signed.headers.contains_key(*name);
    for name in GUARDS {
        assert_eq!(authorization.contains(name), sent(&name), "{authorization}");
    }
    GUARDS.into_iter().filter(sent).collect()
}

#[test]
fn a_write_is_kept_from_being_turned_into_another_where_the_key_itself_could_do_more() {
    let write = scope(FOLDER, Permission::Write);
    let table = [
        ("PUT", "", GUARDS.as_slice()),
        ("PUT", "?partNumber=1&uploadId=abc", &GUARDS[..1]),
        ("POST", "?uploads", &[]),
        ("POST", "?uploadId=abc", &[]),
        ("DELETE", "", &[]),
        ("GET", "", &[]),
    ];
    for (method, query, expected) in table {
        let asked = request(method, &at(&format!("/bucket-a/wh/orders/a{query}")));
        let asked = parsed(&json!({}), asked);
        let by_key = asked.sign(&write, &key(), now()).unwrap();
        assert_eq!(guards(&by_key), expected, "{method} {query}");
        let session = SigningKey::confined(credential());
        let by_session = asked.sign(&write, &session, now()).unwrap();
        assert_eq!(guards(&by_session), [""; 0], "{method} {query}");
    }
}

#[test]
fn amazons_writes_and_copies_that_are_signed_as_such_need_no_guard() {
    let write = scope(FOLDER, Permission::Write);
    let amazons = json!({"flavor": "aws", "endpoint": null});
    let uri = "https://s3.eu-west-1.amazonaws.com/bucket-a/wh/orders/a";
    let asked = parsed(&amazons, request("PUT", uri));
    assert_eq!(guards(&asked.sign(&write, &key(), now()).unwrap()), [""; 0]);
    let copy = request("PUT", &at("/bucket-a/wh/orders/a"));
    let copy = with_header(copy, "x-amz-copy-source", "/bucket-a/wh/orders/b");
    let copy = parsed(&json!({}), copy).sign(&write, &key(), now());
    assert_eq!(guards(&copy.unwrap()), [""; 0]);
}

#[test]
fn a_client_neither_asks_for_an_archive_to_be_unpacked_nor_sets_a_guard_itself() {
    for (name, value) in [
        ("X-Amz-Meta-Snowball-Auto-Extract", "true"),
        ("x-amz-meta-snowball-auto-extract", "false"),
        ("x-amz-copy-source-if-match", "\"an-etag\""),
        ("x-amz-copy-source-range", "bytes=0-1"),
    ] {
        let asked = request("PUT", &at("/bucket-a/wh/orders/a"));
        let refusal = sign(with_header(asked, name, value));
        let message = refusal.unwrap_err().to_string();
        let lower = name.to_ascii_lowercase();
        assert!(
            message.contains(&format!("`{lower}` is not signed")),
            "{message}"
        );
    }
}

#[test]
fn sessions_sign_where_there_are_some_and_the_store_is_not_amazons() {
    let role = "arn:aws:iam::1:role/r";
    let table = [
        (json!({"sts-enabled": true}), true),
        (json!({}), false),
        (
            json!({"sts-enabled": true, "flavor": "aws", "sts-role-arn": role}),
            true,
        ),
        (
            json!({"sts-enabled": true, "flavor": "aws", "sts-role-arn": role, "endpoint": null}),
            false,
        ),
    ];
    for (store, expected) in table {
        assert_eq!(profile(&store).signs_by_sessions(), expected, "{store}");
    }
}
