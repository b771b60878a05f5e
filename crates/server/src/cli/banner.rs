//! The text that `lakekeeper dev` prints when it is ready: addresses, and snippets to copy for clients.

use std::net::SocketAddr;

use catalog::warehouse::WarehouseView;
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

/// A warehouse that clients can use.
pub(super) struct Usable {
    name: String,
    files: String,
}

impl From<WarehouseView> for Usable {
    fn from(warehouse: WarehouseView) -> Self {
        let base = warehouse.profile.base_location();
        let base = base.as_str();
        Self {
            name: warehouse.row.name.to_string(),
            files: base.strip_prefix("file://").unwrap_or(base).to_owned(),
        }
    }
}

/// The facts in the banner.
pub(super) struct BannerFacts {
    /// The address of the APIs.
    pub(super) api: SocketAddr,
    /// The address of the metrics.
    pub(super) metrics: SocketAddr,
    /// An active warehouse, if there is one.
    pub(super) warehouse: Option<Usable>,
    /// Which callers are let in.
    pub(super) callers: Callers,
}

/// The whole text.
pub(super) fn banner(facts: &BannerFacts) -> String {
    let (api, metrics) = (here(facts.api), here(facts.metrics));
    let catalog = format!("http://{api}/catalog");
    let (warehouse, snippets) = if let Some(Usable { name, files }) = &facts.warehouse {
        let shown = format!("{name} (files in {files})");
        (shown, snippets(&catalog, name))
    } else {
        let remedy = format!("make or activate one at http://{api}/management/v1/warehouse");
        (format!("none is active: {remedy}"), String::new())
    };
    let welcome = welcome(facts);
    format!(
        r"
  Lakekeeper {version} is ready.

    catalog      {catalog}
    warehouse    {warehouse}
    management   http://{api}/management
    API pages    http://{api}/swagger-ui
    metrics      http://{metrics}/metrics
{snippets}
  {welcome} Stop with Ctrl-C; the data stays.
",
        version = env!("CARGO_PKG_VERSION"),
    )
}

fn welcome(facts: &BannerFacts) -> String {
    let api = facts.api;
    let reach = if api.ip().is_loopback() {
        "so only this machine can connect".to_owned()
    } else {
        format!("and whoever reaches {api} can connect")
    };
    match facts.callers {
        Callers::Anonymous => format!("Callers are not authenticated, {reach}."),
        Callers::WithToken => "Callers need a token of the identity provider.".to_owned(),
        Callers::ToBootstrap => format!(
            "Callers need a token of the identity provider. Whoever bootstraps first (POST http://{}/management/v1/bootstrap) becomes administrator.",
            here(api)
        ),
    }
}

/// How engines connect. They name the catalog `demo`, because the name of a warehouse need not be an identifier.
fn snippets(catalog: &str, warehouse: &str) -> String {
    format!(
        r#"
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
      --conf spark.sql.catalog.demo=org.apache.iceberg.spark.SparkCatalog \
      --conf spark.sql.catalog.demo.type=rest \
      --conf spark.sql.catalog.demo.uri={catalog} \
      --conf spark.sql.catalog.demo.warehouse={warehouse} \
      --conf spark.sql.defaultCatalog=demo

  DuckDB

    INSTALL iceberg; LOAD iceberg;
    ATTACH '{warehouse}' AS demo (TYPE iceberg, ENDPOINT '{catalog}', AUTHORIZATION_TYPE 'none');
    FROM demo.first.people;

  Trino          etc/catalog/demo.properties

    connector.name=iceberg
    iceberg.catalog.type=rest
    iceberg.rest-catalog.uri={catalog}
    iceberg.rest-catalog.warehouse={warehouse}
    fs.hadoop.enabled=true
"#
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
        text_for(api, Callers::Anonymous)
    }

    fn text_for(api: &str, callers: Callers) -> String {
        banner(&BannerFacts {
            api: api.parse().unwrap(),
            metrics: "127.0.0.1:9000".parse().unwrap(),
            warehouse: Some(Usable {
                name: "demo".to_owned(),
                files: "/data/files".to_owned(),
            }),
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
        let text = text_for("127.0.0.1:1", Callers::ToBootstrap);
        assert!(!text.contains("not authenticated"), "{text}");
        let bootstrap = "POST http://127.0.0.1:1/management/v1/bootstrap";
        assert!(text.contains(bootstrap), "{text}");
    }

    #[test]
    fn the_banner_says_when_only_this_machine_can_connect() {
        assert!(text("127.0.0.1:1").contains("so only this machine can connect"));
    }
}
