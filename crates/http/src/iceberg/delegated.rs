//! What a client is told of how it gets at the files: vended credentials, where new ones are, and who signs requests.

use catalog::{Credential, Loaded};
use model::{NamespacePath, SEPARATOR, TabularKind, TabularPath, WarehouseId};
use objects::Location;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// What can stand in a segment of a path as it is (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What it is that credentials are renewed for, and where.
pub(crate) type Renewed<'a> = (TabularKind, &'a TabularPath);

/// What of a request an answer depends on, beside what is loaded: where the client reaches the catalog, and by which way it has come.
/// It is made for each load, so no address is written out before it is needed.
#[derive(Debug, Clone)]
pub(crate) struct Links<'a> {
    /// Where the client reaches the catalog, without a `/` at its end.
    base: String,
    warehouse: WarehouseId,
    /// What credentials are renewed for; a view's are not.
    renewed: Option<Renewed<'a>>,
    way: Way,
}

/// How the client has come to a table, as queries tell it: who comes again comes that way.
#[derive(Debug, Clone)]
enum Way {
    /// By its name.
    Straight,
    /// Before it was more than staged.
    Staged(String),
    /// Through views.
    Through(String),
}

impl<'a> Links<'a> {
    /// For a client that reaches the catalog at `base`, and gets new credentials for what is at the path, if they are renewed.
    pub(super) fn new(base: String, warehouse: WarehouseId, renewed: Option<Renewed<'a>>) -> Self {
        Self {
            base,
            warehouse,
            renewed,
            way: Way::Straight,
        }
    }

    /// The same for a table that is staged only.
    pub(super) fn staged(self, namespace: &NamespacePath, location: &Location) -> Self {
        let location = utf8_percent_encode(location.as_str(), SEGMENT);
        let query = format!("?staged-in={}&staged-at={location}", levels(namespace));
        Self {
            way: Way::Staged(query),
            ..self
        }
    }

    /// The same for what was reached through these views, if through any.
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

    /// A text that is the same for the same links to one table or view: no name has a line break.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(128);
        text.push_str(&self.base);
        if let Some((_, path)) = self.renewed {
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

    /// Where the catalog API is, with a `/` at its end.
    fn catalog(&self) -> String {
        format!("{}/catalog/", self.base)
    }

    /// Where new credentials are, if there are any.
    fn credentials(&self) -> Option<String> {
        let (kind, path) = self.renewed?;
        let (base, warehouse) = (&self.base, self.warehouse);
        let namespace = levels(&path.namespace);
        let name = utf8_percent_encode(path.name.as_str(), SEGMENT);
        let (api, tables) = match kind {
            TabularKind::GenericTable => ("lakekeeper", "generic-tables"),
            TabularKind::Table | TabularKind::View => ("catalog", "tables"),
        };
        let query = match &self.way {
            Way::Through(query) => query,
            // What is staged is not there yet.
            Way::Straight | Way::Staged(_) => "",
        };
        Some(format!(
            "{base}/{api}/v1/{warehouse}/namespaces/{namespace}/{tables}/{name}/credentials{query}"
        ))
    }

    /// What is said of the table where its requests are signed: a query, or nothing.
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

/// The properties of a credential, with those that tell where new ones are.
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

/// The properties of a client whose requests the catalog signs, in the spellings of Java's `S3FileIO`, new and old, and of
/// PyIceberg, of whose two implementations only one can have requests signed.
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

/// `storage-credentials`: one entry, for all below the location, or none.
///
/// The trailing `/` keeps clients, which compare prefixes as texts, from using it for a sibling `orders2`.
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

/// `config`. What is vended is in it again: older clients read nothing else, and Java's deletes in bulk with what stands there.
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
        // It says that requests are signed; neither properties nor headers must come along with them.
        members.push_str(",\"remote-signing-config\":{}");
    }
    // The answer to a view has no `storage-credentials`.
    let is_table = links.is_some_and(|links| links.renewed.is_some());
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
