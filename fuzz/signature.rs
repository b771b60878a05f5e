//! Signature Version 4 as the server computes it: from the request that arrives, in the server's own canonical spelling
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).

use objects::SignedRequest;
use ring::{digest, hmac};

use super::header;

/// The parts of an `Authorization` header: the scope of the signature, the headers that it covers, and the signature.
struct Authorization<'a> {
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// Checks that the signature is the right one for the request as it is sent.
pub(crate) fn require_right(method: &str, signed: &SignedRequest, secret: &str) {
    let value = header(signed, "authorization").unwrap();
    let authorization = taken_apart(&value);
    let at = header(signed, "x-amz-date").unwrap();
    let scope = authorization.scope;
    let day = at.split_once('T').unwrap().0;
    assert_eq!(scope, format!("{day}/local-01/s3/aws4_request"));

    let canonical = canonical(method, signed, authorization.signed_headers);
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part);
    }
    assert_eq!(
        authorization.signature,
        hex(&mac(&key, &text)),
        "{canonical}"
    );
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn taken_apart(value: &str) -> Authorization<'_> {
    let rest = value.strip_prefix("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/");
    let (scope, rest) = rest.unwrap().split_once(", SignedHeaders=").unwrap();
    let (signed_headers, signature) = rest.split_once(", Signature=").unwrap();
    Authorization {
        scope,
        signed_headers,
        signature,
    }
}

fn canonical(method: &str, signed: &SignedRequest, names: &str) -> String {
    let (_, rest) = signed.uri.split_once("://").unwrap();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(&decoded(name), ""), encoded(&decoded(value), "")))
        .collect();
    parameters.sort();
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut lines = vec![
        method.to_owned(),
        encoded(&decoded(path), "/"),
        parameters.join("&"),
    ];
    for name in names.split(';') {
        let value = match name {
            "host" => host.to_owned(),
            name => header(signed, name).unwrap(),
        };
        let words: Vec<&str> = value.split([' ', '\t']).filter(|w| !w.is_empty()).collect();
        lines.push(format!("{name}:{}", words.join(" ")));
    }
    lines.push(String::new());
    lines.push(names.to_owned());
    lines.push(header(signed, "x-amz-content-sha256").unwrap());
    lines.join("\n")
}

/// Percent-encodes everything but letters, digits, `-._~` and the characters in `kept`.
fn encoded(text: &str, kept: &str) -> String {
    let one = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Percent-decodes what the signer has written. It must be printable ASCII.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            assert!(byte.is_ascii_graphic(), "raw {byte}");
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
