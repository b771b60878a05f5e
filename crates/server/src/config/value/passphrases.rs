//! A list of secret texts.

use secrets::Plaintext;

use super::{REDACTED, Value};

/// Secret texts, one per line, so that they may contain spaces and commas.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passphrases(pub(crate) Vec<Plaintext>);

impl Value for Passphrases {
    const KIND: &'static str = "secret texts, one per line";

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty());
        Ok(Self(lines.map(Plaintext::new).collect()))
    }

    fn join(items: &[String]) -> Result<String, String> {
        if items.iter().any(|item| item.contains(['\n', '\r'])) {
            return Err("must be a list of texts without line breaks".to_owned());
        }
        Ok(items.join("\n"))
    }

    fn print(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| REDACTED.to_owned())
    }

    fn shown(_: &str) -> String {
        REDACTED.to_owned()
    }
}
