//! Where the server's own identity may be sent. Whoever creates a warehouse writes its profile, and must not receive
//! the server's secret or token.

use url::Url;

use super::{Lake, ProfileError};

/// Hosts of Entra ID in Microsoft's clouds.
const AUTHORITIES: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];
/// Suffixes of the hosts of all storage accounts, by their `dfs` names.
const STORAGE: [&str; 5] = [
    "dfs.core.windows.net",
    "dfs.core.usgovcloudapi.net",
    "dfs.core.chinacloudapi.cn",
    "dfs.storage.azure.net",
    "dfs.fabric.microsoft.com",
];

/// Refuses hosts that are not Microsoft's. `own_authority` is the URL of Entra ID in the server's environment, which
/// is allowed too.
pub(super) fn check(lake: &Lake, own_authority: Option<&str>) -> Result<(), ProfileError> {
    if let Some(given) = &lake.authority_host
        && !is_microsofts(given)
        && !own_authority.is_some_and(|own| is_same(own, given))
    {
        let rule = format!(
            "must be left out with `azure-system-identity`, be the server's own AZURE_AUTHORITY_HOST, or `https://` and one of {}: \
             the server's own secret or token is sent there",
            quoted_list(&AUTHORITIES)
        );
        return Err(ProfileError::field("authority-host", given, rule));
    }
    if !STORAGE.iter().any(|suffix| is_below(&lake.host, suffix)) {
        let rule = format!(
            "must, with `azure-system-identity`, be one of {}, or a host below one of them: the server's own token is \
             sent there",
            quoted_list(&STORAGE)
        );
        return Err(ProfileError::field("host", &lake.host, rule));
    }
    Ok(())
}

fn is_microsofts(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_known = |host: &str| AUTHORITIES.contains(&host);
    url.scheme() == "https" && url.port().is_none() && url.host_str().is_some_and(is_known)
}

fn is_same(one: &str, other: &str) -> bool {
    let parsed = |url: &str| Url::parse(url.trim()).ok();
    parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

pub(super) fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn quoted_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::StorageProfile;

    fn lake(more: &Value) -> Lake {
        let mut json = json!({"type": "adls", "account-name": "account1", "filesystem": "lake"});
        for (name, value) in more.as_object().unwrap() {
            json[name] = value.clone();
        }
        match StorageProfile::from_json(&json).unwrap() {
            StorageProfile::Adls(profile) => profile.lake(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_servers_secret_goes_to_microsoft_or_where_the_server_is_told_to_send_it() {
        let check = |url: &str, own| check(&lake(&json!({"authority-host": url})), own);
        for url in [
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.us/",
            "https://LOGIN.chinacloudapi.cn:443",
        ] {
            assert_eq!(check(url, None), Ok(()), "{url}");
        }
        for url in [
            "https://evil.example",
            "https://login.microsoftonline.com.evil.example",
            "https://evil-login.microsoftonline.com",
            "https://evil.example/login.microsoftonline.com",
            "https://login.microsoftonline.com:8443",
            "http://127.0.0.1:8080",
        ] {
            let message = check(url, Some("https://own.example/"))
                .unwrap_err()
                .to_string();
            let shown = format!("`authority-host` is `{url}");
            assert!(message.starts_with(&shown), "{message}");
            assert!(message.contains("AZURE_AUTHORITY_HOST"), "{message}");
        }
        let own = Some("https://own.example");
        assert_eq!(check("https://own.example/", own), Ok(()));
        assert!(check("https://own.example:444/", own).is_err());
        assert!(check("https://own.example", Some("not a URL")).is_err());
    }

    #[test]
    fn the_servers_token_goes_to_microsofts_storage_alone() {
        for host in [
            "dfs.core.windows.net",
            "blob.core.windows.net",
            "privatelink.dfs.core.windows.net",
            "dfs.core.usgovcloudapi.net",
            "z1.dfs.storage.azure.net",
            "z1a.dfs.fabric.microsoft.com",
        ] {
            assert_eq!(check(&lake(&json!({"host": host})), None), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "dfs.core.windows.net.evil.example",
            "evildfs.core.windows.net",
            "database.windows.net",
            "dfs.localhost:10000",
            "dfs.core.windows.net:8443",
        ] {
            let error = check(&lake(&json!({"host": host})), None).unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("`host` is `{host}`")),
                "{message}"
            );
            assert!(message.contains("`dfs.core.windows.net`"), "{message}");
        }
    }
}
