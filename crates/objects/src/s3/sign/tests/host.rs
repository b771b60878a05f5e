//! Where requests may lead to.

use super::*;

fn ask(settings: &serde_json::Value, base: &str) -> Result<SignedRequest, SignError> {
    let asked = request("GET", &format!("{base}wh/orders/a"));
    let scope = scope(FOLDER, Permission::Write);
    S3Request::parse(&profile(settings), BulkDeletes::Refused, asked)?.sign(&scope, &key(), now())
}

#[test]
fn only_hosts_of_the_warehouses_bucket_are_signed_for() {
    let aws = json!({"endpoint": null, "flavor": "aws"});
    let auto = json!({});
    let path = json!({"remote-signing-url-style": "path"});
    let host = json!({"remote-signing-url-style": "virtual_host"});
    let tls = json!({"endpoint": "https://Store.example"});
    let ip6 = json!({"endpoint": "http://[::1]:9000"});
    let signed = [
        (&auto, "http://store.example:9000/bucket-a/"),
        (&auto, "http://STORE.example:09000/bucket-a/"),
        (&auto, "http://bucket-a.store.example:9000/"),
        (&path, "http://store.example:9000/bucket-a/"),
        (&host, "http://bucket-a.store.example:9000/"),
        (&tls, "https://store.example:443/bucket-a/"),
        (&tls, "https://store.example/bucket-a/"),
        (&ip6, "http://[::1]:9000/bucket-a/"),
        (&aws, "https://bucket-a.s3.eu-west-1.amazonaws.com/"),
        (&aws, "https://s3.eu-west-1.amazonaws.com/bucket-a/"),
        (&aws, "https://bucket-a.s3.amazonaws.com/"),
        (
            &aws,
            "https://bucket-a.s3.dualstack.eu-west-1.amazonaws.com/",
        ),
        (&aws, "https://bucket-a.s3-accelerate.amazonaws.com/"),
    ];
    for (settings, base) in signed {
        let outcome = ask(settings, base);
        assert!(outcome.is_ok(), "{settings} {base}: {outcome:?}");
    }
    let refused = [
        (&auto, "https://store.example:9000/bucket-a/"),
        (&auto, "http://store.example/bucket-a/"),
        (&auto, "http://store.example.evil.example:9000/bucket-a/"),
        (&auto, "http://evil.example/bucket-a/"),
        (&auto, "http://bucket-b.store.example:9000/"),
        (&auto, "http://x.bucket-a.store.example:9000/"),
        (&path, "http://bucket-a.store.example:9000/"),
        (&host, "http://store.example:9000/bucket-a/"),
        (&aws, "http://bucket-a.s3.eu-west-1.amazonaws.com/"),
        (&aws, "https://bucket-a.s3.us-east-1.amazonaws.com/"),
        (&aws, "https://s3-accelerate.amazonaws.com/bucket-a/"),
        (&aws, "https://sts.eu-west-1.amazonaws.com/bucket-a/"),
    ];
    for (settings, base) in refused {
        let outcome = ask(settings, base);
        assert!(
            matches!(outcome, Err(SignError::Host { .. })),
            "{settings} {base}: {outcome:?}"
        );
    }
}

#[test]
fn hosts_are_read_in_one_way_only() {
    let auto = json!({});
    let host = json!({"remote-signing-url-style": "virtual_host"});
    for uri in [
        "http://user@store.example:9000/bucket-a/",
        "http://store.example:9000@evil.example/bucket-a/",
        "http://store.example:x/bucket-a/",
        "http://store.example:+9000/bucket-a/",
        "http://store%2Eexample:9000/bucket-a/",
        "http:///bucket-a/",
        "//store.example:9000/bucket-a/",
        "s3://bucket-a/",
        "http://store.example:9000/bucket-b/",
        "http://store.example:9000//bucket-a/",
    ] {
        let outcome = ask(&auto, uri);
        assert!(
            matches!(outcome, Err(SignError::Uri { .. })),
            "{uri}: {outcome:?}"
        );
    }
    let error = ask(&host, "http://evil.example/").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the URI leads to `http://evil.example`: only requests to `http://bucket-a.store.example:9000` \
         (`remote-signing-url-style` is `virtual_host`) are signed"
    );
}
