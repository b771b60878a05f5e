//! Databases for tests.

use std::time::Duration;

use uuid::Uuid;

use super::config::PostgresConfig;
use super::open::connect;
use crate::error::OpenError;
use crate::migrate::{fingerprint, migrate};

/// How long connecting to a server that many tests keep busy may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The advisory lock that is held while the template is created.
const TEMPLATE_LOCK: i64 = 0x6c61_6b65_0001;

/// A migrated, empty database, which is dropped with this value; for tests.
#[derive(Debug)]
pub struct TemporaryDatabase {
    admin: PostgresConfig,
    name: String,
    url: String,
}

impl TemporaryDatabase {
    /// Copies a template database, which the first call on a server creates. The URL's user must be allowed to
    /// create databases.
    pub async fn create(url: &str) -> Result<Self, OpenError> {
        let admin = PostgresConfig {
            connect_timeout: PATIENCE,
            ..PostgresConfig::new(url)
        };
        let client = connect(&admin.primary()?, &admin).await?;
        let template = format!("lakekeeper_template_{:x}", fingerprint());
        client
            .execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK])
            .await?;
        let known = "select 1 from pg_database where datname = $1";
        if client.query_opt(known, &[&template]).await?.is_none() {
            let unfinished = format!("{template}_unfinished");
            let drop = format!("drop database if exists {unfinished} with (force)");
            client.batch_execute(&drop).await?;
            let create = format!("create database {unfinished} template template0 encoding 'UTF8'");
            client.batch_execute(&create).await?;
            migrate(&PostgresConfig::new(with_database(url, &unfinished))).await?;
            let rename = format!("alter database {unfinished} rename to {template}");
            rename_when_left(&client, &rename).await?;
        }
        client
            .execute("select pg_advisory_unlock($1)", &[&TEMPLATE_LOCK])
            .await?;
        let name = format!("lakekeeper_test_{}", Uuid::new_v4().simple());
        let create = format!("create database {name} template {template}");
        client.batch_execute(&create).await?;
        Ok(Self {
            admin,
            url: with_database(url, &name),
            name,
        })
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Retries until the last connection to the database is closed: before that it cannot be renamed.
async fn rename_when_left(client: &tokio_postgres::Client, rename: &str) -> Result<(), OpenError> {
    let mut tries = 0;
    loop {
        match client.batch_execute(rename).await {
            Err(error)
                if tries < 100
                    && error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE) =>
            {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ended => return Ok(ended?),
        }
    }
}

impl Drop for TemporaryDatabase {
    fn drop(&mut self) {
        let admin = self.admin.clone();
        let drop = format!("drop database if exists {} with (force)", self.name);
        // Uses a runtime of its own, because the surrounding one may be shutting down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            runtime.block_on(async {
                let client = connect(&admin.primary().ok()?, &admin).await.ok()?;
                client.batch_execute(&drop).await.ok()
            })
        });
        if !matches!(dropping.join(), Ok(Some(()))) {
            tracing::warn!(database = self.name, "a temporary database was left behind");
        }
    }
}

/// The URL with another database name.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let hosts = base.find("://").map_or(0, |at| at + 3);
    let end = base
        .get(hosts..)
        .and_then(|rest| rest.find('/'))
        .map_or(base.len(), |at| hosts + at);
    format!("{}/{name}{query}", base.get(..end).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_in_the_url_is_replaced() {
        for (url, other) in [
            ("postgres://u:p@h:1/a?x=y", "postgres://u:p@h:1/b?x=y"),
            ("postgres://u@h", "postgres://u@h/b"),
            ("postgres://h/", "postgres://h/b"),
        ] {
            assert_eq!(with_database(url, "b"), other);
        }
    }
}
