//! How folders are named below the base location of a warehouse.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ProfileError;

/// How the folders of new tables and views are named; existing folders stay where they are.
///
/// Templates may contain `{uuid}` and `{name}`; the name is percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum StorageLayout {
    /// `<base>/<table uuid>`.
    #[default]
    Default,
    /// `<base>/<table>`.
    TabularOnly {
        /// Template of a table's folder; must contain `{uuid}`.
        tabular: String,
    },
    /// `<base>/<namespace>/…/<table>`: one folder for each level.
    FullHierarchy {
        /// Template of a namespace's folder; must contain a placeholder.
        namespace: String,
        /// Template of a table's folder; must contain a placeholder.
        tabular: String,
    },
}

/// The values for the placeholders of a template.
#[derive(Debug, Clone, Copy)]
pub struct LayoutName<'a> {
    /// Last part of the name, as the user wrote it.
    pub name: &'a str,
    /// The id of the namespace, table or view.
    pub uuid: Uuid,
}

/// The "unreserved" characters of RFC 3986 are not encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

impl StorageLayout {
    /// Refuses templates that could give two tables the same folder.
    pub(super) fn validate(&self) -> Result<(), ProfileError> {
        match self {
            Self::Default => Ok(()),
            Self::TabularOnly { tabular } => {
                if !tabular.contains("{uuid}") {
                    let rule = "must contain `{uuid}`: tables of one name in two namespaces would share a folder";
                    return Err(ProfileError::field("storage-layout.tabular", tabular, rule));
                }
                validate_template("storage-layout.tabular", tabular)
            }
            Self::FullHierarchy { namespace, tabular } => {
                validate_template("storage-layout.namespace", namespace)?;
                validate_template("storage-layout.tabular", tabular)
            }
        }
    }

    /// Whether namespaces have folders.
    pub const fn has_namespace_folders(&self) -> bool {
        matches!(self, Self::FullHierarchy { .. })
    }

    /// Whether the folder of a namespace contains its name.
    pub fn names_namespaces(&self) -> bool {
        matches!(self, Self::FullHierarchy { namespace, .. } if namespace.contains("{name}"))
    }

    /// The folders from the base location down to that of a namespace; empty if namespaces have no folders.
    ///
    /// `ancestry` is the namespace with its ancestors, outermost first.
    pub fn namespace_folders(&self, ancestry: &[LayoutName<'_>]) -> Vec<String> {
        match self {
            Self::Default | Self::TabularOnly { .. } => Vec::new(),
            Self::FullHierarchy { namespace, .. } => ancestry
                .iter()
                .map(|level| fill(namespace, *level))
                .collect(),
        }
    }

    /// The folder of a table or view within the folder of its namespace.
    pub fn tabular_folder(&self, tabular: LayoutName<'_>) -> String {
        match self {
            Self::Default => tabular.uuid.to_string(),
            Self::TabularOnly { tabular: template }
            | Self::FullHierarchy {
                tabular: template, ..
            } => fill(template, tabular),
        }
    }
}

fn validate_template(field: &'static str, template: &str) -> Result<(), ProfileError> {
    if !template.contains("{uuid}") && !template.contains("{name}") {
        return Err(ProfileError::field(
            field,
            template,
            "must contain `{uuid}` or `{name}`",
        ));
    }
    let literal = template.replace("{uuid}", "").replace("{name}", "");
    if !literal
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '='))
    {
        let rule = "may only have letters, digits, `-`, `_`, `.` and `=` beside its placeholders";
        return Err(ProfileError::field(field, template, rule));
    }
    Ok(())
}

fn fill(template: &str, from: LayoutName<'_>) -> String {
    let name = utf8_percent_encode(from.name, ENCODED).to_string();
    // The name is filled in last: a table may be named `{uuid}`, but then its braces are encoded.
    template
        .replace("{uuid}", &from.uuid.to_string())
        .replace("{name}", &name)
}
