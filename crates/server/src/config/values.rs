//! Parses the gathered texts into typed values and records every mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secrets::Plaintext;

use super::mistake::Mistake;
use super::setting::{Described, Setting};
use super::source::{Found, Gathered, Origin, PREFIX, all_settings};
use super::value::Value;
use super::{admission, engine, member, verifier};

/// Typed access to the gathered settings.
#[derive(Debug)]
pub(super) struct Values(Gathered);

/// The effective value of one setting, to be shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The full name of the setting's variable.
    pub name: String,
    /// The value, with secrets redacted; `None` if it is not set and has no default.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: String,
}

impl Values {
    pub(super) const fn new(gathered: Gathered) -> Self {
        Self(gathered)
    }

    /// The value of a setting. If it is not set, this is the default. If it is set wrongly, this is also the default,
    /// and the mistake is recorded.
    pub(super) fn get<T: Value>(&mut self, setting: &Setting<T>) -> T {
        let found = self.0.found.get(setting.name).cloned();
        self.read(found, setting)
    }

    /// Like [`Self::get`], for the setting of a member of a family; `stem` is the start of that member's names.
    pub(super) fn get_of<T: Value>(&mut self, stem: &str, setting: &Setting<T>) -> T {
        let found = self
            .0
            .members
            .get(&(stem.to_owned(), setting.name))
            .cloned();
        self.read(found, setting)
    }

    /// The members of a family: what their stems have after `family`.
    pub(super) fn members(&self, family: &str) -> BTreeSet<String> {
        let stems = self.0.members.keys();
        let stems = stems.filter_map(|(stem, _)| stem.strip_prefix(family));
        stems.map(str::to_owned).collect()
    }

    fn read<T: Value>(&mut self, found: Option<Found>, setting: &Setting<T>) -> T {
        let Some(found) = found else {
            return (setting.default)();
        };
        match T::parse(found.text.trim()) {
            Ok(value) => value,
            Err(rule) => {
                let subject = found.origin.subject(setting.name);
                let shown = T::shown(&found.text);
                self.0
                    .mistakes
                    .push(Mistake::new(subject, rule).with_value(shown));
                (setting.default)()
            }
        }
    }

    /// The path of the file that the value was read from, if the setting was given as a `…_FILE`.
    pub(super) fn file_of<T: Value>(&self, setting: &Setting<T>) -> Option<PathBuf> {
        match &self.0.found.get(setting.name)?.origin {
            Origin::ValueFile(_, path) => Some(path.clone()),
            _ => None,
        }
    }

    /// Sets the settings that one setting contains: key `x` of setting `S` sets `S__X`, unless that is set
    /// separately.
    pub(super) fn spread(
        &mut self,
        whole: &Setting<Option<Plaintext>>,
        parts: BTreeMap<String, String>,
    ) {
        let start = format!("{}__", whole.name);
        for (key, text) in parts {
            let name = format!("{start}{}", key.to_ascii_uppercase());
            let Some(part) = all_settings().find(|one| one.name() == name) else {
                let rule = format!("has `{key}`, but there is no setting {PREFIX}{name}");
                self.refuse(whole, rule);
                continue;
            };
            let origin = Origin::Part(format!("{PREFIX}{}", whole.name), key);
            let found = Found { text, origin };
            self.0.found.entry(part.name()).or_insert(found);
        }
    }

    /// Whether the setting is set, even if wrongly.
    pub(super) fn is_set<T: Value>(&self, setting: &Setting<T>) -> bool {
        self.0.found.contains_key(setting.name)
    }

    /// Whether the setting is set by something other than the command's implied values.
    pub(super) fn is_chosen<T: Value>(&self, setting: &Setting<T>) -> bool {
        let found = self.0.found.get(setting.name);
        found.is_some_and(|found| found.origin != Origin::Implied)
    }

    /// Records that `setting` breaks a rule that involves other settings too.
    pub(super) fn refuse<T: Value>(&mut self, setting: &Setting<T>, rule: impl Into<String>) {
        let found = self.0.found.get(setting.name);
        let mistake = match found {
            Some(found) => Mistake::new(found.origin.subject(setting.name), rule)
                .with_value(T::shown(&found.text)),
            None => Mistake::new(format!("{PREFIX}{}", setting.name), rule),
        };
        self.0.mistakes.push(mistake);
    }

    /// Like [`Self::refuse`], for the setting of a member of a family.
    pub(super) fn refuse_of<T: Value>(&mut self, stem: &str, setting: &Setting<T>, rule: &str) {
        let name = format!("{PREFIX}{stem}__{}", setting.name);
        self.0.mistakes.push(Mistake::new(name, rule));
    }

    /// Records a warning.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.0.warnings.push(text.into());
    }

    /// The effective values of all settings; for members of families, only of those that are set.
    pub(super) fn effective(&self) -> Vec<Effective> {
        let members = self.0.members.iter().filter_map(|((stem, name), found)| {
            let mut settings = member::settings()
                .chain(engine::settings())
                .chain(verifier::settings())
                .chain(admission::settings());
            let setting = settings.find(|one| one.name() == *name)?;
            Some(Effective {
                name: format!("{PREFIX}{stem}__{name}"),
                value: Some(setting.shown(&found.text)),
                origin: found.origin.to_string(),
            })
        });
        all_settings()
            .map(|setting| self.effective_one(setting))
            .chain(members)
            .collect()
    }

    fn effective_one(&self, setting: &dyn Described) -> Effective {
        let found = self.0.found.get(setting.name());
        Effective {
            name: format!("{PREFIX}{}", setting.name()),
            value: found.map_or_else(
                || setting.default(),
                |found| Some(setting.shown(&found.text)),
            ),
            origin: found.map_or_else(|| "default".to_owned(), |found| found.origin.to_string()),
        }
    }

    /// The recorded mistakes, warnings and unknown names.
    pub(super) fn into_findings(self) -> Gathered {
        self.0
    }
}
