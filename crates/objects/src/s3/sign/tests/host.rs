//! The hosts to which signed requests may be sent.

use super::*;

fn ask(settings: &serde_json::Value, base: &str) -> Result<SignedRequest, SignError> {
    let profile = profile(settings);
    let asked = SignRequest {
        region: profile.region().to_owned(),
        ..request("GET", &format!("{base}wh/orders/a"))
    };
    let scope = scope(FOLDER, Permission::Write);
    S3Request::parse(&profile, BulkDeletes::Refused, asked)?.sign(&scope, &key(), now())
}

#[test]
fn only_hosts_of_the_warehouses_bucket_are_signed_for() {
    let aws = json!({"endpoint": null, "flavor": "aws"});
    let sovereign = json!({"endpoint": null, "flavor": "aws", "region": "eusc-de-east-1"});
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
        (
            &sovereign,
            "https://bucket-a.s3.eusc-de-east-1.amazonaws.eu/",
        ),
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
        (
            &sovereign,
            "https://bucket-a.s3.eusc-de-east-1.amazonaws.com/",
        ),
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
fn a_store_that_is_asked_in_the_path_gets_no_signatures_for_virtual_hosts() {
    let at = |endpoint: &str| json!({"path-style-access": true, "endpoint": endpoint});
    let style = |settings: serde_json::Value, style: &str| {
        let mut settings = settings;
        settings["remote-signing-url-style"] = json!(style);
        settings
    };
    let minio = at("http://store.example:9000");
    let rented = at("http://s3-minio-1.eu-west-1.elb.amazonaws.com");
    let dotted = json!({"bucket": "bucket.a", "endpoint": "https://store.example"});
    let path = "http://store.example:9000/bucket-a/";
    let host = "http://bucket-a.store.example:9000/";
    let error = ask(&minio, host).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the URI leads to `http://bucket-a.store.example:9000`: only requests to `http://store.example:9000` are signed"
    );
    for (settings, base) in [
        (
            &rented,
            "http://bucket-a.s3-minio-1.eu-west-1.elb.amazonaws.com/",
        ),
        // No certificate covers this host.
        (&dotted, "https://bucket.a.store.example/"),
    ] {
        let outcome = ask(settings, base);
        let is_refused = matches!(outcome, Err(SignError::Host { .. }));
        assert!(is_refused, "{settings} {base}: {outcome:?}");
    }
    for (settings, base) in [
        (&minio, path),
        (&style(minio.clone(), "path"), path),
        // The operator allows this style.
        (&style(minio.clone(), "virtual_host"), host),
        (
            &at("https://s3.eu-west-1.amazonaws.com"),
            "https://bucket-a.s3.eu-west-1.amazonaws.com/",
        ),
        (
            &at("https://account.r2.cloudflarestorage.com"),
            "https://bucket-a.account.r2.cloudflarestorage.com/",
        ),
        (
            &json!({"path-style-access": true, "endpoint": null, "flavor": "aws"}),
            "https://bucket-a.s3.eu-west-1.amazonaws.com/",
        ),
    ] {
        let outcome = ask(settings, base);
        assert!(outcome.is_ok(), "{settings} {base}: {outcome:?}");
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
