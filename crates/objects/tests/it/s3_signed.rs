//! Signed requests, sent to a real S3 by a client that has no key.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: whatever is wrong fails the test"
)]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use objects::{
    BulkDeletes, Location, Permission, S3Credential, S3Profile, S3Request, S3Signer, Scope,
    SessionSigner, SignError, SignRequest, SignedRequest, StorageCredential, StorageProfile,
    Vendor,
};
use reqwest::{Client, Response};
use serde_json::Value;

use crate::s3::Service;

/// An engine without a key, and the catalog that signs for it.
pub(crate) struct Engine {
    profile: S3Profile,
    signer: S3Signer,
    vendor: Option<Arc<dyn Vendor>>,
    folder: Location,
    client: Client,
}

impl Engine {
    fn start(service: &Service) -> Self {
        // All characters that can be spelled in more than one way.
        Self::of(service, &service.profile(), "my table/b+c=d&é%20(e)'*~")
    }

    /// An engine for a folder of a warehouse.
    pub(crate) fn of(service: &Service, profile: &Value, folder: &str) -> Self {
        let profile = StorageProfile::from_json(profile).unwrap();
        let credential = StorageCredential::from_json(&service.credential()).unwrap();
        let vendor = objects::vendor(&profile, Some(&credential)).unwrap();
        let StorageProfile::S3(profile) = profile else {
            panic!("not S3");
        };
        let StorageCredential::S3(credential @ S3Credential::AccessKey { .. }) = credential else {
            panic!("no key");
        };
        let base = StorageProfile::S3(profile.clone()).base_location();
        // `reqwest` needs a provider even if nothing is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(Duration::from_secs(30))
            .tls_certs_only([]);
        Self {
            signer: S3Signer::open(&profile, &credential).unwrap(),
            vendor,
            profile: *profile,
            folder: base.join(folder).unwrap(),
            client: client.build().unwrap(),
        }
    }

    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.folder.key())
    }

    /// The file as the source of a copy.
    pub(crate) fn copy_source(&self, name: &str) -> String {
        format!("/{}/{}", self.profile.bucket(), self.key(name))
    }

    pub(crate) fn bucket_uri(&self) -> String {
        let endpoint = self.profile.endpoint().unwrap();
        format!("{endpoint}{}", self.profile.bucket())
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        let encode = |text: &str| {
            const SET: &percent_encoding::AsciiSet =
                &percent_encoding::NON_ALPHANUMERIC.remove(b'/');
            percent_encoding::utf8_percent_encode(text, SET).to_string()
        };
        format!("{}/{}", self.bucket_uri(), encode(&self.key(name)))
    }

    pub(crate) async fn sign(&self, request: SignRequest) -> SignedRequest {
        let scope = Scope {
            folder: self.folder.clone(),
            permission: Permission::Write,
        };
        let parsed = self.understood(request).unwrap();
        let sessions = self.vendor.as_ref();
        match sessions.filter(|_| self.profile.signs_by_sessions()) {
            Some(vendor) => {
                let session = vendor.vend(&scope).await.unwrap();
                SessionSigner::of(&session).unwrap().sign(&parsed).unwrap()
            }
            None => self.signer.sign(&parsed, &scope).await.unwrap(),
        }
    }

    /// The request as the catalog parses it.
    pub(crate) fn understood(&self, request: SignRequest) -> Result<S3Request, SignError> {
        S3Request::parse(&self.profile, BulkDeletes::Signed, request)
    }

    /// The request that an engine wants to have signed, with these headers in addition to the usual ones.
    pub(crate) fn request(
        &self,
        method: &str,
        uri: String,
        headers: &[(&str, String)],
    ) -> SignRequest {
        let usual = [
            ("User-Agent", "an-engine".to_owned()),
            ("Content-Type", "application/xml".to_owned()),
            ("amz-sdk-request", "attempt=1; max=4".to_owned()),
        ];
        let headers = usual.iter().chain(headers);
        SignRequest {
            method: method.to_owned(),
            uri,
            region: self.profile.region().to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), vec![value.clone()]))
                .collect(),
            body: None,
        }
    }

    /// A request that is signed for an engine.
    pub(crate) async fn signed(
        &self,
        method: &str,
        uri: String,
        body: Option<&str>,
    ) -> SignedRequest {
        let mut request = self.request(method, uri, &[]);
        if let Some(body) = body {
            // S3 accepts such a deletion only with a checksum.
            let hash = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
            let hash = base64::engine::general_purpose::STANDARD.encode(hash);
            let checksum = [
                ("x-amz-checksum-sha256", hash),
                ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()),
            ];
            request = self.request(&request.method, request.uri, &checksum);
            request.body = Some(body.to_owned());
        }
        self.sign(request).await
    }

    pub(crate) async fn send(&self, method: &str, signed: &SignedRequest, body: &str) -> Response {
        let method = method.parse().unwrap();
        let mut call = self.client.request(method, &signed.uri);
        for (name, values) in &signed.headers {
            for value in values {
                call = call.header(name, value);
            }
        }
        call.body(body.to_owned()).send().await.unwrap()
    }

    /// Signs the request, sends it, and expects success.
    pub(crate) async fn call(&self, method: &str, uri: String, body: &str) -> Response {
        let checked = uri.contains("?delete").then_some(body);
        let signed = self.signed(method, uri, checked).await;
        let response = self.send(method, &signed, body).await;
        let status = response.status();
        if !status.is_success() {
            let answer = response.text().await.unwrap();
            panic!("{method} {}: {status}: {answer}", signed.uri);
        }
        response
    }

    async fn list(&self) -> String {
        let prefix: String =
            url::form_urlencoded::byte_serialize(self.key("").as_bytes()).collect();
        let uri = format!("{}?prefix={prefix}&list-type=2", self.bucket_uri());
        self.call("GET", uri, "").await.text().await.unwrap()
    }
}

#[tokio::test]
async fn what_is_signed_is_accepted() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let engine = Engine::start(&service);
    let name = "data/n=a%2Fb/00000-0 +é.parquet";
    engine.call("PUT", engine.uri(name), "first").await;
    let read = engine.call("GET", engine.uri(name), "").await;
    assert_eq!(read.text().await.unwrap(), "first");
    engine.call("HEAD", engine.uri(name), "").await;
    let listed = engine.list().await;
    assert_eq!(listed.matches("<Key>").count(), 1, "{listed}");
    engine.call("DELETE", engine.uri(name), "").await;
    assert_eq!(engine.list().await.matches("<Key>").count(), 0);
}

#[tokio::test]
async fn an_upload_in_parts_is_accepted() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let engine = Engine::start(&service);
    let uri = engine.uri("data/large.parquet");
    let begun = engine.call("POST", format!("{uri}?uploads"), "").await;
    let begun = begun.text().await.unwrap();
    let (_, rest) = begun.split_once("<UploadId>").unwrap();
    let (upload, _) = rest.split_once("</UploadId>").unwrap();
    let part = format!("{uri}?uploadId={upload}&partNumber=1");
    let part = engine.call("PUT", part, "the part").await;
    let etag = part.headers()["etag"].to_str().unwrap();
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    let end = format!("{uri}?uploadId={upload}");
    engine.call("POST", end, &parts).await;
    let read = engine.call("GET", uri.clone(), "").await;
    assert_eq!(read.text().await.unwrap(), "the part");
    engine.call("DELETE", uri, "").await;
}

#[tokio::test]
async fn a_deletion_of_several_is_accepted() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let engine = Engine::start(&service);
    for name in ["a", "b"] {
        engine.call("PUT", engine.uri(name), name).await;
    }
    let body = |names: &[&str]| {
        let objects = names.iter().map(|name| {
            let key = engine.key(name).replace('&', "&amp;");
            format!("<Object><Key>{key}</Key></Object>")
        });
        let objects: Vec<String> = objects.collect();
        let objects = objects.concat();
        format!("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{objects}</Delete>")
    };
    let uri = format!("{}?delete", engine.bucket_uri());
    engine.call("POST", uri, &body(&["a", "b"])).await;
    assert_eq!(engine.list().await.matches("<Key>").count(), 0);
}

#[tokio::test]
async fn a_signature_serves_no_other_request() {
    let Some(service) = Service::from_env() else {
        return;
    };
    let engine = Engine::start(&service);
    engine.call("PUT", engine.uri("a"), "a").await;
    let signed = engine.signed("GET", engine.uri("a"), None).await;
    assert_eq!(engine.send("GET", &signed, "").await.status(), 200);
    let altered = |change: &dyn Fn(&mut SignedRequest)| {
        let mut altered = signed.clone();
        change(&mut altered);
        altered
    };
    let requests = [
        ("GET", altered(&|it| it.uri.push('b'))),
        ("GET", altered(&|it| it.uri += "?partNumber=1")),
        ("PUT", altered(&|_| {})),
        ("DELETE", altered(&|_| {})),
        (
            "GET",
            altered(&|it| {
                it.headers.remove("Authorization");
            }),
        ),
        (
            "GET",
            altered(&|it| {
                it.headers
                    .insert("x-amz-date".to_owned(), vec!["20260102T030405Z".to_owned()]);
            }),
        ),
    ];
    for (method, request) in requests {
        let status = engine.send(method, &request, "").await.status();
        assert_eq!(status, 403, "{method} {}", request.uri);
    }
    engine.call("DELETE", engine.uri("a"), "").await;
}
