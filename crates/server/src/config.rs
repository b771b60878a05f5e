//! The configuration: read once and checked as a whole, before anything is opened.
//!
//! It comes from `LAKEKEEPER__*` variables, files named by `LAKEKEEPER__*_FILE` variables, and an optional TOML file.
//! The module `list` has all settings; the reference in `docs/configuration.md` is generated from it.

mod admission;
mod authentication;
mod authorization;
mod database;
mod engine;
mod environment;
mod events;
mod foreign;
mod list;
mod member;
mod mistake;
mod nearest;
mod openfga;
mod reference;
mod secrets;
mod setting;
mod source;
#[cfg(test)]
mod tests;
mod value;
mod values;
mod vault;
mod verifier;

pub use admission::AdmissionSettings;
pub use authentication::{Authentication, Connect, Oidc};
pub use authorization::{Authorization, Engine};
pub use database::{Database, PostgresConfig};
pub use environment::variables;
pub use events::{Events, NatsLogin, NatsSettings, WebhookSettings};
pub use mistake::{Mistake, Mistakes};
pub use reference::reference;
pub use secrets::{KeySource, Secrets};
pub use source::Sources;
pub use value::{
    AdmissionCheckKind, AdmissionTokens, ApiServerUrl, AuthzBackend, Bracketed, ByteCount, Count,
    DatabaseUrl, EngineType, Headers, LogFilter, LogFormat, NameTemplateText, NatsServers,
    OnFailure, Origins, Port, ProviderUrl, RequiredClaims, SecretBackend, ServerUrl, Span, SslMode,
    SubjectSource, UserIds, WebhookUrl, Words,
};
pub use values::Effective;
pub use verifier::VerifierSettings;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use model::ProjectId;
use objects::{
    AwsIdentity, AwsIdentityRules, AzureIdentity, BulkDeletes, DirectUse, ExternalIds, GcpIdentity,
};

use values::Values;

use crate::Error;
use crate::listener::Limits;

/// Allowed intervals for polling an empty queue: a shorter one burdens the database, a longer one delays tasks too
/// much.
const POLL_INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_hours(1);

/// Which settings a command requires. Others may be missing, but must not be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// No setting is required.
    Nothing,
    /// A database is required.
    Database,
    /// A database and the encryption key of storage credentials are required.
    Secrets,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens, and where clients reach it.
    pub addresses: Addresses,
    /// The database, if one is configured.
    pub database: Option<Database>,
    /// Where storage credentials are kept.
    pub secrets: Secrets,
    /// How callers are identified.
    pub authentication: Authentication,
    /// The service that decides which callers may use this installation at all, if one is configured.
    pub admission: Option<AdmissionSettings>,
    /// How it is decided what callers may do.
    pub authorization: Authorization,
    /// Projects, names and storage.
    pub names: Names,
    /// Limits and defaults of requests.
    pub requests: Requests,
    /// Memory and background work.
    pub resources: Resources,
    /// Which sinks events are delivered to.
    pub events: Events,
    /// The services that must allow changes, in the order in which they are asked.
    pub verifiers: Vec<VerifierSettings>,
    /// Logs.
    pub logs: Logs,
    /// Settings of the process: limits on connections, start and stop.
    pub process: Process,
    /// Warnings to log, such as about settings without effect.
    pub warnings: Vec<String>,
    effective: Vec<Effective>,
}

/// Where the server listens, and where clients reach it.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// IP address that both ports listen on.
    pub bind_ip: IpAddr,
    /// Port of the APIs.
    pub port: u16,
    /// Port of the metrics.
    pub metrics_port: u16,
    /// Base URL of all links, if it is not taken from requests.
    pub base_uri: Option<String>,
    /// Whether links are made from a request's `x-forwarded-*` headers.
    pub use_x_forwarded_headers: bool,
    /// Web origins that may call the APIs; `["*"]` allows all.
    pub allow_origin: Option<Vec<String>>,
    /// Whether `/swagger-ui` is served.
    pub serve_swagger_ui: bool,
}

impl Addresses {
    /// The address of the APIs.
    pub const fn api(&self) -> SocketAddr {
        SocketAddr::new(self.bind_ip, self.port)
    }

    /// The address of the metrics.
    pub const fn metrics(&self) -> SocketAddr {
        SocketAddr::new(self.bind_ip, self.metrics_port)
    }
}

/// Projects, names and storage.
#[derive(Debug, Clone)]
pub struct Names {
    /// The project of requests that name none; `None` if requests must name one.
    pub default_project: Option<ProjectId>,
    /// Reserved names of top-level namespaces, besides the built-in ones.
    pub reserved_namespaces: Vec<String>,
    /// Whether namespace names may contain dots.
    pub dots_allowed: bool,
    /// Whether warehouses may keep files in a folder of the server's file system.
    pub local_storage_enabled: bool,
    /// Whether storage is used without being tested first.
    pub skips_storage_trial: bool,
    /// Whether warehouses may use the server's own AWS identity.
    pub aws_identity: AwsIdentity,
    /// Whether warehouses may use the server's own Google identity.
    pub gcp_identity: GcpIdentity,
    /// Whether warehouses may use the server's own Azure identity.
    pub azure_identity: AzureIdentity,
    /// Whether requests to delete several objects are signed for stores other than Amazon S3.
    pub bulk_deletes: BulkDeletes,
}

/// Limits and defaults of requests.
#[derive(Debug, Clone)]
pub struct Requests {
    /// Default number of items per page.
    pub page_default: u32,
    /// Most items per page.
    pub page_max: u32,
    /// Largest request body after decompression, in bytes.
    pub max_body: u64,
    /// How long a request may take.
    pub max_time: Duration,
    /// Whether dropping a table without `purgeRequested` deletes its files.
    pub purge_by_default: bool,
    /// How long the outcome of a request with an idempotency key is remembered.
    pub idempotency_lifetime: Duration,
}

/// Memory and background work.
#[derive(Debug, Clone)]
pub struct Resources {
    /// Memory for cached metadata and finished answers, in bytes.
    pub metadata_cache: u64,
    /// Largest metadata file, uncompressed, in bytes.
    pub max_metadata: u64,
    /// Number of workers that delete the files of purged tables.
    pub purge_workers: u32,
    /// Number of workers that delete obsolete metadata files.
    pub metadata_cleanup_workers: u32,
    /// Number of workers that remove expired soft-deleted tables and views for good.
    pub expiry_workers: u32,
    /// Number of workers that remove old entries of the task log.
    pub log_cleanup_workers: u32,
    /// How often an empty task queue is polled.
    pub task_poll_interval: Duration,
    /// How much longer than their lifetime idempotency records are kept.
    pub idempotency_grace: Duration,
    /// How long the log of finished tasks is kept.
    pub task_log_retention: Duration,
    /// How often counts of calls are saved.
    pub statistics_flush: Duration,
    /// How long statistics are kept.
    pub statistics_retention: Duration,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The log filter, as `tracing` directives.
    pub filter: String,
    /// The format of log lines.
    pub format: LogFormat,
    /// Whether log lines contain the source file and line that logged them.
    pub extended: bool,
    /// Whether authorization decisions and changes are logged.
    pub audit: bool,
}

/// Settings of the process: limits on connections, start and stop.
#[derive(Debug, Clone)]
pub struct Process {
    /// Limits on connections.
    pub limits: Limits,
    /// Whether `serve` migrates the database first.
    pub migrate_before_serve: bool,
    /// Whether `lakekeeper` without a command runs `serve`.
    pub auto_serve: bool,
    /// The folder in which `lakekeeper dev` keeps its data.
    pub data_dir: PathBuf,
}

impl Config {
    /// Reads and checks the configuration. The error lists all mistakes at once.
    pub fn load(sources: &Sources, needs: Needs) -> Result<Self, Mistakes> {
        let mut values = Values::new(source::gather(sources));
        let database = database::choose(&mut values);
        if needs >= Needs::Database && database.is_none() {
            database::require(&mut values);
        }
        let for_key = database.as_ref().filter(|_| needs >= Needs::Secrets);
        let secrets = secrets::secrets(&mut values, for_key);
        let authentication = authentication::authentication(&mut values, &sources.environment);
        let requests = requests(&mut values);
        let mut config = Self {
            addresses: addresses(&mut values),
            database,
            secrets,
            admission: admission::admission(&mut values, &authentication),
            authorization: authorization::authorization(&mut values, &authentication),
            authentication,
            names: names(&mut values),
            resources: resources(&mut values),
            events: events::events(&mut values),
            verifiers: verifier::verifiers(&mut values),
            logs: logs(&mut values),
            process: process(&mut values, &requests),
            requests,
            warnings: Vec::new(),
            effective: values.effective(),
        };
        let strict = values.get(&list::STRICT_CONFIG);
        let findings = values.into_findings();
        let mut mistakes = findings.mistakes;
        config.warnings = findings.warnings;
        // An unknown name may be the mistyped name of a missing setting.
        if strict || !mistakes.is_empty() {
            mistakes.extend(findings.unknown);
        } else {
            let unknown = findings.unknown.iter().map(ToString::to_string);
            config.warnings.extend(unknown);
        }
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(Mistakes(mistakes))
        }
    }

    /// The database; an error if none is configured.
    pub fn required_database(&self) -> Result<&Database, Error> {
        let database = self.database.as_ref();
        database.ok_or(Error::NotConfigured("a database"))
    }

    /// Every setting as it counts now, with where it came from; secrets are redacted.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

fn addresses(values: &mut Values) -> Addresses {
    Addresses {
        bind_ip: values.get(&list::BIND_IP),
        port: values.get(&list::LISTEN_PORT).0,
        metrics_port: values.get(&list::METRICS_PORT).0,
        base_uri: values.get(&list::BASE_URI).map(|url| url.0),
        use_x_forwarded_headers: values.get(&list::USE_X_FORWARDED_HEADERS),
        allow_origin: values.get(&list::ALLOW_ORIGIN).map(|origins| origins.0),
        serve_swagger_ui: values.get(&list::SERVE_SWAGGER_UI),
    }
}

fn names(values: &mut Values) -> Names {
    let enabled = values.get(&list::ENABLE_DEFAULT_PROJECT);
    let named = values.get(&list::DEFAULT_PROJECT_ID);
    Names {
        default_project: enabled.then(|| named.unwrap_or_else(ProjectId::nil)),
        reserved_namespaces: values.get(&list::RESERVED_NAMESPACES).0,
        dots_allowed: values.get(&list::NAMES_WITH_DOTS),
        local_storage_enabled: values.get(&list::ENABLE_LOCAL_STORAGE),
        skips_storage_trial: values.get(&list::SKIP_STORAGE_VALIDATION),
        aws_identity: aws_identity(values),
        gcp_identity: if values.get(&list::ENABLE_GCP_SYSTEM_CREDENTIALS) {
            GcpIdentity::Allowed
        } else {
            GcpIdentity::Refused
        },
        azure_identity: if values.get(&list::ENABLE_AZURE_SYSTEM_CREDENTIALS) {
            AzureIdentity::Allowed
        } else {
            AzureIdentity::Refused
        },
        bulk_deletes: if values.get(&list::S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES) {
            BulkDeletes::Signed
        } else {
            BulkDeletes::Refused
        },
    }
}

fn aws_identity(values: &mut Values) -> AwsIdentity {
    let enabled = values.get(&list::ENABLE_AWS_SYSTEM_CREDENTIALS);
    let direct = if values.get(&list::S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS) {
        DirectUse::Allowed
    } else {
        DirectUse::Refused
    };
    let external_ids = if values.get(&list::S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS) {
        ExternalIds::Required
    } else {
        ExternalIds::Optional
    };
    if enabled {
        AwsIdentity::Allowed(AwsIdentityRules {
            direct,
            external_ids,
        })
    } else {
        AwsIdentity::Refused
    }
}

fn requests(values: &mut Values) -> Requests {
    let page_default = values.get(&list::PAGINATION_SIZE_DEFAULT).get();
    let page_max = values.get(&list::PAGINATION_SIZE_MAX).get();
    if page_default > page_max {
        let rule = format!(
            "must not be greater than LAKEKEEPER__PAGINATION_SIZE_MAX, which is {page_max}"
        );
        values.refuse(&list::PAGINATION_SIZE_DEFAULT, rule);
    }
    let lifetime = values.get(&list::IDEMPOTENCY__LIFETIME).0;
    if lifetime < Duration::from_secs(1) {
        let rule = "must be at least 1 s";
        values.refuse(&list::IDEMPOTENCY__LIFETIME, rule);
    }
    Requests {
        page_default,
        page_max,
        max_body: values.get(&list::MAX_REQUEST_BODY_SIZE).0,
        max_time: values.get(&list::MAX_REQUEST_TIME).0,
        purge_by_default: values.get(&list::PURGE_DEFAULT),
        idempotency_lifetime: lifetime,
    }
}

/// How long a connection may be open without a request: longer than any client needs that connects in order to send
/// one.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// How long a connection may be idle: longer than clients' pools and load balancers keep idle connections.
const IDLE: Duration = Duration::from_mins(10);
/// How long a client may take to read a response, in addition to the time limit of its request.
const UNREAD: Duration = Duration::from_mins(20);
/// Shortest flush interval: a shorter one would only cost resources.
const SHORTEST_FLUSH: Duration = Duration::from_millis(100);

fn resources(values: &mut Values) -> Resources {
    let poll_interval = values.get(&list::TASK_POLL_INTERVAL).0;
    if !POLL_INTERVALS.contains(&poll_interval) {
        let rule = "must be between 100ms and 1h";
        values.refuse(&list::TASK_POLL_INTERVAL, rule);
    }
    Resources {
        metadata_cache: values.get(&list::CACHE__METADATA__SIZE).0,
        max_metadata: values.get(&list::MAX_METADATA_SIZE).0,
        purge_workers: values.get(&list::TASK_TABULAR_PURGE_WORKERS).get(),
        metadata_cleanup_workers: values.get(&list::TASK_METADATA_CLEANUP_WORKERS).get(),
        expiry_workers: values.get(&list::TASK_SOFT_DELETION_WORKERS).get(),
        log_cleanup_workers: values.get(&list::TASK_LOG_CLEANUP_WORKERS).get(),
        task_poll_interval: poll_interval,
        idempotency_grace: values.get(&list::IDEMPOTENCY__GRACE_PERIOD).0,
        task_log_retention: values.get(&list::TASK_LOG_RETENTION).0,
        statistics_flush: values
            .get(&list::ENDPOINT_STAT_FLUSH_INTERVAL)
            .0
            .max(SHORTEST_FLUSH),
        statistics_retention: values.get(&list::STATISTICS_RETENTION).0,
    }
}

fn logs(values: &mut Values) -> Logs {
    Logs {
        filter: values.get(&list::LOG_LEVEL).0,
        format: values.get(&list::LOG_FORMAT),
        extended: values.get(&list::DEBUG__EXTENDED_LOGS),
        audit: values.get(&list::AUDIT__TRACING__ENABLED),
    }
}

fn process(values: &mut Values, requests: &Requests) -> Process {
    Process {
        limits: Limits {
            connections: values.get(&list::MAX_CONNECTIONS).get() as usize,
            first_request: FIRST_REQUEST,
            idle: IDLE,
            unread: requests.max_time + UNREAD,
            patience: values.get(&list::SHUTDOWN_TIMEOUT).0,
        },
        migrate_before_serve: values.get(&list::DEBUG__MIGRATE_BEFORE_SERVE),
        auto_serve: values.get(&list::DEBUG__AUTO_SERVE),
        data_dir: values.get(&list::DATA_DIR),
    }
}
