//! Every setting. The reference in `docs/configuration.md` is generated from this list.

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
        /// IP address that the server listens on.
        BIND_IP: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        /// Port of the catalog API, the management API and `/health`.
        LISTEN_PORT: Port = Port(8181);
        /// Port of the Prometheus metrics (`/metrics`), on the same IP address.
        METRICS_PORT or "METRICS__PORT": Port = Port(9000);
        /// URL at which clients reach this server, used for links in answers. If set, it wins over the request's
        /// headers; otherwise links are made from the request.
        BASE_URI: Option<ServerUrl> = None;
        /// Whether links are made from the request's `x-forwarded-host`, `-proto`, `-port` and `-prefix` headers
        /// where it has them. Set it to `false` if clients reach the server without a proxy that sets or removes
        /// these headers.
        USE_X_FORWARDED_HEADERS: bool = true;
        /// Origins of web pages that may call the APIs (CORS): `*`, or a list. `docs/browsers.md` says what else browsers
        /// need.
        ALLOW_ORIGIN: Option<Origins> = None;
        /// Whether `/swagger-ui` serves the descriptions of all APIs.
        SERVE_SWAGGER_UI: bool = true;
    }

    "Database" "The catalog's database is either a SQLite file, which one server process can use, or PostgreSQL 14 or
    newer, which any number of server processes can share. A PostgreSQL server is given by a URL, or by host, port,
    user, password and database; the URL wins." {
        /// SQLite database file. It is created if it does not exist. A second process that opens the same file is
        /// refused.
        SQLITE_PATH: Option<PathBuf> = None;
        /// PostgreSQL primary: for loads, permission checks and all changes. With several hosts
        /// (`postgres://user@host1:5432,host2:5432/database`) the server uses the one that accepts writes, and finds
        /// the new one after a failover.
        PG_DATABASE_URL_WRITE: Option<DatabaseUrl> = None;
        /// PostgreSQL replica for lists and searches, whose results may then lag by the replication delay. Loads,
        /// commits and lists of warehouses never use it. If it is not set or cannot be reached, the primary is used
        /// for everything.
        PG_DATABASE_URL_READ: Option<DatabaseUrl> = None;
        /// Host of the primary, as an alternative to `LAKEKEEPER__PG_DATABASE_URL_WRITE`.
        PG_HOST_W: Option<String> = None;
        /// Host of the replica, as an alternative to `LAKEKEEPER__PG_DATABASE_URL_READ`.
        PG_HOST_R: Option<String> = None;
        /// Port of both hosts.
        PG_PORT: Port = Port(5432);
        /// User on both hosts.
        PG_USER: Option<String> = None;
        /// Password of the user.
        PG_PASSWORD: Option<Plaintext> = None;
        /// Database on both hosts.
        PG_DATABASE: Option<String> = None;
        /// Whether connections are encrypted and how the server's certificate is checked. Wins over `sslmode` in a
        /// URL.
        PG_SSL_MODE: Option<SslMode> = None;
        /// PEM file with the certificate authorities to trust instead of the system's.
        PG_SSL_ROOT_CERT: Option<PathBuf> = None;
        /// Most connections to the primary for changes. They are opened as needed.
        PG_WRITE_POOL_CONNECTIONS: Connections = Connections::clamped(16);
        /// Most connections for lists and searches. They are opened as needed.
        PG_READ_POOL_CONNECTIONS: Connections = Connections::clamped(8);
        /// Connections to the primary for looking up names. All requests share them: lookups that are waiting are
        /// combined into one statement, so that a few connections are enough.
        PG_LOOKUP_CONNECTIONS: Connections = Connections::clamped(2);
        /// How long a request waits for a free connection before it fails with status 503.
        PG_ACQUIRE_TIMEOUT or "PG_CONNECTION_TIMEOUT": Span = Span::seconds(5);
        /// How long one SQL statement may take.
        PG_STATEMENT_TIMEOUT: Span = Span::seconds(30);
        /// How long one SQL statement may wait for a lock that another one holds.
        PG_LOCK_TIMEOUT: Span = Span::seconds(10);
    }

    "Secrets" "Storage credentials are kept in the database. Each is encrypted with a key of its own
    (ChaCha20-Poly1305), and this key is encrypted with one that is derived from `LAKEKEEPER__PG_ENCRYPTION_KEY` by
    HKDF-SHA-256. HKDF does not slow down guessing: use a long random text, such as the output of `openssl rand
    -base64 32`. If `LAKEKEEPER__PG_ENCRYPTION_KEY` is lost, the credentials must be entered again. See
    `docs/secrets.md`." {
        /// Where storage credentials are kept: `postgres`: encrypted in the catalog's database (also if that is
        /// SQLite); `kv2`: in Vault or OpenBao.
        SECRET_BACKEND: SecretBackend = SecretBackend::Database;
        /// The secret that storage credentials are encrypted with. Required with PostgreSQL, unless credentials are
        /// kept in Vault. With SQLite, if it is not set, a random key is created and kept in a file beside the
        /// database that only its owner can read.
        PG_ENCRYPTION_KEY: Option<Plaintext> = None;
        /// Keys that are only used to decrypt, one per line: former values of `LAKEKEEPER__PG_ENCRYPTION_KEY`, or
        /// a new value that other servers use already or soon. The server does not start if warehouses use a
        /// credential that none of the configured keys decrypts.
        PG_DECRYPTION_KEYS: Passphrases = Passphrases::default();
        /// Ids of keys that are lost for good. The server then starts although it cannot decrypt the credentials that
        /// were encrypted with them; these must be entered again.
        PG_LOST_KEYS: Words = Words::default();
        /// Whether storage credentials that were read are cached in memory, so that they remain usable for a while if
        /// the database or Vault is down.
        CACHE__SECRETS__ENABLED: bool = true;
        /// Most storage credentials in the cache.
        CACHE__SECRETS__CAPACITY: Count<1, 100_000> = Count::<1, 100_000>::clamped(500);
        /// How long a storage credential stays in the cache, in seconds.
        CACHE__SECRETS__TIME_TO_LIVE_SECS: Count<1, 86_400> = Count::<1, 86_400>::clamped(600);
    }

    "Secrets in Vault" "These settings are for `LAKEKEEPER__SECRET_BACKEND=kv2`. Set exactly one way to log in: a
    user, a token, an AppRole or Kubernetes. A secret that is given as a file is read again at each login. See
    `docs/secrets.md`." {
        /// Several of the settings below in one value: `{url="https://vault.example.com:8200", user="lakekeeper",
        /// password="…", secret_mount="secret"}`. A setting that is also set separately wins.
        KV2: Option<Plaintext> = None;
        /// URL of Vault or OpenBao.
        KV2__URL: Option<ServerUrl> = None;
        /// Mount path of the KV secrets engine (version 2). Credentials are stored below it, at `secret/<id>`.
        KV2__SECRET_MOUNT: Option<String> = None;
        /// Namespace of the secrets engine and the auth method (Vault Enterprise, HCP Vault, OpenBao).
        KV2__NAMESPACE: Option<String> = None;
        /// PEM file with the certificate authorities to trust instead of the system's.
        KV2__ROOT_CERT: Option<PathBuf> = None;
        /// User name for the auth method `userpass` (or `ldap`).
        KV2__USER: Option<String> = None;
        /// Password of `LAKEKEEPER__KV2__USER`.
        KV2__PASSWORD: Option<Plaintext> = None;
        /// Mount path of the auth method of `LAKEKEEPER__KV2__USER`.
        KV2__USERPASS_MOUNT: String = "userpass".to_owned();
        /// Vault token. It is renewed for as long as Vault allows. If it is given as a file, an agent can replace it
        /// there.
        KV2__TOKEN: Option<Plaintext> = None;
        /// Role id for the auth method `approle`.
        KV2__ROLE_ID: Option<String> = None;
        /// Secret id for `LAKEKEEPER__KV2__ROLE_ID`. Not needed if the role has `bind_secret_id=false`.
        KV2__SECRET_ID: Option<Plaintext> = None;
        /// Mount path of the auth method of `LAKEKEEPER__KV2__ROLE_ID`.
        KV2__APPROLE_MOUNT: String = "approle".to_owned();
        /// Role for the auth method `kubernetes`.
        KV2__KUBERNETES_ROLE: Option<String> = None;
        /// File with the service account token for the auth method `kubernetes`.
        KV2__KUBERNETES_TOKEN_PATH: PathBuf = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token");
        /// Mount path of the auth method of `LAKEKEEPER__KV2__KUBERNETES_ROLE`.
        KV2__KUBERNETES_MOUNT: String = "kubernetes".to_owned();
    }

    "Authentication" "If no identity provider is configured, everybody is let in and all callers are anonymous. If one
    is configured, each request to `/catalog`, `/lakekeeper` and `/management` needs a token from a provider; see
    `docs/authentication.md`." {
        /// URL of the OpenID provider. Its discovery document must be at `/.well-known/openid-configuration` below
        /// this URL. Ids of its users start with `oidc~`.
        OPENID_PROVIDER_URI: Option<ProviderUrl> = None;
        /// Accepted audiences: a token's `aud` must contain one of them. If not set, tokens for any audience are
        /// accepted.
        OPENID_AUDIENCE: Words = Words::default();
        /// Accepted issuers besides the one in the discovery document. Their tokens must be signed with keys of the
        /// provider.
        OPENID_ADDITIONAL_ISSUERS: Words = Words::default();
        /// A scope that tokens must have, in `scope` or `scp`.
        OPENID_SCOPE: Option<String> = None;
        /// Claims that identify the user; the first one that the token has is used.
        OPENID_SUBJECT_CLAIM or "OPENID_SUBJECT_CLAIMS": Words = Words(vec!["oid".to_owned(), "sub".to_owned()]);
        /// Claim with the user's roles; may be a path such as `resource_access.lakekeeper.roles`.
        OPENID_ROLES_CLAIM: Option<String> = None;
        /// Claims that tokens must have: `email_verified` (it exists and is neither `null` nor `false`), or
        /// `org=acme` (it is this value or a list that contains it).
        OPENID_REQUIRED_CLAIMS: RequiredClaims = RequiredClaims::default();
        /// Display name for users whose tokens contain none, with other claims in braces: `Service account {email}`.
        /// Double a brace to get a literal one.
        OPENID_DISPLAY_NAME_TEMPLATE: Option<NameTemplateText> = None;
        /// If `true`, the server does not start unless it can reach the provider. If `false`, it connects to the
        /// provider with the first token.
        OPENID_REQUIRE_CONNECTED_ON_STARTUP: bool = true;
        /// Whether tokens of service accounts of a Kubernetes cluster are accepted. The server has the cluster review
        /// each token (`TokenReview`), which its own service account must be allowed to do (cluster role
        /// `system:auth-delegator`).
        ENABLE_KUBERNETES_AUTHENTICATION: bool = false;
        /// Accepted audiences: a token's `aud` must contain one of them. If not set, tokens for the API server itself
        /// are accepted.
        KUBERNETES_AUTHENTICATION_AUDIENCE: Words = Words::default();
        /// Whether service account tokens without an audience are accepted too, as Kubernetes created them up to
        /// version 1.20.
        KUBERNETES_AUTHENTICATION_ACCEPT_LEGACY_SERVICEACCOUNT: bool = false;
        /// Which id a service account gets after `kubernetes~`: `uid`: its UID, which differs between clusters; or
        /// `username`: `system:serviceaccount:<namespace>:<name>`. Changing this changes the user id of every service
        /// account; grants to the former ids no longer apply.
        KUBERNETES_AUTHENTICATION_SUBJECT_SOURCE: SubjectSource = SubjectSource::Uid;
        /// URL of the cluster's API server. Not needed if the server runs in a pod of that cluster.
        KUBERNETES_AUTHENTICATION_API_URL: Option<ApiServerUrl> = None;
        /// PEM file with the certificate authorities of the API server. Not needed in a pod. Outside a pod, the
        /// system's are trusted if this is not set.
        KUBERNETES_AUTHENTICATION_CA_PATH: Option<PathBuf> = None;
        /// File with the server's own token for the API server. It is read again every minute.
        KUBERNETES_AUTHENTICATION_TOKEN_PATH: PathBuf = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token");
        /// What to do if no identity provider is configured, which lets everybody do everything. `true`: the server
        /// starts without a warning. `false`: it does not start. Not set: it starts with a warning.
        INSECURE_ALLOW_UNAUTHENTICATED: Option<bool> = None;
    }

    "Admission" "The admission gate asks a service of yours whether an authenticated caller may use this installation
    at all; see `docs/admission.md`. It is off unless one of its settings that have no default is set." {
        /// TOML file with a table `admission_enforce` that holds these settings. Environment variables win over the
        /// file.
        ADMISSION_ENFORCE_FILE: Option<PathBuf> = None;
        /// URL of the service, to which each question is sent as an HTTP `POST`. Required.
        ADMISSION_ENFORCE__ENDPOINT: Option<WebhookUrl> = None;
        /// Identity provider whose users the service is asked about: `oidc`, `kubernetes`, or the name of a further
        /// provider. Users of other providers are admitted without asking. Required.
        ADMISSION_ENFORCE__IDP_ID: Option<String> = None;
        /// The `provider-id` of the roles that checks give to callers. Required.
        ADMISSION_ENFORCE__ROLE_PROVIDER_ID: Option<String> = None;
        /// How long a decision is reused, in seconds.
        ADMISSION_ENFORCE__CACHE_TTL_SECS: Seconds<0> = Seconds::<0>::clamped(60);
        /// Most decisions that are kept.
        ADMISSION_ENFORCE__CACHE_MAX_ENTRIES: Count<1, 10_000_000> = Count::<1, 10_000_000>::clamped(10_000);
        /// How long the service may take to answer, in seconds.
        ADMISSION_ENFORCE__REQUEST_TIMEOUT_SECS: Count<1, 60> = Count::<1, 60>::clamped(5);
        /// How long connecting to the service may take, in seconds.
        ADMISSION_ENFORCE__CONNECT_TIMEOUT_SECS: Count<1, 60> = Count::<1, 60>::clamped(2);
        /// The `Retry-After`, in seconds, that callers get with status 503 if the service makes no decision.
        ADMISSION_ENFORCE__UNAVAILABLE_RETRY_AFTER_SECS: Count<1, 60> = Count::<1, 60>::clamped(5);
        /// Headers sent to the service: `{"x-api-key"="…"}`. In a TOML file, a table.
        ADMISSION_ENFORCE__HEADERS: Headers = Headers::default();
        /// `forward_caller_token`: the caller's token is sent to the service. If not set, it is not.
        ADMISSION_ENFORCE__AUTH__TYPE: Option<AdmissionTokens> = None;
        /// PEM file with the certificate authorities to trust instead of the system's.
        ADMISSION_ENFORCE__ROOT_CERT: Option<PathBuf> = None;
    }

    "Authorization" "What authenticated callers may do; see `docs/authorization.md`." {
        /// What decides whether a caller is allowed to do something. `builtin`: grants in the catalog's database;
        /// needs authentication, and is the default with it. `openfga`: an OpenFGA server that the catalog keeps up
        /// to date; see `docs/authorization-openfga.md`. `allowall`: everything is allowed; the default without
        /// authentication.
        AUTHZ_BACKEND: Option<AuthzBackend> = None;
        /// Users who may do everything, whatever grants they have, except read and write data, assume a role, give
        /// privileges to others and switch managed access; see `docs/authorization.md`. For example `["oidc~1234",
        /// "kubernetes~system:serviceaccount:lake:operator"]`.
        INSTANCE_ADMINS: UserIds = UserIds::default();
        /// Most levels of roles within roles.
        ROLE__MAX_NESTING_DEPTH: Count<1, 100> = Count::<1, 100>::clamped(10);
        /// Most views in the `referenced-by` of a request; see `docs/view-security.md`.
        REFERENCED_BY__MAX_NESTING_DEPTH: Count<1, 100> = Count::<1, 100>::clamped(10);
    }

    "OpenFGA" "These settings are for `LAKEKEEPER__AUTHZ_BACKEND=openfga`; see `docs/authorization-openfga.md`." {
        /// gRPC URL of OpenFGA. With `https`, its certificate must be issued by an authority that the system trusts.
        OPENFGA__ENDPOINT: Option<ServerUrl> = None;
        /// Name of the store in OpenFGA, which only this catalog should use. `lakekeeper migrate` creates it.
        OPENFGA__STORE_NAME: String = "lakekeeper".to_owned();
        /// Pre-shared key for OpenFGA (its `--authn-preshared-keys`).
        OPENFGA__API_KEY: Option<Plaintext> = None;
        /// Client id for getting tokens for OpenFGA from an identity provider. If set, the API key is not used.
        OPENFGA__CLIENT_ID: Option<String> = None;
        /// Secret of `LAKEKEEPER__OPENFGA__CLIENT_ID`.
        OPENFGA__CLIENT_SECRET: Option<Plaintext> = None;
        /// Token endpoint of the identity provider, for `LAKEKEEPER__OPENFGA__CLIENT_ID`.
        OPENFGA__TOKEN_ENDPOINT: Option<ServerUrl> = None;
        /// Scope to request from the token endpoint, if it needs one.
        OPENFGA__SCOPE: Option<String> = None;
        /// Prefix of the names of this catalog's permission models in the store.
        OPENFGA__AUTHORIZATION_MODEL_PREFIX: String = "collaboration".to_owned();
        /// Version of the permission model; only the version that this program ships is accepted. If it is set,
        /// `lakekeeper migrate` does not create the model, which must then exist in the store.
        OPENFGA__AUTHORIZATION_MODEL_VERSION: Option<String> = None;
        /// Most checks in one request to OpenFGA. Must not exceed OpenFGA's own limit
        /// (`--max-checks-per-batch-check`).
        OPENFGA__MAX_BATCH_CHECK_SIZE: Count<1, 10_000> = Count::<1, 10_000>::clamped(50);
    }

    "Projects and names" "" {
        /// Whether requests that name no project (header `x-project-id`) use the default project.
        ENABLE_DEFAULT_PROJECT: bool = true;
        /// Id of the default project. If not set, the nil UUID.
        DEFAULT_PROJECT_ID: Option<ProjectId> = None;
        /// Names of top-level namespaces that cannot be created, regardless of case, besides `system`, `examples` and
        /// `information_schema`.
        RESERVED_NAMESPACES: Words = Words::default();
        /// Whether names of namespaces may contain dots. `false`: they are refused, as in Lakekeeper up to 0.13.
        NAMES_WITH_DOTS: bool = true;
    }

    "Storage" "" {
        /// Whether warehouses may keep their files in a folder of the server's file system. Only useful if all
        /// engines share that file system. Whoever may create warehouses can then choose the folder. `lakekeeper dev`
        /// enables it.
        ENABLE_LOCAL_STORAGE: bool = false;
        /// Whether warehouses may use the server's own AWS identity (credentials of the type `aws-system-identity`),
        /// from environment variables, a web identity, a container or an instance.
        ENABLE_AWS_SYSTEM_CREDENTIALS: bool = false;
        /// Whether the server's AWS identity may access buckets directly. If `false`, a warehouse that uses it must
        /// name an `assume-role-arn`, and the trust policy of that role decides who may assume it.
        S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS: bool = false;
        /// Whether the server's AWS identity assumes a role only with an `external-id`, so that whoever creates a
        /// warehouse cannot use the role of another one.
        S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS: bool = true;
        /// Whether requests to delete several objects (`POST ?delete`) are signed for stores other than Amazon S3, in
        /// warehouses without `sts-enabled`. Some stores, such as MinIO, do not check the body against the signature:
        /// whoever may delete files of one table could then delete everything in the bucket that the warehouse's
        /// credential can delete.
        S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES: bool = false;
        /// Whether warehouses may use the service account of the machine that the server runs on (credentials of the
        /// type `gcp-system-identity`). Whoever creates warehouses can then use every bucket that this account can
        /// access.
        ENABLE_GCP_SYSTEM_CREDENTIALS: bool = false;
        /// Whether warehouses may use the server's own Azure identity (credentials of the type
        /// `azure-system-identity`), from `AZURE_*` environment variables, a workload identity or a managed identity.
        /// The server sends it only to Microsoft's addresses and to `AZURE_AUTHORITY_HOST`. Whoever creates
        /// warehouses can then use every storage account that this identity can access.
        ENABLE_AZURE_SYSTEM_CREDENTIALS: bool = false;
        /// Whether the storage of a warehouse is used without being tested first. If `false`, whenever a warehouse is
        /// created or its storage is changed, the server writes, reads, lists and deletes files, also with the
        /// credentials that engines get, and checks that these give no access outside their folder. `true` is only
        /// meant for emulators that enforce nothing.
        SKIP_STORAGE_VALIDATION: bool = false;
    }

    "Requests" "Limits on requests and connections, and defaults for requests." {
        /// Items per page if a request has an empty `pageToken` and no `pageSize`.
        PAGINATION_SIZE_DEFAULT: Items = Items::clamped(100);
        /// Most items per page.
        PAGINATION_SIZE_MAX: Items = Items::clamped(1_000);
        /// Most open connections per port; further ones wait until one closes. Each needs a file descriptor.
        MAX_CONNECTIONS: Items = Items::clamped(10_000);
        /// Largest request body, after decompression. A commit that expires many snapshots names each of them.
        MAX_REQUEST_BODY_SIZE: ByteCount = ByteCount::mib(64);
        /// How long a request may take. After that, a request that may change something is answered with 504, because
        /// the change may still happen; one that only reads is answered with 408.
        MAX_REQUEST_TIME: Span = Span::seconds(30);
        /// What a `DELETE` of a table without `purgeRequested` does. `false`: the table's files stay, as the Iceberg
        /// specification says. `true`: they are deleted, as in Lakekeeper up to 0.13.
        PURGE_DEFAULT: bool = false;
        /// How long the outcome of a request with an `Idempotency-Key` is remembered. `/v1/config` tells clients this
        /// time. At least 1 s.
        IDEMPOTENCY__LIFETIME: Span = Span::seconds(30 * 60);
        /// How much longer than `LAKEKEEPER__IDEMPOTENCY__LIFETIME` the outcome is remembered, to allow for clock
        /// differences and late requests.
        IDEMPOTENCY__GRACE_PERIOD: Span = Span::seconds(5 * 60);
    }

    "Memory and background work" "" {
        /// Memory for cached metadata of tables and views (compressed) and for finished answers.
        CACHE__METADATA__SIZE: ByteCount = ByteCount::mib(48);
        /// Largest metadata file of a table or view, uncompressed.
        MAX_METADATA_SIZE: ByteCount = ByteCount::mib(256);
        /// Workers of this process that delete the files of purged tables. 0: leave this to other processes.
        TASK_TABULAR_PURGE_WORKERS: Workers = Workers::clamped(2);
        /// Workers of this process that delete metadata files which later commits have made obsolete. Those of tables
        /// with `write.metadata.delete-after-commit.enabled=false` are kept. 0: leave this to other processes.
        TASK_METADATA_CLEANUP_WORKERS: Workers = Workers::clamped(2);
        /// Workers of this process that remove soft-deleted tables and views for good when they expire. 0: leave this
        /// to other processes.
        TASK_SOFT_DELETION_WORKERS or "TASK_TABULAR_EXPIRATION_WORKERS": Workers = Workers::clamped(2);
        /// Workers of this process that remove old entries of the task log. 0: leave this to other processes.
        TASK_LOG_CLEANUP_WORKERS: Workers = Workers::clamped(2);
        /// How often a worker checks its queue while the queue is empty; from 100 ms to 1 h.
        TASK_POLL_INTERVAL: Span = Span::millis(500);
        /// How long the log of finished tasks is kept in projects that do not set `retention-period` of their queue
        /// `task_log_cleanup`.
        TASK_LOG_RETENTION: Span = Span::seconds(90 * 24 * 3_600);
        /// How often this process saves how many times each operation was called; see `docs/statistics.md`. At least
        /// 100 ms.
        ENDPOINT_STAT_FLUSH_INTERVAL: Span = Span::seconds(30);
        /// How long statistics of calls and of warehouses' contents are kept by the hour.
        STATISTICS_RETENTION: Span = Span::seconds(90 * 24 * 3_600);
    }

    "Events" "Each change is described by an event, which is written in the same transaction as the change. `GET
    /management/v1/events` lists the events, and a relay delivers them to each of the sinks below. `docs/events.md`
    describes the events and how reliably they are delivered." {
        /// Whether this process delivers events to the sinks below. `false`: another process must do it. Any number
        /// of processes may have `true`: one at a time delivers to each sink, and another one takes over within
        /// seconds if it dies.
        EVENT_RELAY: bool = true;
        /// How long events are kept in the database, whether delivered or not. A sink that falls further behind
        /// misses events.
        EVENT_RETENTION: Span = Span::seconds(7 * 24 * 3_600);
        /// How many events are kept in the database. Above that the oldest are removed, even if `EVENT_RETENTION`
        /// would keep them.
        EVENT_RETENTION_COUNT: EventCount = EventCount::clamped(1_000_000);
        /// How many bytes of events are kept in the database, counting the bodies as delivered. Above that the oldest
        /// are removed, even if `EVENT_RETENTION` would keep them. At least 1 MiB.
        EVENT_RETENTION_SIZE: ByteCount = ByteCount::mib(8_192);
        /// Whether each event is written to the log.
        LOG_CLOUDEVENTS: bool = false;
        /// URL that each event is sent to as an HTTP `POST`.
        WEBHOOK_URL: Option<WebhookUrl> = None;
        /// Key that webhook requests are signed with (HMAC-SHA-256, as <https://www.standardwebhooks.com> describes):
        /// `whsec_` followed by the key in base64, or any text.
        WEBHOOK_SECRET: Option<Signature> = None;
        /// How long the webhook's receiver may take to answer; at most 25 s.
        WEBHOOK_TIMEOUT: Span = Span::seconds(10);
        /// How many times an event is sent that the receiver refuses, before it becomes a dead letter. While the
        /// receiver is unavailable, attempts are not counted.
        WEBHOOK_MAX_ATTEMPTS: Attempts = Attempts::clamped(10);
        /// Kafka topic that each event is published to. It must exist.
        KAFKA_TOPIC: Option<String> = None;
        /// Configuration of the Kafka client, with librdkafka's names:
        /// `{"bootstrap.servers"="host1:9092,host2:9092","security.protocol"="SASL_SSL"}`. `docs/events.md` lists the
        /// supported names; others are refused. Also `LAKEKEEPER__KAFKA_CONFIG_FILE`.
        KAFKA_CONFIG: Option<Plaintext> = None;
        /// NATS servers that each event is published to.
        NATS_ADDRESS: Option<NatsServers> = None;
        /// NATS subject that all events are published to.
        NATS_TOPIC: Option<String> = None;
        /// Whether an event counts as delivered only when a JetStream stream has stored it. The stream must exist. If
        /// `false`, events that are being sent when a connection breaks may be lost.
        NATS_JETSTREAM: bool = false;
        /// User name for the NATS servers.
        NATS_USER: Option<String> = None;
        /// Password of `LAKEKEEPER__NATS_USER`.
        NATS_PASSWORD: Option<Plaintext> = None;
        /// Token for the NATS servers, instead of a user.
        NATS_TOKEN: Option<Plaintext> = None;
        /// Content of a `.creds` file, as `nsc` creates it, for the NATS servers, instead of a user. To give the path
        /// of the file, set `LAKEKEEPER__NATS_CREDS_FILE`.
        NATS_CREDS: Option<Plaintext> = None;
        /// PEM file with the certificate authorities to trust instead of the system's.
        NATS_ROOT_CERT: Option<PathBuf> = None;
    }

    "Process" "" {
        /// How long requests in flight may take to finish after SIGTERM or SIGINT.
        SHUTDOWN_TIMEOUT: Span = Span::seconds(30);
        /// What is logged: a level, or directives such as `info,lakekeeper=debug`. If not set, `RUST_LOG` is used.
        LOG_LEVEL: LogFilter = LogFilter("info".to_owned());
        /// Format of log lines: `json`: one JSON object per line; `pretty`: text for people.
        LOG_FORMAT: LogFormat = LogFormat::Json;
        /// Whether the log records every authorization decision and the outcome of every request that may change
        /// something; see `docs/audit.md`.
        AUDIT__TRACING__ENABLED: bool = true;
        /// Whether log lines contain the source file and line that logged them.
        DEBUG__EXTENDED_LOGS: bool = false;
        /// Whether `serve` first waits for the database and migrates it. Meant for development: in production, run
        /// `lakekeeper migrate` as a separate step.
        DEBUG__MIGRATE_BEFORE_SERVE: bool = false;
        /// Whether `lakekeeper` without a command runs `serve`.
        DEBUG__AUTO_SERVE: bool = false;
        /// Folder in which `lakekeeper dev` keeps its database and files.
        DATA_DIR: PathBuf = PathBuf::from("lakekeeper-data");
        /// TOML file with settings; see above.
        CONFIG_FILE: Option<PathBuf> = None;
        /// Whether an unknown name that starts with `LAKEKEEPER__` is an error instead of a warning.
        STRICT_CONFIG: bool = false;
    }
}
