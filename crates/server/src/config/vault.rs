//! How Vault is reached and logged in to, if it keeps the storage credentials.

use std::path::PathBuf;

use secrets::Plaintext;
use secrets_vault::{Login, Source, VaultConfig};
use url::Url;

use super::list;
use super::setting::Setting;
use super::values::Values;

const ONE_LOGIN: &str = "needs exactly one way to log in: LAKEKEEPER__KV2__USER with PASSWORD, LAKEKEEPER__KV2__TOKEN, \
                         LAKEKEEPER__KV2__ROLE_ID, or LAKEKEEPER__KV2__KUBERNETES_ROLE";

/// The configuration of Vault. `None` if a required setting is missing or wrong, which is recorded as a mistake.
pub(super) fn vault(values: &mut Values) -> Option<VaultConfig> {
    let url = url(values);
    let mount = values.get(&list::KV2__SECRET_MOUNT);
    if mount.is_none() {
        let rule = "is needed with LAKEKEEPER__SECRET_BACKEND `kv2`: the mount path of the KV secrets engine, such as `secret`";
        values.refuse(&list::KV2__SECRET_MOUNT, rule);
    }
    let mount = mount.and_then(|mount| checked_mount(values, &list::KV2__SECRET_MOUNT, &mount));
    let namespace = values.get(&list::KV2__NAMESPACE);
    let is_header = |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic());
    if namespace.as_ref().is_some_and(|text| !is_header(text)) {
        let rule = "must have only visible ASCII characters and no spaces, such as `team/lake`";
        values.refuse(&list::KV2__NAMESPACE, rule);
        return None;
    }
    let login = login(values);
    Some(VaultConfig {
        url: url?,
        mount: mount?,
        login: login?,
        namespace,
        ca_file: values.get(&list::KV2__ROOT_CERT),
    })
}

/// Warns if Vault is configured although the database keeps the credentials.
pub(super) fn unused(values: &mut Values) {
    let is_configured = [
        values.is_set(&list::KV2__URL),
        values.is_set(&list::KV2__SECRET_MOUNT),
        values.is_set(&list::KV2__NAMESPACE),
        values.is_set(&list::KV2__ROOT_CERT),
        values.is_set(&list::KV2__USER),
        values.is_set(&list::KV2__PASSWORD),
        values.is_set(&list::KV2__TOKEN),
        values.is_set(&list::KV2__ROLE_ID),
        values.is_set(&list::KV2__SECRET_ID),
        values.is_set(&list::KV2__KUBERNETES_ROLE),
    ];
    if is_configured.contains(&true) {
        values.warn("LAKEKEEPER__KV2__… have no effect: LAKEKEEPER__SECRET_BACKEND is `postgres`");
    }
}

fn url(values: &mut Values) -> Option<Url> {
    let Some(url) = values.get(&list::KV2__URL) else {
        if !values.is_set(&list::KV2__URL) {
            let rule = "is needed with LAKEKEEPER__SECRET_BACKEND `kv2`: the address of Vault, such as `https://vault.example.com:8200`";
            values.refuse(&list::KV2__URL, rule);
        }
        return None;
    };
    let url = Url::parse(&url.0).ok()?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && !is_here {
        values.warn(
            "LAKEKEEPER__KV2__URL is `http`: secrets and the token for Vault are sent unencrypted",
        );
    }
    Some(url)
}

/// The configured way to log in. Anything but exactly one is recorded as a mistake.
fn login(values: &mut Values) -> Option<Login> {
    let is_user = values.is_set(&list::KV2__USER) || values.is_set(&list::KV2__PASSWORD);
    let is_token = values.is_set(&list::KV2__TOKEN);
    let is_role = values.is_set(&list::KV2__ROLE_ID) || values.is_set(&list::KV2__SECRET_ID);
    let is_pod = values.is_set(&list::KV2__KUBERNETES_ROLE);
    match (is_user, is_token, is_role, is_pod) {
        (true, false, false, false) => user_pass(values),
        (false, true, false, false) => source(values, &list::KV2__TOKEN).map(Login::Token),
        (false, false, true, false) => app_role(values),
        (false, false, false, true) => kubernetes(values),
        _ => {
            values.refuse(&list::KV2__URL, ONE_LOGIN);
            None
        }
    }
}

fn user_pass(values: &mut Values) -> Option<Login> {
    let (user, password) = (
        values.get(&list::KV2__USER),
        source(values, &list::KV2__PASSWORD),
    );
    if user.is_none() {
        values.refuse(&list::KV2__USER, "is needed with LAKEKEEPER__KV2__PASSWORD");
    }
    if password.is_none() {
        values.refuse(&list::KV2__PASSWORD, "is needed with LAKEKEEPER__KV2__USER");
    }
    Some(Login::UserPass {
        mount: auth_mount(values, &list::KV2__USERPASS_MOUNT)?,
        user: user?,
        password: password?,
    })
}

fn app_role(values: &mut Values) -> Option<Login> {
    let role_id = values.get(&list::KV2__ROLE_ID);
    if role_id.is_none() {
        values.refuse(
            &list::KV2__ROLE_ID,
            "is needed with LAKEKEEPER__KV2__SECRET_ID",
        );
    }
    Some(Login::AppRole {
        mount: auth_mount(values, &list::KV2__APPROLE_MOUNT)?,
        role_id: role_id?,
        secret_id: source(values, &list::KV2__SECRET_ID),
    })
}

fn kubernetes(values: &mut Values) -> Option<Login> {
    Some(Login::Kubernetes {
        mount: auth_mount(values, &list::KV2__KUBERNETES_MOUNT)?,
        role: values.get(&list::KV2__KUBERNETES_ROLE)?,
        token_file: values.get(&list::KV2__KUBERNETES_TOKEN_PATH),
    })
}

/// The secret itself or, if it is given as a file, the path: the file may be replaced while the server runs.
fn source(values: &mut Values, setting: &Setting<Option<Plaintext>>) -> Option<Source> {
    let text = values.get(setting)?;
    let file: Option<PathBuf> = values.file_of(setting);
    Some(file.map_or(Source::Text(text), Source::File))
}

fn auth_mount(values: &mut Values, setting: &Setting<String>) -> Option<String> {
    let mount = values.get(setting);
    checked_mount(values, setting, &mount)
}

/// The mount path without slashes at its ends. Anything that is not a path is recorded as a mistake.
fn checked_mount<T: super::value::Value>(
    values: &mut Values,
    setting: &Setting<T>,
    mount: &str,
) -> Option<String> {
    let mount = mount.trim_matches('/');
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_segment = |part: &str| {
        !part.is_empty() && part.chars().any(|c| c != '.') && part.chars().all(is_allowed)
    };
    if !mount.split('/').all(is_segment) {
        let rule =
            "must be a path of letters, digits, `-`, `_` and `.`, such as `secret` or `team/kv`";
        values.refuse(setting, rule);
        return None;
    }
    // The documentation of today's Lakekeeper recommends `kv/data/iceberg`, with which that catalog does not find its
    // secrets again.
    if mount.split('/').any(|part| part == "data") {
        let rule = "must be the mount path alone, without `data` and what follows it: secrets are stored at \
                    `<mount>/data/secret/<id>`";
        values.refuse(setting, rule);
        return None;
    }
    Some(mount.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load_all(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let environment = variables
            .iter()
            .map(|(name, value)| (format!("LAKEKEEPER__{name}"), (*value).to_owned()));
        let sources = Sources {
            environment: environment.collect(),
            ..Sources::default()
        };
        Config::load(&sources, Needs::Nothing)
    }

    fn load(variables: &[(&str, &str)]) -> Result<VaultConfig, Mistakes> {
        let always = [
            ("SECRET_BACKEND", "kv2"),
            ("KV2__URL", "https://vault.example.com:8200/"),
            ("KV2__SECRET_MOUNT", "secret"),
        ];
        let all: Vec<_> = always
            .into_iter()
            .chain(variables.iter().copied())
            .collect();
        Ok(load_all(&all)?.secrets.vault.unwrap())
    }

    fn told(variables: &[(&str, &str)]) -> String {
        load(variables).unwrap_err().to_string()
    }

    const USER: (&str, &str) = ("KV2__USER", "lakekeeper");
    const PASSWORD: (&str, &str) = ("KV2__PASSWORD", "hunter2");
    const ROLE: (&str, &str) = ("KV2__ROLE_ID", "r");

    #[test]
    fn what_todays_lakekeeper_needs_is_enough() {
        let config = load(&[USER, PASSWORD]).unwrap();
        assert_eq!(config.url.as_str(), "https://vault.example.com:8200/");
        let expected = Login::UserPass {
            mount: "userpass".to_owned(),
            user: "lakekeeper".to_owned(),
            password: Source::Text(Plaintext::new("hunter2")),
        };
        assert_eq!(
            (config.mount.as_str(), &config.login),
            ("secret", &expected)
        );
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn all_may_stand_in_one_text_and_what_stands_alone_wins() {
        let one =
            r#"{url="http://localhost:1234", user="test", password="hunter2", secret_mount="kv"}"#;
        let variables = [
            ("SECRET_BACKEND", "kv2"),
            ("KV2", one),
            ("KV2__USER", "other"),
        ];
        let config = load_all(&variables).unwrap();
        let shown = format!("{:?}", config.effective());
        assert!(!shown.contains("hunter2"), "{shown}");
        let vault = config.secrets.vault.unwrap();
        assert_eq!((vault.url.port(), vault.mount.as_str()), (Some(1234), "kv"));
        assert!(matches!(vault.login, Login::UserPass { user, .. } if user == "other"));
        for (text, said) in [
            ("url=", "LAKEKEEPER__KV2=[redacted]: must begin with `{`"),
            (r#"{"urll"="x"}"#, "`urll`"),
            (
                r#"{"url"="vault"}"#,
                "`url` in LAKEKEEPER__KV2=vault: must be a URL",
            ),
        ] {
            let refused = load_all(&[("SECRET_BACKEND", "kv2"), ("KV2", text)]);
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn there_is_one_way_to_log_in() {
        assert!(told(&[]).contains("exactly one way"));
        assert!(told(&[USER, PASSWORD, ROLE]).contains("exactly one way"));
        assert!(
            told(&[("KV2__TOKEN", "t"), ("KV2__KUBERNETES_ROLE", "r")]).contains("exactly one way")
        );
        assert!(told(&[USER]).contains("LAKEKEEPER__KV2__PASSWORD: is needed"));
        assert!(told(&[PASSWORD]).contains("LAKEKEEPER__KV2__USER: is needed"));
        assert!(told(&[("KV2__SECRET_ID", "s")]).contains("LAKEKEEPER__KV2__ROLE_ID: is needed"));
    }

    #[test]
    fn each_way_to_log_in_can_be_chosen() {
        let token = load(&[("KV2__TOKEN", "t")]).unwrap().login;
        assert!(matches!(token, Login::Token(Source::Text(_))));
        let role = load(&[ROLE, ("KV2__APPROLE_MOUNT", "/auto/approle/")]).unwrap();
        assert!(
            matches!(role.login, Login::AppRole { mount, secret_id: None, .. } if mount == "auto/approle")
        );
        let pod = load(&[("KV2__KUBERNETES_ROLE", "catalog")]).unwrap().login;
        let Login::Kubernetes {
            mount, token_file, ..
        } = pod
        else {
            unreachable!("{pod:?}")
        };
        let path = "/var/run/secrets/kubernetes.io/serviceaccount/token";
        assert_eq!((mount.as_str(), token_file), ("kubernetes", path.into()));
    }

    #[test]
    fn a_secret_in_a_file_is_read_from_there_later_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "t\n").unwrap();
        let config = load(&[("KV2__TOKEN_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(config.login, Login::Token(Source::File(file)));
    }

    #[test]
    fn a_mount_is_a_path_without_what_is_below() {
        for (mount, said) in [
            ("kv/data/iceberg", "without `data`"),
            ("a b", "must be a path"),
            ("a/../b", "must be a path"),
            ("a//b", "must be a path"),
        ] {
            let refused = told(&[USER, PASSWORD, ("KV2__USERPASS_MOUNT", mount)]);
            assert!(refused.contains(said), "{mount}: {refused}");
        }
        assert!(told(&[USER, PASSWORD, ("KV2__NAMESPACE", "a\u{e4}")]).contains("KV2__NAMESPACE"));
    }

    #[test]
    fn what_is_missing_or_without_effect_is_said() {
        let missing = load_all(&[("SECRET_BACKEND", "kv2"), USER, PASSWORD]);
        let text = missing.unwrap_err().to_string();
        assert!(
            text.contains("KV2__URL: is needed") && text.contains("KV2__SECRET_MOUNT: is needed"),
            "{text}"
        );
        let unused = load_all(&[("KV2__URL", "https://vault.example.com")]).unwrap();
        assert!(
            unused
                .warnings
                .iter()
                .any(|one| one.contains("have no effect"))
        );
        let open = load(&[USER, PASSWORD, ("KV2__URL", "http://vault:8200")]);
        assert!(open.is_ok());
    }
}
