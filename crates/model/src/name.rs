//! Names of tables, views and namespaces: kept as written, matched without regard to case.

use std::fmt;
use std::sync::Arc;

use crate::{Bounds, Excerpt};

/// Separates the levels of a namespace in a URL (as `%1F`) and in stored keys. No name may contain it.
pub const SEPARATOR: char = '\u{1f}';

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The name is empty.
    #[error("the name of a {what} must not be empty")]
    Empty {
        /// What was to be named.
        what: &'static str,
    },
    /// The name is longer than [`Bounds::NAME_BYTES`].
    #[error("the name of a {what} may have at most {max} bytes; `{start}` has {bytes}", max = Bounds::NAME_BYTES)]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// The first characters of the name.
        start: String,
        /// Its length, or that of its folded form if that is longer.
        bytes: usize,
    },
    /// The levels are together longer than [`Bounds::NAMESPACE_BYTES`].
    #[error("the levels of a namespace may have at most {max} bytes together; those of `{start}` have {bytes}", max = Bounds::NAMESPACE_BYTES)]
    PathTooLong {
        /// The first characters of the levels.
        start: String,
        /// The length of all levels with their separators, folded if that is longer.
        bytes: usize,
    },
    /// A control character, which no client can show and some databases refuse.
    #[error(
        "the name of a {what} must not contain the control character U+{code:04X}; remove it from `{name}`"
    )]
    ControlCharacter {
        /// What was to be named.
        what: &'static str,
        /// The name, with the character escaped.
        name: String,
        /// The character.
        code: u32,
    },
    /// More levels than allowed.
    #[error("a namespace may have at most {max} levels, this one has {depth}")]
    TooDeep {
        /// Its levels.
        depth: usize,
        /// The bound.
        max: usize,
    },
}

/// The text after Unicode case folding: equal for texts that differ only in case.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        caseless::default_case_fold_str(text)
    }
}

fn check(what: &'static str, text: &str) -> Result<String, InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty { what });
    }
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(InvalidName::ControlCharacter {
            what,
            name: Excerpt(text).to_string(),
            code: u32::from(c),
        });
    }
    let folded = fold(text);
    let bytes = text.len().max(folded.len());
    if bytes > Bounds::NAME_BYTES {
        return Err(InvalidName::TooLong {
            what,
            start: Excerpt(text).to_string(),
            bytes,
        });
    }
    Ok(folded)
}

/// The name of a table, a view, a warehouse or a project.
#[derive(Debug, Clone)]
pub struct Name {
    text: Arc<str>,
    key: NameKey,
}

/// A name after Unicode case folding: equal for names that differ only in case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey(Arc<str>);

impl Name {
    /// Parses a name; `what` says in errors what was to be named.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, InvalidName> {
        let folded = check(what, text)?;
        Ok(Self {
            text: text.into(),
            key: NameKey(folded.into()),
        })
    }

    /// The name as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key that the name is matched by.
    pub const fn key(&self) -> &NameKey {
        &self.key
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl NameKey {
    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A namespace of one or more levels, as the user wrote it.
#[derive(Debug, Clone)]
pub struct NamespacePath {
    levels: Arc<[String]>,
    key: NamespaceKey,
}

/// A namespace path after case folding, its levels joined by [`SEPARATOR`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceKey(Arc<str>);

impl NamespacePath {
    /// Parses the levels from the outermost to the innermost.
    pub fn parse(levels: Vec<String>) -> Result<Self, InvalidName> {
        if levels.is_empty() {
            return Err(InvalidName::Empty { what: "namespace" });
        }
        if levels.len() > Bounds::NAMESPACE_DEPTH {
            let max = Bounds::NAMESPACE_DEPTH;
            return Err(InvalidName::TooDeep {
                depth: levels.len(),
                max,
            });
        }
        let mut key = String::new();
        for level in &levels {
            if !key.is_empty() {
                key.push(SEPARATOR);
            }
            key.push_str(&check("namespace level", level)?);
        }
        let bytes = key
            .len()
            .max(levels.iter().map(|level| level.len() + 1).sum());
        if bytes > Bounds::NAMESPACE_BYTES {
            return Err(InvalidName::PathTooLong {
                start: Excerpt(&levels.join(".")).to_string(),
                bytes,
            });
        }
        Ok(Self {
            levels: levels.into(),
            key: NamespaceKey(key.into()),
        })
    }

    /// The levels from the outermost to the innermost.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The innermost level.
    pub fn name(&self) -> &str {
        self.levels.last().map_or("", String::as_str)
    }

    /// The key that the namespace is matched by.
    pub const fn key(&self) -> &NamespaceKey {
        &self.key
    }

    /// This path with its outermost `depth` levels replaced by `to`: where the namespace is after a namespace around it
    /// has moved to `to`.
    pub fn moved(&self, depth: usize, to: &Self) -> Result<Self, InvalidName> {
        let rest = self.levels.iter().skip(depth);
        Self::parse(to.levels.iter().chain(rest).cloned().collect())
    }

    /// Whether this namespace lies in the other one, at any depth. A namespace does not lie in itself.
    pub fn is_below(&self, other: &Self) -> bool {
        let rest = self.key.0.strip_prefix(other.key.as_str());
        rest.is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// The parent namespace; `None` at the top level.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.levels.split_last()?;
        let key = self.key.parent()?;
        Some(Self {
            levels: rest.into(),
            key,
        })
    }
}

/// Levels joined by dots, as the Iceberg clients print namespaces in messages.
impl fmt::Display for NamespacePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.levels.join("."))
    }
}

impl NamespaceKey {
    /// The folded levels, joined by [`SEPARATOR`].
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the parent namespace; `None` at the top level.
    pub fn parent(&self) -> Option<Self> {
        self.0
            .rsplit_once(SEPARATOR)
            .map(|(parent, _)| Self(parent.into()))
    }

    /// The number of levels.
    pub fn depth(&self) -> usize {
        self.0.matches(SEPARATOR).count() + 1
    }
}

/// The namespace and the name of a table or view.
#[derive(Debug, Clone)]
pub struct TabularPath {
    /// The namespace that holds it.
    pub namespace: NamespacePath,
    /// Its own name.
    pub name: Name,
}

/// `namespace.name`, as the Iceberg clients print identifiers in messages.
impl fmt::Display for TabularPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(levels: &[&str]) -> Result<NamespacePath, InvalidName> {
        NamespacePath::parse(levels.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_that_differ_in_case_have_one_key_and_keep_their_case() {
        let one = Name::parse("table", "Straße_ΣΑΣ").unwrap();
        let two = Name::parse("table", "STRASSE_σας").unwrap();
        assert_eq!(one.key(), two.key());
        assert_eq!(one.as_str(), "Straße_ΣΑΣ");
    }

    #[test]
    fn odd_names_are_names() {
        for name in [
            "a.b", "a/b", "a b", "a%2Fb", "ns#1", "ü", "日本", "a+b", "..", "-",
        ] {
            assert!(Name::parse("table", name).is_ok(), "{name}");
        }
    }

    #[test]
    fn bounds_are_kept_and_named() {
        assert!(Name::parse("table", &"x".repeat(512)).is_ok());
        let error = Name::parse("table", &"x".repeat(513))
            .unwrap_err()
            .to_string();
        let start = "x".repeat(80);
        let expected =
            format!("the name of a table may have at most 512 bytes; `{start}…` has 513");
        assert_eq!(error, expected);
        assert!(matches!(
            Name::parse("table", ""),
            Err(InvalidName::Empty { .. })
        ));
        assert!(matches!(
            Name::parse("table", "a\u{1f}b"),
            Err(InvalidName::ControlCharacter { code: 0x1f, .. })
        ));
        assert!(path(&["x"; 32]).is_ok());
        assert!(matches!(
            path(&["x"; 33]),
            Err(InvalidName::TooDeep { depth: 33, max: 32 })
        ));
        let long = "y".repeat(500);
        assert!(matches!(
            path(&[&long, &long, &long, &long]),
            Err(InvalidName::PathTooLong { .. })
        ));
    }

    #[test]
    fn a_parent_is_one_level_up() {
        let inner = path(&["A", "b"]).unwrap();
        let outer = inner.parent().unwrap();
        assert_eq!(outer.levels(), ["A"]);
        assert_eq!(outer.key(), path(&["a"]).unwrap().key());
        assert!(outer.parent().is_none());
        assert_eq!(inner.key().depth(), 2);
    }

    #[test]
    fn what_is_below_goes_along() {
        let (from, to) = (path(&["A", "b"]).unwrap(), path(&["x"]).unwrap());
        let below = path(&["a", "B", "C", "d"]).unwrap();
        assert_eq!(below.moved(2, &to).unwrap().levels(), ["x", "C", "d"]);
        assert!(below.is_below(&from) && !from.is_below(&below));
        assert!(!from.is_below(&from) && !path(&["a", "bc"]).unwrap().is_below(&from));
        let deep = path(&["y"; 31]).unwrap();
        assert!(matches!(
            below.moved(2, &deep),
            Err(InvalidName::TooDeep { depth: 33, .. })
        ));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{1,40}") {
            if let Ok(name) = Name::parse("table", &text) {
                let again = Name::parse("table", name.key().as_str()).unwrap();
                prop_assert_eq!(again.key(), name.key());
            }
        }
    }
}
