//! One setting: its name, its default and what it does, in one place.

use super::value::Value;

/// A setting and the type of its value.
pub(crate) struct Setting<T> {
    /// Its name without the prefix `LAKEKEEPER__`.
    pub(crate) name: &'static str,
    /// Former and other names that are still read.
    pub(crate) aliases: &'static [&'static str],
    /// What it holds if nobody sets it.
    pub(crate) default: fn() -> T,
    /// What it does, in Markdown.
    pub(crate) doc: &'static str,
}

/// A setting, whatever the type of its value.
pub(crate) trait Described: Sync {
    /// Its name without the prefix.
    fn name(&self) -> &'static str;
    /// Other names that are still read.
    fn aliases(&self) -> &'static [&'static str];
    /// What to write.
    fn kind(&self) -> &'static str;
    /// What it holds if nobody sets it, as somebody would write it.
    fn default(&self) -> Option<String>;
    /// What it does, in Markdown.
    fn doc(&self) -> String;
    /// A list of a configuration file as one text; the error is the rule that it breaks.
    fn join(&self, items: &[String]) -> Result<String, String>;
    /// What may be shown of a value that somebody wrote.
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

/// Settings that belong together, as the reference shows them.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) settings: &'static [&'static dyn Described],
}

/// Declares groups of settings: one `Setting` each, named as its variable, and `GROUPS` with all of them.
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

        /// Every setting there is.
        pub(super) static GROUPS: &[Group] = &[$(Group {
            title: $title,
            doc: $group_doc,
            settings: &[$(&$name),+],
        }),+];
    };
}

pub(super) use settings;
