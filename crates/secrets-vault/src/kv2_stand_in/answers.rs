//! The stand-in's answers to requests.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Asked, JWT, MOUNT, PASSWORD, ROLE_ID, SECRET_ID, State, USER};

type Answer = (u16, Value);

pub(super) fn answer(state: &mut State, asked: &Asked) -> Answer {
    state.requests += 1;
    if asked.path == "sys/health" {
        let status = if state.is_sealed { 503 } else { 200 };
        let body = json!({ "initialized": true, "sealed": state.is_sealed });
        return (status, body);
    }
    if state.is_sealed {
        return refused(503, &["Vault is sealed"]);
    }
    if state.failures > 0 {
        state.failures -= 1;
        return refused(502, &[]);
    }
    if state
        .namespace
        .is_some_and(|one| asked.namespace.as_deref() != Some(one))
    {
        return refused(403, &["permission denied"]);
    }
    let done = route(state, asked);
    if state.lost_answers > 0 {
        state.lost_answers -= 1;
        return refused(502, &[]);
    }
    done
}

fn route(state: &mut State, asked: &Asked) -> Answer {
    if let Some(method) = asked.path.strip_prefix("auth/")
        && asked.path.contains("/login")
    {
        return log_in(state, method, &asked.body);
    }
    let token = asked.token.as_deref().unwrap_or_default();
    let now = Instant::now();
    let lease = state.tokens.get(token).copied();
    let Some(lease) = lease.filter(|lease| lease.until.is_none_or(|until| now < until)) else {
        return refused(403, &["permission denied", "invalid token"]);
    };
    let left = |until: Option<Instant>| until.map_or(0, |until| (until - now).as_secs());
    match asked.path.as_str() {
        "auth/token/lookup-self" => {
            let renewable = lease.until.is_some();
            (
                200,
                json!({ "data": { "ttl": left(lease.until), "renewable": renewable } }),
            )
        }
        "auth/token/renew-self" => {
            state.renewals += 1;
            let wanted = now + state.lease.max(Duration::from_secs(1));
            let until = lease.at_most.map_or(wanted, |at_most| wanted.min(at_most));
            let renewed = super::Lease {
                until: Some(until),
                ..lease
            };
            state.tokens.insert(token.to_owned(), renewed);
            (200, given(token, left(Some(until))))
        }
        path => match path.strip_prefix("sys/internal/ui/mounts/") {
            Some(MOUNT) => {
                let version = state.kv_version;
                let options = version.map(|version| json!({ "version": version }));
                (200, json!({ "data": { "type": "kv", "options": options } }))
            }
            Some(_) => refused(403, &["preflight capability check returned 403"]),
            None => in_mount(state, asked),
        },
    }
}

fn log_in(state: &mut State, method: &str, body: &Value) -> Answer {
    let user = format!("userpass/login/{USER}");
    let said = |name: &str| body.get(name).and_then(Value::as_str);
    let (is_known, is_right) = match method {
        path if path.starts_with("userpass/login/") => {
            (true, path == user && said("password") == Some(PASSWORD))
        }
        "approle/login" => {
            let is_right = said("role_id") == Some(ROLE_ID) && said("secret_id") == Some(SECRET_ID);
            (true, is_right)
        }
        "kubernetes/login" => (
            true,
            said("role") == Some("catalog") && said("jwt") == Some(JWT),
        ),
        _ => (false, false),
    };
    match (is_known, is_right) {
        (false, _) => refused(403, &["permission denied"]),
        (true, false) => refused(400, &["invalid credentials"]),
        (true, true) => {
            state.logins += 1;
            let token = state.give_token();
            (200, given(&token, state.lease.as_secs()))
        }
    }
}

fn given(token: &str, lease_s: u64) -> Value {
    json!({ "auth": { "client_token": token, "lease_duration": lease_s, "renewable": true } })
}

fn in_mount(state: &mut State, asked: &Asked) -> Answer {
    let below = asked.path.strip_prefix(MOUNT);
    let Some((kind, path)) = below.and_then(|rest| rest.trim_start_matches('/').split_once('/'))
    else {
        let said = format!(
            "no handler for route \"{}\". route entry not found.",
            asked.path
        );
        return refused(404, &[&said]);
    };
    if state.denies {
        return refused(403, &["1 error occurred:\n\t* permission denied\n\n"]);
    }
    match (asked.method.as_str(), kind) {
        ("GET", "data") => match state.secret(path) {
            Some(data) => (
                200,
                json!({ "data": { "data": data, "metadata": { "version": 1 } } }),
            ),
            // Like Vault, answer for a soft-deleted secret with 404 and its metadata, without error messages.
            None if state.secrets.contains_key(path) => {
                let metadata =
                    json!({ "deletion_time": "2026-01-01T00:00:00Z", "destroyed": false });
                (
                    404,
                    json!({ "data": { "data": null, "metadata": metadata } }),
                )
            }
            None => refused(404, &[]),
        },
        ("POST", "data") => {
            let cas = asked.body.pointer("/options/cas").and_then(Value::as_u64);
            let versions = state.secrets.get(path).map_or(0, Vec::len) as u64;
            if cas.is_some_and(|cas| cas != versions) {
                let said = "check-and-set parameter did not match the current version";
                return refused(400, &[said]);
            }
            let data = asked.body.get("data").cloned();
            state.put(path, data.unwrap_or_default());
            (200, json!({ "data": { "version": versions + 1 } }))
        }
        ("DELETE", "data") => {
            if state.secrets.contains_key(path) {
                state.soft_delete(path);
            }
            (204, Value::Null)
        }
        ("DELETE", "metadata") => {
            state.secrets.remove(path);
            (204, Value::Null)
        }
        _ => refused(405, &["unsupported operation"]),
    }
}

fn refused(status: u16, errors: &[&str]) -> Answer {
    (status, json!({ "errors": errors }))
}
