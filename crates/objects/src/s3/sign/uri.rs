//! Parses a URI by hand: a general parser would resolve `..` and other doubtful spellings before they can be refused.

use percent_encoding::percent_decode_str;

use super::SignError;

/// Enough for the longest key, encoded, and a continuation token.
const MAX_BYTES: usize = 16 * 1024;

/// An absolute `http` or `https` URI, decoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uri {
    pub(super) origin: Origin,
    /// Begins with `/`. None of its slashes was percent-encoded.
    pub(super) path: String,
    /// In the given order; each name occurs once.
    pub(super) query: Vec<(String, String)>,
}

/// The scheme, host and port of a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// In lower case.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// The value of the `Host` header: clients leave out the default port.
    pub(super) fn authority(&self) -> String {
        match (self.scheme, self.port) {
            ("http", 80) | ("https", 443) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

impl Uri {
    pub(super) fn parse(given: &str) -> Result<Self, SignError> {
        SignError::bound("URI", given.len(), MAX_BYTES)?;
        parse(given).map_err(|reason| SignError::uri(given, reason))
    }
}

fn parse(given: &str) -> Result<Uri, &'static str> {
    if !given.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("has blanks, control or non-ASCII characters: percent-encode them");
    }
    if given.contains('\\') {
        return Err("has a `\\`: percent-encode it");
    }
    if given.contains('#') {
        return Err("has a fragment (`#`): leave it out, or percent-encode it");
    }
    let (scheme, rest) = given.split_once("://").unwrap_or_default();
    let scheme = match scheme {
        "http" => "http",
        "https" => "https",
        _ => return Err("must begin with `http://` or `https://`"),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    Ok(Uri {
        origin: origin(scheme, authority)?,
        path: decoded_path(path)?,
        query: decoded_query(query)?,
    })
}

fn origin(scheme: &'static str, authority: &str) -> Result<Origin, &'static str> {
    if authority.contains(['@', '%']) {
        return Err("names a user or has an encoded host");
    }
    // The colons of an IPv6 address are within brackets.
    let port_at = authority
        .rfind(':')
        .filter(|at| authority.rfind(']').is_none_or(|end| end < *at));
    let (host, port) = match port_at {
        Some(at) => (
            authority.get(..at).unwrap_or_default(),
            authority.get(at + 1..).and_then(parse_port),
        ),
        None => (authority, Some(if scheme == "http" { 80 } else { 443 })),
    };
    match port {
        Some(port) if !host.is_empty() => Ok(Origin {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        }),
        _ => Err("has no usable host and port"),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn decoded_path(path: &str) -> Result<String, &'static str> {
    if !path.contains('%') {
        return Ok(path.to_owned());
    }
    let decoded = decode(path)?;
    if decoded.matches('/').count() != path.matches('/').count() {
        return Err("has an encoded slash (`%2F`) in its path: write `/`");
    }
    Ok(decoded)
}

fn decoded_query(query: &str) -> Result<Vec<(String, String)>, &'static str> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // In a query, `+` stands for a blank, for S3 as for HTML forms.
        let name = decode(&name.replace('+', "%20"))?;
        let value = decode(&value.replace('+', "%20"))?;
        if pairs.iter().any(|(other, _)| *other == name) {
            return Err("has a query parameter twice");
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Percent-decodes once.
pub(super) fn decode(encoded: &str) -> Result<String, &'static str> {
    let mut rest = encoded.as_bytes();
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return Err("has a `%` without two hexadecimal digits: encode it as `%25`"),
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    percent_decode_str(encoded)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| "is not UTF-8 after decoding")
}
