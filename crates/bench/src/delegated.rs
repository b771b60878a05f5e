//! The cost of giving engines access to files: loads with vended credentials against loads without, signing of
//! requests, and the number of requests to the token service.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::Result;
use crate::load::{Ask, Coding, Connection, asked, posted};
use crate::options::Options;
use crate::process::{Running, Server};
use crate::reference::Reference;
use crate::report::{Goal, Report};
use crate::setup::{Files, Warehouse, new_table, warehouse_in};
use crate::token_service::TokenService;
use crate::turns::against;

const LOAD_GZIP: &str = "loadTable with credentials, gzip";
const LOAD_IDENTITY: &str = "loadTable with credentials, identity";
const SIGN: &str = "sign";
const SIGN_BY_ID: &str = "sign by table id";
const SIGN_BY_SESSION: &str = "sign with a session";
const COLD: &str = "token requests for cold loads of one table";

const TABLES: usize = 200;
/// Number of tables that are loaded by a newly started process.
const COLD_TABLES: usize = 5;

/// Measures a warehouse that vends credentials and signs requests. Does nothing if files are in a folder, for which
/// there are no credentials.
pub(crate) async fn measure(
    options: &Options,
    server: &Server,
    running: &Running,
    beside: &Warehouse,
    report: &mut Report,
) -> Result<()> {
    let signed = [SIGN, SIGN_BY_ID, SIGN_BY_SESSION];
    let all = [[LOAD_GZIP, LOAD_IDENTITY, COLD], signed].concat();
    let Files::Bucket { .. } = &beside.files else {
        return Ok(());
    };
    if !all.iter().any(|name| options.wants(name)) {
        return Ok(());
    }
    let lake = Lake::make(running, &beside.files, Sessions::Vended).await?;
    for (name, coding) in [(LOAD_GZIP, Coding::Gzip), (LOAD_IDENTITY, Coding::Identity)] {
        if options.wants(name) {
            let with = lake.loads("vended-credentials", coding);
            let without = lake.loads("client-managed", coding);
            let turns = against(options, running, &with, running.port, &without).await?;
            report.add_turns(name, &turns, Goal::AtLeast(0.85));
        }
    }
    let keys = Lake::make(running, &beside.files, Sessions::None).await?;
    let half = Goal::AtLeast(0.5);
    for (name, ask, goal) in [
        (SIGN, keys.signs(|table| &table.sign), half),
        (SIGN_BY_ID, keys.signs(|table| &table.sign_by_id), half),
        // A session's token makes request, signature and answer longer.
        (SIGN_BY_SESSION, lake.signs(|table| &table.sign), Goal::None),
    ] {
        if options.wants(name) {
            let answer = Connection::open(running.port).await?.fetch(ask(1)).await?;
            let reference = Reference::of(&answer, options.client_threads)?;
            let turns = against(options, running, &ask, reference.port, &ask).await?;
            report.add_turns(name, &turns, goal);
        }
    }
    if options.wants(COLD) {
        cold(options, server, &lake, report).await?;
    }
    Ok(())
}

/// The warehouse's tables, and the proxy that counts requests to its token service.
struct Lake {
    tables: Arc<Vec<Table>>,
    token_service: TokenService,
}

struct Table {
    path: String,
    /// The path for signing requests: the one of the specification, and the one that clients are given.
    sign: String,
    sign_by_id: String,
    /// The body of a signing request for reading a data file.
    request: String,
}

/// Whether a warehouse has a token service. If not, its own key signs requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sessions {
    Vended,
    None,
}

impl Sessions {
    /// The name of the warehouse.
    const fn warehouse(self) -> &'static str {
        match self {
            Self::Vended => "delegated",
            Self::None => "signed",
        }
    }

    /// What its profile has in addition to that of the other warehouse in the bucket.
    fn settings(self, token_service: &str) -> [(String, Value); 3] {
        let prefix = format!("bench-{}", uuid::Uuid::new_v4());
        let settings = [
            ("key-prefix", prefix.into()),
            ("sts-enabled", (self == Self::Vended).into()),
            ("sts-endpoint", token_service.into()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value))
    }
}

impl Lake {
    async fn make(running: &Running, beside: &Files, sessions: Sessions) -> Result<Self> {
        let Files::Bucket {
            profile,
            credential,
        } = beside
        else {
            return Err("only buckets have keys to hand out".into());
        };
        let text = |name: &str| {
            let value = profile.get(name).and_then(Value::as_str);
            value.ok_or_else(|| format!("the profile has no `{name}`"))
        };
        let (endpoint, bucket, region) = (text("endpoint")?, text("bucket")?, text("region")?);
        let port = endpoint
            .rsplit_once(':')
            .ok_or("an endpoint without port")?;
        let token_service = TokenService::before(port.1.trim_matches('/').parse()?).await?;
        let mut profile = profile.clone();
        let members = profile.as_object_mut().ok_or("the profile is no object")?;
        members.extend(sessions.settings(&token_service.url));
        let files = Files::Bucket {
            profile,
            credential: credential.clone(),
        };
        let mut connection = Connection::open(running.port).await?;
        let warehouse = warehouse_in(&mut connection, sessions.warehouse(), files).await?;
        let namespaces = format!("{}/namespaces", warehouse.root);
        let name = json!({"namespace": ["n"]});
        connection.call(Method::POST, &namespaces, &name).await?;
        let mut tables = Vec::with_capacity(TABLES);
        for at in 0..TABLES {
            let path = format!("{namespaces}/n/tables");
            let name = format!("t{at:03}");
            connection
                .call(Method::POST, &path, &new_table(&name))
                .await?;
            let path = format!("{path}/{name}");
            let load = delegated(&path, "remote-signing", Coding::Identity);
            let loaded: Value = serde_json::from_slice(&connection.fetch(load).await?.body)?;
            let text = |pointer: &str| {
                let value = loaded.pointer(pointer).and_then(Value::as_str);
                value.ok_or_else(|| format!("a loaded table without `{pointer}`"))
            };
            let location = text("/metadata/location")?;
            let key = location.strip_prefix("s3://").ok_or("not on S3")?;
            let key = key.strip_prefix(bucket).ok_or("in another bucket")?;
            let file = format!(
                "{endpoint}/{bucket}{key}/data/{}.parquet",
                uuid::Uuid::new_v4()
            );
            tables.push(Table {
                sign: format!("{path}/sign"),
                sign_by_id: format!("/catalog/{}", text("/config/signer.endpoint")?),
                request: read(&file, region),
                path,
            });
        }
        Ok(Self {
            tables: Arc::new(tables),
            token_service,
        })
    }

    fn loads(&self, delegation: &'static str, coding: Coding) -> Ask {
        let tables = Arc::clone(&self.tables);
        Arc::new(move |number| delegated(&pick(&tables, number).path, delegation, coding))
    }

    fn signs(&self, at: fn(&Table) -> &String) -> Ask {
        let tables = Arc::clone(&self.tables);
        Arc::new(move |number| {
            let table = pick(&tables, number);
            posted(Method::POST, at(table), table.request.clone())
        })
    }
}

#[expect(clippy::indexing_slicing, reason = "modulo their count")]
fn pick(tables: &[Table], number: u64) -> &Table {
    &tables[number as usize % tables.len()]
}

/// A load with this value of `x-iceberg-access-delegation`.
fn delegated(path: &str, delegation: &'static str, coding: Coding) -> Request<Full<Bytes>> {
    let mut request = asked(Method::GET, path, coding);
    request.headers_mut().insert(
        "x-iceberg-access-delegation",
        HeaderValue::from_static(delegation),
    );
    request
}

/// A signing request for a range of a data file, as Java's `S3FileIO` sends it.
fn read(file: &str, region: &str) -> String {
    let headers = json!({
        "Range": ["bytes=1048576-2097151"],
        "User-Agent": ["aws-sdk-java/2.29.52 md/io#async md/http#Apache ua/2.1 os/Linux lang/java#17.0.13 md/vendor"],
        "amz-sdk-invocation-id": ["6b1d2c5e-0f3a-4e6f-9a52-7c1f3c1f9f10"],
        "amz-sdk-request": ["attempt=1; max=4"],
        "x-amz-content-sha256": ["UNSIGNED-PAYLOAD"],
    });
    json!({"region": region, "method": "GET", "uri": file, "headers": headers, "properties": {}})
        .to_string()
}

/// Counts requests to the token service when all connections load the same table of a newly started process at the
/// same time.
async fn cold(options: &Options, server: &Server, lake: &Lake, report: &mut Report) -> Result<()> {
    let started = server.start().await?;
    let before = lake.token_service.asked();
    for table in lake.tables.iter().take(COLD_TABLES) {
        let together = Arc::new(Barrier::new(options.connections));
        let mut loads = Vec::with_capacity(options.connections);
        for _ in 0..options.connections {
            let mut connection = Connection::open(started.port).await?;
            let (together, path) = (Arc::clone(&together), table.path.clone());
            loads.push(tokio::spawn(async move {
                together.wait().await;
                let load = delegated(&path, "vended-credentials", Coding::Identity);
                connection.fetch(load).await
            }));
        }
        for load in loads {
            let answer: Value = serde_json::from_slice(&load.await??.body)?;
            if answer.pointer("/config/s3.session-token").is_none() {
                return Err("a load without credentials".into());
            }
        }
    }
    let asked = lake.token_service.asked() - before;
    let each = asked as f64 / COLD_TABLES as f64;
    report.add(COLD, each, Goal::AtMost(1.0));
    Ok(())
}
