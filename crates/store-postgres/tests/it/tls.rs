//! Encrypted connections to a server that proves its identity.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use store_postgres::{PostgresConfig, PostgresStore, Tls, migrate};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::cluster;

/// A server with a certificate for `localhost`.
struct Encrypted {
    folder: TempDir,
    port: String,
}

impl Encrypted {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = folder.path().join("server.pem");
        fs::write(&certificate, certified.cert.pem()).unwrap();
        let key = folder.path().join("server.key");
        fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        cluster::give_to_server(&key);
        let url = cluster::start(&[
            "fsync=off",
            "ssl=on",
            &format!("ssl_cert_file={}", certificate.display()),
            &format!("ssl_key_file={}", key.display()),
        ]);
        let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
        Self {
            port: port.to_owned(),
            folder,
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// A root certificate that has signed nothing.
    fn stranger(&self) -> PathBuf {
        let path = self.folder.path().join("stranger.pem");
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&path, other.cert.pem()).unwrap();
        path
    }

    /// How many connections of the store are encrypted, and how many are not.
    async fn connections(&self) -> (i64, i64) {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let counted = "select count(*) filter (where ssl), count(*) filter (where not ssl)
            from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'lakekeeper'";
        let row = client.query_one(counted, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }
}

fn config(host: &str, port: &str, (tls, root): (Tls, Option<&Path>)) -> PostgresConfig {
    PostgresConfig {
        tls: Some(tls),
        root_certificates: root.map(Path::to_owned),
        ..PostgresConfig::new(format!("postgres://postgres@{host}:{port}/postgres"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_as_protected_as_it_was_asked_to_be() {
    let server = Encrypted::start();
    let plain = config("127.0.0.1", &server.port, (Tls::Disable, None));
    migrate(&plain).await.unwrap();
    let root = server.root();
    for (host, protection, encrypts) in [
        ("127.0.0.1", (Tls::Disable, None), false),
        ("127.0.0.1", (Tls::Prefer, None), true),
        ("127.0.0.1", (Tls::Require, None), true),
        ("127.0.0.1", (Tls::VerifyCa, Some(root.as_path())), true),
        ("localhost", (Tls::VerifyFull, Some(root.as_path())), true),
    ] {
        let store = PostgresStore::connect(config(host, &server.port, protection)).await;
        let store = store.unwrap_or_else(|error| panic!("{protection:?}: {error}"));
        let (encrypted, open) = server.connections().await;
        assert_eq!(
            (encrypted > 0, open > 0),
            (encrypts, !encrypts),
            "{protection:?}"
        );
        drop(store);
        while server.connections().await != (0, 0) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_who_it_should_be_gets_no_connection() {
    let server = Encrypted::start();
    let (root, stranger) = (server.root(), server.stranger());
    for (host, protection) in [
        ("127.0.0.1", (Tls::VerifyFull, Some(root.as_path()))),
        ("localhost", (Tls::VerifyFull, Some(stranger.as_path()))),
        ("localhost", (Tls::VerifyCa, Some(stranger.as_path()))),
        ("localhost", (Tls::VerifyFull, None)),
    ] {
        let refused = migrate(&config(host, &server.port, protection)).await;
        assert!(refused.is_err(), "{host} {protection:?}");
    }
    assert_eq!(server.connections().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let url = cluster::start(&["fsync=off", "ssl=off"]);
    let url = url.split_once('?').unwrap().0;
    for (tls, is_taken) in [(Tls::Prefer, true), (Tls::Require, false)] {
        let config = PostgresConfig {
            tls: Some(tls),
            ..PostgresConfig::new(url)
        };
        assert_eq!(migrate(&config).await.is_ok(), is_taken, "{tls:?}");
    }
}
