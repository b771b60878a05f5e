//! Values that describe identity providers and their tokens.

use authn::{NameTemplate, RequiredClaim};
use model::UserId;
use url::{Host, Url};

use super::{ServerUrl, Value, with_commas};

/// URL of an identity provider, without a `/` at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderUrl(pub String);

impl Value for ProviderUrl {
    const KIND: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        if text.contains("/.well-known/") {
            return Err(
                "must not be the URL of the discovery document: leave out `/.well-known/` and what follows it"
                    .to_owned(),
            );
        }
        let rule = "must be a URL such as `https://login.example.com/realms/lake`, without user, query or fragment";
        ServerUrl::parse(text)
            .map(|url| Self(url.0))
            .map_err(|_| rule.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// URL of a Kubernetes API server: `https`, or `http` on this machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiServerUrl(pub String);

impl Value for ApiServerUrl {
    const KIND: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = "must be a URL such as `https://10.96.0.1:443`; `http` is allowed for this machine only, because \
                    tokens are sent there";
        let url = Url::parse(text).map_err(|_| rule.to_owned())?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match ServerUrl::parse(text) {
            Ok(url) if url.0.starts_with("https://") || is_here => Ok(Self(url.0)),
            _ => Err(rule.to_owned()),
        }
    }

    fn print(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// Ids of users, written as a TOML array of strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserIds(pub Vec<UserId>);

impl Value for UserIds {
    const KIND: &'static str = "list such as `[\"oidc~1234\"]`";

    fn parse(text: &str) -> Result<Self, String> {
        let array = text.parse::<toml::Value>().ok();
        let array = array.as_ref().and_then(toml::Value::as_array);
        let rule = || format!("must be a {}", Self::KIND);
        let ids = array.ok_or_else(rule)?.iter().map(|id| {
            let id = id.as_str().ok_or_else(rule)?;
            id.parse()
                .map_err(|error: model::InvalidUserId| error.to_string())
        });
        ids.collect::<Result<_, _>>().map(Self)
    }

    fn join(items: &[String]) -> Result<String, String> {
        Ok(toml::Value::from(items.to_vec()).to_string())
    }

    fn print(&self) -> Option<String> {
        let ids = self.0.iter().map(|id| toml::Value::from(id.as_str()));
        (!self.0.is_empty()).then(|| toml::Value::Array(ids.collect()).to_string())
    }
}

/// Claims that tokens must have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequiredClaims(pub Vec<RequiredClaim>);

impl Value for RequiredClaims {
    const KIND: &'static str = "comma-separated list of `claim` or `claim=value`";

    fn parse(text: &str) -> Result<Self, String> {
        let one = |text: &str| {
            let (path, value) = match text.split_once('=') {
                Some((path, value)) => (path.trim(), Some(value.trim().to_owned())),
                None => (text, None),
            };
            let path = path.to_owned();
            (!path.is_empty()).then_some(RequiredClaim { path, value })
        };
        let all = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let all: Option<Vec<_>> = all.map(one).collect();
        all.filter(|all| text.is_empty() || !all.is_empty())
            .map(Self)
            .ok_or_else(|| "must name a claim before each `=`, as in `org=acme`".to_owned())
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        let one = |claim: &RequiredClaim| match &claim.value {
            Some(value) => format!("{}={value}", claim.path),
            None => claim.path.clone(),
        };
        let all: Vec<String> = self.0.iter().map(one).collect();
        Some(all.join(",")).filter(|text| !text.is_empty())
    }
}

/// A template for the display names of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplateText(pub NameTemplate, String);

impl Value for NameTemplateText {
    const KIND: &'static str = "text with claims in braces, as in `Service account {email}`";

    fn parse(text: &str) -> Result<Self, String> {
        let template = text.parse::<NameTemplate>();
        template
            .map(|template| Self(template, text.to_owned()))
            .map_err(|error| error.to_string())
    }

    fn print(&self) -> Option<String> {
        Some(self.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn a_provider_is_named_without_its_discovery_document() {
        let url = ProviderUrl::parse("https://idp.example/realms/a/").unwrap();
        assert_eq!(url.print().as_deref(), Some("https://idp.example/realms/a"));
        for wrong in [
            "idp.example",
            "https://idp.example/.well-known/openid-configuration",
            "https://u:p@idp.example",
        ] {
            assert!(rule_of::<ProviderUrl>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn tokens_cross_no_network_in_the_clear() {
        for right in [
            "https://10.96.0.1",
            "http://127.0.0.1:8001",
            "http://localhost:8001",
            "http://[::1]:8001",
        ] {
            assert!(rule_of::<ApiServerUrl>(right).is_none(), "{right}");
        }
        for wrong in [
            "http://10.96.0.1",
            "http://localhost.example",
            "ftp://localhost",
            "10.96.0.1",
        ] {
            assert!(rule_of::<ApiServerUrl>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn required_claims_are_names_with_or_without_value() {
        let claims = RequiredClaims::parse("email_verified, org = acme,,x=").unwrap();
        assert_eq!(
            claims.print().as_deref(),
            Some("email_verified,org=acme,x=")
        );
        assert!(rule_of::<RequiredClaims>("=acme").is_some());
        assert_eq!(RequiredClaims::default().print(), None);
    }
}
