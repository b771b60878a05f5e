//! Settings with librdkafka's names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rskafka::client::partition::Compression;
use zeroize::Zeroizing;

use crate::tls::Tls;
use crate::{KafkaConfig, Login, Mechanism};

/// An invalid setting. Its value is not shown, as it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` {rule}")]
pub struct InvalidProperty {
    name: String,
    rule: String,
}

fn invalid(name: &str, rule: impl Into<String>) -> InvalidProperty {
    let (name, rule) = (name.to_owned(), rule.into());
    InvalidProperty { name, rule }
}

type Result<T> = std::result::Result<T, InvalidProperty>;

/// Settings that have not been read yet.
struct Properties(BTreeMap<String, Zeroizing<String>>);

impl Properties {
    /// Removes and returns a setting. The first of `names` is its name, the others are aliases.
    fn take(&mut self, names: &[&str]) -> Option<Zeroizing<String>> {
        let mut found = None;
        for name in names {
            let value = self.0.remove(*name);
            found = found.or(value);
        }
        found
    }

    fn word(&mut self, names: &[&str]) -> Option<String> {
        self.take(names)
            .map(|value| value.trim().to_ascii_lowercase())
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.take(&[name])
            .map(|value| PathBuf::from(value.as_str()))
    }

    /// Checks a setting that may only have one of these values, because the client always behaves that way.
    fn fixed(&mut self, names: &[&str], allowed: &[&str]) -> Result<()> {
        match (self.word(names), names) {
            (Some(word), [name, ..]) if !allowed.contains(&word.as_str()) => {
                let allowed = allowed.join("` or `");
                Err(invalid(
                    name,
                    format!("must be `{allowed}` here, if it is set"),
                ))
            }
            _ => Ok(()),
        }
    }
}

impl KafkaConfig {
    /// Parses the settings, such as `bootstrap.servers`.
    pub fn new(topic: &str, settings: BTreeMap<String, Zeroizing<String>>) -> Result<Self> {
        let mut all = Properties(settings);
        let security = security(&mut all)?;
        let config = Self {
            topic: topic.to_owned(),
            brokers: brokers(&mut all)?,
            client_id: all
                .take(&["client.id"])
                .map_or_else(|| "lakekeeper".to_owned(), |id| id.as_str().to_owned()),
            tls: security.tls.then(|| tls(&mut all)).transpose()?,
            login: security.sasl.then(|| login(&mut all)).transpose()?,
            compression: compression(&mut all)?,
        };
        all.fixed(&["acks", "request.required.acks"], &["all", "-1"])?;
        all.fixed(&["enable.ssl.certificate.verification"], &["true"])?;
        all.fixed(&["ssl.endpoint.identification.algorithm"], &["https"])?;
        all.fixed(&["partitioner"], &["consistent_random", "consistent"])?;
        all.fixed(&["enable.idempotence"], &["false"])?;
        match all.0.keys().next() {
            Some(name) => Err(invalid(
                name,
                "is not a setting that this version knows, or does not go with the others: see docs/events.md",
            )),
            None => Ok(config),
        }
    }
}

struct Security {
    tls: bool,
    sasl: bool,
}

fn security(all: &mut Properties) -> Result<Security> {
    let protocol = all.word(&["security.protocol"]);
    let (tls, sasl) = match protocol.as_deref() {
        None | Some("plaintext") => (false, false),
        Some("ssl") => (true, false),
        Some("sasl_plaintext") => (false, true),
        Some("sasl_ssl") => (true, true),
        Some(_) => {
            let rule = "must be `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`";
            return Err(invalid("security.protocol", rule));
        }
    };
    Ok(Security { tls, sasl })
}

fn brokers(all: &mut Properties) -> Result<Vec<String>> {
    let text = all.take(&["bootstrap.servers", "metadata.broker.list"]);
    let text = text.unwrap_or_default();
    let brokers = text.split(',').map(str::trim);
    let brokers: Vec<_> = brokers.filter(|one| !one.is_empty()).collect();
    let has_port = |broker: &&str| {
        let port = broker.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        matches!(port, Some(Ok(1..)))
    };
    if brokers.is_empty() || !brokers.iter().all(has_port) {
        let rule = "must be set to brokers such as `host1:9092,host2:9092`";
        return Err(invalid("bootstrap.servers", rule));
    }
    Ok(brokers.into_iter().map(str::to_owned).collect())
}

fn tls(all: &mut Properties) -> Result<Tls> {
    let (certificate, key) = (
        all.path("ssl.certificate.location"),
        all.path("ssl.key.location"),
    );
    let identity = match (certificate, key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some((certificate, key)),
        _ => {
            let rule = "and `ssl.certificate.location` must be set together";
            return Err(invalid("ssl.key.location", rule));
        }
    };
    let roots = all.path("ssl.ca.location");
    Ok(Tls { roots, identity })
}

fn login(all: &mut Properties) -> Result<Login> {
    let mechanism = match all.word(&["sasl.mechanisms", "sasl.mechanism"]).as_deref() {
        Some("plain") => Mechanism::Plain,
        Some("scram-sha-256") => Mechanism::ScramSha256,
        Some("scram-sha-512") => Mechanism::ScramSha512,
        _ => {
            let rule = "must be set to `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`";
            return Err(invalid("sasl.mechanisms", rule));
        }
    };
    let mut needed = |name: &str| {
        let value = all.take(&[name]);
        value.ok_or_else(|| invalid(name, "must be set to log in"))
    };
    Ok(Login {
        mechanism,
        user: needed("sasl.username")?.as_str().to_owned(),
        password: needed("sasl.password")?,
    })
}

fn compression(all: &mut Properties) -> Result<Compression> {
    let name = "compression.type";
    match all.word(&[name, "compression.codec"]).as_deref() {
        None | Some("none") => Ok(Compression::NoCompression),
        Some("gzip") => Ok(Compression::Gzip),
        Some(_) => Err(invalid(name, "must be `none` or `gzip`")),
    }
}

/// Parses settings in the notation of today's Lakekeeper: `{"name"="value","name"="value"}`. JSON is accepted, too.
///
/// The error says what is expected. It does not show the text, which may contain secrets.
pub fn parse_dictionary(
    text: &str,
) -> std::result::Result<BTreeMap<String, Zeroizing<String>>, String> {
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let mut rest = inner
        .ok_or("must begin with `{` and end with `}`")?
        .trim_start();
    let mut all = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = word(rest)?;
        let after = after.trim_start();
        let after = after
            .strip_prefix(['=', ':'])
            .ok_or_else(|| format!("must have `=` after `{name}`"))?;
        let (value, after) = word(after.trim_start())?;
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
        } else if !rest.is_empty() {
            return Err(format!("must have `,` after the value of `{name}`"));
        }
        if all.insert(name.clone(), Zeroizing::new(value)).is_some() {
            return Err(format!("must not have `{name}` more than once"));
        }
    }
    Ok(all)
}

/// Reads a word, quoted or up to the next separator. Returns it with the rest of the text.
fn word(text: &str) -> std::result::Result<(String, &str), String> {
    if !text.starts_with('"') {
        let end = text.find(['=', ':', ',', '"']).unwrap_or(text.len());
        let (word, after) = text.split_at(end);
        return match word.trim_end() {
            "" => Err("must have names and values in quotation marks".to_owned()),
            word => Ok((word.to_owned(), after)),
        };
    }
    let (mut word, mut is_escaped) = (String::new(), false);
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if is_escaped => {
                word.push(match one {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return Ok((word, text.get(at + 1..).unwrap_or_default())),
            _ => word.push(one),
        }
    }
    Err("must end each `\"` with another".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<KafkaConfig> {
        KafkaConfig::new("lake", parse_dictionary(text).unwrap())
    }

    fn refusal(text: &str) -> String {
        of(text).unwrap_err().to_string()
    }

    #[test]
    fn a_dictionary_is_read_as_it_was_written_until_now_and_as_json() {
        let expected: BTreeMap<_, _> = [
            ("bootstrap.servers", "a:1,b:2"),
            ("sasl.password", "x\"=,}y"),
        ]
        .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
        .into();
        for text in [
            r#"{"bootstrap.servers"="a:1,b:2","sasl.password"="x\"=,}y"}"#,
            "{\n  \"bootstrap.servers\" = \"a:1,b:2\",\n  \"sasl.password\" = \"x\\\"=,}y\",\n}\n",
            r#"{"bootstrap.servers":"a:1,b:2","sasl.password":"x\"=,}y"}"#,
        ] {
            assert_eq!(parse_dictionary(text).unwrap(), expected, "{text}");
        }
        let number = parse_dictionary(r#"{"a"=1, "b"=true}"#).unwrap();
        assert_eq!((number["a"].as_str(), number["b"].as_str()), ("1", "true"));
        assert!(parse_dictionary("{}").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_dictionary_is_refused_without_showing_it() {
        for text in [
            "",
            "x",
            "{",
            r#"{"a"}"#,
            r#"{"a"="hidden"#,
            r#"{"a"="b" "c"="hidden"}"#,
            r#"{"a"="1","a"="2"}"#,
            "{=}",
        ] {
            let why = parse_dictionary(text).unwrap_err();
            assert!(!why.contains("hidden"), "{why}");
        }
    }

    #[test]
    fn logins_and_tls_are_understood() {
        let plain = of(r#"{"bootstrap.servers"="a:1"}"#).unwrap();
        assert!(plain.tls.is_none() && plain.login.is_none());
        let both = of(r#"{"metadata.broker.list"="a:1","security.protocol"="SASL_SSL","sasl.mechanism"="SCRAM-SHA-512",
            "sasl.username"="u","sasl.password"="hidden","ssl.ca.location"="/ca.pem","acks"="all","compression.type"="gzip"}"#)
        .unwrap();
        assert!(both.tls.is_some());
        assert_eq!(
            both.login.as_ref().unwrap().mechanism,
            Mechanism::ScramSha512
        );
        assert!(!format!("{both:?}").contains("hidden"));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_name() {
        for (text, name) in [
            ("{}", "bootstrap.servers"),
            (r#"{"bootstrap.servers"="a"}"#, "bootstrap.servers"),
            (r#"{"bootstrap.servers"="a:0"}"#, "bootstrap.servers"),
            (
                r#"{"bootstrap.servers"="a:1","linger.ms"="5"}"#,
                "linger.ms",
            ),
            (r#"{"bootstrap.servers"="a:1","acks"="1"}"#, "acks"),
            (
                r#"{"bootstrap.servers"="a:1","compression.type"="zstd"}"#,
                "compression.type",
            ),
            (
                r#"{"bootstrap.servers"="a:1","security.protocol"="x"}"#,
                "security.protocol",
            ),
            (
                r#"{"bootstrap.servers"="a:1","security.protocol"="sasl_ssl"}"#,
                "sasl.mechanisms",
            ),
            (
                r#"{"bootstrap.servers"="a:1","security.protocol"="sasl_ssl","sasl.mechanisms"="GSSAPI"}"#,
                "sasl.mechanisms",
            ),
            (
                r#"{"bootstrap.servers"="a:1","security.protocol"="sasl_ssl","sasl.mechanisms"="PLAIN"}"#,
                "sasl.username",
            ),
            (
                r#"{"bootstrap.servers"="a:1","sasl.username"="u"}"#,
                "sasl.username",
            ),
            (
                r#"{"bootstrap.servers"="a:1","security.protocol"="ssl","ssl.key.location"="/k"}"#,
                "ssl.key.location",
            ),
        ] {
            let why = refusal(text);
            assert!(why.starts_with(&format!("`{name}`")), "{text}: {why}");
        }
    }
}
