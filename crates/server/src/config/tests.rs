//! The configuration as operators see it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::list::GROUPS;
use super::source::all_settings;
use super::*;

fn sources(variables: &[(&str, &str)]) -> Sources {
    let pairs = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sources {
        environment: pairs.collect(),
        ..Sources::default()
    }
}

fn load(variables: &[(&str, &str)], needs: Needs) -> Result<Config, Mistakes> {
    Config::load(&sources(variables), needs)
}

fn mistakes(variables: &[(&str, &str)], needs: Needs) -> Vec<String> {
    let mistakes = load(variables, needs).expect_err("there is a mistake");
    mistakes.all().iter().map(ToString::to_string).collect()
}

fn only_mistake(variables: &[(&str, &str)]) -> String {
    let mut all = mistakes(variables, Needs::Nothing);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn without_anything_the_defaults_count() {
    let config = load(&[], Needs::Nothing).unwrap();
    assert_eq!(config.addresses.api().to_string(), "0.0.0.0:8181");
    assert_eq!(config.addresses.metrics_port, 9000);
    assert_eq!(config.names.default_project, Some(ProjectId::nil()));
    assert_eq!(
        (config.requests.page_default, config.requests.page_max),
        (100, 1000)
    );
    assert_eq!(config.requests.max_body, 64 << 20);
    assert_eq!(config.database, None);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn every_mistake_is_listed_at_once() {
    let wrong = [
        ("LAKEKEEPER__LISTEN_PORT", "http"),
        ("LAKEKEEPER__BIND_IP", "localhost"),
        ("LAKEKEEPER__MAX_REQUEST_TIME", "soon"),
        ("LAKEKEEPER__PG_HOST_W", "db"),
        ("LAKEKEEPER__OPENID_PROVIDER_URI", "idp.example"),
        ("LAKEKEEPER__PAGINATION_SIZE_DEFAULT", "5000"),
        ("ICEBERG_REST__LISTEN_PORT", "1"),
    ];
    let all = mistakes(&wrong, Needs::Secrets);
    for named in wrong
        .map(|(name, _)| name)
        .into_iter()
        .filter(|name| !name.ends_with("HOST_W"))
    {
        assert!(
            all.iter().any(|mistake| mistake.starts_with(named)),
            "{named}: {all:#?}"
        );
    }
    for missing in [
        "LAKEKEEPER__PG_USER",
        "LAKEKEEPER__PG_DATABASE",
        "LAKEKEEPER__PG_ENCRYPTION_KEY",
    ] {
        assert!(
            all.iter().any(|mistake| mistake.starts_with(missing)),
            "{missing}: {all:#?}"
        );
    }
    assert_eq!(all.len(), 9, "{all:#?}");
    let shown = load(&wrong, Needs::Secrets).unwrap_err().to_string();
    assert!(
        shown.starts_with("the configuration has 9 mistakes:\n  - "),
        "{shown}"
    );
}

#[test]
fn a_mistake_shows_name_value_and_rule() {
    let said = only_mistake(&[("LAKEKEEPER__LISTEN_PORT", "70000")]);
    assert_eq!(
        said,
        "LAKEKEEPER__LISTEN_PORT=70000: must be a port number from 0 (any free one) to 65535"
    );
}

#[test]
fn secrets_do_not_show_in_mistakes_or_in_the_listing() {
    let url = (
        "LAKEKEEPER__PG_DATABASE_URL_WRITE",
        "mysql://me:hunter2@db/x",
    );
    assert!(!only_mistake(&[url]).contains("hunter2"));
    let config = load(
        &[
            (
                "LAKEKEEPER__PG_DATABASE_URL_WRITE",
                "postgres://me:hunter2@db/x",
            ),
            ("LAKEKEEPER__PG_ENCRYPTION_KEY", "hunter2"),
            ("LAKEKEEPER__PG_PASSWORD", "hunter2"),
        ],
        Needs::Secrets,
    );
    let config = config.unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let listed = |name: &str| {
        let found = config
            .effective()
            .iter()
            .find(|one| one.name.ends_with(name));
        found.and_then(|one| one.value.clone()).unwrap()
    };
    assert_eq!(
        listed("__PG_DATABASE_URL_WRITE"),
        "postgres://me:redacted@db/x"
    );
    assert_eq!(listed("__PG_ENCRYPTION_KEY"), "[redacted]");
    assert_eq!(listed("__PG_PASSWORD"), "[redacted]");
}

#[test]
fn an_unknown_name_is_warned_about_with_the_nearest_one() {
    let slip = [
        ("LAKEKEEPER__LISTENPORT", "1"),
        ("LAKEKEEPER__QUITE_ANOTHER_THING", "1"),
    ];
    let config = load(&slip, Needs::Nothing).unwrap();
    assert_eq!(
        config.warnings,
        [
            "LAKEKEEPER__LISTENPORT: is unknown; did you mean LAKEKEEPER__LISTEN_PORT?",
            "LAKEKEEPER__QUITE_ANOTHER_THING: is unknown",
        ]
    );
    let strict = [slip[0], slip[1], ("LAKEKEEPER__STRICT_CONFIG", "true")];
    assert_eq!(mistakes(&strict, Needs::Nothing), config.warnings);
}

#[test]
fn a_value_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, "  hunter2\n").unwrap();
    let named = [
        ("LAKEKEEPER__PG_ENCRYPTION_KEY_FILE", file.to_str().unwrap()),
        ("LAKEKEEPER__SQLITE_PATH", "x.db"),
    ];
    let config = load(&named, Needs::Secrets).unwrap();
    let Some(KeySource::Passphrase(key)) = config.secrets.key else {
        panic!("{:?}", config.secrets)
    };
    assert_eq!(key.expose(), "hunter2");
    let missing = only_mistake(&[("LAKEKEEPER__LISTEN_PORT_FILE", "/no/such/file")]);
    assert!(
        missing.starts_with("LAKEKEEPER__LISTEN_PORT_FILE=/no/such/file: "),
        "{missing}"
    );
    fs::write(&file, "not a port").unwrap();
    let wrong = only_mistake(&[("LAKEKEEPER__LISTEN_PORT_FILE", file.to_str().unwrap())]);
    assert!(
        wrong.starts_with("LAKEKEEPER__LISTEN_PORT_FILE=not a port: "),
        "{wrong}"
    );
}

#[test]
fn a_setting_that_is_given_twice_is_a_mistake() {
    let by_file = [
        ("LAKEKEEPER__PG_PASSWORD", "a"),
        ("LAKEKEEPER__PG_PASSWORD_FILE", "/b"),
    ];
    assert!(only_mistake(&by_file).contains("means the same as LAKEKEEPER__PG_PASSWORD"));
    let by_alias = [
        ("LAKEKEEPER__METRICS_PORT", "1"),
        ("LAKEKEEPER__METRICS__PORT", "2"),
    ];
    assert!(only_mistake(&by_alias).contains("means the same as"));
    let by_case = [
        ("LAKEKEEPER__METRICS_PORT", "1"),
        ("lakekeeper__metrics_port", "2"),
    ];
    assert!(only_mistake(&by_case).contains("means the same as LAKEKEEPER__METRICS_PORT"));
    let of_a_member = [
        ("LAKEKEEPER__CONTRACT_VERIFICATION__URL", "http://a"),
        ("LAKEKEEPER__CONTRACT_VERIFICATION__TOKEN", "a"),
        ("LAKEKEEPER__CONTRACT_VERIFICATION__TOKEN_FILE", "/b"),
    ];
    let told = only_mistake(&of_a_member);
    assert!(
        told.contains("means the same as LAKEKEEPER__CONTRACT_VERIFICATION__TOKEN"),
        "{told}"
    );
}

#[test]
fn other_names_are_still_read() {
    let config = load(&[("LAKEKEEPER__METRICS__PORT", "9001")], Needs::Nothing).unwrap();
    assert_eq!(config.addresses.metrics_port, 9001);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let config = load(
        &[
            ("LAKEKEEPER__LISTEN_PORT", ""),
            ("LAKEKEEPER__BASE_URI", " "),
        ],
        Needs::Nothing,
    );
    assert_eq!(config.unwrap().addresses.port, 8181);
}

fn with_file(text: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lakekeeper.toml");
    fs::write(&path, text).unwrap();
    let mut sources = sources(variables);
    sources
        .flags
        .insert("CONFIG_FILE", path.to_str().unwrap().to_owned());
    (folder, sources)
}

#[test]
fn a_file_is_weaker_than_the_environment_and_stronger_than_the_command() {
    let text = "listen_port = 1\nmetrics_port = 2\nbind_ip = \"::1\"\nreserved_namespaces = [\"a\", \"b\"]\n[idempotency]\nlifetime = \"1h\"";
    let (_folder, mut sources) = with_file(text, &[("LAKEKEEPER__LISTEN_PORT", "3")]);
    sources.implied.insert("METRICS_PORT", "4".to_owned());
    sources
        .implied
        .insert("ENABLE_LOCAL_STORAGE", "true".to_owned());
    let config = Config::load(&sources, Needs::Nothing).unwrap();
    assert_eq!(
        (config.addresses.port, config.addresses.metrics_port),
        (3, 2)
    );
    assert_eq!(config.addresses.bind_ip.to_string(), "::1");
    assert_eq!(config.names.reserved_namespaces, ["a", "b"]);
    assert_eq!(
        config.requests.idempotency_lifetime,
        Duration::from_hours(1)
    );
    assert!(config.names.local_storage_enabled);
}

#[test]
fn a_list_is_written_as_its_setting_reads_it() {
    let text = "instance_admins = [\"oidc~1\", \"oidc~a,b\"]\n[openid_providers.okta]\nuri = \"https://a\"\naudience = [\"x\", \"y\"]";
    let (_folder, sources) = with_file(text, &[]);
    let config = Config::load(&sources, Needs::Nothing).unwrap();
    let admins = config.authorization.instance_admins.iter();
    let admins: Vec<_> = admins.map(model::UserId::as_str).collect();
    assert_eq!(admins, ["oidc~1", "oidc~a,b"]);
    for (wrong, rule) in [
        ("listen_port = [\"1\"]", "must be one value, not a list"),
        (
            "pg_password_file = [\"/a\"]",
            "must be one value, not a list",
        ),
        ("reserved_namespaces = [\"a,b\"]", "without commas"),
    ] {
        let (_folder, sources) = with_file(wrong, &[]);
        let told = Config::load(&sources, Needs::Nothing).unwrap_err();
        assert!(told.to_string().contains(rule), "{wrong}: {told}");
    }
}

#[test]
fn bulk_deletes_are_signed_only_where_the_operator_says_so() {
    let given = |variables: &[(&str, &str)]| {
        let config = Config::load(&sources(variables), Needs::Nothing).unwrap();
        config.names.bulk_deletes
    };
    let name = "LAKEKEEPER__S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES";
    assert_eq!(given(&[]), BulkDeletes::Refused);
    assert_eq!(given(&[(name, "true")]), BulkDeletes::Signed);
}

#[test]
fn the_servers_identity_on_aws_is_strict_where_nothing_is_said() {
    let given = |variables: &[(&str, &str)]| {
        let config = Config::load(&sources(variables), Needs::Nothing).unwrap();
        config.names.aws_identity
    };
    let enabled = ("LAKEKEEPER__ENABLE_AWS_SYSTEM_CREDENTIALS", "true");
    let direct = ("LAKEKEEPER__S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS", "true");
    let lax = (
        "LAKEKEEPER__S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS",
        "false",
    );
    assert_eq!(given(&[direct, lax]), AwsIdentity::Refused);
    let strict = AwsIdentityRules {
        direct: DirectUse::Refused,
        external_ids: ExternalIds::Required,
    };
    assert_eq!(given(&[enabled]), AwsIdentity::Allowed(strict));
    let all = AwsIdentityRules {
        direct: DirectUse::Allowed,
        external_ids: ExternalIds::Optional,
    };
    assert_eq!(given(&[enabled, direct, lax]), AwsIdentity::Allowed(all));
}

#[test]
fn the_servers_identity_at_google_must_be_switched_on() {
    let given = |variables: &[(&str, &str)]| {
        let config = Config::load(&sources(variables), Needs::Nothing).unwrap();
        config.names.gcp_identity
    };
    assert_eq!(given(&[]), GcpIdentity::Refused);
    let enabled = ("LAKEKEEPER__ENABLE_GCP_SYSTEM_CREDENTIALS", "true");
    assert_eq!(given(&[enabled]), GcpIdentity::Allowed);
}

#[test]
fn the_servers_identity_on_azure_must_be_asked_for() {
    let given = |variables: &[(&str, &str)]| {
        let config = Config::load(&sources(variables), Needs::Nothing).unwrap();
        config.names.azure_identity
    };
    assert_eq!(given(&[]), AzureIdentity::Refused);
    let enabled = ("LAKEKEEPER__ENABLE_AZURE_SYSTEM_CREDENTIALS", "true");
    assert_eq!(given(&[enabled]), AzureIdentity::Allowed);
}

#[test]
fn task_queues_are_looked_at_neither_all_the_time_nor_never() {
    let interval = |text| {
        let config = load(&[("LAKEKEEPER__TASK_POLL_INTERVAL", text)], Needs::Nothing);
        config.map(|config| config.resources.task_poll_interval.as_millis())
    };
    for (text, ms) in [("", 500), ("100ms", 100), ("10", 10_000), ("1h", 3_600_000)] {
        assert_eq!(interval(text).unwrap(), ms, "{text}");
    }
    for wrong in ["0", "99ms", "3601s"] {
        let mistakes = interval(wrong).unwrap_err().to_string();
        assert!(mistakes.contains("between 100ms and 1h"), "{mistakes}");
    }
}

#[test]
fn events_are_bounded_in_number_and_bytes() {
    let most = |text| {
        let config = load(
            &[("LAKEKEEPER__EVENT_RETENTION_SIZE", text)],
            Needs::Nothing,
        );
        config.map(|config| (config.events.limits.events, config.events.limits.bytes))
    };
    assert_eq!(most("").unwrap(), (1_000_000, 8 << 30));
    assert_eq!(most("1MiB").unwrap(), (1_000_000, 1 << 20));
    let mistakes = most("1048575").unwrap_err().to_string();
    assert!(mistakes.contains("at least 1 MiB"), "{mistakes}");
}

#[test]
fn mistakes_in_a_file_name_key_and_file() {
    let (_folder, sources) = with_file("listen_port = \"x\"\nbind_ip = 1.5\n[pg]\nhots = 1", &[]);
    let all = Config::load(&sources, Needs::Nothing)
        .unwrap_err()
        .to_string();
    assert!(all.contains("`listen_port` in "), "{all}");
    assert!(all.contains("`bind_ip` in "), "{all}");
    let (_folder, sources) = with_file("listen_port = ", &[]);
    let all = Config::load(&sources, Needs::Nothing)
        .unwrap_err()
        .to_string();
    assert!(all.contains("cannot be read as a TOML file"), "{all}");
}

#[test]
fn a_database_is_needed_and_only_one() {
    let none = mistakes(&[], Needs::Database);
    assert!(
        none[0].starts_with("LAKEKEEPER__SQLITE_PATH: is not set"),
        "{none:?}"
    );
    let two = only_mistake(&[
        ("LAKEKEEPER__SQLITE_PATH", "x.db"),
        ("LAKEKEEPER__PG_DATABASE_URL_WRITE", "postgres://db/x"),
    ]);
    assert!(two.starts_with("LAKEKEEPER__SQLITE_PATH=x.db: "), "{two}");
}

#[test]
fn postgres_by_parts_becomes_a_url() {
    let parts = [
        ("LAKEKEEPER__PG_HOST_W", "db"),
        ("LAKEKEEPER__PG_HOST_R", "::1"),
        ("LAKEKEEPER__PG_USER", "me@home"),
        ("LAKEKEEPER__PG_PASSWORD", "p:/w"),
        ("LAKEKEEPER__PG_DATABASE", "a/b"),
    ];
    let config = load(&parts, Needs::Database).unwrap();
    let Some(Database::Postgres(postgres)) = config.database else {
        panic!()
    };
    assert_eq!(
        postgres.write.0,
        "postgres://me%40home:p%3A%2Fw@db:5432/a%2Fb"
    );
    assert_eq!(
        postgres.read.unwrap().0,
        "postgres://me%40home:p%3A%2Fw@[::1]:5432/a%2Fb"
    );
}

#[test]
fn a_replica_at_the_same_url_is_the_primary() {
    let same = [
        ("LAKEKEEPER__PG_DATABASE_URL_READ", "postgres://db/x"),
        ("LAKEKEEPER__PG_DATABASE_URL_WRITE", "postgres://db/x"),
    ];
    let Some(Database::Postgres(postgres)) = load(&same, Needs::Database).unwrap().database else {
        panic!()
    };
    assert_eq!(postgres.read, None);
    let alone = mistakes(&same[..1], Needs::Database);
    assert!(
        alone[0].starts_with("LAKEKEEPER__PG_DATABASE_URL_WRITE: is not set"),
        "{alone:?}"
    );
}

#[test]
fn sqlite_without_a_key_keeps_one_beside_the_database() {
    let config = load(&[("LAKEKEEPER__SQLITE_PATH", "/data/x.db")], Needs::Secrets).unwrap();
    let expected = KeySource::File("/data/x.db.key".into());
    assert_eq!(config.secrets.key, Some(expected));
}

#[test]
fn rust_log_is_read_if_no_level_is_set() {
    let log = |variables: &[(&str, &str)]| load(variables, Needs::Nothing).unwrap().logs.filter;
    assert_eq!(log(&[]), "info");
    assert_eq!(log(&[("RUST_LOG", "debug")]), "debug");
    assert_eq!(
        log(&[("RUST_LOG", "debug"), ("LAKEKEEPER__LOG_LEVEL", "warn")]),
        "warn"
    );
    let mut quiet = sources(&[("RUST_LOG", "debug")]);
    quiet.implied.insert("LOG_LEVEL", "warn".to_owned());
    let config = Config::load(&quiet, Needs::Nothing).unwrap();
    assert_eq!(config.logs.filter, "debug");
}

#[test]
fn no_name_stands_twice_and_no_default_breaks_its_own_rule() {
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for setting in all_settings() {
        for name in std::iter::once(setting.name()).chain(setting.aliases().iter().copied()) {
            assert!(names.insert(name), "{name} stands twice");
        }
        if let Some(default) = setting.default().filter(|text| text != "[redacted]") {
            all.push((format!("LAKEKEEPER__{}", setting.name()), default));
        }
    }
    let pairs: Vec<(&str, &str)> = all
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert!(load(&pairs, Needs::Nothing).is_ok());
    assert!(GROUPS.iter().all(|group| !group.settings.is_empty()));
}

/// With `UPDATE_DOCS` set, writes the page instead of comparing it.
#[test]
fn the_reference_in_the_documentation_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, reference()).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        stored,
        reference(),
        "run: UPDATE_DOCS=1 cargo test -p lakekeeper reference"
    );
}
