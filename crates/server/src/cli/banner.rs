//! The text that `lakekeeper dev` prints when it is ready: addresses, and snippets to copy for clients.

use std::net::SocketAddr;
use std::path::Path;

use lakekeeper::health;

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Everybody: callers are not authenticated.
    Anonymous,
    /// Callers with a token of the identity provider.
    WithToken,
    /// The same, and whoever bootstraps first becomes administrator.
    ToBootstrap,
}

/// What the banner shows.
pub(super) struct Told<'a> {
    /// The address of the APIs.
    pub(super) api: SocketAddr,
    /// The address of the metrics.
    pub(super) metrics: SocketAddr,
    /// The warehouse that exists from the start.
    pub(super) warehouse: &'a str,
    /// The folder of the warehouse's files.
    pub(super) files: &'a Path,
    /// Who may connect.
    pub(super) callers: Callers,
}

/// The whole text.
pub(super) fn banner(told: &Told<'_>) -> String {
    let Told {
        api,
        metrics,
        warehouse,
        files,
        callers,
    } = told;
    let (shown_api, shown_metrics) = (here(*api), here(*metrics));
    let catalog = format!("http://{shown_api}/catalog");
    let files = files.display();
    let reach = if api.ip().is_loopback() {
        "so only this machine can connect".to_owned()
    } else {
        format!("and whoever reaches {api} can connect")
    };
    let welcome = match callers {
        Callers::Anonymous => format!("Nobody is asked for a password, {reach}."),
        Callers::WithToken => "Callers need a token of the identity provider.".to_owned(),
        Callers::ToBootstrap => format!(
            "Callers need a token of the identity provider. Whoever bootstraps first (POST http://{shown_api}/management/v1/bootstrap) becomes administrator."
        ),
    };
    format!(
        r#"
  Lakekeeper {version} is ready.

    catalog      {catalog}
    warehouse    {warehouse} (files in {files})
    management   http://{shown_api}/management
    API pages    http://{shown_api}/swagger-ui
    metrics      http://{shown_metrics}/metrics

  PyIceberg      pip install 'pyiceberg[pyarrow]'

    from pyiceberg.catalog import load_catalog
    import pyarrow as pa

    catalog = load_catalog("demo", type="rest", uri="{catalog}", warehouse="{warehouse}")
    catalog.create_namespace_if_not_exists("first")
    rows = pa.table({{"id": [1, 2], "name": ["a", "b"]}})
    table = catalog.create_table_if_not_exists("first.people", rows.schema)
    table.append(rows)
    print(table.scan().to_arrow())

  Spark          (4.1; for others change the package's name)

    spark-sql --packages org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0 \
      --conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions \
      --conf spark.sql.catalog.{warehouse}=org.apache.iceberg.spark.SparkCatalog \
      --conf spark.sql.catalog.{warehouse}.type=rest \
      --conf spark.sql.catalog.{warehouse}.uri={catalog} \
      --conf spark.sql.catalog.{warehouse}.warehouse={warehouse} \
      --conf spark.sql.defaultCatalog={warehouse}

  DuckDB

    INSTALL iceberg; LOAD iceberg;
    ATTACH '{warehouse}' AS {warehouse} (TYPE iceberg, ENDPOINT '{catalog}', AUTHORIZATION_TYPE 'none');
    FROM {warehouse}.first.people;

  Trino          etc/catalog/{warehouse}.properties

    connector.name=iceberg
    iceberg.catalog.type=rest
    iceberg.rest-catalog.uri={catalog}
    iceberg.rest-catalog.warehouse={warehouse}
    fs.hadoop.enabled=true

  {welcome} Stop with Ctrl-C; the data stays.
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// The address under which a client on this machine reaches the server.
fn here(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(health::reachable(address.ip()), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(api: &str) -> String {
        told(api, Callers::Anonymous)
    }

    fn told(api: &str, callers: Callers) -> String {
        banner(&Told {
            api: api.parse().unwrap(),
            metrics: "127.0.0.1:9000".parse().unwrap(),
            warehouse: "demo",
            files: Path::new("/data/files"),
            callers,
        })
    }

    #[test]
    fn the_banner_shows_addresses_that_work_on_this_machine() {
        let text = text("0.0.0.0:8181");
        assert!(
            text.contains("uri=\"http://127.0.0.1:8181/catalog\""),
            "{text}"
        );
        assert!(
            text.contains("whoever reaches 0.0.0.0:8181 can connect"),
            "{text}"
        );
    }

    #[test]
    fn the_banner_says_who_needs_a_token() {
        let text = told("127.0.0.1:1", Callers::ToBootstrap);
        assert!(!text.contains("Nobody is asked"), "{text}");
        let bootstrap = "POST http://127.0.0.1:1/management/v1/bootstrap";
        assert!(text.contains(bootstrap), "{text}");
    }

    #[test]
    fn the_banner_says_when_only_this_machine_can_connect() {
        assert!(text("127.0.0.1:1").contains("so only this machine can connect"));
    }
}
