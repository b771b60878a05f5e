//! A contract verifier that is set up by configuration.

use serde_json::{Value, json};
use testkit::{Reply, Service};

use crate::program::{get, run, send};
use crate::serve::serve;

fn post(api: &str, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = send("POST", api, path, &body.to_string());
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[test]
fn a_configured_service_is_asked_and_its_secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let deny = json!({ "decision": "deny", "reason": "not on Fridays", "status": 409 });
    let service = runtime.block_on(Service::start(Reply::json(&deny)));
    let variables = [
        (
            "LAKEKEEPER__CONTRACT_VERIFICATION__URL",
            service.address.as_str(),
        ),
        ("LAKEKEEPER__CONTRACT_VERIFICATION__TOKEN", "hunter2"),
        (
            "LAKEKEEPER__CONTRACT_VERIFICATION__HEADERS",
            r#"{"x-api-key"="hunter2"}"#,
        ),
        ("LAKEKEEPER__CONTRACT_VERIFICATION__SECRET", "hunter2"),
        ("LAKEKEEPER__ENABLE_LOCAL_STORAGE", "true"),
    ];
    let (_server, api, metrics) = serve(&database, &variables);
    let accepted = json!({ "accept-terms-of-use": true });
    assert_eq!(post(&api, "/management/v1/bootstrap", &accepted).0, 204);
    let root = folder.path().join("lake");
    std::fs::create_dir(&root).unwrap();
    let warehouse = json!({
        "warehouse-name": "lake",
        "storage-profile": { "type": "local", "root": root.canonicalize().unwrap() },
    });
    let (status, created) = post(&api, "/management/v1/warehouse", &warehouse);
    assert_eq!(status, 201, "{created}");
    let prefix = format!("/catalog/v1/{}", created["warehouse-id"].as_str().unwrap());
    let namespaces = format!("{prefix}/namespaces");
    assert_eq!(
        post(&api, &namespaces, &json!({ "namespace": ["ns"] })).0,
        200
    );
    let tables = format!("{namespaces}/ns/tables");
    assert_eq!(post(&api, &tables, &testkit::table("t")).0, 200);
    assert!(service.take().is_empty());
    let update = json!({ "requirements": [], "updates": [
        { "action": "set-properties", "updates": { "a": "1" } },
    ] });
    let (status, refused) = post(&api, &format!("{tables}/t"), &update);
    assert_eq!(status, 409, "{refused}");
    assert_eq!(refused["error"]["type"], "ContractViolation");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("not on Fridays"), "{message}");
    let call = service.take().remove(0);
    assert_eq!(call.headers["authorization"], "Bearer hunter2");
    assert_eq!(call.headers["x-api-key"], "hunter2");
    assert!(call.headers.contains_key("webhook-signature"));
    let (_, page) = get(&metrics, "/metrics");
    let counted = "lakekeeper_contract_verification_duration_seconds_count{verifier=\"default\",outcome=\"denied\"} 1";
    assert!(page.contains(counted), "{page}");
    let database = ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap());
    let shown = run(&["config"], &[&variables[..], &[database]].concat());
    assert!(
        shown.out.contains("CONTRACT_VERIFICATION__HEADERS"),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("hunter2"), "{}", shown.out);
}
