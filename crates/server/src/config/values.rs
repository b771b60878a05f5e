//! From texts to typed values, keeping every mistake on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secrets::Plaintext;

use super::mistake::Mistake;
use super::setting::{Described, Setting};
use super::source::{Found, Gathered, Origin, PREFIX, all_settings};
use super::value::Value;
use super::{admission, engine, member, verifier};

/// Typed access to what was gathered.
#[derive(Debug)]
pub(super) struct Values(Gathered);

/// One setting as it counts now; for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The whole name of its variable.
    pub name: String,
    /// Its value, redacted if secret; `None` if it is unset and has no default.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: String,
}

impl Values {
    pub(super) const fn new(gathered: Gathered) -> Self {
        Self(gathered)
    }

    /// The value of a setting; its default if it is not set, or set wrongly, which is kept as a mistake.
    pub(super) fn get<T: Value>(&mut self, setting: &Setting<T>) -> T {
        let found = self.0.found.get(setting.name).cloned();
        self.read(found, setting)
    }

    /// The same for the setting of one of several.
    pub(super) fn get_of<T: Value>(&mut self, stem: &str, setting: &Setting<T>) -> T {
        let found = self
            .0
            .members
            .get(&(stem.to_owned(), setting.name))
            .cloned();
        self.read(found, setting)
    }

    /// What the names of settings of which there are several have behind the start that is common to a family.
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

    /// The file that the value stands in, if it stands in one of its own.
    pub(super) fn file_of<T: Value>(&self, setting: &Setting<T>) -> Option<PathBuf> {
        match &self.0.found.get(setting.name)?.origin {
            Origin::ValueFile(_, path) => Some(path.clone()),
            _ => None,
        }
    }

    /// Takes in settings out of one that holds several, by their names behind its own and `__`, where they are not set by themselves.
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

    /// Whether somebody has set it, rightly or not.
    pub(super) fn is_set<T: Value>(&self, setting: &Setting<T>) -> bool {
        self.0.found.contains_key(setting.name)
    }

    /// Whether it is set by something stronger than what the command implies.
    pub(super) fn is_chosen<T: Value>(&self, setting: &Setting<T>) -> bool {
        let found = self.0.found.get(setting.name);
        found.is_some_and(|found| found.origin != Origin::Implied)
    }

    /// Records that `setting` breaks a rule that more than one setting is about.
    pub(super) fn refuse<T: Value>(&mut self, setting: &Setting<T>, rule: impl Into<String>) {
        let found = self.0.found.get(setting.name);
        let mistake = match found {
            Some(found) => Mistake::new(found.origin.subject(setting.name), rule)
                .with_value(T::shown(&found.text)),
            None => Mistake::new(format!("{PREFIX}{}", setting.name), rule),
        };
        self.0.mistakes.push(mistake);
    }

    /// The same for the setting of one of several.
    pub(super) fn refuse_of<T: Value>(&mut self, stem: &str, setting: &Setting<T>, rule: &str) {
        let name = format!("{PREFIX}{stem}__{}", setting.name);
        self.0.mistakes.push(Mistake::new(name, rule));
    }

    /// Keeps an oddity.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.0.warnings.push(text.into());
    }

    /// Every setting as it counts now; of those that there are several of, what is set.
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

    /// What is wrong and what is odd.
    pub(super) fn into_findings(self) -> Gathered {
        self.0
    }
}
