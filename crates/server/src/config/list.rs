//! Every setting. The reference in `docs/configuration.md` is made of this list.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use model::ProjectId;
use outbound::Signature;
use secrets::Plaintext;

use super::admission::Seconds;
use super::setting::{Group, Setting, settings};
use super::value::{
    AdmissionTokens, ApiServerUrl, AuthzBackend, ByteCount, Count, DatabaseUrl, Headers, LogFilter,
    LogFormat, NameTemplateText, NatsServers, Origins, Passphrases, Port, ProviderUrl,
    RequiredClaims, SecretBackend, ServerUrl, Span, SslMode, SubjectSource, UserIds, WebhookUrl,
    Words,
};

pub(super) type Connections = Count<1, 1_000>;
pub(super) type Items = Count<1, { u32::MAX }>;
pub(super) type Workers = Count<0, 64>;
pub(super) type Attempts = Count<1, 100>;
pub(super) type EventCount = Count<1_000, 100_000_000>;

settings! {
    "Addresses" "Where the server listens, and where clients find it." {
        /// Address that the server listens on.
        BIND_IP: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        /// Port of the catalog, the management API and `/health`.
        LISTEN_PORT: Port = Port(8181);
        /// Port of the Prometheus metrics (`/metrics`), on the same address.
        METRICS_PORT or "METRICS__PORT": Port = Port(9000);
        /// Where clients reach this server, if its links must not be made from the request. Wins over
        /// all headers.
        BASE_URI: Option<ServerUrl> = None;
        /// Whether links are made from `x-forwarded-host`, `-proto`, `-port` and `-prefix` where a
        /// request has them. Set it to `false` if clients reach the server without a proxy that
        /// sets or removes these headers.
        USE_X_FORWARDED_HEADERS: bool = true;
        /// Origins of web pages that may call the APIs (CORS): `*`, or a list. `docs/browsers.md` says what else browsers
        /// need.
        ALLOW_ORIGIN: Option<Origins> = None;
        /// Whether `/swagger-ui` shows the descriptions of both APIs.
        SERVE_SWAGGER_UI: bool = true;
    }

    "Database" "One of two: a SQLite file, for one server process, or PostgreSQL 14 or newer, for any number of them. A
    PostgreSQL server is named by URL or by its parts; a URL wins." {
        /// SQLite database file. Made if it is not there. A second process on the same file is refused.
        SQLITE_PATH: Option<PathBuf> = None;
        /// PostgreSQL primary: loads, checks and all changes. With several hosts (`postgres://user@host1:5432,host2:5432/database`) the
        /// one that takes writes is used, and found again after a failover.
        PG_DATABASE_URL_WRITE: Option<DatabaseUrl> = None;
        /// PostgreSQL replica for lists and searches, which may then be behind by the replication lag. Loads,
        /// commits and lists of warehouses never go there. Without it, and while it cannot be reached, the primary answers everything.
        PG_DATABASE_URL_READ: Option<DatabaseUrl> = None;
        /// Host of the primary.
        PG_HOST_W: Option<String> = None;
        /// Host of the replica, as `LAKEKEEPER__PG_DATABASE_URL_READ`.
        PG_HOST_R: Option<String> = None;
        /// Port of both hosts.
        PG_PORT: Port = Port(5432);
        /// User on both hosts.
        PG_USER: Option<String> = None;
        /// Password of the user.
        PG_PASSWORD: Option<Plaintext> = None;
        /// Database on both hosts.
        PG_DATABASE: Option<String> = None;
        /// Whether connections are encrypted and whose certificate is believed. Wins over `sslmode` in a
        /// URL.
        PG_SSL_MODE: Option<SslMode> = None;
        /// Certificate authorities to believe instead of the system's, a PEM file.
        PG_SSL_ROOT_CERT: Option<PathBuf> = None;
        /// Most connections to the primary that change something. Opened as needed.
        PG_WRITE_POOL_CONNECTIONS: Connections = Connections::clamped(16);
        /// Most connections that lists and searches are read on. Opened as needed.
        PG_READ_POOL_CONNECTIONS: Connections = Connections::clamped(8);
        /// Connections to the primary that names are looked up on, for all requests together: what waits
        /// shares one statement, so that few are enough.
        PG_LOOKUP_CONNECTIONS: Connections = Connections::clamped(2);
        /// How long a request waits for a connection before it is answered with 503.
        PG_ACQUIRE_TIMEOUT or "PG_CONNECTION_TIMEOUT": Span = Span::seconds(5);
        /// How long one statement may take.
        PG_STATEMENT_TIMEOUT: Span = Span::seconds(30);
        /// How long one statement may wait for what another one has locked.
        PG_LOCK_TIMEOUT: Span = Span::seconds(10);
    }

    "Secrets" "Storage credentials are kept in the database, each encrypted with a key of its own (ChaCha20-Poly1305), which is encrypted with a
    key that is derived from the setting below by HKDF-SHA-256. That does not slow a guesser down: use a long random text, such as the output of
    `openssl rand -base64 32`. A lost key cannot be replaced; the credentials must then be entered again. See `docs/secrets.md`." {
        /// Where storage credentials are kept: `postgres`, encrypted in the catalog's database (SQLite, too), or `kv2`, in Vault or OpenBao.
        SECRET_BACKEND: SecretBackend = SecretBackend::Database;
        /// What storage credentials are encrypted with. Required with PostgreSQL, unless they are in Vault. With SQLite a random key is
        /// kept in a file beside the database, readable by its owner only, if this is not set.
        PG_ENCRYPTION_KEY: Option<Plaintext> = None;
        /// Keys that only decrypt, one a line: those that `LAKEKEEPER__PG_ENCRYPTION_KEY` held before, or will hold on other servers. The
        /// server refuses to start if warehouses use secrets whose key is none of these.
        PG_DECRYPTION_KEYS: Passphrases = Passphrases::default();
        /// Ids of keys that are lost for good, so that the server starts all the same. Their secrets must be entered again.
        PG_LOST_KEYS: Words = Words::default();
        /// Whether secrets that were read are kept in memory for a while, which helps while the database or Vault is away.
        CACHE__SECRETS__ENABLED: bool = true;
        /// Most secrets in memory.
        CACHE__SECRETS__CAPACITY: Count<1, 100_000> = Count::<1, 100_000>::clamped(500);
        /// How long a secret stays in memory, in seconds.
        CACHE__SECRETS__TIME_TO_LIVE_SECS: Count<1, 86_400> = Count::<1, 86_400>::clamped(600);
    }

    "Secrets in Vault" "Only with `LAKEKEEPER__SECRET_BACKEND=kv2`, with exactly one way to log in: a user, a token, an AppRole or Kubernetes. What is given as
    a file is read again with each login. See `docs/secrets.md`." {
        /// Several of the settings below in one text: `{url="https://vault.example.com:8200", user="lakekeeper", password="…", secret_mount="secret"}`.
        /// What is set by itself wins.
        KV2: Option<Plaintext> = None;
        /// Address of Vault or OpenBao.
        KV2__URL: Option<ServerUrl> = None;
        /// Where a KV secrets engine, version 2, is mounted. Secrets lie below, at `secret/<id>`.
        KV2__SECRET_MOUNT: Option<String> = None;
        /// The namespace that all of this is in (Vault Enterprise, HCP Vault, OpenBao).
        KV2__NAMESPACE: Option<String> = None;
        /// Certificate authorities to believe instead of the system's, a PEM file.
        KV2__ROOT_CERT: Option<PathBuf> = None;
        /// User of the auth method `userpass` (or `ldap`).
        KV2__USER: Option<String> = None;
        /// Its password.
        KV2__PASSWORD: Option<Plaintext> = None;
        /// Where that auth method is mounted.
        KV2__USERPASS_MOUNT: String = "userpass".to_owned();
        /// A token. It is renewed as long as Vault allows; in a file, an agent can replace it.
        KV2__TOKEN: Option<Plaintext> = None;
        /// Id of a role of the auth method `approle`.
        KV2__ROLE_ID: Option<String> = None;
        /// Its secret id, unless the role needs none.
        KV2__SECRET_ID: Option<Plaintext> = None;
        /// Where that auth method is mounted.
        KV2__APPROLE_MOUNT: String = "approle".to_owned();
        /// Role of the auth method `kubernetes`.
        KV2__KUBERNETES_ROLE: Option<String> = None;
        /// File with the token of the service account.
        KV2__KUBERNETES_TOKEN_PATH: PathBuf = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token");
        /// Where that auth method is mounted.
        KV2__KUBERNETES_MOUNT: String = "kubernetes".to_owned();
    }

    "Authentication" "Without any of these everybody is let in, without a name. With one, each request to `/catalog` and
    `/management` needs a token of a provider; see `docs/authentication.md`." {
        /// Address of the OpenID provider; its discovery document is below, at `/.well-known/openid-configuration`. The ids of
        /// its users start with `oidc~`.
        OPENID_PROVIDER_URI: Option<ProviderUrl> = None;
        /// Whom tokens must be meant for (`aud`), one of them. Without it, tokens for any audience are accepted.
        OPENID_AUDIENCE: Words = Words::default();
        /// Issuers that are accepted besides the one in the discovery document, if they sign with its keys.
        OPENID_ADDITIONAL_ISSUERS: Words = Words::default();
        /// A scope that tokens must have (`scope` or `scp`).
        OPENID_SCOPE: Option<String> = None;
        /// Claims that name the user; the first that is there counts.
        OPENID_SUBJECT_CLAIM or "OPENID_SUBJECT_CLAIMS": Words = Words(vec!["oid".to_owned(), "sub".to_owned()]);
        /// The claim that names roles, possibly a path: `resource_access.lakekeeper.roles`.
        OPENID_ROLES_CLAIM: Option<String> = None;
        /// Claims that tokens must have: `email_verified` (there, and neither `null` nor `false`), or `org=acme` (the value, or
        /// one of several).
        OPENID_REQUIRED_CLAIMS: RequiredClaims = RequiredClaims::default();
        /// What to call users whose tokens hold no name, made of other claims: `Service account {email}`. Braces are doubled to
        /// stand for themselves.
        OPENID_DISPLAY_NAME_TEMPLATE: Option<NameTemplateText> = None;
        /// Whether the server starts only if the provider can be reached. Otherwise it is connected with the first token.
        OPENID_REQUIRE_CONNECTED_ON_STARTUP: bool = true;
        /// Whether service accounts of a Kubernetes cluster are let in. The cluster is asked about each token (`TokenReview`),
        /// which the server's own service account must be allowed to: cluster role `system:auth-delegator`.
        ENABLE_KUBERNETES_AUTHENTICATION: bool = false;
        /// Whom tokens of the cluster must be meant for, one of them. Without it, tokens for the API server itself are accepted.
        KUBERNETES_AUTHENTICATION_AUDIENCE: Words = Words::default();
        /// Whether tokens of the cluster without audience are accepted, too: those that Kubernetes made up to 1.20.
        KUBERNETES_AUTHENTICATION_ACCEPT_LEGACY_SERVICEACCOUNT: bool = false;
        /// What service accounts are known by, behind `kubernetes~`: `uid`, another one in each cluster, or `username`:
        /// `system:serviceaccount:<namespace>:<name>`. Changing it gives every service account another user id; what the former ids were given no longer counts for them.
        KUBERNETES_AUTHENTICATION_SUBJECT_SOURCE: SubjectSource = SubjectSource::Uid;
        /// Address of the cluster's API server, if the server does not run in the cluster. In a pod it is known.
        KUBERNETES_AUTHENTICATION_API_URL: Option<ApiServerUrl> = None;
        /// Certificate authorities of the API server, a PEM file. In a pod it is known; outside, those of the system count if
        /// this is not set.
        KUBERNETES_AUTHENTICATION_CA_PATH: Option<PathBuf> = None;
        /// The server's own token for the API server. It is read again each minute.
        KUBERNETES_AUTHENTICATION_TOKEN_PATH: PathBuf = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token");
        /// What happens where no identity provider is configured, so that everybody may do everything. `true`: the server starts without a warning; `false`: it
        /// does not start; unset: it starts and warns.
        INSECURE_ALLOW_UNAUTHENTICATED: Option<bool> = None;
    }

    "Admission" "A service that is asked whether whoever is authenticated may use this installation at all; see `docs/admission.md`. It is off
    unless a setting without a default is set." {
        /// A TOML file with a table `admission_enforce` of these settings. Variables win.
        ADMISSION_ENFORCE_FILE: Option<PathBuf> = None;
        /// Where it is asked, by an HTTP `POST`. Required.
        ADMISSION_ENFORCE__ENDPOINT: Option<WebhookUrl> = None;
        /// The identity provider whose users it is asked about: `oidc`, `kubernetes`, or the name of a further one. Others pass. Required.
        ADMISSION_ENFORCE__IDP_ID: Option<String> = None;
        /// The `provider-id` of the roles that it grants. Required.
        ADMISSION_ENFORCE__ROLE_PROVIDER_ID: Option<String> = None;
        /// How many seconds a decision counts.
        ADMISSION_ENFORCE__CACHE_TTL_SECS: Seconds<0> = Seconds::<0>::clamped(60);
        /// How many decisions are kept.
        ADMISSION_ENFORCE__CACHE_MAX_ENTRIES: Count<1, 10_000_000> = Count::<1, 10_000_000>::clamped(10_000);
        /// How many seconds an answer may take.
        ADMISSION_ENFORCE__REQUEST_TIMEOUT_SECS: Count<1, 60> = Count::<1, 60>::clamped(5);
        /// How many seconds a connection may take.
        ADMISSION_ENFORCE__CONNECT_TIMEOUT_SECS: Count<1, 60> = Count::<1, 60>::clamped(2);
        /// How many seconds callers are told to wait (`Retry-After`) if there is no decision.
        ADMISSION_ENFORCE__UNAVAILABLE_RETRY_AFTER_SECS: Count<1, 60> = Count::<1, 60>::clamped(5);
        /// Headers for the endpoint: `{"x-api-key"="…"}`; in a file a table.
        ADMISSION_ENFORCE__HEADERS: Headers = Headers::default();
        /// `forward_caller_token`: the caller's own token is sent along. Without it, none is.
        ADMISSION_ENFORCE__AUTH__TYPE: Option<AdmissionTokens> = None;
        /// Certificate authorities to believe instead of the system's, a PEM file.
        ADMISSION_ENFORCE__ROOT_CERT: Option<PathBuf> = None;
    }

    "Authorization" "Who may do what, once it is known who asks; see `docs/authorization.md`." {
        /// Who decides. `builtin`: grants in the catalog's own database; the default as soon as callers are authenticated,
        /// which it needs. `openfga`: an OpenFGA, which is fed from there; see `docs/authorization-openfga.md`. `allowall`: nobody, everything is allowed; the default without authentication.
        AUTHZ_BACKEND: Option<AuthzBackend> = None;
        /// Users who may do everything but read and write data, act as a role and give privileges to others, whatever has been given to
        /// them; see `docs/authorization.md`: `["oidc~1234", "kubernetes~system:serviceaccount:lake:operator"]`.
        INSTANCE_ADMINS: UserIds = UserIds::default();
        /// Most levels that roles may be in one another.
        ROLE__MAX_NESTING_DEPTH: Count<1, 100> = Count::<1, 100>::clamped(10);
        /// Most views that a request may say to have come through (`referenced-by`); see `docs/view-security.md`.
        REFERENCED_BY__MAX_NESTING_DEPTH: Count<1, 100> = Count::<1, 100>::clamped(10);
    }

    "OpenFGA" "Only with `LAKEKEEPER__AUTHZ_BACKEND=openfga`; see `docs/authorization-openfga.md`." {
        /// Its gRPC address. With `https`, its certificate must be by an authority that the system knows.
        OPENFGA__ENDPOINT: Option<ServerUrl> = None;
        /// The name of the store, which should be this catalog's alone. `lakekeeper migrate` makes it.
        OPENFGA__STORE_NAME: String = "lakekeeper".to_owned();
        /// A key that OpenFGA has been told (`--authn-preshared-keys`).
        OPENFGA__API_KEY: Option<Plaintext> = None;
        /// The client that asks an identity provider for a token for OpenFGA. Wins over the key.
        OPENFGA__CLIENT_ID: Option<String> = None;
        /// Its secret.
        OPENFGA__CLIENT_SECRET: Option<Plaintext> = None;
        /// Where it asks.
        OPENFGA__TOKEN_ENDPOINT: Option<ServerUrl> = None;
        /// The scope that it asks for, if any.
        OPENFGA__SCOPE: Option<String> = None;
        /// Begins the names of this catalog's permission models in the store.
        OPENFGA__AUTHORIZATION_MODEL_PREFIX: String = "collaboration".to_owned();
        /// The version of the permission model, which can only be the one that this program brings. If it is set, the model must be
        /// in the store: it is not made then.
        OPENFGA__AUTHORIZATION_MODEL_VERSION: Option<String> = None;
        /// Most checks in one request: what OpenFGA allows (`--max-checks-per-batch-check`).
        OPENFGA__MAX_BATCH_CHECK_SIZE: Count<1, 10_000> = Count::<1, 10_000>::clamped(50);
    }

    "Projects and names" "" {
        /// Whether requests that name no project (`x-project-id`) mean the default one.
        ENABLE_DEFAULT_PROJECT: bool = true;
        /// The default project; the nil UUID if this is not set.
        DEFAULT_PROJECT_ID: Option<ProjectId> = None;
        /// Top-level namespaces that nobody may create, besides `system`, `examples` and
        /// `information_schema`; without regard to case.
        RESERVED_NAMESPACES: Words = Words::default();
        /// Whether namespace names may contain dots. `false` restores what Lakekeeper did up to 0.13:
        /// it refused them.
        NAMES_WITH_DOTS: bool = true;
    }

    "Storage" "" {
        /// Whether warehouses may keep their files in a folder of the server's own file system. On in
        /// `lakekeeper dev`. Useful only where all engines share that file system; who may create
        /// warehouses may then choose the folder.
        ENABLE_LOCAL_STORAGE: bool = false;
        /// Whether warehouses may use the identity that AWS gives the server itself (credentials of the type
        /// `aws-system-identity`): environment variables, a web identity, a container or an instance.
        ENABLE_AWS_SYSTEM_CREDENTIALS: bool = false;
        /// Whether that identity may access a bucket as it is. Otherwise a warehouse must name an
        /// `assume-role-arn`, and the role's trust policy decides who may use it.
        S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS: bool = false;
        /// Whether that identity takes a role only with an `external-id`, so that the creator of one warehouse
        /// cannot name the role of another one.
        S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS: bool = true;
        /// Whether deletions of several objects (`POST ?delete`) are signed for stores that are not Amazon's, in
        /// warehouses without `sts-enabled`. Some of them, such as MinIO, do not compare the body with the signature:
        /// who may delete in one table could then delete anything in the bucket that the warehouse's credential can.
        S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES: bool = false;
        /// Whether warehouses may use the service account of the machine that the server runs on (credentials of the
        /// type `gcp-system-identity`). Whoever creates warehouses may then use every bucket that this account can.
        ENABLE_GCP_SYSTEM_CREDENTIALS: bool = false;
        /// Whether warehouses may use the identity that Azure gives the server itself (credentials of the type
        /// `azure-system-identity`): `AZURE_*` environment variables, a workload identity, a managed identity. It is sent
        /// to Microsoft's addresses and to `AZURE_AUTHORITY_HOST` alone; whoever creates warehouses may then use every
        /// storage account that it can.
        ENABLE_AZURE_SYSTEM_CREDENTIALS: bool = false;
        /// Whether storage is used untried when a warehouse is created or its storage is changed. Otherwise files are
        /// written, read, listed and deleted, also with the credentials that engines get, which must not reach beyond their
        /// folder. Only for emulators that enforce nothing.
        SKIP_STORAGE_VALIDATION: bool = false;
    }

    "Requests" "Bounds of what one request may ask for." {
        /// Items of a page if a list is asked for with an empty `pageToken` and no `pageSize`.
        PAGINATION_SIZE_DEFAULT: Items = Items::clamped(100);
        /// Most items of a page.
        PAGINATION_SIZE_MAX: Items = Items::clamped(1_000);
        /// Most connections at a time; those beyond wait until one ends. Each takes a file descriptor.
        MAX_CONNECTIONS: Items = Items::clamped(10_000);
        /// Largest request body, after decompression. A commit that expires many snapshots names each of them.
        MAX_REQUEST_BODY_SIZE: ByteCount = ByteCount::mib(64);
        /// Longest time that a request may take. Beyond it, one that may change something is answered with 504, because it may still do so; one that only reads with 408.
        MAX_REQUEST_TIME: Span = Span::seconds(30);
        /// What a `DELETE` of a table means that does not say `purgeRequested`. `false`, as the Iceberg
        /// specification has it: the files stay. `true`, as Lakekeeper had it up to 0.13: they are deleted.
        PURGE_DEFAULT: bool = false;
        /// How long the outcome of a request with an `Idempotency-Key` is remembered, as `/v1/config` announces it.
        IDEMPOTENCY__LIFETIME: Span = Span::seconds(30 * 60);
        /// How long the outcome is kept beyond what is announced, for clocks that differ and requests that
        /// are late.
        IDEMPOTENCY__GRACE_PERIOD: Span = Span::seconds(5 * 60);
    }

    "Memory and background work" "" {
        /// Memory for cached table and view metadata, as stored (compressed).
        CACHE__METADATA__SIZE: ByteCount = ByteCount::mib(48);
        /// Largest metadata file of a table or view, uncompressed.
        MAX_METADATA_SIZE: ByteCount = ByteCount::mib(256);
        /// Workers of this process that delete the files of purged tables. 0: another process does it.
        TASK_TABULAR_PURGE_WORKERS: Workers = Workers::clamped(2);
        /// Workers of this process that delete metadata files which commits have made obsolete, except those of tables that keep them
        /// (`write.metadata.delete-after-commit.enabled` is `false`). 0: another process does it.
        TASK_METADATA_CLEANUP_WORKERS: Workers = Workers::clamped(2);
        /// Workers of this process that remove soft-deleted tables and views for good when their time is over. 0: another process
        /// does it.
        TASK_SOFT_DELETION_WORKERS or "TASK_TABULAR_EXPIRATION_WORKERS": Workers = Workers::clamped(2);
        /// Workers of this process that remove old entries of the task log. 0: another process does it.
        TASK_LOG_CLEANUP_WORKERS: Workers = Workers::clamped(2);
        /// How often a worker looks at its queue while that is empty.
        TASK_POLL_INTERVAL: Span = Span::millis(500);
        /// How long the log of ended tasks is kept where a project does not say (`retention-period` of its queue `task_log_cleanup`).
        TASK_LOG_RETENTION: Span = Span::seconds(90 * 24 * 3_600);
        /// How often this process writes down which operations were called how often; see `docs/statistics.md`. At least 100 ms.
        ENDPOINT_STAT_FLUSH_INTERVAL: Span = Span::seconds(30);
        /// How long statistics of calls are kept, and for how long what warehouses held is told by the hour.
        STATISTICS_RETENTION: Span = Span::seconds(90 * 24 * 3_600);
    }

    "Events" "Each change is told of by an event, written in the change's own transaction, which `GET /management/v1/events` lists
    and a relay brings to each of the sinks below. `docs/events.md` says what events hold and what is promised." {
        /// Whether this process brings events to the sinks below. With `false` another process must do it. Any number may: one
        /// works for each sink, and another takes over within seconds if it dies.
        EVENT_RELAY: bool = true;
        /// How long events are kept in the database, delivered or not: a sink that is behind for longer misses some.
        EVENT_RETENTION: Span = Span::seconds(7 * 24 * 3_600);
        /// How many events are kept in the database. Beyond that the oldest are removed, even those that `EVENT_RETENTION` would keep.
        EVENT_RETENTION_COUNT: EventCount = EventCount::clamped(1_000_000);
        /// How many bytes of events are kept in the database, counted as their bodies are delivered. Beyond that the oldest are removed, even those that `EVENT_RETENTION` would keep. At least 1 MiB.
        EVENT_RETENTION_SIZE: ByteCount = ByteCount::mib(8_192);
        /// Whether each event is written into the log.
        LOG_CLOUDEVENTS: bool = false;
        /// Where each event is sent by an HTTP `POST`.
        WEBHOOK_URL: Option<WebhookUrl> = None;
        /// What these requests are signed with (HMAC-SHA-256, as <https://www.standardwebhooks.com> describes): `whsec_` and
        /// the key in base64, or any text.
        WEBHOOK_SECRET: Option<Signature> = None;
        /// How long the receiver may take to answer; 25 s at most.
        WEBHOOK_TIMEOUT: Span = Span::seconds(10);
        /// How many times an event that the receiver refuses is sent before it becomes a dead letter. A receiver that is away is
        /// waited for.
        WEBHOOK_MAX_ATTEMPTS: Attempts = Attempts::clamped(10);
        /// Topic of Kafka that each event is published to. The topic must be there.
        KAFKA_TOPIC: Option<String> = None;
        /// How Kafka is reached, by the names of librdkafka: `{"bootstrap.servers"="host1:9092,host2:9092","security.protocol"="SASL_SSL"}`.
        /// `docs/events.md` lists the settings that are known; others are refused. Also
        /// `LAKEKEEPER__KAFKA_CONFIG_FILE`.
        KAFKA_CONFIG: Option<Plaintext> = None;
        /// Servers of NATS that each event is published to.
        NATS_ADDRESS: Option<NatsServers> = None;
        /// Subject of all events.
        NATS_TOPIC: Option<String> = None;
        /// Whether a stream of JetStream must have stored an event before it counts as delivered. The stream must be there. Without
        /// it, what is on its way when a connection breaks may be lost.
        NATS_JETSTREAM: bool = false;
        /// User at the servers.
        NATS_USER: Option<String> = None;
        /// Password of the user.
        NATS_PASSWORD: Option<Plaintext> = None;
        /// Token for the servers, instead of a user.
        NATS_TOKEN: Option<Plaintext> = None;
        /// Credentials for the servers, instead of a user: what `nsc` writes into a `.creds` file, whose path
        /// `LAKEKEEPER__NATS_CREDS_FILE` takes.
        NATS_CREDS: Option<Plaintext> = None;
        /// Certificate authorities to believe instead of the system's, a PEM file.
        NATS_ROOT_CERT: Option<PathBuf> = None;
    }

    "Process" "" {
        /// How long requests in flight may take to finish after SIGTERM or SIGINT.
        SHUTDOWN_TIMEOUT: Span = Span::seconds(30);
        /// What is logged: a level, or directives as in `info,lakekeeper=debug`. `RUST_LOG` is read if
        /// this is not set.
        LOG_LEVEL: LogFilter = LogFilter("info".to_owned());
        /// How log lines look.
        LOG_FORMAT: LogFormat = LogFormat::Json;
        /// Whether the log tells of every decision on what somebody may do, and of what became of every request that may
        /// change something; see `docs/audit.md`.
        AUDIT__TRACING__ENABLED: bool = true;
        /// Whether log lines name the file and line that they come from.
        DEBUG__EXTENDED_LOGS: bool = false;
        /// Whether `serve` waits for the database and migrates it first. For development: in production run
        /// `lakekeeper migrate` as a step of its own.
        DEBUG__MIGRATE_BEFORE_SERVE: bool = false;
        /// Whether the binary serves if it is called without a command.
        DEBUG__AUTO_SERVE: bool = false;
        /// Where `lakekeeper dev` keeps its database and files.
        DATA_DIR: PathBuf = PathBuf::from("lakekeeper-data");
        /// A TOML file with settings; see above.
        CONFIG_FILE: Option<PathBuf> = None;
        /// Whether an unknown name that starts with `LAKEKEEPER__` is an error instead of a warning.
        STRICT_CONFIG: bool = false;
    }
}
