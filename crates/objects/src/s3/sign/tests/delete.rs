//! Deletions of several objects.

use super::*;

fn delete(body: Option<&str>) -> Result<SignedRequest, SignError> {
    let mut asked = request("POST", &at("/bucket-a?delete"));
    asked.body = body.map(str::to_owned);
    sign(asked)
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
    let outcome = sign(with_header(unsigned, PAYLOAD_HASH, "UNSIGNED-PAYLOAD"));
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
