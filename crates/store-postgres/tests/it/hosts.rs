//! Databases with several hosts.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use model::PageRequest;
use store::{Projects, Warehouses};
use store_postgres::{PostgresConfig, PostgresStore, TemporaryDatabase};
use tokio::task::{JoinHandle, JoinSet};

use crate::catalog::Catalog;
use crate::cluster;

/// A replica may be behind, but the grants version of a warehouse must be current.
#[tokio::test(flavor = "multi_thread")]
async fn warehouses_are_listed_as_the_primary_has_them() {
    let catalog = Catalog::new().await;
    let behind = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let config = PostgresConfig {
        read_url: Some(behind.url().to_owned()),
        ..PostgresConfig::new(catalog.database.url())
    };
    let store = PostgresStore::connect(config).await.unwrap();
    let row = store.warehouse_load(catalog.warehouse).await.unwrap();
    let listed = store.warehouse_list(&row.project, PageRequest::FIRST);
    let listed = listed.await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].grants), (row.id, row.grants));
}

/// A port that never answers, as if the machine were gone: connections that nobody accepts fill its queue.
struct Gone {
    port: u16,
    #[expect(dead_code, reason = "its queue goes with it")]
    listener: TcpListener,
    #[expect(dead_code, reason = "they fill the queue")]
    waiting: Vec<TcpStream>,
}

impl Gone {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        loop {
            match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
                Ok(stream) => waiting.push(stream),
                Err(error) if error.kind() == ErrorKind::TimedOut => break,
                Err(error) => panic!("{error}"),
            }
        }
        Self {
            port: address.port(),
            listener,
            waiting,
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_leaves_time_for_the_next_one() {
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let (user, host) = database.url().split_once('@').unwrap();
    let gone = Gone::new();
    let hosts = format!("{user}@127.0.0.1:{},{host}", gone.port);
    let mut config = PostgresConfig::new(hosts);
    config.connect_timeout = Duration::from_secs(2);
    let store = PostgresStore::connect(config).await.unwrap();
    let found = store.project_list(PageRequest::FIRST).await.unwrap();
    assert!(found.items.is_empty());
}

/// Forwards connections to a server until it is aborted.
fn forward(listener: tokio::net::TcpListener, to: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let to = to.clone();
            open.spawn(async move {
                let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
        }
    })
}

#[tokio::test]
async fn lists_come_from_the_primary_while_the_replica_is_away() {
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    let (user, rest) = database.url().split_once('@').unwrap();
    let (host, name) = rest.split_once('/').unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let replica = forward(listener, host.to_owned());
    let mut config = PostgresConfig::new(database.url().to_owned());
    config.read_url = Some(format!("{user}@127.0.0.1:{port}/{name}"));
    let store = PostgresStore::connect(config).await.unwrap();
    store.project_list(PageRequest::FIRST).await.unwrap();
    replica.abort();
    assert!(replica.await.unwrap_err().is_cancelled());
    // It takes a moment until the broken connection is noticed.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..3 {
        store.project_list(PageRequest::FIRST).await.unwrap();
    }
}
