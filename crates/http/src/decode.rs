//! Decodes the content codings of request bodies (RFC 9110, section 8.4).

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use futures::future::{Either, Ready, ready};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, StatusCode};
use model::Excerpt;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};
use tower::{Layer, Service};

use crate::error::{ApiError, ApiResult};

/// The codings that request bodies may have, for `accept-encoding` of a refusal.
const TAKEN: HeaderValue = HeaderValue::from_static("gzip, zstd");

/// Puts [`Decoding`] around services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decode;

impl<S> Layer<S> for Decode {
    type Service = Decoding<S>;

    fn layer(&self, inner: S) -> Decoding<S> {
        Decoding(inner)
    }
}

/// Decodes the bodies of requests. A body may be a series of gzip members (RFC 1952, section 2.2); the layer of tower-http would
/// cut it off after the first member.
#[derive(Debug, Clone)]
pub(crate) struct Decoding<S>(S);

impl<S> Service<Request> for Decoding<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !request.headers().contains_key(CONTENT_ENCODING) {
            return Either::Left(self.0.call(request));
        }
        match decoded(request) {
            Ok(request) => Either::Left(self.0.call(request)),
            Err(error) => {
                let mut refused = error.into_response();
                refused.headers_mut().insert(ACCEPT_ENCODING, TAKEN);
                Either::Right(ready(Ok(refused)))
            }
        }
    }
}

fn decoded(mut request: Request) -> ApiResult<Request> {
    let coding = coding(request.headers())?;
    request.headers_mut().remove(CONTENT_ENCODING);
    let Some(coding) = coding else {
        return Ok(request);
    };
    request.headers_mut().remove(CONTENT_LENGTH);
    Ok(request.map(|body| {
        let read = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
        match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(read);
                decoder.multiple_members(true);
                streamed(decoder)
            }
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new(read);
                decoder.multiple_members(true);
                streamed(decoder)
            }
        }
    }))
}

fn streamed(decoder: impl AsyncRead + Send + 'static) -> Body {
    Body::from_stream(ReaderStream::new(decoder))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Zstd,
}

/// The coding of the body; `None` if it is not encoded. Names are case-insensitive (section 8.4.1).
fn coding(headers: &HeaderMap) -> ApiResult<Option<Coding>> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let named = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let named = named.collect::<Vec<_>>().join(",");
    let is_one = |name: &&str| !name.is_empty() && *name != "identity";
    let codings: Vec<_> = named.split(',').map(str::trim).filter(is_one).collect();
    match codings[..] {
        [] => Ok(None),
        ["gzip" | "x-gzip"] => Ok(Some(Coding::Gzip)),
        ["zstd"] => Ok(Some(Coding::Zstd)),
        _ => {
            let shown = Excerpt(&named);
            let message = format!(
                "the request's `content-encoding` is `{shown}`; send `gzip`, `zstd` or no encoding"
            );
            Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                message,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_of_requests_count_in_any_case() {
        let of = |values: &[&'static str]| {
            let values = values.iter().copied().map(HeaderValue::from_static);
            coding(&values.map(|value| (CONTENT_ENCODING, value)).collect())
        };
        for gzip in ["gzip", "GZIP", "x-gzip", "identity, gzip", " gzip ,"] {
            assert_eq!(of(&[gzip]).unwrap(), Some(Coding::Gzip), "{gzip}");
        }
        assert_eq!(of(&["Zstd"]).unwrap(), Some(Coding::Zstd));
        assert_eq!(of(&["identity"]).unwrap(), None);
        for other in [&["br"][..], &["gzip, gzip"], &["gzip", "zstd"]] {
            of(other).unwrap_err();
        }
    }
}
