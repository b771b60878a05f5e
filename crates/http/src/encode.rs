//! Encodes answers with a coding that the client accepts (RFC 9110, section 12.5.3).

use std::io;

use async_compression::Level;
use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use axum::body::Body;
use axum::response::Response;
use futures::TryStreamExt;
use http::header::{ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// Answers of at most so many bytes are not encoded: it would not pay.
const ENCODE_ABOVE: u64 = 2_048;
/// Encoded answers are sent in chunks of so many bytes.
const PART: usize = 32 << 10;

/// The `accept-encoding` values of a request, parsed only when an answer is large enough to be encoded.
#[derive(Debug, Default)]
pub(crate) struct Accepted(Vec<HeaderValue>);

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(ACCEPT_ENCODING).iter().cloned().collect())
    }

    /// Encodes an answer that is large and not encoded yet. If no coding is acceptable, the answer is sent unencoded, even if the
    /// client excludes that (`identity;q=0`): the request may have changed something, so it must not be refused now.
    pub(crate) fn encode(&self, response: Response) -> Response {
        if response.body().size_hint().lower() <= ENCODE_ABOVE
            || response.headers().contains_key(CONTENT_ENCODING)
        {
            return response;
        }
        let coding = preferred(self.0.iter());
        let (mut head, body) = response.into_parts();
        let set = &mut head.headers;
        let varies = set.get(VARY).and_then(|value| value.to_str().ok());
        if !varies.is_some_and(|value| value.contains("accept-encoding")) {
            set.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        let name = match coding {
            Coding::Identity => return Response::from_parts(head, body),
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        };
        set.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        set.remove(CONTENT_LENGTH);
        set.remove(ACCEPT_RANGES);
        let read = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
        let encoded = if coding == Coding::Gzip {
            streamed(GzipEncoder::with_quality(read, Level::Fastest))
        } else {
            streamed(ZstdEncoder::with_quality(read, Level::Fastest))
        };
        Response::from_parts(head, encoded)
    }
}

fn streamed(encoder: impl AsyncRead + Send + 'static) -> Body {
    Body::from_stream(ReaderStream::with_capacity(encoder, PART))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// One item of `accept-encoding`.
#[derive(Debug, Clone, Copy)]
struct Preference<'a> {
    name: &'a str,
    /// The quality value, in thousandths.
    weight: u16,
}

impl Preference<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// By either of its names (RFC 9110, section 8.4.1.3).
    fn is_gzip(&self) -> bool {
        self.is("gzip") || self.is("x-gzip")
    }
}

fn preferences<'a>(
    values: impl Iterator<Item = &'a HeaderValue>,
) -> impl Iterator<Item = Preference<'a>> {
    let items = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    items.map(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        Preference {
            name: name.trim(),
            weight: thousandths(weight.trim()),
        }
    })
}

/// The weight of `q=0.5`, with up to three decimals (section 12.4.2). Text that is no weight counts as 1000.
fn thousandths(weight: &str) -> u16 {
    let quality = weight.strip_prefix(['q', 'Q']).unwrap_or_default();
    let quality = quality.trim_start().strip_prefix('=').unwrap_or_default();
    let Some(decimals) = quality.trim_start().strip_prefix('0') else {
        return 1_000;
    };
    let digits = decimals.strip_prefix('.').unwrap_or_default();
    let places = [100, 10, 1].into_iter().zip(digits.bytes());
    places
        .map(|(place, digit)| place * u16::from(digit.saturating_sub(b'0').min(9)))
        .sum()
}

/// The coding with the highest weight, the first if several have it; `Identity` if none has a weight above 0.
fn preferred<'a>(values: impl Iterator<Item = &'a HeaderValue> + Clone) -> Coding {
    let names_gzip = preferences(values.clone()).any(|one| one.is_gzip());
    let mut best = (Coding::Identity, 0);
    for one in preferences(values) {
        let coding = match one {
            one if one.is_gzip() || (one.name == "*" && !names_gzip) => Coding::Gzip,
            one if one.is("zstd") => Coding::Zstd,
            one if one.is("identity") => Coding::Identity,
            _ => continue,
        };
        if one.weight > best.1 {
            best = (coding, one.weight);
        }
    }
    best.0
}

/// Whether the client names gzip with a weight above 0. `*` does not count.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    preferences(values).any(|one| one.is_gzip() && one.weight > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_is_used_only_where_it_is_taken() {
        for value in ["gzip", "deflate, GZIP;q=0.5", "br, gzip", "x-gzip"] {
            assert!(accepts_gzip(&with(value)), "{value}");
        }
        for value in [
            "identity",
            "gzip;q=0",
            "gzip; q=0.0",
            "gzip;Q=0",
            "zstd",
            "",
        ] {
            assert!(!accepts_gzip(&with(value)), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_coding_of_the_highest_weight_is_preferred() {
        for (value, expected) in [
            ("gzip, zstd", Coding::Gzip),
            ("zstd, gzip", Coding::Zstd),
            ("gzip;q=0.5, zstd;q=0.501", Coding::Zstd),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("gzip;q=1.0, identity;q=0.5, *;q=0", Coding::Gzip),
            ("*", Coding::Gzip),
            ("x-gzip;q=0, *", Coding::Identity),
            ("gzip;q=0, *", Coding::Identity),
            ("*;q=0", Coding::Identity),
            ("identity;q=0", Coding::Identity),
            ("br", Coding::Identity),
            ("", Coding::Identity),
            ("gzip;q=0.0001", Coding::Identity),
            ("gzip;q=abc", Coding::Gzip),
        ] {
            assert_eq!(
                preferred([HeaderValue::from_static(value)].iter()),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = ["gzip;q=0.5", "zstd"].map(HeaderValue::from_static);
        assert_eq!(preferred(lines.iter()), Coding::Zstd);
    }
}
