//! From texts to typed values, keeping every mistake on the way.

use super::mistake::Mistake;
use super::setting::{Described, Setting};
use super::source::{Gathered, Origin, PREFIX, all_settings};
use super::value::Value;

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
        let Some(found) = self.0.found.get(setting.name) else {
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

    /// Every setting as it counts now.
    pub(super) fn effective(&self) -> Vec<Effective> {
        all_settings()
            .map(|setting| self.effective_one(setting))
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
