//! The requests to Cloudflare's API, and how its answers are read.

use serde_json::Value;

use super::*;
use crate::Location;
use crate::token::stand_in::TokenServiceStandIn;

fn r2(api: &str) -> R2 {
    let key = AccessKey {
        id: "parent".to_owned(),
        secret: Secret::new("hunter2".to_owned()),
    };
    let token = Secret::new("hunter2-token".to_owned());
    R2::at(api.trim_end_matches('/'), "0a1b", &key, &token).unwrap()
}

fn scope(folder: &str, permission: Permission) -> Scope {
    Scope {
        folder: Location::parse(folder).unwrap(),
        permission,
    }
}

const LIFE: Duration = Duration::from_mins(30);

fn granted() -> (u16, String) {
    let body = json!({"success": true, "errors": [], "messages": [], "result": {
        "accessKeyId": "k", "secretAccessKey": "hunter2-new", "sessionToken": "t",
    }});
    (200, body.to_string())
}

#[tokio::test]
async fn keys_are_asked_for_with_one_prefix() {
    let table = [
        (Permission::Read, "object-read-only"),
        (Permission::Write, "object-read-write"),
    ];
    for (permission, expected) in table {
        let service = TokenServiceStandIn::answering(vec![granted()]).await;
        let r2 = r2(&service.url);
        let before = now();
        let scope = scope("s3://lake/wh/orders", permission);
        let session = r2.session("lake", &scope, LIFE).await.unwrap();
        assert_eq!(session.access_key_id, "k");
        assert!(session.expires_at >= before + LIFE && session.expires_at <= now() + LIFE);

        let seen = service.only();
        assert_eq!(
            seen.target(),
            "POST /accounts/0a1b/r2/temp-access-credentials"
        );
        assert_eq!(seen.header("authorization"), Some("Bearer hunter2-token"));
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let asked = json!({
            "bucket": "lake", "parentAccessKeyId": "parent", "permission": expected,
            "prefixes": ["wh/orders/"], "ttlSeconds": 1800,
        });
        assert_eq!(body, asked);
        assert!(!format!("{r2:?} {session:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_refusal_says_what_cloudflare_said() {
    let answer = json!({"success": false, "result": null, "errors": [{"code": 10000, "message": "Authentication error"}]});
    let service = TokenServiceStandIn::answering(vec![(403, answer.to_string())]).await;
    let scope = scope("s3://lake/t", Permission::Read);
    let failure = r2(&service.url)
        .session("lake", &scope, LIFE)
        .await
        .unwrap_err();
    assert!(matches!(failure, TokenFailure::Refused(_)));
    assert!(
        failure
            .to_string()
            .ends_with("Authentication error (403 10000)"),
        "{failure}"
    );
}

#[tokio::test]
async fn throttling_and_nonsense_are_told_apart() {
    let scope = scope("s3://lake/t", Permission::Read);
    for (answer, is_throttled) in [
        ((429, "{}"), true),
        ((200, "hunter2"), false),
        ((200, "{}"), false),
    ] {
        let (status, body) = answer;
        let service = TokenServiceStandIn::answering(vec![(status, body.to_owned())]).await;
        let failure = r2(&service.url)
            .session("lake", &scope, LIFE)
            .await
            .unwrap_err();
        assert_eq!(
            matches!(failure, TokenFailure::Throttled { .. }),
            is_throttled,
            "{failure:?}"
        );
        assert_eq!(
            matches!(failure, TokenFailure::Unavailable(_)),
            !is_throttled,
            "{failure:?}"
        );
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
}
