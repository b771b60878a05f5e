//! The declaration of a setting: its name, its default and its documentation, in one place.

use super::value::Value;

/// A setting whose value has type `T`.
pub(crate) struct Setting<T> {
    /// Its name without the prefix `LAKEKEEPER__`.
    pub(crate) name: &'static str,
    /// Former and alternative names that are still accepted.
    pub(crate) aliases: &'static [&'static str],
    /// Makes the value that counts if the setting is not set.
    pub(crate) default: fn() -> T,
    /// What the setting does, in Markdown.
    pub(crate) doc: &'static str,
}

/// A setting without the type of its value, so that settings can be listed together.
pub(crate) trait Described: Sync {
    /// Its name without the prefix `LAKEKEEPER__`.
    fn name(&self) -> &'static str;
    /// Alternative names that are still accepted.
    fn aliases(&self) -> &'static [&'static str];
    /// How a value is written, such as `number` or `path`.
    fn kind(&self) -> &'static str;
    /// The default value as an operator would write it; `None` if there is none.
    fn default(&self) -> Option<String>;
    /// What the setting does, in Markdown.
    fn doc(&self) -> String;
    /// Turns a list from a configuration file into the text that the setting parses. The error is the rule that the
    /// list breaks.
    fn join(&self, items: &[String]) -> Result<String, String>;
    /// The part of a written value that may be shown: secrets are redacted.
    fn shown(&self, text: &str) -> String;
}

impl<T: Value> Described for Setting<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn default(&self) -> Option<String> {
        (self.default)().print()
    }

    fn doc(&self) -> String {
        self.doc.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn join(&self, items: &[String]) -> Result<String, String> {
        T::join(items)
    }

    fn shown(&self, text: &str) -> String {
        T::shown(text)
    }
}

/// Settings that the reference lists under one heading.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) settings: &'static [&'static dyn Described],
}

/// Declares groups of settings: a `Setting` constant for each, named like its variable, and `GROUPS` with all of
/// them.
macro_rules! settings {
    ($($title:literal $group_doc:literal {
        $($(#[doc = $doc:literal])+ $name:ident $(or $alias:literal)*: $type:ty = $default:expr;)+
    })+) => {
        $($(
            $(#[doc = $doc])+
            pub(super) static $name: Setting<$type> = Setting {
                name: stringify!($name),
                aliases: &[$($alias),*],
                default: || $default,
                doc: concat!($($doc),+),
            };
        )+)+

        /// All groups that are declared here.
        pub(super) static GROUPS: &[Group] = &[$(Group {
            title: $title,
            doc: $group_doc,
            settings: &[$(&$name),+],
        }),+];
    };
}

pub(super) use settings;
