//! How folders are named below the base location of a warehouse.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ProfileError;

/// How the folders of new tables and views are named; existing ones stay where they are.
///
/// Templates know `{uuid}` and `{name}`; a name is percent-encoded.
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

/// What a template is filled with.
#[derive(Debug, Clone, Copy)]
pub struct LayoutName<'a> {
    /// Last part of the name, as its user wrote it.
    pub name: &'a str,
    /// The id of the namespace, table or view.
    pub uuid: Uuid,
}

/// RFC 3986 "unreserved" stays as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

impl StorageLayout {
    /// Refuses templates under which two tables could get one folder.
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

    /// Whether the folder of a namespace says what it is called.
    pub fn names_namespaces(&self) -> bool {
        matches!(self, Self::FullHierarchy { namespace, .. } if namespace.contains("{name}"))
    }

    /// The folders down to that of a namespace, from the base location on; none where namespaces have no folders.
    ///
    /// `ancestry` is the namespace with all that are around it, outermost first.
    pub fn namespace_folders(&self, ancestry: &[LayoutName<'_>]) -> Vec<String> {
        match self {
            Self::Default | Self::TabularOnly { .. } => Vec::new(),
            Self::FullHierarchy { namespace, .. } => ancestry
                .iter()
                .map(|level| fill(namespace, *level))
                .collect(),
        }
    }

    /// The folder of a table or view in that of its namespace.
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
    // The name comes last: a table may be called `{uuid}`, and its braces are encoded by now.
    template
        .replace("{uuid}", &from.uuid.to_string())
        .replace("{name}", &name)
}
