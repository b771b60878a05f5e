//! Makes a user's identity of the claims of a verified token.

use model::{Bounds, Identity, UserId, UserType};
use serde_json::Value;

use crate::claims::Claims;
use crate::{OidcConfig, Refusal};

/// The prefix of the user names that Keycloak gives to service accounts.
const SERVICE_ACCOUNT: &str = "service-account-";

pub(crate) fn identity(config: &OidcConfig, claims: &Claims) -> Result<Identity, Refusal> {
    let subject = subject(&config.subject_claims, claims)?;
    let user = UserId::new(&config.id, &subject).map_err(|_| {
        let problem =
            "cannot be the subject of a user id: it is too long or has control characters";
        Refusal::claim(&config.subject_claims.join(","), problem)
    })?;
    let by_template = || config.name_template.as_ref()?.fill(claims);
    let roles = config.roles_claim.as_ref();
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    Ok(Identity {
        user,
        name: name(claims)
            .or_else(by_template)
            .as_deref()
            .and_then(sanitized),
        email: email(claims).as_deref().and_then(sanitized),
        user_type: user_type(claims),
        admission_roles: Vec::new(),
        roles: roles.map(|path| claims.texts(path).map(owned).unwrap_or_default()),
        audiences: owned(claims.audiences()),
    })
}

/// The value of the first of these claims that the token has.
fn subject(paths: &[String], claims: &Claims) -> Result<String, Refusal> {
    let found = paths
        .iter()
        .find_map(|path| claims.at(path).map(|value| (path, value)));
    let (path, value) =
        found.ok_or_else(|| Refusal::claim(&paths.join(","), "is missing: nobody is named"))?;
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        _ => Err(Refusal::claim(path, "names nobody: it is no text")),
    }
}

fn name(claims: &Claims) -> Option<String> {
    let first = |paths: [&str; 2]| paths.into_iter().find_map(|path| claims.text(path));
    if let Some(whole) = claims.text("name") {
        return Some(whole.to_owned());
    }
    let given = first(["given_name", "first_name"]);
    let family = first(["family_name", "last_name"]);
    match (given, family) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        _ => first(["app_displayname", "preferred_username"]).map(str::to_owned),
    }
}

fn email(claims: &Claims) -> Option<String> {
    let address = |path| claims.text(path).filter(|text| text.contains('@'));
    let known = claims.text("email");
    known
        .or_else(|| address("upn"))
        .or_else(|| address("preferred_username"))
        .map(str::to_owned)
}

/// Guessed from several claims, as providers have no common one for it. It is only displayed: no decision depends on it.
fn user_type(claims: &Claims) -> Option<UserType> {
    let is_service_account = claims
        .text("preferred_username")
        .is_some_and(|name| name.starts_with(SERVICE_ACCOUNT));
    let subject = claims.text("sub");
    // Tokens that clients get for themselves, by Entra, Auth0, and others (RFC 9068 section 2.2).
    let is_client = claims.text("idtyp") == Some("app")
        || claims.text("gty") == Some("client-credentials")
        || subject.is_some() && subject == claims.text("client_id");
    if is_service_account || is_client {
        return Some(UserType::Application);
    }
    let is_person = ["email", "given_name", "family_name", "upn"]
        .iter()
        .any(|claim| claims.text(claim).is_some());
    is_person.then_some(UserType::Human)
}

/// A name or address without control characters, cut to [`Bounds::USER_TEXT_BYTES`]. `None` if nothing but blanks is left.
pub(crate) fn sanitized(text: &str) -> Option<String> {
    let mut cut: String = text.chars().filter(|c| !c.is_control()).collect();
    cut.truncate(cut.floor_char_boundary(Bounds::USER_TEXT_BYTES));
    Some(cut).filter(|cut| !cut.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(config: &OidcConfig, claims: &Value) -> Result<Identity, Refusal> {
        identity(
            config,
            &Claims::parse(claims.to_string().as_bytes()).unwrap(),
        )
    }

    fn config() -> OidcConfig {
        OidcConfig::new("oidc", "https://idp.example")
    }

    #[test]
    fn the_object_id_is_preferred_to_the_subject_unless_others_are_configured() {
        let claims = json!({ "sub": "s", "oid": "o", "employee": 42 });
        assert_eq!(of(&config(), &claims).unwrap().user.as_str(), "oidc~o");
        let sub = json!({ "sub": "s" });
        assert_eq!(of(&config(), &sub).unwrap().user.as_str(), "oidc~s");
        let mut config = config();
        config.subject_claims = vec!["missing".to_owned(), "employee".to_owned()];
        assert_eq!(of(&config, &claims).unwrap().user.as_str(), "oidc~42");
        assert!(of(&config, &sub).is_err());
    }

    #[test]
    fn a_subject_that_is_no_text_lets_nobody_in() {
        for sub in [
            json!(""),
            json!(null),
            json!(["a"]),
            json!(1.5),
            json!("a\u{0}"),
            json!("x".repeat(600)),
        ] {
            let refused = of(&config(), &json!({ "sub": sub })).unwrap_err();
            assert!(matches!(refused, Refusal::Claim { .. }), "{sub}: {refused}");
        }
    }

    #[test]
    fn names_are_found_where_providers_put_them() {
        let mut config = config();
        config.name_template = Some("Job {email}".parse().unwrap());
        for (claims, name) in [
            (json!({ "name": "Ada L", "given_name": "x" }), Some("Ada L")),
            (
                json!({ "given_name": "Ada", "last_name": "L" }),
                Some("Ada L"),
            ),
            (
                json!({ "app_displayname": "spark", "preferred_username": "x" }),
                Some("spark"),
            ),
            (
                json!({ "preferred_username": "ada", "email": "a@b.c" }),
                Some("ada"),
            ),
            (json!({ "email": "a@b.c" }), Some("Job a@b.c")),
            (json!({}), None),
        ] {
            let mut claims = claims;
            claims["sub"] = json!("s");
            assert_eq!(
                of(&config, &claims).unwrap().name.as_deref(),
                name,
                "{claims}"
            );
        }
    }

    #[test]
    fn programs_are_told_from_people() {
        let account = "service-account-spark";
        for (claims, expected) in [
            (
                json!({ "preferred_username": account, "email": "a@b.c" }),
                Some(UserType::Application),
            ),
            (json!({ "idtyp": "app" }), Some(UserType::Application)),
            (json!({ "client_id": "s" }), Some(UserType::Application)),
            (json!({ "email": "a@b.c" }), Some(UserType::Human)),
            (json!({}), None),
        ] {
            let mut claims = claims;
            claims["sub"] = json!("s");
            assert_eq!(
                of(&config(), &claims).unwrap().user_type,
                expected,
                "{claims}"
            );
        }
    }

    #[test]
    fn roles_are_taken_only_where_they_are_configured() {
        let claims = json!({ "sub": "s", "realm_access": { "roles": ["a", 1, "b"] } });
        assert_eq!(of(&config(), &claims).unwrap().roles, None);
        let mut config = config();
        config.roles_claim = Some("realm_access.roles".to_owned());
        let roles = of(&config, &claims).unwrap().roles.unwrap();
        assert_eq!(roles, ["a", "b"]);
        let none = of(&config, &json!({ "sub": "s" })).unwrap().roles;
        assert_eq!(none, Some(Vec::new()));
    }

    #[test]
    fn names_are_cut_between_characters_and_cleaned() {
        for (name, expected) in [
            (
                "ä".repeat(1_000),
                Some("ä".repeat(Bounds::USER_TEXT_BYTES / 2)),
            ),
            ("a\nb\u{7}".to_owned(), Some("ab".to_owned())),
            ("\u{7}".to_owned(), None),
        ] {
            let claims = json!({ "sub": "s", "name": name });
            assert_eq!(of(&config(), &claims).unwrap().name, expected);
        }
    }
}
