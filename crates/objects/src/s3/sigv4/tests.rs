//! The signatures that AWS publishes: its test suite, and the examples of the S3 documentation.

use object_store::aws::AwsCredential;

use super::*;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Vector {
    method: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    payload_hash: String,
    signature: &'static str,
}

impl Vector {
    fn check(&self, key: &AwsCredential, scope: SigningScope<'_>) {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let request = Signable {
            method: self.method,
            path: &encode_path(self.path),
            query: &canonical_query(self.query.iter().copied()),
            headers: &headers,
            payload_hash: &self.payload_hash,
        };
        let signing_key = scope.signing_key(&key.secret_key);
        let authorization = scope.authorization((&key.key_id, &signing_key), &request);
        assert!(
            authorization.ends_with(&format!("Signature={}", self.signature)),
            "{} {}: {authorization}\n{}",
            self.method,
            self.path,
            request.canonical(&request.signed_headers())
        );
    }
}

fn key(id: &str, secret: &str) -> AwsCredential {
    AwsCredential {
        key_id: id.to_owned(),
        secret_key: secret.to_owned(),
        token: None,
    }
}

#[test]
fn requests_of_the_test_suite_get_its_signatures() {
    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20150830T123600Z");
    let vector = |method, path, query, signature| Vector {
        method,
        path,
        query,
        headers: &[HOST, DATE],
        payload_hash: EMPTY.to_owned(),
        signature,
    };
    let vectors = [
        // get-vanilla
        vector(
            "GET",
            "/",
            &[],
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        // post-vanilla
        vector(
            "POST",
            "/",
            &[],
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        // get-vanilla-query-order-key-case
        vector(
            "GET",
            "/",
            &[("Param2", "value2"), ("Param1", "value1")],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        // get-utf8
        vector(
            "GET",
            "/\u{1234}",
            &[],
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        Vector {
            // get-header-value-trim
            headers: &[
                HOST,
                ("my-header1", " value1"),
                ("my-header2", "  \"a   b   c\""),
                DATE,
            ],
            ..vector(
                "GET",
                "/",
                &[],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            )
        },
    ];
    let scope = SigningScope {
        region: "us-east-1",
        service: "service",
        at: parse_timestamp("20150830T123600Z").unwrap(),
    };
    let key = key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for vector in vectors {
        vector.check(&key, scope);
    }
}

#[test]
fn requests_of_the_s3_documentation_get_its_signatures() {
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const HASH: (&str, &str) = ("x-amz-content-sha256", EMPTY);
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");
    let vector = |path, query, signature| Vector {
        method: "GET",
        path,
        query,
        headers: &[HOST, HASH, DATE],
        payload_hash: EMPTY.to_owned(),
        signature,
    };
    let welcome = sha256_hex(b"Welcome to Amazon S3.");
    let vectors = [
        Vector {
            headers: &[HOST, ("range", "bytes=0-9"), HASH, DATE],
            ..vector(
                "/test.txt",
                &[],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            )
        },
        Vector {
            method: "PUT",
            headers: &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                HOST,
                (
                    "x-amz-content-sha256",
                    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                ),
                DATE,
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payload_hash: welcome,
            ..vector(
                "/test$file.text",
                &[],
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            )
        },
        vector(
            "/",
            &[("lifecycle", "")],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        vector(
            "/",
            &[("prefix", "J"), ("max-keys", "2")],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];
    let scope = SigningScope {
        region: "us-east-1",
        service: "s3",
        at: parse_timestamp("20130524T000000Z").unwrap(),
    };
    let key = key(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    );
    for vector in vectors {
        vector.check(&key, scope);
    }
}

#[test]
fn the_canonical_request_and_the_string_to_sign_are_those_of_the_test_suite() {
    let headers = BTreeMap::from([
        ("host".to_owned(), "example.amazonaws.com".to_owned()),
        ("x-amz-date".to_owned(), "20150830T123600Z".to_owned()),
    ]);
    let request = Signable {
        method: "GET",
        path: "/",
        query: "",
        headers: &headers,
        payload_hash: EMPTY,
    };
    let canonical = request.canonical(&request.signed_headers());
    assert_eq!(
        canonical,
        format!(
            "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n{EMPTY}"
        )
    );
    let scope = SigningScope {
        region: "us-east-1",
        service: "service",
        at: parse_timestamp("20150830T123600Z").unwrap(),
    };
    assert_eq!(
        scope.string_to_sign(&scope.credential_scope(), &canonical),
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n\
         bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63"
    );
}

#[test]
fn only_the_one_spelling_of_a_time_is_read() {
    let at = parse_timestamp("20240229T235959Z").unwrap();
    assert_eq!(timestamp(at), "20240229T235959Z");
    for wrong in [
        "",
        "20230229T000000Z",
        "20240229T235959",
        "20240229T235959Z ",
        "2024-02-29T23:59:59Z",
        "+2024022T235959Z",
    ] {
        assert_eq!(parse_timestamp(wrong), None, "{wrong}");
    }
}
