//! Deletions of several objects.

use super::*;

fn delete(body: Option<&str>) -> Result<SignedRequest, SignError> {
    delete_from(&json!({}), BulkDeletes::Signed, body)
}

fn delete_from(
    store: &serde_json::Value,
    bulk_deletes: BulkDeletes,
    body: Option<&str>,
) -> Result<SignedRequest, SignError> {
    let profile = profile(store);
    let endpoint = profile
        .endpoint()
        .unwrap_or("https://s3.eu-west-1.amazonaws.com/");
    let mut asked = request("POST", &format!("{endpoint}bucket-a?delete"));
    asked.body = body.map(str::to_owned);
    let scope = scope(FOLDER, Permission::Write);
    S3Request::parse(&profile, bulk_deletes, asked)?.sign(&scope, &key(), now())
}

#[test]
fn a_store_that_may_not_compare_the_body_deletes_several_only_if_the_operator_accepts_it() {
    let inside = "<Delete><Object><Key>wh/orders/a</Key></Object></Delete>";
    let outside = "<Delete><Object><Key>wh/other/a</Key></Object></Delete>";
    let amazons = [
        json!({"flavor": "aws", "endpoint": null}),
        json!({"flavor": "aws", "endpoint": "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com"}),
    ];
    let others = [
        json!({}),
        // `aws` is the default flavor, so it does not show that the store is Amazon's.
        json!({"flavor": "aws"}),
        json!({"flavor": "aws", "endpoint": "https://amazonaws.com.evil.example"}),
        json!({"flavor": "aws", "endpoint": "https://evilamazonaws.com"}),
        json!({"endpoint": "https://s3.eu-west-1.amazonaws.com"}),
    ];
    let attempt = |store, policy, body| delete_from(store, policy, Some(body));
    for store in &amazons {
        assert!(attempt(store, BulkDeletes::Refused, inside).is_ok());
    }
    for store in &others {
        let refusal = attempt(store, BulkDeletes::Refused, inside);
        assert_eq!(refusal, Err(SignError::BulkDelete), "{store}");
        assert!(attempt(store, BulkDeletes::Signed, inside).is_ok());
    }
    let by_sessions = json!({"sts-enabled": true});
    assert!(attempt(&by_sessions, BulkDeletes::Refused, inside).is_ok());
    for store in amazons.iter().chain(&others) {
        let refusal = attempt(store, BulkDeletes::Signed, outside);
        assert!(matches!(refusal, Err(SignError::Outside { .. })), "{store}");
    }
    let message = SignError::BulkDelete.to_string();
    for hint in [
        "one by one",
        "`sts-enabled`",
        "LAKEKEEPER__S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES=true",
    ] {
        assert!(message.contains(hint), "{message}");
    }
}

#[test]
fn a_deletion_of_several_is_signed_with_the_body_that_was_checked() {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
        <Object><Key>wh/orders/a&amp;b</Key></Object>\n  <Object> <Key>wh/orders/&#x63;</Key> </Object>\
        <Quiet>true</Quiet></Delete>\n";
    let signed = delete(Some(body)).unwrap();
    assert_eq!(
        signed.headers[PAYLOAD_HASH],
        [crate::s3::sigv4::sha256_hex(body.as_bytes())]
    );
    assert!(!signed.is_reusable);
    let mut unsigned = request("POST", &at("/bucket-a/?delete="));
    unsigned.body = Some(body.to_owned());
    let unsigned = with_header(unsigned, PAYLOAD_HASH, "UNSIGNED-PAYLOAD");
    let outcome = S3Request::parse(&profile(&json!({})), BulkDeletes::Signed, unsigned);
    assert!(
        matches!(outcome, Err(SignError::Header { .. })),
        "{outcome:?}"
    );
    assert!(matches!(delete(None), Err(SignError::DeleteBody { .. })));
}

#[test]
fn a_deletion_reaches_no_key_outside() {
    let of = |keys: &str| format!("<Delete><Object><Key>wh/orders/a</Key></Object>{keys}</Delete>");
    for key in ["wh/orders2/a", "wh/orders", "wh/b", "wh/order&#115;2/a"] {
        let outcome = delete(Some(&of(&format!("<Object><Key>{key}</Key></Object>"))));
        assert!(
            matches!(outcome, Err(SignError::Outside { .. })),
            "{key}: {outcome:?}"
        );
    }
    for key in [
        "wh/orders/../b",
        "wh/orders//b",
        "wh/orders/&#46;./b",
        "wh/orders/a&#10;b",
        "/wh/orders/a",
    ] {
        let outcome = delete(Some(&of(&format!("<Object><Key>{key}</Key></Object>"))));
        assert!(
            matches!(outcome, Err(SignError::Key { .. })),
            "{key}: {outcome:?}"
        );
    }
    let shapes = [
        String::new(),
        "<Delete></Delete>".to_owned(),
        "<delete><Object><Key>wh/orders/a</Key></Object></delete>".to_owned(),
        format!("<!DOCTYPE x [<!ENTITY e \"wh/b\">]>{}", of("")),
        of("<Object><Key>&e;</Key></Object>"),
        of("<Object><Key>wh/orders/<!-- -->b</Key></Object>"),
        of("<Object><Key><![CDATA[wh/b]]></Key></Object>"),
        of("<!-- <Object><Key>wh/b</Key></Object> -->"),
        of("<Object><Key>wh/orders/a</Key><Key>wh/b</Key></Object>"),
        of("<Object><Key>wh/orders/a</Key><VersionId>1</VersionId></Object>"),
        of("<Object><Key>wh/orders/a </Key></Object>"),
        of("<Object><Key>wh/orders/a&</Key></Object>"),
        of("<Object><Key>wh/orders/&#x+61;</Key></Object>"),
        of("<Object><Key>wh/orders/a</Key></Object>") + "<Delete>",
        of("").replace(
            "<Delete>",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><Delete>",
        ),
        of("").replace(
            "<Delete>",
            "<x:Delete xmlns:x=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        ),
    ];
    for body in shapes {
        let outcome = delete(Some(&body));
        assert!(
            matches!(outcome, Err(SignError::DeleteBody { .. })),
            "{body}: {outcome:?}"
        );
    }
    let many = of(&"<Object><Key>wh/orders/b</Key></Object>".repeat(1000));
    assert_eq!(
        delete(Some(&many)).unwrap_err().to_string(),
        "the body of `POST ?delete` has 1001 keys: at most 1000 are signed"
    );
}
