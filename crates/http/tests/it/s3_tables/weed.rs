//! A fake SeaweedFS: S3, STS and S3 Tables at one address, with the observed answers of version 4.44. It checks for which
//! service a request is signed, but not the signature, and enforces no policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) const ARN: &str = "arn:aws:s3tables:us-east-1:admin:bucket/lake";

/// A fault in the next publication of a metadata file, or drop of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another client changes the table just before.
    Outrun,
    /// The change is made, and the answer is lost.
    AnswerLost,
    /// The change is not made, and the answer is an internal error, which does not tell.
    Broken,
}

#[derive(Debug, Default)]
struct State {
    namespaces: BTreeSet<String>,
    /// The version token and metadata file of each `namespace.table`.
    tables: BTreeMap<String, (String, Option<String>)>,
    objects: BTreeMap<String, Bytes>,
    /// The forms that were sent to the token service.
    asked: Vec<BTreeMap<String, String>>,
    fault: Option<Fault>,
}

/// The fake service. It runs until the test's runtime ends.
#[derive(Debug, Clone)]
pub(super) struct Weed {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Weed {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let answer = async move |method, uri, headers, body| {
            let answer = answer(&mut shared.lock().unwrap(), method, &uri, &headers, body);
            answer.unwrap_or_else(|(status, kind)| {
                let body = json!({ "__type": kind, "message": "refused" }).to_string();
                (status, body).into_response()
            })
        };
        tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
        Self { endpoint, state }
    }

    pub(super) fn fail_next_change(&self, fault: Fault) {
        self.state.lock().unwrap().fault = Some(fault);
    }

    /// The keys of all objects.
    pub(super) fn keys(&self) -> Vec<String> {
        self.state.lock().unwrap().objects.keys().cloned().collect()
    }

    /// The forms that were sent to the token service.
    pub(super) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.state.lock().unwrap().asked.clone()
    }
}

type Answer = Result<Response, (StatusCode, &'static str)>;

fn answer(
    state: &mut State,
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Answer {
    let signed = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let signed = signed.ok_or((StatusCode::FORBIDDEN, "AccessDenied"))?;
    let service = ["s3tables", "sts", "s3"].into_iter();
    let mut service =
        service.filter(|name| signed.contains(&format!("/us-east-1/{name}/aws4_request")));
    let path = decoded(uri.path());
    match (service.next(), headers.get("x-amz-target")) {
        (Some("s3tables"), Some(target)) => {
            let asked: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(asked["tableBucketARN"], ARN);
            assert_eq!((method, path.as_str()), (Method::POST, "/"));
            match target.to_str().unwrap() {
                "S3Tables.UpdateTable" => update_table(state, &asked),
                "S3Tables.RenameTable" => rename_table(state, &asked),
                other => panic!("{other} is not there"),
            }
        }
        (Some("s3tables"), None) => {
            let query = uri.query().map(decoded).unwrap_or_default();
            if !path.contains(ARN) && !query.contains(ARN) {
                return Err((StatusCode::NOT_FOUND, "NoSuchBucket"));
            }
            tables(state, (&method, &path), &query, &body)
        }
        (Some("sts"), _) => Ok(assume_role(state, &body)),
        (Some(_), _) => object(state, &method, (path, uri.query()), (headers, body)),
        (None, _) => Err((StatusCode::FORBIDDEN, "AccessDenied")),
    }
}

/// The operations of S3 Tables that have paths of their own.
fn tables(state: &mut State, to: (&Method, &str), query: &str, body: &Bytes) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts: Vec<&str> = to.1.split(ARN).collect();
    let missing = (StatusCode::NOT_FOUND, "NoSuchTable");
    match (to.0.as_str(), parts.as_slice()) {
        ("GET", ["/get-table"]) => get_table(state, query),
        ("PUT", ["/namespaces/", ""]) => {
            let name = body["namespace"][0].as_str().unwrap().to_owned();
            let is_new = state.namespaces.insert(name);
            let conflict = (StatusCode::CONFLICT, "NamespaceAlreadyExists");
            is_new.then(|| "{}".into_response()).ok_or(conflict)
        }
        ("DELETE", ["/namespaces/", name]) => {
            let name = name.trim_start_matches('/');
            if state
                .tables
                .keys()
                .any(|table| table.starts_with(&format!("{name}.")))
            {
                return Err((StatusCode::CONFLICT, "NamespaceNotEmpty"));
            }
            let was_there = state.namespaces.remove(name);
            was_there
                .then(|| "".into_response())
                .ok_or((StatusCode::NOT_FOUND, "NoSuchNamespace"))
        }
        // Creating an existing table is no error.
        ("PUT", ["/tables/", namespace]) => {
            let namespace = namespace.trim_start_matches('/');
            if !state.namespaces.contains(namespace) {
                return Err((StatusCode::NOT_FOUND, "NoSuchNamespace"));
            }
            assert_eq!(body["format"], "ICEBERG");
            let name = format!("{namespace}.{}", body["name"].as_str().unwrap());
            let (token, _) = state.tables.entry(name).or_insert_with(|| (token(), None));
            Ok(json!({ "versionToken": token }).to_string().into_response())
        }
        ("DELETE", ["/tables/", table]) => {
            let name = table.trim_start_matches('/').replace('/', ".");
            let (token, _) = state.tables.get_mut(&name).ok_or(missing)?;
            if state.fault.take() == Some(Fault::Outrun) {
                *token = self::token();
            }
            if !query.is_empty() && query != format!("versionToken={token}") {
                return Err((StatusCode::CONFLICT, "Conflict"));
            }
            let (_, file) = state.tables.remove(&name).ok_or(missing)?;
            let folder = file
                .as_deref()
                .and_then(|file| file.split_once("/metadata/"));
            let place = format!("lake{table}");
            let folder = folder.map_or(place.as_str(), |(folder, _)| {
                folder.trim_start_matches("s3://")
            });
            let prefix = format!("{folder}/");
            state.objects.retain(|key, _| !key.starts_with(&prefix));
            Ok("".into_response())
        }
        other => panic!("{other:?} is not there"),
    }
}

fn get_table(state: &State, query: &str) -> Answer {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let asked: BTreeMap<&str, &str> = pairs.collect();
    assert_eq!(asked["tableBucketARN"], ARN);
    let name = format!("{}.{}", asked["namespace"], asked["name"]);
    let found = state.tables.get(&name);
    let (token, file) = found.ok_or((StatusCode::NOT_FOUND, "NoSuchTable"))?;
    let mut found = json!({ "tableARN": format!("{ARN}/table/{name}"), "versionToken": token });
    if let Some(file) = file {
        found["metadataLocation"] = json!(file);
    }
    Ok(found.to_string().into_response())
}

fn update_table(state: &mut State, asked: &Value) -> Answer {
    let name = format!(
        "{}.{}",
        asked["namespace"][0].as_str().unwrap(),
        asked["name"].as_str().unwrap()
    );
    let fault = state.fault.take();
    let there = state
        .tables
        .get_mut(&name)
        .ok_or((StatusCode::NOT_FOUND, "NoSuchTable"))?;
    if fault == Some(Fault::Broken) {
        return Err((StatusCode::INTERNAL_SERVER_ERROR, "InternalError"));
    }
    if fault == Some(Fault::Outrun) {
        there.0 = token();
    }
    if there.0 != asked["versionToken"].as_str().unwrap() {
        return Err((StatusCode::CONFLICT, "Conflict"));
    }
    *there = (
        token(),
        asked["metadataLocation"].as_str().map(str::to_owned),
    );
    match fault {
        Some(Fault::AnswerLost) => Err((StatusCode::BAD_GATEWAY, "BadGateway")),
        _ => Ok("{}".into_response()),
    }
}

fn rename_table(state: &mut State, asked: &Value) -> Answer {
    let name = |namespace: &str, name: &str| {
        format!(
            "{}.{}",
            asked[namespace][0].as_str().unwrap(),
            asked[name].as_str().unwrap()
        )
    };
    let (from, to) = (
        name("sourceNamespace", "sourceName"),
        name("destNamespace", "destName"),
    );
    let found = state.tables.get(&from).cloned();
    let found = found.ok_or((StatusCode::NOT_FOUND, "NoSuchTable"))?;
    if state.tables.contains_key(&to) {
        return Err((StatusCode::CONFLICT, "TableAlreadyExists"));
    }
    state.tables.remove(&from);
    state.tables.insert(to, found);
    Ok("{}".into_response())
}

fn object(
    state: &mut State,
    method: &Method,
    (path, query): (String, Option<&str>),
    (headers, body): (&HeaderMap, Bytes),
) -> Answer {
    let key = path.trim_start_matches('/').to_owned();
    match (method.as_str(), query) {
        ("PUT", None) => {
            assert_eq!(headers["if-none-match"], "*");
            if !is_of_table(&key) {
                return Err((StatusCode::FORBIDDEN, "AccessDenied"));
            }
            if state.objects.contains_key(&key) {
                return Err((StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
            }
            state.objects.insert(key, body);
            Ok([("etag", "\"1\"")].into_response())
        }
        ("GET", None) => {
            let found = state.objects.get(&key).cloned();
            let found = found.ok_or((StatusCode::NOT_FOUND, "NoSuchKey"))?;
            let headers = [
                ("etag", "\"1\""),
                ("last-modified", "Sat, 21 Nov 2026 15:00:00 GMT"),
            ];
            Ok((headers, found).into_response())
        }
        ("DELETE", None) => {
            state.objects.remove(&key);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        // Bulk deletes are not supported.
        _ => Err((StatusCode::NOT_IMPLEMENTED, "NotImplemented")),
    }
}

/// Whether the key is that of a metadata or data file of a table.
fn is_of_table(key: &str) -> bool {
    match key.splitn(5, '/').collect::<Vec<_>>().as_slice() {
        ["lake", _, _, "metadata", file] => {
            file.ends_with(".metadata.json") || matches!(file.rsplit_once('.'), Some((_, "avro")))
        }
        ["lake", _, _, "data", file] => matches!(file.rsplit_once('.'), Some((_, "parquet"))),
        _ => false,
    }
}

fn assume_role(state: &mut State, body: &Bytes) -> Response {
    let form = String::from_utf8(body.to_vec()).unwrap();
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (decoded(name), decoded(&value.replace('+', "%20"))));
    state.asked.push(pairs.collect());
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
     <SecretAccessKey>hunter2</SecretAccessKey><SessionToken>token</SessionToken>\
     <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        .into_response()
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn token() -> String {
    Uuid::new_v4().to_string()
}
