//! File I/O through Google's JSON API.
//!
//! `object_store` is not used, because it uses Google's XML API: of that, emulators support little more than
//! downloads.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Response, Url};
use serde::Deserialize;

use super::answer;
use super::source::Source;
use super::token::{Token, Tokens};
use super::vend::config;
use crate::connection::{self, Transport};
use crate::credential::{GOOGLE_STORAGE, GcsCredential};
use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest, PageToken};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::GcsProfile;
use crate::remote;
use crate::secret::Secret;
use crate::vend::Vended;

/// Limit for one request, including the body of its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A listing has names and a token. A thousand names of the greatest length are 1 MB, and JSON may need six bytes for
/// each byte of a name.
const MAX_LISTING_BYTES: u64 = 16 << 20;

/// Characters that are not escaped in a path.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One bucket, over one pool of connections.
pub(crate) struct GcsStore {
    bucket: String,
    /// URL of the storage, without trailing slash.
    url: String,
    client: Client,
    tokens: Tokens,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    /// A number, as a string.
    #[serde(default)]
    size: Option<String>,
}

impl GcsStore {
    pub(crate) fn open(
        profile: &GcsProfile,
        credential: &GcsCredential,
    ) -> Result<Self, OpenError> {
        let tokens = super::tokens(credential)?;
        Self::over(profile, credential.storage_url(), tokens)
    }

    /// Opens the bucket with vended access, as an engine does.
    pub(crate) fn open_vended(profile: &GcsProfile, vended: &Vended) -> Result<Self, OpenError> {
        let property = |key: &str| {
            let mut config = vended.config.iter();
            config.find_map(|(found, value)| (found == key).then(|| value.expose().clone()))
        };
        let token = property(config::TOKEN)
            .ok_or_else(|| OpenError::Failed("no token was vended".to_owned()))?;
        let source = Source::Vended(Token {
            value: Secret::new(token),
            expires_at: vended.expires_at,
            project: property(config::PROJECT),
        });
        let url = property(config::SERVICE_HOST);
        let url = url.as_deref().unwrap_or(GOOGLE_STORAGE);
        Self::over(profile, url, Tokens::new(source))
    }

    fn over(profile: &GcsProfile, url: &str, tokens: Tokens) -> Result<Self, OpenError> {
        let client = connection::client(Transport::of(url))
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|e| OpenError::Failed(e.to_string()))?;
        Ok(Self {
            bucket: profile.bucket().to_owned(),
            url: url.to_owned(),
            client,
            tokens,
        })
    }

    /// The name of the object or folder, if it is in this bucket.
    fn key<'a>(&self, at: &'a Location) -> Result<&'a str, ObjectError> {
        if at.scheme() != Scheme::Gs || at.bucket() != self.bucket {
            return Err(ObjectError::invalid(
                at,
                format!("it is not in the bucket `{}`", self.bucket),
            ));
        }
        Ok(at.key())
    }

    /// The URL of an object; `parameters` go into its query.
    fn object(&self, at: &Location, parameters: &[(&str, &str)]) -> Result<Url, ObjectError> {
        let name = utf8_percent_encode(self.key(at)?, UNRESERVED);
        let path = format!("storage/v1/b/{}/o/{name}", self.bucket);
        self.address(at, &path, parameters)
    }

    fn address(
        &self,
        at: &Location,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Url, ObjectError> {
        let mut url = Url::parse(&format!("{}/{path}", self.url))
            .map_err(|e| ObjectError::invalid(at, e.to_string()))?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// Sends `request` with the current access token.
    async fn send(&self, at: &Location, mut request: Request) -> Result<Response, ObjectError> {
        let token = self.tokens.get().await;
        let token = token.map_err(|failure| failure.into_object_error(at))?;
        if !token.value.expose().is_empty() {
            request.headers_mut().insert(
                reqwest::header::AUTHORIZATION,
                answer::bearer(&token.value).ok_or_else(|| {
                    ObjectError::unavailable(
                        at,
                        "the access token has characters that a header cannot have",
                    )
                })?,
            );
        }
        let response = self.client.execute(request).await;
        let response = response.map_err(|e| answer::broken(at, &e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(answer::refusal(at, response).await)
    }
}

/// All bytes of an answer, if there are at most `max`.
async fn content(mut response: Response, at: &Location, max: u64) -> Result<Bytes, ObjectError> {
    let too_large = |size| {
        Err(ObjectError::TooLarge {
            location: at.clone(),
            size,
            max,
        })
    };
    let size = response.content_length().unwrap_or_default();
    if size > max {
        return too_large(size);
    }
    let mut content = BytesMut::with_capacity(usize::try_from(size).unwrap_or_default());
    let broken = |e: reqwest::Error| answer::broken(at, &e);
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        content.extend_from_slice(&chunk);
        if content.len() as u64 > max {
            return too_large(content.len() as u64);
        }
    }
    Ok(content.freeze())
}

impl fmt::Debug for GcsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcsStore({})", self.bucket)
    }
}

#[async_trait]
impl Objects for GcsStore {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        let mut request = Request::new(Method::GET, self.object(at, &[("alt", "media")])?);
        // The bytes as stored: otherwise Google would decompress objects that were uploaded as gzip.
        let gzip = HeaderValue::from_static("gzip");
        request.headers_mut().insert(ACCEPT_ENCODING, gzip);
        let response = self.send(at, request).await?;
        content(response, at, max_bytes).await
    }

    async fn write_new(&self, at: &Location, new: Bytes) -> Result<(), ObjectError> {
        let path = format!("upload/storage/v1/b/{}/o", self.bucket);
        let parameters = [
            ("uploadType", "media"),
            ("name", self.key(at)?),
            // Only if there is no object of this name.
            ("ifGenerationMatch", "0"),
        ];
        let mut request = Request::new(Method::POST, self.address(at, &path, &parameters)?);
        let content_type = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        *request.body_mut() = Some(new.into());
        self.send(at, request).await.map(drop)
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        let request = Request::new(Method::DELETE, self.object(at, &[])?);
        match self.send(at, request).await {
            Ok(_) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        remote::delete_each(self, all).await
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        let prefix = match self.key(folder)? {
            "" => String::new(),
            key => format!("{key}/"),
        };
        let limit = page.bounded_limit().to_string();
        let mut parameters = vec![
            ("prefix", prefix.as_str()),
            ("maxResults", &limit),
            ("fields", "items(name,size),nextPageToken"),
        ];
        if let Some(token) = &page.after {
            parameters.push(("pageToken", &token.0));
        }
        let path = format!("storage/v1/b/{}/o", self.bucket);
        let url = self.address(folder, &path, &parameters)?;
        let response = self.send(folder, Request::new(Method::GET, url)).await?;
        let body = content(response, folder, MAX_LISTING_BYTES).await?;
        let listing: Listing = serde_json::from_slice(&body)
            .map_err(|e| ObjectError::invalid(folder, format!("the listing is unreadable: {e}")))?;
        let sizes = listing.items.iter().filter_map(|item| item.size.as_ref());
        let mut page = Page {
            bytes: sizes
                .filter_map(|size| size.parse().ok())
                .fold(0, u64::saturating_add),
            next: listing
                .next_page_token
                .filter(|token| !token.is_empty())
                .map(PageToken),
            ..Page::default()
        };
        for Item { name, .. } in listing.items {
            let location = name
                .strip_prefix(&prefix)
                .and_then(|relative| folder.join_listed(relative));
            match location {
                Some(marker) if name.ends_with('/') => page.markers.push(marker),
                Some(location) => page.locations.push(location),
                None => page.unaddressable.push(name),
            }
        }
        Ok(page)
    }
}
