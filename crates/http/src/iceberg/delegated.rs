//! The parts of an answer by which a client accesses files: vended credentials, where to renew them, and where to have requests
//! signed.

use catalog::{Credential, Loaded};
use model::{NamespacePath, SEPARATOR, TabularKind, TabularPath, WarehouseId};
use objects::Location;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// Escapes all but the unreserved characters of a URI (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The table or generic table whose credentials a client can renew.
pub(crate) type Renewable<'a> = (TabularKind, &'a TabularPath);

/// The parts of a request that its answer depends on, beside the loaded table: the URI at which the client reaches the catalog,
/// and how it came to the table. It is made for each load, so links are formatted only when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Links<'a> {
    /// The URI at which the client reaches the catalog, without a trailing `/`.
    base: String,
    warehouse: WarehouseId,
    /// Whose credentials can be renewed; `None` for a view.
    renewable: Option<Renewable<'a>>,
    way: Way,
}

/// How the client came to a table. Links repeat it in their query, so that later requests are judged like this one.
#[derive(Debug, Clone)]
enum Way {
    /// By its name.
    Straight,
    /// The table is only staged so far: the query names its namespace and location.
    Staged(String),
    /// Through views, which the query names.
    Through(String),
}

impl<'a> Links<'a> {
    /// Links for a client that reaches the catalog at `base` and may renew the credentials of `renewable`.
    pub(super) fn new(
        base: String,
        warehouse: WarehouseId,
        renewable: Option<Renewable<'a>>,
    ) -> Self {
        Self {
            base,
            warehouse,
            renewable,
            way: Way::Straight,
        }
    }

    /// Adds the namespace and location of a table that is only staged.
    pub(super) fn staged(self, namespace: &NamespacePath, location: &Location) -> Self {
        let location = utf8_percent_encode(location.as_str(), SEGMENT);
        let query = format!("?staged-in={}&staged-at={location}", levels(namespace));
        Self {
            way: Way::Staged(query),
            ..self
        }
    }

    /// Adds the views, if any, through which the table was reached.
    pub(super) fn through(self, views: &[TabularPath]) -> Self {
        if views.is_empty() {
            return self;
        }
        let views = views.iter().map(|view| {
            let name = utf8_percent_encode(view.name.as_str(), SEGMENT);
            format!("{}%1F{name}", levels(&view.namespace))
        });
        let query = format!("?referenced-by={}", views.collect::<Vec<_>>().join(","));
        Self {
            way: Way::Through(query),
            ..self
        }
    }

    /// A key for these links, for one table or view: equal texts mean equal links, because no name contains a line break.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(128);
        text.push_str(&self.base);
        if let Some((_, path)) = self.renewable {
            for level in path.namespace.levels() {
                text.push('\n');
                text.push_str(level);
            }
            text.push('\n');
            text.push_str(path.name.as_str());
        }
        text.push('\n');
        text.push_str(self.signing());
        text
    }

    /// The URI of the catalog API, with a trailing `/`.
    fn catalog(&self) -> String {
        format!("{}/catalog/", self.base)
    }

    /// The URI from which to load new credentials, if they can be renewed.
    fn credentials(&self) -> Option<String> {
        let (kind, path) = self.renewable?;
        let (base, warehouse) = (&self.base, self.warehouse);
        let namespace = levels(&path.namespace);
        let name = utf8_percent_encode(path.name.as_str(), SEGMENT);
        let (api, tables) = match kind {
            TabularKind::GenericTable => ("lakekeeper", "generic-tables"),
            TabularKind::Table | TabularKind::View => ("catalog", "tables"),
        };
        let query = match &self.way {
            Way::Through(query) => query,
            // The credentials endpoint serves only created tables: for a staged one, it works once the table is created.
            Way::Straight | Way::Staged(_) => "",
        };
        Some(format!(
            "{base}/{api}/v1/{warehouse}/namespaces/{namespace}/{tables}/{name}/credentials{query}"
        ))
    }

    /// The query of the signing endpoint, or an empty text.
    fn signing(&self) -> &str {
        match &self.way {
            Way::Straight => "",
            Way::Staged(query) | Way::Through(query) => query,
        }
    }
}

fn levels(namespace: &NamespacePath) -> String {
    let levels = namespace.levels().join(&SEPARATOR.to_string());
    utf8_percent_encode(&levels, SEGMENT).to_string()
}

/// The properties of a credential, and those that say where to renew it.
fn properties(
    loaded: &Loaded,
    credential: &Credential,
    links: Option<&Links<'_>>,
) -> Map<String, Value> {
    let vended = credential.vended.config.iter();
    let mut all: Map<_, _> = vended
        .map(|(key, value)| (key.clone(), Value::from(value.expose().as_str())))
        .collect();
    if let Some(endpoint) = links.and_then(Links::credentials) {
        all.extend(texts(loaded.profile().refresh_config(&endpoint)));
    }
    all
}

/// The properties for a client whose requests the catalog signs: the new and old names of Java's `S3FileIO`, and those of
/// PyIceberg, where only `FsspecFileIO` supports signing.
fn signing(loaded: &Loaded, links: &Links<'_>) -> impl Iterator<Item = (String, Value)> + use<> {
    let (warehouse, table) = (loaded.warehouse(), loaded.id);
    let query = links.signing();
    let endpoint = format!("v1/signer/{warehouse}/tabular-id/{table}/v1/aws/s3/sign{query}");
    let catalog = links.catalog();
    let all = [
        ("s3.remote-signing-enabled", "true".to_owned()),
        ("s3.signer", "S3V4RestSigner".to_owned()),
        ("py-io-impl", "pyiceberg.io.fsspec.FsspecFileIO".to_owned()),
        ("signer.uri", catalog.clone()),
        ("s3.signer.uri", catalog),
        ("signer.endpoint", endpoint.clone()),
        ("s3.signer.endpoint", endpoint),
    ];
    all.into_iter()
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
}

fn texts(config: Vec<(String, String)>) -> impl Iterator<Item = (String, Value)> {
    config
        .into_iter()
        .map(|(key, value)| (key, Value::from(value)))
}

/// `storage-credentials`: one entry for all files below the table's location, or none without a credential.
///
/// Clients compare prefixes as texts: the trailing `/` keeps them from using the credential of `orders` for `orders2`.
pub(crate) fn storage_credentials(
    loaded: &Loaded,
    credential: Option<&Credential>,
    links: Option<&Links<'_>>,
) -> Vec<Value> {
    let entry = |credential: &Credential| {
        let folder = credential
            .vended
            .scope
            .folder
            .as_str()
            .trim_end_matches('/');
        let mut config: Map<_, _> = texts(loaded.config()).collect();
        config.extend(properties(loaded, credential, links));
        json!({ "prefix": format!("{folder}/"), "config": config })
    };
    credential.map(entry).into_iter().collect()
}

/// `config`. It repeats the vended credential: older clients read only this, and Java's bulk deletes use it too.
pub(crate) fn config(
    loaded: &Loaded,
    credential: Option<&Credential>,
    links: Option<&Links<'_>>,
) -> Map<String, Value> {
    let mut config: Map<_, _> = texts(loaded.config()).collect();
    if let Some(credential) = credential {
        config.extend(properties(loaded, credential, links));
    }
    if let Some(links) = links.filter(|_| signs(loaded)) {
        config.extend(signing(loaded, links));
    }
    config
}

fn signs(loaded: &Loaded) -> bool {
    loaded
        .file_access()
        .is_some_and(|access| access.methods.remote_signing)
}

/// The members of the answer that follow the metadata, from the comma to the last brace.
pub(super) fn tail(
    loaded: &Loaded,
    credential: Option<&Credential>,
    links: Option<&Links<'_>>,
) -> String {
    let config = config(loaded, credential, links);
    let mut members = String::new();
    if links.is_some() && signs(loaded) {
        // Its presence says that requests are signed; it is empty, because clients must send no properties or headers along.
        members.push_str(",\"remote-signing-config\":{}");
    }
    // `LoadViewResult` has no `storage-credentials`.
    let is_table = links.is_some_and(|links| links.renewable.is_some());
    if credential.is_some() && is_table {
        let all = storage_credentials(loaded, credential, links);
        members.push_str(",\"storage-credentials\":");
        members.push_str(&Value::from(all).to_string());
    }
    format!(",\"config\":{}{members}}}", Value::from(config))
}

#[cfg(test)]
mod tests {
    use model::Name;

    use super::*;

    #[test]
    fn names_in_links_are_escaped() {
        let table = TabularPath {
            namespace: NamespacePath::parse(vec!["a b".to_owned(), "c/d".to_owned()]).unwrap(),
            name: Name::parse("table", "é?").unwrap(),
        };
        let warehouse = WarehouseId::generate();
        let renewed = |kind| {
            let base = "https://lake.example".to_owned();
            let links = Links::new(base, warehouse, Some((kind, &table)));
            (links.credentials(), links)
        };
        let generic = format!(
            "https://lake.example/lakekeeper/v1/{warehouse}/namespaces/a%20b%1Fc%2Fd/generic-tables/%C3%A9%3F/credentials"
        );
        assert_eq!(renewed(TabularKind::GenericTable).0, Some(generic));
        let (credentials, links) = renewed(TabularKind::Table);
        let expected = format!(
            "https://lake.example/catalog/v1/{warehouse}/namespaces/a%20b%1Fc%2Fd/tables/%C3%A9%3F/credentials"
        );
        assert_eq!(credentials.as_ref(), Some(&expected));
        let location = Location::parse("s3://bucket/a b/é").unwrap();
        let staged = links.staged(&table.namespace, &location);
        let query = "?staged-in=a%20b%1Fc%2Fd&staged-at=s3%3A%2F%2Fbucket%2Fa%20b%2F%C3%A9";
        assert_eq!(staged.signing(), query);
        assert_eq!(staged.credentials(), Some(expected));
    }

    #[test]
    fn links_to_names_in_another_case_are_others() {
        let warehouse = WarehouseId::generate();
        let text = |namespace: &str, name: &str| {
            let path = TabularPath {
                namespace: NamespacePath::parse(vec![namespace.to_owned()]).unwrap(),
                name: Name::parse("table", name).unwrap(),
            };
            let base = "https://lake.example".to_owned();
            Links::new(base, warehouse, Some((TabularKind::Table, &path))).text()
        };
        assert_eq!(text("a", "t"), text("a", "t"));
        for other in [text("A", "t"), text("a", "T"), text("b", "t")] {
            assert_ne!(other, text("a", "t"));
        }
    }
}
