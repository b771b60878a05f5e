//! How OpenFGA is reached, from the settings.

use std::num::NonZeroU32;

use authz_openfga::{Credentials, OpenFgaConfig, Secret};
use secrets::Plaintext;
use url::Url;

use super::list;
use super::value::ServerUrl;
use super::values::Values;

/// The configuration of OpenFGA. `None` if a required setting is missing, which is recorded as a mistake.
pub(super) fn openfga(values: &mut Values) -> Option<OpenFgaConfig> {
    let Some(endpoint) = values.get(&list::OPENFGA__ENDPOINT) else {
        let rule = "is needed with LAKEKEEPER__AUTHZ_BACKEND `openfga`: the gRPC URL of OpenFGA, such as \
                    `http://localhost:8081`";
        values.refuse(&list::OPENFGA__ENDPOINT, rule);
        return None;
    };
    let version = values.get(&list::OPENFGA__AUTHORIZATION_MODEL_VERSION);
    let is_version = |text: &String| {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
        text.split_once('.')
            .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
    };
    if version.as_ref().is_some_and(|text| !is_version(text)) {
        let rule = "must be `<major>.<minor>`, such as `5.0`";
        values.refuse(&list::OPENFGA__AUTHORIZATION_MODEL_VERSION, rule);
    }
    Some(OpenFgaConfig {
        endpoint: url(&endpoint)?,
        credentials: credentials(values)?,
        store: values.get(&list::OPENFGA__STORE_NAME),
        model_prefix: values.get(&list::OPENFGA__AUTHORIZATION_MODEL_PREFIX),
        model_version: version,
        max_batch_checks: NonZeroU32::new(values.get(&list::OPENFGA__MAX_BATCH_CHECK_SIZE).get())?,
    })
}

fn credentials(values: &mut Values) -> Option<Credentials> {
    let key = values.get(&list::OPENFGA__API_KEY);
    let secret = values.get(&list::OPENFGA__CLIENT_SECRET);
    let endpoint = values.get(&list::OPENFGA__TOKEN_ENDPOINT);
    let scope = values.get(&list::OPENFGA__SCOPE);
    let Some(id) = values.get(&list::OPENFGA__CLIENT_ID) else {
        let set = [
            (secret.is_some(), "CLIENT_SECRET"),
            (endpoint.is_some(), "TOKEN_ENDPOINT"),
            (scope.is_some(), "SCOPE"),
        ];
        if let Some((_, other)) = set.into_iter().find(|(is_set, _)| *is_set) {
            let rule = format!("is needed with LAKEKEEPER__OPENFGA__{other}");
            values.refuse(&list::OPENFGA__CLIENT_ID, rule);
            return None;
        }
        return Some(key.map_or(Credentials::None, |key| Credentials::Key(kept(&key))));
    };
    let rule = "is needed with LAKEKEEPER__OPENFGA__CLIENT_ID";
    if secret.is_none() {
        values.refuse(&list::OPENFGA__CLIENT_SECRET, rule);
    }
    if endpoint.is_none() {
        values.refuse(&list::OPENFGA__TOKEN_ENDPOINT, rule);
    }
    if key.is_some() {
        values.warn(
            "LAKEKEEPER__OPENFGA__API_KEY has no effect: LAKEKEEPER__OPENFGA__CLIENT_ID is set",
        );
    }
    Some(Credentials::Client {
        id,
        secret: kept(&secret?),
        token_endpoint: url(&endpoint?)?,
        scope,
    })
}

fn kept(secret: &Plaintext) -> Secret {
    Secret::new(secret.expose().to_owned())
}

/// Cannot fail: the text was checked to be a URL when the setting was read.
fn url(text: &ServerUrl) -> Option<Url> {
    Url::parse(&text.0).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<OpenFgaConfig, Mistakes> {
        let always = [
            ("OPENID_PROVIDER_URI", "https://login.example.com"),
            ("AUTHZ_BACKEND", "openfga"),
        ];
        let environment = always
            .iter()
            .chain(variables)
            .map(|(name, value)| (format!("LAKEKEEPER__{name}"), (*value).to_owned()));
        let sources = Sources {
            environment: environment.collect(),
            ..Sources::default()
        };
        let config = Config::load(&sources, Needs::Nothing)?;
        Ok(config.authorization.engine.openfga().unwrap().clone())
    }

    const ENDPOINT: (&str, &str) = ("OPENFGA__ENDPOINT", "http://localhost:8081");
    const KEY: (&str, &str) = ("OPENFGA__API_KEY", "hunter2");
    const CLIENT: (&str, &str) = ("OPENFGA__CLIENT_ID", "lakekeeper");

    #[test]
    fn the_address_is_enough() {
        let config = load(&[ENDPOINT]).unwrap();
        assert_eq!(config.endpoint.as_str(), "http://localhost:8081/");
        assert_eq!(
            (config.store.as_str(), config.max_batch_checks.get()),
            ("lakekeeper", 50)
        );
        assert!(matches!(config.credentials, Credentials::None));
        assert!(
            load(&[])
                .unwrap_err()
                .to_string()
                .contains("OPENFGA__ENDPOINT")
        );
    }

    #[test]
    fn a_client_needs_its_secret_and_where_to_show_it_and_wins_over_a_key() {
        assert!(matches!(
            load(&[ENDPOINT, KEY]).unwrap().credentials,
            Credentials::Key(_)
        ));
        let text = load(&[ENDPOINT, CLIENT]).unwrap_err().to_string();
        assert!(
            text.contains("OPENFGA__CLIENT_SECRET") && text.contains("OPENFGA__TOKEN_ENDPOINT"),
            "{text}"
        );
        let secret = ("OPENFGA__CLIENT_SECRET", "hunter2");
        let endpoint = ("OPENFGA__TOKEN_ENDPOINT", "https://login.example.com/token");
        let config = load(&[ENDPOINT, KEY, CLIENT, secret, endpoint]).unwrap();
        assert!(matches!(config.credentials, Credentials::Client { .. }));
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_a_clients_without_its_id_is_refused_even_beside_a_key() {
        for other in [
            ("OPENFGA__CLIENT_SECRET", "hunter2"),
            ("OPENFGA__TOKEN_ENDPOINT", "https://login.example.com/token"),
            ("OPENFGA__SCOPE", "openfga"),
        ] {
            let alone = load(&[ENDPOINT, other]).unwrap_err().to_string();
            let rule = format!("OPENFGA__CLIENT_ID: is needed with LAKEKEEPER__{}", other.0);
            assert!(alone.contains(&rule), "{alone}");
            assert!(!alone.contains("hunter2"), "{alone}");
            assert!(load(&[ENDPOINT, KEY, other]).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_version_of_the_model_is_two_numbers() {
        let version = |text| load(&[ENDPOINT, ("OPENFGA__AUTHORIZATION_MODEL_VERSION", text)]);
        assert_eq!(
            version("4.9").unwrap().model_version.as_deref(),
            Some("4.9")
        );
        for wrong in ["4", "v4.9", "4.", "4.9.1"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }
}
