//! The JSON key of a service account, as Google's console issues it.
//!
//! Three fields are not Google's: `gcs_base_url` and `disable_oauth`, which `object_store` and others also read for
//! emulators, and `sts_url`. They are for emulators and Private Service Connect. Whoever creates the warehouse
//! chooses all URLs in a key, like the `endpoint` of an S3 profile. So these URLs receive only what this key can
//! prove or get, never the server's own identity; redirects are not followed; and the clouds' metadata servers are
//! refused.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use super::super::malformed;
use crate::gcs::Signer;
use crate::metadata_server::{NO_METADATA_SERVER, is_metadata_server};
use crate::profile::ProfileError;
use crate::secret::Secret;

const GOOGLE: &str = "googleapis.com";
const GOOGLE_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// The key of a service account.
#[derive(Clone, PartialEq, Eq)]
pub struct GcsKey {
    /// The whole key as it was given, including unused fields.
    json: Secret<Value>,
    client_email: String,
    private_key_id: String,
    /// `None` if the service asks for no identity (`disable_oauth`).
    private_key: Option<Secret<String>>,
    project_id: Option<String>,
    token_uri: String,
    storage_url: String,
    sts_url: String,
}

impl GcsKey {
    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let fields =
            Fields(json.as_object().ok_or_else(|| {
                malformed("`key` must be the JSON object of a service account key")
            })?);
        let kind = fields.required("type", "key.type")?;
        if kind != "service_account" {
            let rule =
                "must be `service_account`: other kinds of Google credentials are not supported";
            return Err(ProfileError::field("key.type", kind, rule));
        }
        let storage_url = fields.url("gcs_base_url", "key.gcs_base_url")?;
        let is_anonymous = fields.is_set("disable_oauth")?;
        if is_anonymous && storage_url.is_none() {
            let rule = "must be false where `gcs_base_url` is not set: Google's own storage requires authentication";
            return Err(ProfileError::field("key.disable_oauth", "true", rule));
        }
        let private_key = if is_anonymous {
            None
        } else {
            Some(fields.private_key()?)
        };
        let domain = fields.universe_domain()?;
        Ok(Self {
            json: Secret::new(json.clone()),
            client_email: fields.short("client_email", "key.client_email")?,
            private_key_id: fields.short("private_key_id", "key.private_key_id")?,
            private_key,
            project_id: fields.project_id()?,
            token_uri: fields
                .url("token_uri", "key.token_uri")?
                .unwrap_or_else(|| GOOGLE_TOKEN_URI.to_owned()),
            storage_url: storage_url.unwrap_or_else(|| format!("https://storage.{domain}")),
            sts_url: fields
                .url("sts_url", "key.sts_url")?
                .unwrap_or_else(|| format!("https://sts.{domain}/v1/token")),
        })
    }

    pub(super) fn expose_json(&self) -> &Value {
        self.json.expose()
    }

    /// The service account's e-mail address.
    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    /// The project that the service account belongs to.
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    pub(crate) fn private_key_id(&self) -> &str {
        &self.private_key_id
    }

    pub(crate) fn private_key(&self) -> Option<&Secret<String>> {
        self.private_key.as_ref()
    }

    pub(crate) fn token_uri(&self) -> &str {
        &self.token_uri
    }

    pub(super) fn storage_url(&self) -> &str {
        &self.storage_url
    }

    pub(super) fn sts_url(&self) -> &str {
        &self.sts_url
    }
}

impl fmt::Debug for GcsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcsKey({})", self.client_email)
    }
}

/// The fields of the key, each read with its rule. Errors call them `key.…`, their path in a request.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A string; `None` if it is absent, null or empty.
    fn text(&self, name: &str) -> Result<Option<&'a str>, ProfileError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            // The value is not shown: it could be a secret in the wrong field.
            Some(_) => Err(malformed(&format!("`key.{name}` must be a string"))),
        }
    }

    fn required(&self, name: &str, field: &'static str) -> Result<&'a str, ProfileError> {
        const RULE: &str =
            "a service account key has this field: give the whole file that Google handed out";
        self.text(name)?
            .ok_or(ProfileError::Missing { field, rule: RULE })
    }

    /// A name from Google, which goes into headers and statements.
    fn short(&self, name: &str, field: &'static str) -> Result<String, ProfileError> {
        const MAX_BYTES: usize = 320;
        let text = self.required(name, field)?;
        if text.len() > MAX_BYTES || !text.chars().all(|c| c.is_ascii_graphic()) {
            let rule = format!("must have at most {MAX_BYTES} bytes and no blanks");
            return Err(ProfileError::field(field, text, rule));
        }
        Ok(text.to_owned())
    }

    fn project_id(&self) -> Result<Option<String>, ProfileError> {
        match self.text("project_id")? {
            None => Ok(None),
            Some(_) => self.short("project_id", "key.project_id").map(Some),
        }
    }

    fn private_key(&self) -> Result<Secret<String>, ProfileError> {
        const FIELD: &str = "key.private_key";
        const MAX_BYTES: usize = 16 * 1024;
        let pem = self.required("private_key", FIELD)?;
        let refused = |rule: String| ProfileError::field(FIELD, "[redacted]", rule);
        if pem.len() > MAX_BYTES {
            return Err(refused(format!("must have at most {MAX_BYTES} bytes")));
        }
        Signer::from_pem(pem).map_err(|rule| refused(rule.to_owned()))?;
        Ok(Secret::new(pem.to_owned()))
    }

    fn is_set(&self, name: &str) -> Result<bool, ProfileError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(is_set)) => Ok(*is_set),
            Some(_) => Err(malformed(&format!("`key.{name}` must be true or false"))),
        }
    }

    /// The domain of Google's public cloud, or of a separate one that runs the same services.
    fn universe_domain(&self) -> Result<&'a str, ProfileError> {
        let domain = self.text("universe_domain")?.unwrap_or(GOOGLE);
        let is_name = domain.contains('.')
            && domain.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
            // With a number as its last label, `storage.` and the domain could be read as an IP address.
            && domain.chars().next_back().is_some_and(|c| c.is_ascii_alphabetic());
        if is_name && domain.len() <= 200 {
            return Ok(domain);
        }
        let rule = "must be a domain such as `googleapis.com`";
        Err(ProfileError::field("key.universe_domain", domain, rule))
    }

    /// A URL without trailing slash.
    fn url(&self, name: &str, field: &'static str) -> Result<Option<String>, ProfileError> {
        let Some(given) = self.text(name)? else {
            return Ok(None);
        };
        let refused = |value: &str, rule: &str| Err(ProfileError::field(field, value, rule));
        let Ok(url) = Url::parse(given) else {
            return refused(
                given,
                "must be a URL such as `https://storage.googleapis.com`",
            );
        };
        // Checked first, because other messages would show the value.
        if !url.username().is_empty() || url.password().is_some() {
            return refused("[redacted]", "must hold no user and password");
        }
        if !matches!(url.scheme(), "http" | "https") {
            return refused(given, "must begin with `http://` or `https://`");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refused(given, "must have no `?` and no `#`");
        }
        if is_metadata_server(&url) {
            return refused(given, NO_METADATA_SERVER);
        }
        Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
    }
}
