//! Reads the sources of settings and decides which source wins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::foreign::{self, Verdict};
use super::list::GROUPS;
use super::member::{self, Member};
use super::mistake::Mistake;
use super::nearest::nearest;
use super::setting::Described;
use super::value::NO_LIST;
use super::verifier;
use super::{admission, engine};

/// The start of the names of all variables.
pub(super) const PREFIX: &str = "LAKEKEEPER__";
/// The former start of the names of variables, which is refused.
const FORMER_PREFIX: &str = "ICEBERG_REST__";
/// The prefix with one underscore instead of two: a likely slip.
const MISTYPED_PREFIX: &str = "LAKEKEEPER_";
/// The name of a table whose keys are HTTP headers, not settings.
const HEADERS: &str = "headers";
/// Largest file that is read for a single value, in bytes.
const MAX_VALUE_FILE: u64 = 1 << 20;

/// The sources of settings, in order of precedence: the first one that has a setting wins. Configuration files come
/// between `environment` and `implied`.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// From the command line, by name of the setting without prefix.
    pub flags: BTreeMap<&'static str, String>,
    /// The environment variables of the process.
    pub environment: BTreeMap<String, String>,
    /// Values that the command implies, by name of the setting without prefix. A configuration file wins over them.
    pub implied: BTreeMap<&'static str, String>,
}

impl Sources {
    /// Whether any source sets this setting, even if wrongly.
    pub fn have(&self, setting: &str) -> bool {
        gather(self).found.contains_key(setting)
    }
}

/// Where a value came from. Variables carry their name, files their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Variable(String),
    ValueFile(String, PathBuf),
    ConfigFile(PathBuf, String),
    /// A key of a variable that contains several settings: the variable and the key.
    Part(String, String),
    Implied,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => out.write_str("command line"),
            Self::Variable(_) | Self::Part(..) => out.write_str("environment"),
            Self::ValueFile(_, path) => write!(out, "file {}", path.display()),
            Self::ConfigFile(path, _) => write!(out, "{}", path.display()),
            Self::Implied => out.write_str("this command"),
        }
    }
}

impl Origin {
    /// The name to use for a setting of this origin in messages.
    pub(super) fn subject(&self, setting: &str) -> String {
        match self {
            Self::Variable(name) | Self::ValueFile(name, _) => name.clone(),
            Self::ConfigFile(path, key) => format!("`{key}` in {}", path.display()),
            Self::Part(variable, key) => format!("`{key}` in {variable}"),
            Self::Flag | Self::Implied => format!("{PREFIX}{setting}"),
        }
    }
}

/// A value as the operator wrote it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The unparsed value of an entry.
enum Written {
    Text(String),
    List(Vec<String>),
}

impl Written {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(_) => false,
        }
    }

    /// The text that `setting` parses.
    fn value_of(self, setting: &dyn Described) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::List(items) => setting.join(&items),
        }
    }
}

/// A value with the name that its source uses.
struct Entry {
    name: String,
    written: Written,
    origin: Origin,
}

/// All values that were found, by setting, and what is wrong or odd about them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) found: BTreeMap<&'static str, Found>,
    /// Values of the members of families, by stem and name of the setting.
    pub(super) members: BTreeMap<(String, &'static str), Found>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
    /// Unknown names: mistakes or warnings, depending on the configuration.
    pub(super) unknown: Vec<Mistake>,
}

pub(super) fn all_settings() -> impl Iterator<Item = &'static dyn Described> {
    GROUPS
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

fn setting(name: &str) -> Option<&'static dyn Described> {
    all_settings().find(|one| one.name() == name || one.aliases().contains(&name))
}

/// Reads all sources. Only names are interpreted yet; values are not parsed.
pub(super) fn gather(sources: &Sources) -> Gathered {
    let mut gathered = Gathered::default();
    for (name, text) in &sources.flags {
        gathered.set(name, text.clone(), Origin::Flag);
    }
    gathered.read_environment(&sources.environment);
    if let Some(found) = gathered.found.get("CONFIG_FILE") {
        let path = PathBuf::from(&found.text);
        gathered.read_config_file(&path, "");
    }
    if let Some(found) = gathered.found.get("ADMISSION_ENFORCE_FILE") {
        let path = PathBuf::from(&found.text);
        gathered.read_config_file(&path, admission::ALL);
    }
    if let Some(text) = sources
        .environment
        .get("RUST_LOG")
        .filter(|text| !text.is_empty())
    {
        gathered.set(
            "LOG_LEVEL",
            text.clone(),
            Origin::Variable("RUST_LOG".to_owned()),
        );
    }
    for (name, text) in &sources.implied {
        gathered.set(name, text.clone(), Origin::Implied);
    }
    gathered
}

/// The settings that one source has set so far, by stem (empty for single settings) and name, with the name that was
/// used.
type Seen = BTreeMap<(String, &'static str), String>;

impl Gathered {
    /// Records a value unless a source of higher precedence has set it.
    fn set(&mut self, setting: &'static str, text: String, origin: Origin) {
        self.found.entry(setting).or_insert(Found { text, origin });
    }

    fn read_environment(&mut self, environment: &BTreeMap<String, String>) {
        let mut names = BTreeMap::new();
        for (variable, text) in environment {
            let upper = variable.to_ascii_uppercase();
            if let Some(name) = upper.strip_prefix(PREFIX) {
                let found = (variable.clone(), text.clone());
                if let Some((other, _)) = names.insert(name.to_owned(), found) {
                    self.mistakes.push(Mistake::twice(variable, &other));
                }
            } else if let Some(name) = upper.strip_prefix(FORMER_PREFIX) {
                let rule = format!("is no longer read: write {PREFIX}{name}");
                self.mistakes.push(Mistake::new(variable, rule));
            } else if let Some(name) = upper.strip_prefix(MISTYPED_PREFIX)
                && setting(name).is_some()
            {
                let rule = format!("is unknown; did you mean {PREFIX}{name}?");
                self.unknown.push(Mistake::new(variable, rule));
            }
        }
        let mut seen = BTreeMap::new();
        for (name, (variable, text)) in names {
            let entry = Entry {
                name,
                written: Written::Text(text),
                origin: Origin::Variable(variable),
            };
            self.read_entry(entry, &mut seen);
        }
    }

    /// Reads a TOML file whose names must all start with `within`.
    fn read_config_file(&mut self, path: &Path, within: &str) {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let parsed = read.and_then(|text| {
            text.parse::<toml::Table>()
                .map_err(|error| describe_toml_error(&error, &text))
        });
        let table = match parsed {
            Ok(table) => table,
            Err(error) => {
                let rule = format!("cannot be read as a TOML file: {error}");
                let subject = format!("configuration file {}", path.display());
                return self.mistakes.push(Mistake::new(subject, rule));
            }
        };
        let mut keys = Vec::new();
        flatten("", &table, &mut keys);
        let mut seen = BTreeMap::new();
        for (key, written) in keys {
            let name = key.replace('.', "__").to_ascii_uppercase();
            let origin = Origin::ConfigFile(path.to_owned(), key);
            if !name.starts_with(within) {
                let rule =
                    "must not be in this file, which may only have the table `admission_enforce`";
                self.mistakes
                    .push(Mistake::new(origin.subject(&name), rule));
                continue;
            }
            if let Some(written) = written {
                let entry = Entry {
                    name,
                    written,
                    origin,
                };
                self.read_entry(entry, &mut seen);
            } else {
                let rule = "must be a text, a number, `true`, `false` or a list of texts";
                self.mistakes
                    .push(Mistake::new(origin.subject(&name), rule));
            }
        }
    }

    /// Reads one entry of a source. `seen` has the settings that the same source has set already.
    fn read_entry(&mut self, entry: Entry, seen: &mut Seen) {
        let subject = entry.origin.subject(&entry.name);
        if let Some(member) = family_member(&entry.name, &subject) {
            return self.read_member(member, &subject, entry, seen);
        }
        let direct = setting(&entry.name);
        let by_file = || entry.name.strip_suffix("_FILE").and_then(setting);
        let Some(setting) = direct.or_else(by_file) else {
            return self.read_foreign(&entry.name, &subject, &entry.written);
        };
        // Deployment templates leave variables empty for which they have no value.
        if entry.written.is_empty() {
            return self.read_empty(&entry.name, subject);
        }
        if let Some(other) = seen.insert((String::new(), setting.name()), subject.clone()) {
            return self.mistakes.push(Mistake::twice(subject, &other));
        }
        let read = if direct.is_some() {
            self.read_here(&subject, entry, setting)
        } else {
            self.read_file(&subject, entry.written)
        };
        if let Some((text, origin)) = read {
            self.set(setting.name(), text, origin);
        }
    }

    fn read_empty(&mut self, name: &str, subject: String) {
        if decides_who_may_ask(name) {
            let rule =
                "is empty: give it a value or leave it out, because it decides who may do what";
            self.mistakes.push(Mistake::new(subject, rule));
        }
    }

    fn read_member(
        &mut self,
        member: Result<Member, Mistake>,
        subject: &str,
        entry: Entry,
        seen: &mut Seen,
    ) {
        let member = match member {
            Ok(member) => member,
            Err(mistake) => return self.mistakes.push(mistake),
        };
        if entry.written.is_empty() {
            return self.read_empty(&entry.name, subject.to_owned());
        }
        let key = (member.stem, member.setting.name());
        if let Some(other) = seen.insert(key.clone(), subject.to_owned()) {
            return self.mistakes.push(Mistake::twice(subject, &other));
        }
        let read = if member.is_file {
            self.read_file(subject, entry.written)
        } else {
            self.read_here(subject, entry, member.setting)
        };
        if let Some((text, origin)) = read {
            self.members.entry(key).or_insert(Found { text, origin });
        }
    }

    /// The value of an entry that holds the value itself, not the path of a file.
    fn read_here(
        &mut self,
        subject: &str,
        entry: Entry,
        setting: &dyn Described,
    ) -> Option<(String, Origin)> {
        match entry.written.value_of(setting) {
            Ok(text) => Some((text, entry.origin)),
            Err(rule) => {
                self.mistakes.push(Mistake::new(subject, rule));
                None
            }
        }
    }

    fn read_file(&mut self, subject: &str, written: Written) -> Option<(String, Origin)> {
        let Written::Text(path) = written else {
            self.mistakes.push(Mistake::new(subject, NO_LIST));
            return None;
        };
        match read_value_file(Path::new(&path)) {
            Ok(value) => Some((value, Origin::ValueFile(subject.to_owned(), path.into()))),
            Err(rule) => {
                self.mistakes
                    .push(Mistake::new(subject, rule).with_value(path));
                None
            }
        }
    }

    fn read_foreign(&mut self, name: &str, subject: &str, written: &Written) {
        let text = match written {
            Written::Text(text) => text.clone(),
            Written::List(items) => items.join(","),
        };
        match foreign::judge(name, &text) {
            Some(Verdict::Harmless) => {}
            Some(Verdict::Refused(why)) => {
                let slip = did_you_mean(name);
                self.mistakes
                    .push(Mistake::new(subject, format!("cannot be set: {why}{slip}")));
            }
            Some(Verdict::Ignored(why)) => {
                self.warnings
                    .push(format!("{subject} has no effect: {why}"));
            }
            None => {
                let slip = did_you_mean(name);
                self.unknown
                    .push(Mistake::new(subject, format!("is unknown{slip}")));
            }
        }
    }
}

/// The end of a message about an unknown name that may be misspelled: the name that was probably meant.
fn did_you_mean(name: &str) -> String {
    let names = all_settings()
        .flat_map(|one| std::iter::once(one.name()).chain(one.aliases().iter().copied()));
    let near = nearest(name, names);
    near.map_or_else(String::new, |near| {
        format!("; did you mean {PREFIX}{near}?")
    })
}

/// Whether ignoring the setting would let in more callers than its author intended.
fn decides_who_may_ask(name: &str) -> bool {
    let families = [
        "OPENID_",
        "KUBERNETES_AUTHENTICATION_",
        "ENABLE_KUBERNETES_AUTHENTICATION",
        "ADMISSION_ENFORCE",
        verifier::BARE,
    ];
    families.iter().any(|family| name.starts_with(family))
}

/// The setting of a member of a family that this name means; `None` if the name belongs to no family.
fn family_member(name: &str, subject: &str) -> Option<Result<Member, Mistake>> {
    if let Some(rest) = name.strip_prefix(member::FAMILY) {
        return Some(member::member(rest, subject));
    }
    if let Some(rest) = name.strip_prefix(admission::FAMILY) {
        return Some(admission::member(rest, subject));
    }
    if let Some(rest) = name.strip_prefix(verifier::FAMILY) {
        return Some(verifier::member(rest, subject));
    }
    let rest = name.strip_prefix(engine::FAMILY)?;
    Some(engine::member(rest, subject))
}

/// The line number and the reason of a syntax error. The line itself is left out, as it may contain a secret.
fn describe_toml_error(error: &toml::de::Error, text: &str) -> String {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..at).unwrap_or_default();
    let line = before.split('\n').count();
    format!("line {line}: {}", error.message())
}

/// Reads a file that contains a single value. Surrounding white space is removed.
fn read_value_file(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("names a file that cannot be read: {error}");
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_VALUE_FILE {
        return Err(format!(
            "names a file of {length} bytes; a value has at most {MAX_VALUE_FILE}"
        ));
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    let value = text.trim();
    if value.is_empty() {
        return Err("names an empty file".to_owned());
    }
    Ok(value.to_owned())
}

/// Collects each leaf of a TOML table with its path `a.b.c` and its value; `None` for types that cannot be a
/// setting's value.
fn flatten(path: &str, table: &toml::Table, into: &mut Vec<(String, Option<Written>)>) {
    for (key, value) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match value {
            toml::Value::Table(inner) if key == HEADERS => {
                into.push((path, dictionary(inner).map(Written::Text)));
            }
            toml::Value::Table(inner) => flatten(&path, inner, into),
            leaf => into.push((path, written(leaf))),
        }
    }
}

/// Turns a table of texts that is one value, such as `headers`, into the text of that value.
fn dictionary(table: &toml::Table) -> Option<String> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let pair = |(name, value): (&String, &toml::Value)| {
        let value = value.as_str()?;
        Some(format!("\"{}\"=\"{}\"", quoted(name), quoted(value)))
    };
    let pairs: Option<Vec<_>> = table.iter().map(pair).collect();
    Some(format!("{{{}}}", pairs?.join(",")))
}

fn written(value: &toml::Value) -> Option<Written> {
    match value {
        toml::Value::String(text) => Some(Written::Text(text.clone())),
        toml::Value::Integer(number) => Some(Written::Text(number.to_string())),
        toml::Value::Boolean(flag) => Some(Written::Text(flag.to_string())),
        toml::Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map(Written::List)
        }
        _ => None,
    }
}
