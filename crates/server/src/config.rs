//! What the operator decides: read once, checked as a whole, before anything is opened.
//!
//! `LAKEKEEPER__*` variables, a `…_FILE` for each, and an optional TOML file. `list` is the one list of settings; the
//! reference in `docs/configuration.md` is made of it.

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
pub use authorization::Authorization;
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

use crate::listener::Limits;

/// How often an empty queue may be looked at: rarely enough for the database, often enough for whoever waits for a task.
const POLL_INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_hours(1);

/// What a command needs of the configuration; the rest may be missing, but not wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Nothing that has no default.
    Nothing,
    /// A database.
    Database,
    /// A database and the key of its secrets.
    Secrets,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen, and where clients find us.
    pub addresses: Addresses,
    /// Where everything is kept, if that was configured.
    pub database: Option<Database>,
    /// Where storage credentials are kept.
    pub secrets: Secrets,
    /// How callers are known.
    pub authentication: Authentication,
    /// Who of them may use this installation at all, if somebody is asked.
    pub admission: Option<AdmissionSettings>,
    /// What they may do.
    pub authorization: Authorization,
    /// Names and storage.
    pub names: Names,
    /// Bounds and meaning of requests.
    pub requests: Requests,
    /// Memory and background work.
    pub resources: Resources,
    /// Where events go.
    pub events: Events,
    /// Who must allow changes, in the order in which they are asked.
    pub verifiers: Vec<VerifierSettings>,
    /// Logs.
    pub logs: Logs,
    /// What happens at start and stop.
    pub process: Process,
    /// Oddities that are worth a line in the log.
    pub warnings: Vec<String>,
    effective: Vec<Effective>,
}

/// Where to listen, and where clients find us.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Address of both ports.
    pub bind_ip: IpAddr,
    /// Port of the APIs.
    pub port: u16,
    /// Port of the metrics.
    pub metrics_port: u16,
    /// Fixed base of links.
    pub base_uri: Option<String>,
    /// Whether links are made from `x-forwarded-*`.
    pub use_x_forwarded_headers: bool,
    /// Web origins that may call; `["*"]` is all.
    pub allow_origin: Option<Vec<String>>,
    /// Whether the API descriptions are shown.
    pub serve_swagger_ui: bool,
}

impl Addresses {
    /// Where the APIs listen.
    pub const fn api(&self) -> SocketAddr {
        SocketAddr::new(self.bind_ip, self.port)
    }

    /// Where the metrics listen.
    pub const fn metrics(&self) -> SocketAddr {
        SocketAddr::new(self.bind_ip, self.metrics_port)
    }
}

/// Projects, names and storage.
#[derive(Debug, Clone)]
pub struct Names {
    /// The project of requests that name none.
    pub default_project: Option<ProjectId>,
    /// Reserved top-level namespaces, besides the built-in ones.
    pub reserved_namespaces: Vec<String>,
    /// Whether namespace names may contain dots.
    pub dots_allowed: bool,
    /// Whether warehouses may be folders of the server.
    pub local_storage_enabled: bool,
    /// Whether storage is used untried.
    pub skips_storage_trial: bool,
    /// Whether warehouses may use what AWS gives the server itself.
    pub aws_identity: AwsIdentity,
    /// Whether warehouses may use what Google gives the server itself.
    pub gcp_identity: GcpIdentity,
    /// Whether warehouses may use what Azure gives the server itself.
    pub azure_identity: AzureIdentity,
    /// Whether deletions of several objects are signed for stores that are not Amazon's.
    pub bulk_deletes: BulkDeletes,
}

/// Bounds and meaning of requests.
#[derive(Debug, Clone)]
pub struct Requests {
    /// Items of a page by default.
    pub page_default: u32,
    /// Most items of a page.
    pub page_max: u32,
    /// Largest body, in bytes.
    pub max_body: u64,
    /// Longest time.
    pub max_time: Duration,
    /// Whether a drop that does not say so purges.
    pub purge_by_default: bool,
    /// How long idempotency keys are remembered.
    pub idempotency_lifetime: Duration,
}

/// Memory and background work.
#[derive(Debug, Clone)]
pub struct Resources {
    /// Cached metadata, in bytes.
    pub metadata_cache: u64,
    /// Largest metadata file, in bytes.
    pub max_metadata: u64,
    /// How many workers delete files.
    pub purge_workers: u32,
    /// Workers that delete obsolete metadata files.
    pub metadata_cleanup_workers: u32,
    /// How many workers remove what was soft-deleted for good.
    pub expiry_workers: u32,
    /// How many workers clean the task log up.
    pub log_cleanup_workers: u32,
    /// How often an empty queue of tasks is looked at.
    pub task_poll_interval: Duration,
    /// How long idempotency records are kept beyond their lifetime.
    pub idempotency_grace: Duration,
    /// How long the log of ended tasks is kept.
    pub task_log_retention: Duration,
    /// How often counted calls are written down.
    pub statistics_flush: Duration,
    /// How long statistics are kept.
    pub statistics_retention: Duration,
}

/// Logs.
#[derive(Debug, Clone)]
pub struct Logs {
    /// What is logged.
    pub filter: String,
    /// How it looks.
    pub format: LogFormat,
    /// Whether lines name their source.
    pub extended: bool,
    /// Whether decisions and changes are told.
    pub audit: bool,
}

/// What happens at start and stop.
#[derive(Debug, Clone)]
pub struct Process {
    /// What connections may take.
    pub limits: Limits,
    /// Whether `serve` migrates first.
    pub migrate_before_serve: bool,
    /// Whether no command means `serve`.
    pub auto_serve: bool,
    /// Where `dev` keeps everything.
    pub data_dir: PathBuf,
}

impl Config {
    /// Reads and checks everything; all mistakes at once.
    pub fn load(sources: &Sources, needs: Needs) -> Result<Self, Mistakes> {
        let mut values = Values::new(source::gather(sources));
        let database = database::choose(&mut values);
        if needs >= Needs::Database && database.is_none() {
            database::require(&mut values);
        }
        let for_key = database.as_ref().filter(|_| needs >= Needs::Secrets);
        let secrets = secrets::secrets(&mut values, for_key);
        let authentication = authentication::authentication(&mut values, &sources.environment);
        let mut config = Self {
            addresses: addresses(&mut values),
            database,
            secrets,
            admission: admission::admission(&mut values, &authentication),
            authorization: authorization::authorization(&mut values, &authentication),
            authentication,
            names: names(&mut values),
            requests: requests(&mut values),
            resources: resources(&mut values),
            events: events::events(&mut values),
            verifiers: verifier::verifiers(&mut values),
            logs: logs(&mut values),
            process: process(&mut values),
            warnings: Vec::new(),
            effective: values.effective(),
        };
        let strict = values.get(&list::STRICT_CONFIG);
        let findings = values.into_findings();
        let mut mistakes = findings.mistakes;
        config.warnings = findings.warnings;
        // Where something is missing, its name may have been mistyped.
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
        let rule = "must be a second at least";
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

/// Longer than any client needs that has opened a connection because it has something to ask.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// Longer than clients' pools and load balancers keep a connection that nobody uses.
const IDLE: Duration = Duration::from_mins(10);
/// How long, beside the time that a request may take, a client may take to read the answer.
const UNREAD: Duration = Duration::from_mins(20);
/// Flushes more often than this would only cost.
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

fn process(values: &mut Values) -> Process {
    Process {
        limits: Limits {
            connections: values.get(&list::MAX_CONNECTIONS).get() as usize,
            first_request: FIRST_REQUEST,
            idle: IDLE,
            unread: values.get(&list::MAX_REQUEST_TIME).0 + UNREAD,
            patience: values.get(&list::SHUTDOWN_TIMEOUT).0,
        },
        migrate_before_serve: values.get(&list::DEBUG__MIGRATE_BEFORE_SERVE),
        auto_serve: values.get(&list::DEBUG__AUTO_SERVE),
        data_dir: values.get(&list::DATA_DIR),
    }
}
