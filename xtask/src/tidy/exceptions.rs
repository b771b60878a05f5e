//! The list of tolerated findings: `check path value reason`, one a line.

use std::collections::BTreeMap;

use super::EXCEPTIONS;

/// Tolerated findings by check and path.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    allowed: BTreeMap<(String, String), usize>,
}

impl Exceptions {
    /// Reads the list; empty lines and lines that start with `#` are skipped.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut exceptions = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = entry(line) else {
                return Err(format!(
                    "{EXCEPTIONS}:{number}: `{line}` is not `check path value reason`"
                ));
            };
            if exceptions.allowed.insert(key, value).is_some() {
                return Err(format!("{EXCEPTIONS}:{number}: `{line}` is listed twice"));
            }
        }
        Ok(exceptions)
    }

    /// The value that the list allows, if the finding is listed.
    pub(super) fn allowance(&self, check: &str, path: &str) -> Option<usize> {
        self.allowed
            .get(&(check.to_owned(), path.to_owned()))
            .copied()
    }

    /// A failure for each entry that no finding needs any more.
    pub(super) fn stale(&self, needed: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let entries = self
            .allowed
            .keys()
            .filter(|(check, path)| !needed(check, path));
        entries
            .map(|(check, path)| {
                format!("{EXCEPTIONS}: `{check} {path}` is no longer needed: remove the line")
            })
            .collect()
    }
}

/// Parses a line; `None` if a part of it is missing, such as the reason.
fn entry(line: &str) -> Option<((String, String), usize)> {
    let mut words = line.split_whitespace();
    let (check, path, value) = (words.next()?, words.next()?, words.next()?);
    words.next()?;
    Some(((check.to_owned(), path.to_owned()), value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let list = Exceptions::parse("# check path value reason\n\nignore a.rs 1 flaky\n").unwrap();
        assert_eq!(list.allowance("ignore", "a.rs"), Some(1));
        assert_eq!(list.allowance("ignore", "b.rs"), None);
    }

    #[test]
    fn an_entry_needs_a_value_and_a_reason() {
        for line in ["ignore a.rs", "ignore a.rs 1", "ignore a.rs many flaky"] {
            assert!(Exceptions::parse(line).unwrap_err().contains(line));
        }
    }

    #[test]
    fn an_entry_stands_once() {
        assert!(Exceptions::parse("ignore a.rs 1 x\nignore a.rs 2 x").is_err());
    }
}
