//! Identity providers from variables, and mistakes in them.

use super::super::{Config, Mistakes, Needs, Sources};
use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
    let name = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" | "KUBERNETES_SERVICE_PORT" => name.to_owned(),
        name => format!("LAKEKEEPER__{name}"),
    };
    let variables = variables.iter();
    let environment = variables.map(|(variable, value)| (name(variable), (*value).to_owned()));
    let sources = Sources {
        environment: environment.collect(),
        ..Sources::default()
    };
    Config::load(&sources, Needs::Nothing)
}

fn only_mistake(variables: &[(&str, &str)]) -> String {
    let mistakes = load(variables).unwrap_err();
    let all: Vec<String> = mistakes.all().iter().map(ToString::to_string).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.concat()
}

#[test]
fn without_settings_everybody_is_anonymous() {
    let config = load(&[]).unwrap();
    assert!(!config.authentication.is_configured());
    assert!(!config.authentication.is_anonymous_on_purpose);
    let config = load(&[("INSECURE_ALLOW_UNAUTHENTICATED", "true")]).unwrap();
    assert!(config.authentication.is_anonymous_on_purpose);
    let mistake = only_mistake(&[("INSECURE_ALLOW_UNAUTHENTICATED", "false")]);
    assert!(mistake.contains("demands authentication"), "{mistake}");
}

#[test]
fn every_setting_of_a_provider_counts() {
    let config = load(&[
        ("OPENID_PROVIDER_URI", "https://idp.example/realms/a/"),
        ("OPENID_AUDIENCE", "lake, house"),
        ("OPENID_ADDITIONAL_ISSUERS", "https://sts.example/"),
        ("OPENID_SCOPE", "lakekeeper"),
        ("OPENID_SUBJECT_CLAIM", "employee,sub"),
        ("OPENID_ROLES_CLAIM", "realm_access.roles"),
        ("OPENID_REQUIRED_CLAIMS", "org=acme"),
        ("OPENID_DISPLAY_NAME_TEMPLATE", "Job {email}"),
        ("OPENID_REQUIRE_CONNECTED_ON_STARTUP", "false"),
    ]);
    let config = config.unwrap();
    let text = |text: &str| text.to_owned();
    let expected = Oidc {
        provider: OidcConfig {
            id: text("oidc"),
            uri: text("https://idp.example/realms/a"),
            audiences: vec![text("lake"), text("house")],
            additional_issuers: vec![text("https://sts.example/")],
            scope: Some(text("lakekeeper")),
            subject_claims: vec![text("employee"), text("sub")],
            roles_claim: Some(text("realm_access.roles")),
            required_claims: vec![authn::RequiredClaim {
                path: text("org"),
                value: Some(text("acme")),
            }],
            name_template: Some("Job {email}".parse().unwrap()),
        },
        connect: Connect::Lazily,
    };
    assert_eq!(config.authentication.oidc, [expected]);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn further_providers_come_in_the_order_of_their_names_behind_the_first() {
    let config = load(&[
        ("OPENID_PROVIDERS__OKTA__URI", "https://okta.example"),
        ("OPENID_PROVIDERS__OKTA__SUBJECT_CLAIMS", "sub"),
        ("openid_providers__eks-a__uri", "https://eks.example"),
        ("OPENID_PROVIDERS__EKS-A__AUDIENCE", "sts.amazonaws.com"),
        (
            "OPENID_PROVIDERS__EKS-A__REQUIRE_CONNECTED_ON_STARTUP",
            "false",
        ),
        ("OPENID_PROVIDER_URI", "https://first.example"),
    ])
    .unwrap();
    let oidc = &config.authentication.oidc;
    let ids: Vec<_> = oidc.iter().map(|one| one.provider.id.as_str()).collect();
    assert_eq!(ids, ["oidc", "eks-a", "okta"]);
    assert_eq!(
        (oidc[0].connect, oidc[1].connect),
        (Connect::AtStart, Connect::Lazily)
    );
    assert_eq!(oidc[1].provider.audiences, ["sts.amazonaws.com"]);
    assert_eq!(oidc[2].provider.subject_claims, ["sub"]);
    let shown = config.effective().iter().map(|one| one.name.as_str());
    assert!(
        shown
            .into_iter()
            .any(|name| name == "LAKEKEEPER__OPENID_PROVIDERS__EKS-A__AUDIENCE")
    );
    let warnings = config.warnings.join("\n");
    assert!(warnings.contains("`okta` has no audience"), "{warnings}");
    assert!(!warnings.contains("`eks-a`"), "{warnings}");
}

#[test]
fn slips_in_rules_about_who_is_let_in_are_mistakes() {
    let uri = ("OPENID_PROVIDERS__OKTA__URI", "https://okta.example");
    for (variable, value, part) in [
        (
            "OPENID_PROVIDERS__OKTA__AUDIENCES",
            "lake",
            "did you mean `AUDIENCE`?",
        ),
        ("OPENID_PROVIDERS__OKTA", "lake", "must be named as in"),
        (
            "OPENID_PROVIDERS__MY_IDP__SCOPE",
            "lake",
            "out of a-z, 0-9 and `-`",
        ),
        ("OPENID_PROVIDERS__OIDC__SCOPE", "lake", "is reserved"),
        ("OPENID_PROVIDERS__KUBERNETES__SCOPE", "lake", "is reserved"),
        ("OPENID_PROVIDERS__LAKEKEEPER__SCOPE", "lake", "is reserved"),
        ("OPENID_PROVIDERS__SYSTEM__SCOPE", "lake", "is reserved"),
        ("OPENID_PROVIDERS__OTHER__SCOPE", "lake", "needs its URL"),
        (
            "OPENID_PROVIDERS__OKTA__SUBJECT_CLAIMS",
            ",",
            "words between its commas",
        ),
        (
            "OPENID_PROVIDERS__OKTA__AUDIENCE",
            " , ",
            "words between its commas",
        ),
        (
            "KUBERNETES_AUTHENTICATION_AUDIENCE",
            ",",
            "words between its commas",
        ),
        (
            "OPENID_PROVIDERS__OKTA__DISPLAY_NAME_TEMPLATE",
            "{email",
            "braces",
        ),
        ("OPENID_AUDIENCES", "lake", "is not ignored"),
        ("OPENID_AUDIENCE", "lake", "OPENID_PROVIDER_URI: is missing"),
        (
            "KUBERNETES_AUTHENTICATION_AUDIENCES",
            "lake",
            "is not ignored",
        ),
        (
            "KUBERNETES_AUTHENTICATION_API_URL",
            "http://10.0.0.1",
            "for this machine only",
        ),
    ] {
        let mistake = only_mistake(&[uri, (variable, value)]);
        assert!(mistake.contains(part), "{variable}: {mistake}");
    }
}

#[test]
fn a_pod_knows_its_cluster() {
    for (host, port, api) in [
        ("10.96.0.1", "443", "https://10.96.0.1:443"),
        ("fd00::1", "6443", "https://[fd00::1]:6443"),
    ] {
        let config = load(&[
            ("KUBERNETES_SERVICE_HOST", host),
            ("KUBERNETES_SERVICE_PORT", port),
            ("ENABLE_KUBERNETES_AUTHENTICATION", "true"),
            ("KUBERNETES_AUTHENTICATION_AUDIENCE", "lake"),
            ("KUBERNETES_AUTHENTICATION_SUBJECT_SOURCE", "username"),
        ]);
        let cluster = config.unwrap().authentication.kubernetes.unwrap();
        assert_eq!(cluster.api, api);
        assert_eq!(cluster.ca_file, Some(format!("{IN_POD}/ca.crt").into()));
        assert_eq!(cluster.token_file, PathBuf::from(format!("{IN_POD}/token")));
        assert_eq!(cluster.audiences, ["lake"]);
        assert_eq!(cluster.subject, authn::SubjectSource::Username);
        assert_eq!(cluster.legacy_tokens, LegacyTokens::Refused);
    }
}

#[test]
fn outside_of_the_cluster_its_address_is_needed() {
    let mistake = only_mistake(&[("ENABLE_KUBERNETES_AUTHENTICATION", "true")]);
    assert!(mistake.contains("does not run in a pod"), "{mistake}");
    let config = load(&[
        ("ENABLE_KUBERNETES_AUTHENTICATION", "true"),
        (
            "KUBERNETES_AUTHENTICATION_API_URL",
            "https://api.example:6443",
        ),
        (
            "KUBERNETES_AUTHENTICATION_TOKEN_PATH",
            "/etc/lakekeeper/token",
        ),
    ])
    .unwrap();
    let cluster = config.authentication.kubernetes.unwrap();
    assert_eq!(
        (cluster.api.as_str(), cluster.ca_file),
        ("https://api.example:6443", None)
    );
    assert!(config.warnings.concat().contains("AUDIENCE is not set"));
    // The check for a pod does not apply while Kubernetes is disabled.
    let off = load(&[("ENABLE_KUBERNETES_AUTHENTICATION", "false")]).unwrap();
    assert!(!off.authentication.is_configured());
}

/// A template that leaves a variable empty must not open the catalog to everybody.
#[test]
fn what_decides_who_may_ask_is_not_left_empty() {
    for name in [
        "OPENID_PROVIDER_URI",
        "OPENID_AUDIENCE",
        "OPENID_SCOPE",
        "OPENID_PROVIDERS__OKTA__URI",
        "ENABLE_KUBERNETES_AUTHENTICATION",
        "KUBERNETES_AUTHENTICATION_AUDIENCE",
        "ADMISSION_ENFORCE__ENDPOINT",
        "CONTRACT_VERIFICATION__URL",
    ] {
        let told = load(&[(name, "")]).unwrap_err().to_string();
        assert!(told.contains("is empty: give it a value"), "{name}: {told}");
    }
    for audience in [",", " , "] {
        let uri = ("OPENID_PROVIDER_URI", "https://idp.example");
        let told = load(&[uri, ("OPENID_AUDIENCE", audience)]).unwrap_err();
        let told = told.to_string();
        assert!(told.contains("words between its commas"), "{told}");
    }
}

#[test]
fn no_setting_of_a_provider_stands_without_its_address() {
    for (name, value) in [
        ("OPENID_SUBJECT_CLAIM", "sub"),
        ("OPENID_DISPLAY_NAME_TEMPLATE", "{email}"),
        ("OPENID_REQUIRE_CONNECTED_ON_STARTUP", "false"),
    ] {
        let told = load(&[(name, value)]).unwrap_err().to_string();
        assert!(told.contains("OPENID_PROVIDER_URI"), "{name}: {told}");
    }
}
