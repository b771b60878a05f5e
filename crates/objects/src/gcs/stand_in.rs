//! A stand-in for Google's token services and metadata server on a local port. It gives a token only for a request
//! with all the right parameters, and otherwise says what is wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::jwt::Signer;
use super::token::now;
pub(crate) use crate::token::stand_in::Seen;

/// A key made for these tests; it gives access to nothing.
pub(crate) const PRIVATE_KEY: &str = include_str!("opens-nothing.pem");
pub(crate) const EMAIL: &str = "catalog@project-1.iam.gserviceaccount.com";
pub(crate) const OWN_TOKEN: &str = "ya29.own-token";
pub(crate) const NARROW_TOKEN: &str = "ya29.narrow-token";

/// Status, further header lines, body.
#[derive(Debug, Clone)]
pub(crate) struct Canned(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

type Answer = Box<dyn Fn(&Seen) -> Canned + Send + Sync>;

pub(crate) struct GoogleStandIn {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl GoogleStandIn {
    /// Answers as Google does.
    pub(crate) async fn start() -> Self {
        Self::answering(Box::new(google)).await
    }

    pub(crate) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (Arc::clone(&seen), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&noted)));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen().iter().map(|s| s.target().to_owned()).collect()
    }

    /// A service account key whose URLs all point to this stand-in.
    pub(crate) fn key(&self) -> Value {
        json!({
            "type": "service_account",
            "project_id": "project-1",
            "private_key_id": "key-1",
            "private_key": PRIVATE_KEY,
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": format!("{}/token", self.url),
            "gcs_base_url": format!("{}/", self.url),
            "sts_url": format!("{}/v1/token", self.url),
        })
    }
}

pub(crate) fn given(token: &str, seconds: u64) -> Canned {
    let body = json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"});
    Canned(200, "", body.to_string())
}

pub(crate) fn google(seen: &Seen) -> Canned {
    let metadata = "GET /computeMetadata/v1/instance/service-accounts/default/token";
    let outcome = match seen.target() {
        "POST /token" => statement(seen).map(|()| given(OWN_TOKEN, 3600)),
        "POST /v1/token" => exchange(seen).map(|()| given(NARROW_TOKEN, 3000)),
        target if target == metadata => asked_as_machine(seen).map(|()| given(OWN_TOKEN, 1800)),
        "GET /computeMetadata/v1/project/project-id" => {
            asked_as_machine(seen).map(|()| Canned(200, "", "project-2".to_owned()))
        }
        other => Err(format!("there is no {other}")),
    };
    outcome.unwrap_or_else(|wrong| {
        let body = json!({"error": "invalid_request", "error_description": wrong});
        Canned(400, "", body.to_string())
    })
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is {found:?}, not {expected:?}"))
}

fn asked_as_machine(seen: &Seen) -> Result<(), String> {
    same(
        "Metadata-Flavor",
        &seen.header("metadata-flavor"),
        &Some("Google"),
    )
}

/// Checks a request of RFC 7523.
fn statement(seen: &Seen) -> Result<(), String> {
    let form = seen.form();
    let names: Vec<&str> = form.keys().map(String::as_str).collect();
    same("the form", &names, &vec!["assertion", "grant_type"])?;
    same(
        "grant_type",
        &form["grant_type"].as_str(),
        &"urn:ietf:params:oauth:grant-type:jwt-bearer",
    )?;
    let (header, claims) = verified(&form["assertion"])?;
    same(
        "the header",
        &header,
        &json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}),
    )?;
    let host = seen.header("host").unwrap_or_default();
    let issued = claims["iat"].as_u64().unwrap_or_default();
    let age = now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        - issued;
    same("being fresh", &(age < 60), &true)?;
    same(
        "the statement",
        &claims,
        &json!({
            "iss": EMAIL,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": format!("http://{host}/token"),
            "iat": issued,
            "exp": issued + 3600,
        }),
    )
}

/// The header and claims of a statement, if the public key confirms its signature.
pub(super) fn verified(assertion: &str) -> Result<(Value, Value), String> {
    let decode = |part: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|e| format!("`{part}`: {e}"))
    };
    let read = |part: &str| -> Result<Value, String> {
        serde_json::from_slice(&decode(part)?).map_err(|e| e.to_string())
    };
    let (signed, signature) = assertion.rsplit_once('.').ok_or("no signature")?;
    let (header, claims) = signed.split_once('.').ok_or("no claims")?;
    let public = Signer::from_pem(PRIVATE_KEY)?.public();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| "the signature is wrong")?;
    Ok((read(header)?, read(claims)?))
}

/// Checks a request of RFC 8693 with Google's option.
fn exchange(seen: &Seen) -> Result<(), String> {
    let access_token = "urn:ietf:params:oauth:token-type:access_token";
    let mut form = seen.form();
    let options = form.remove("options").ok_or("no options")?;
    let expected = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("requested_token_type", access_token),
        ("subject_token", OWN_TOKEN),
        ("subject_token_type", access_token),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    same("the form", &form, &BTreeMap::from(expected))?;
    let options: Value = serde_json::from_str(&options).map_err(|e| e.to_string())?;
    let rules = &options["accessBoundary"]["accessBoundaryRules"];
    same(
        "having 1 to 10 rules",
        &rules
            .as_array()
            .is_some_and(|r| (1..=10).contains(&r.len())),
        &true,
    )
}

async fn serve(mut stream: TcpStream, answer: Arc<Answer>, noted: Arc<Mutex<Vec<Seen>>>) {
    let Some(seen) = Seen::read(&mut stream).await else {
        return;
    };
    noted.lock().unwrap().push(seen.clone());
    let Canned(status, headers, body) = answer(&seen);
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}
