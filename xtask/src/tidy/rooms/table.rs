//! The table of rooms: change it together with ARCHITECTURE.md, and explain the change there.

/// A crate of the workspace, and the other crates of the workspace that it may use.
///
/// `uses` lists those that all its code may use; `tests_use` lists those that its tests may use besides.
pub(super) struct Room {
    pub(super) name: &'static str,
    pub(super) uses: &'static [&'static str],
    pub(super) tests_use: &'static [&'static str],
}

const fn room(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Room {
    Room {
        name,
        uses,
        tests_use,
    }
}

/// `server → http → catalog → {store, objects, secrets, authn, authz} → {model, iceberg}`: only `server`
/// and the test kit name a concrete backend.
pub(super) const ROOMS: [Room; 25] = [
    room("model", &[], &[]),
    room("iceberg", &[], &[]),
    room("store", &["model"], &["store-sqlite"]),
    room("store-sqlite", &["model", "store"], &[]),
    room("store-postgres", &["model", "store"], &[]),
    room("objects", &["model"], &[]),
    room(
        "secrets",
        &["model", "store"],
        &["store-sqlite", "store-postgres"],
    ),
    room("outbound", &[], &[]),
    room(
        "secrets-vault",
        &["model", "secrets", "outbound"],
        &["store", "store-sqlite"],
    ),
    room("authn", &["model", "outbound"], &[]),
    room("admission", &["model", "authn", "outbound"], &[]),
    room("approval", &["model", "outbound"], &[]),
    room("authz", &["model", "store"], &["store-sqlite"]),
    room("jobs", &["model", "store"], &["store-sqlite"]),
    room(
        "authz-openfga",
        &["model", "store", "authz", "jobs", "outbound"],
        &["store-sqlite", "store-postgres"],
    ),
    room(
        "events",
        &["model", "store", "jobs", "outbound"],
        &["store-sqlite"],
    ),
    room("events-kafka", &["events"], &[]),
    room("events-nats", &["events"], &[]),
    room(
        "catalog",
        &[
            "model", "iceberg", "store", "objects", "secrets", "authz", "jobs", "approval",
        ],
        &["store-sqlite", "testkit"],
    ),
    room(
        "http-api",
        // It prints records of `store`, but calls none of its methods.
        &[
            "model",
            "iceberg",
            "store",
            "objects",
            "authn",
            "authz",
            "catalog",
            "events",
            "admission",
        ],
        &[
            "authz-openfga",
            "store-sqlite",
            "store-postgres",
            "secrets",
            "outbound",
            "approval",
            "testkit",
        ],
    ),
    room(
        "lakekeeper",
        &[
            "model",
            "iceberg",
            "store",
            "store-sqlite",
            "store-postgres",
            "objects",
            "secrets",
            "secrets-vault",
            "authn",
            "authz",
            "authz-openfga",
            "jobs",
            "events",
            "events-kafka",
            "events-nats",
            "outbound",
            "admission",
            "approval",
            "catalog",
            "http-api",
        ],
        &["testkit"],
    ),
    room(
        "testkit",
        &[
            "model",
            "iceberg",
            "store",
            "store-sqlite",
            "store-postgres",
            "objects",
            "secrets",
            "secrets-vault",
            "authn",
            "authz",
            "jobs",
            "events",
            "events-kafka",
            "events-nats",
            "admission",
            "approval",
            "catalog",
            "http-api",
            "lakekeeper",
        ],
        &[],
    ),
    // Drives the program from outside; the stores give it empty databases and the outbox.
    room(
        "histories",
        &["model", "store", "store-sqlite", "store-postgres"],
        &[],
    ),
    room("xtask", &[], &["testkit"]),
    // Measures the program from outside. It puts objects through `objects`, as the program does, and uses the
    // identity provider that `authn` has for tests.
    room("bench", &["objects", "authn"], &[]),
];

/// Crates from outside that only the listed rooms may use, so that SQL, HTTP and storage stay in one place each.
pub(super) const FENCED: [(&str, &[&str]); 7] = [
    ("tonic", &["authz-openfga"]),
    ("axum", &["http-api", "lakekeeper", "testkit"]),
    ("tower-http", &["http-api", "lakekeeper"]),
    ("object_store", &["objects"]),
    ("rusqlite", &["store-sqlite"]),
    ("tokio-postgres", &["store-postgres", "bench"]),
    ("deadpool-postgres", &["store-postgres"]),
];
