//! AWS Signature Version 4 in the `Authorization` header.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>. Path and query are encoded once,
//! as S3 requires, and must be sent exactly as they are signed.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TIMESTAMP: &str = "%Y%m%dT%H%M%SZ";

/// All characters but those that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The time, the region and the service for which a signature is valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SigningScope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) at: DateTime<Utc>,
}

/// The parts of a request that are signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signable<'a> {
    /// In capitals.
    pub(crate) method: &'a str,
    /// As [`encode_path`] writes it.
    pub(crate) path: &'a str,
    /// As [`canonical_query`] writes it.
    pub(crate) query: &'a str,
    /// Values by names in lower case; `host` and `x-amz-date` are among them.
    pub(crate) headers: &'a BTreeMap<String, String>,
    /// SHA-256 of the body in hexadecimal digits, or one of the words that S3 accepts instead.
    pub(crate) payload_hash: &'a str,
}

impl Signable<'_> {
    fn signed_headers(&self) -> String {
        let names: Vec<&str> = self.headers.keys().map(String::as_str).collect();
        names.join(";")
    }

    fn canonical(&self, signed_headers: &str) -> String {
        let mut text = [self.method, self.path, self.query, ""].join("\n");
        for (name, value) in self.headers {
            text.push_str(name);
            text.push(':');
            push_normalized(&mut text, value);
            text.push('\n');
        }
        for line in ["\n", signed_headers, "\n", self.payload_hash] {
            text.push_str(line);
        }
        text
    }
}

/// Blanks around a header's value do not count, and several blanks within it count as one.
fn push_normalized(text: &mut String, value: &str) {
    // A session token has a thousand bytes and more, none of them a blank.
    if !value.as_bytes().contains(&b' ') && !value.as_bytes().contains(&b'\t') {
        return text.push_str(value);
    }
    for (at, word) in value.split_ascii_whitespace().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}

impl SigningScope<'_> {
    /// The day on which a signing key is valid, as `20260102`.
    pub(crate) fn day(&self) -> String {
        let mut text = String::with_capacity(DAY);
        push_day(&mut text, self.at);
        text
    }

    fn credential_scope(&self) -> String {
        [&self.day(), self.region, self.service, "aws4_request"].join("/")
    }

    fn string_to_sign(&self, credential_scope: &str, canonical_request: &str) -> String {
        let (time, hash) = (timestamp(self.at), sha256_hex(canonical_request.as_bytes()));
        [ALGORITHM, &time, credential_scope, &hash].join("\n")
    }

    /// The signing key of this day, derived from a secret key.
    pub(crate) fn signing_key(&self, secret: &str) -> hmac::Key {
        let seed = format!("AWS4{secret}");
        let parts = [&self.day(), self.region, self.service, "aws4_request"];
        parts.iter().fold(
            hmac::Key::new(hmac::HMAC_SHA256, seed.as_bytes()),
            |key, part| {
                let derived = hmac::sign(&key, part.as_bytes());
                hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
            },
        )
    }

    /// The value of the `Authorization` header, made with an access key's ID and its signing key of this day.
    pub(crate) fn authorization(
        &self,
        (key_id, signing_key): (&str, &hmac::Key),
        request: &Signable<'_>,
    ) -> String {
        let (scope, names) = (self.credential_scope(), request.signed_headers());
        let text = self.string_to_sign(&scope, &request.canonical(&names));
        let signature = hex(hmac::sign(signing_key, text.as_bytes()).as_ref());
        [
            ALGORITHM,
            " Credential=",
            key_id,
            "/",
            &scope,
            ", SignedHeaders=",
            &names,
            ", Signature=",
            &signature,
        ]
        .concat()
    }
}

/// The time in the format of `x-amz-date`.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    // Without a format string, because chrono would parse it each time.
    let mut text = String::with_capacity(DAY + "T000000Z".len());
    push_day(&mut text, at);
    text.push('T');
    for part in [at.hour(), at.minute(), at.second()] {
        push_two_digits(&mut text, part);
    }
    text.push('Z');
    text
}

/// Number of bytes of a day. Years have four digits: S3 accepts no others.
const DAY: usize = "20260102".len();

fn push_day(text: &mut String, at: DateTime<Utc>) {
    let year = at.year().unsigned_abs();
    for part in [year / 100, year, at.month(), at.day()] {
        push_two_digits(text, part);
    }
}

fn push_two_digits(text: &mut String, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        text.push(char::from_digit(digit, 10).unwrap_or_default());
    }
}

/// Reads what [`timestamp`] writes, and nothing else.
pub(crate) fn parse_timestamp(given: &str) -> Option<DateTime<Utc>> {
    let at = NaiveDateTime::parse_from_str(given, TIMESTAMP)
        .ok()?
        .and_utc();
    (timestamp(at) == given).then_some(at)
}

/// A path with everything percent-encoded but unreserved characters and `/`.
pub(crate) fn encode_path(path: &str) -> String {
    Cow::from(utf8_percent_encode(path, RESERVED_IN_PATH)).into_owned()
}

/// One segment of a path, with its slashes percent-encoded too.
pub(crate) fn encode_segment(segment: &str) -> String {
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// Names and values percent-encoded and sorted; a name without a value gets an empty one.
pub(crate) fn canonical_query<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let encode = |text| utf8_percent_encode(text, RESERVED).to_string();
    let mut encoded: Vec<(String, String)> = parameters
        .into_iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    encoded.sort();
    let pairs: Vec<String> = encoded
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(half + if half < 10 { b'0' } else { b'a' - 10 }));
        }
    }
    text
}
