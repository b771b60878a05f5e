//! Validations of warehouses: before they are created, before they are changed, and of their present storage.

use serde_json::{Value, json};
use testkit::TestApp;

const CREATION: &str = "/management/v1/warehouse-creation-validation";

/// The names of the checks in the management API, in their order.
const CHECKS: [&str; 13] = [
    "profile-well-formed",
    "profile-compatible",
    "warehouse-name-valid",
    "location-exclusive",
    "spec-mutable",
    "format-version-policy-consistent",
    "managed-by-allowed",
    "storage-client-initialized",
    "lakekeeper-read-write",
    "vended-credentials-issued",
    "vended-credentials-read-write",
    "vended-credentials-scope-enforced",
    "cleanup",
];

/// The answer of a validation. It is verified to have each check once, with the fields that belong to the check's status.
pub(crate) struct Report(Value);

impl Report {
    pub(crate) fn of(answer: Value) -> Self {
        let checks = answer["checks"].as_array().unwrap();
        let names: Vec<&str> = checks
            .iter()
            .map(|check| check["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, CHECKS);
        let mut has_failed = false;
        for check in checks {
            let mut fields: Vec<&str> = check
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            fields.sort_unstable();
            let expected = match check["status"].as_str().unwrap() {
                "passed" => ["duration-ms", "name", "status"].to_vec(),
                "skipped" => ["name", "reason", "status"].to_vec(),
                "failed" => {
                    has_failed = true;
                    for field in ["message", "type", "code", "stack"] {
                        assert!(!check["error"][field].is_null(), "{check}");
                    }
                    ["duration-ms", "error", "name", "status"].to_vec()
                }
                other => panic!("{other}"),
            };
            assert_eq!(fields, expected, "{check}");
        }
        assert_eq!(answer["valid"], json!(!has_failed));
        Self(answer)
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.0["valid"] == true
    }

    fn check(&self, name: &str) -> &Value {
        let index = CHECKS.iter().position(|check| *check == name).unwrap();
        &self.0["checks"][index]
    }

    /// The names of the checks with this status.
    pub(crate) fn with(&self, status: &str) -> Vec<&'static str> {
        let has = |name: &&str| self.check(name)["status"] == status;
        CHECKS.into_iter().filter(has).collect()
    }

    pub(crate) fn message(&self, name: &str) -> &str {
        self.check(name)["error"]["message"].as_str().unwrap()
    }

    /// The status, type and message of the first failed check, with which the operation would be refused.
    fn first_error(&self) -> (u16, String, String) {
        let failed = self.with("failed");
        let error = &self.check(failed[0])["error"];
        let text = |field: &str| error[field].as_str().unwrap().to_owned();
        let code = u16::try_from(error["code"].as_u64().unwrap()).unwrap();
        (code, text("type"), text("message"))
    }
}

pub(crate) async fn creation(app: &TestApp, body: &Value) -> Report {
    Report::of(app.post(CREATION, body).await.expect(200))
}

/// `validate-profile`, `validate-credential` or `validate-access` of the warehouse `demo`.
async fn existing(app: &TestApp, what: &str, body: &Value) -> Report {
    let uri = format!("/management/v1/warehouse/{}/storage/{what}", app.warehouse);
    Report::of(app.post(uri, body).await.expect(200))
}

async fn warehouses(app: &TestApp) -> Value {
    let all = "/management/v1/warehouse?warehouseStatus=active&warehouseStatus=inactive";
    app.get(all).await.expect(200)
}

#[tokio::test]
async fn the_description_names_all_checks() {
    let app = TestApp::builder().build();
    let description = app
        .get("/api-docs/management/v1/openapi.json")
        .await
        .expect(200);
    let check = &description["components"]["schemas"]["ValidationCheck"]["properties"];
    assert_eq!(check["name"]["enum"], json!(CHECKS));
    let statuses = &description["components"]["schemas"]["ValidationCheckStatus"]["enum"];
    assert_eq!(statuses, &json!(["passed", "failed", "skipped"]));
}

#[tokio::test]
async fn what_could_be_created_is_valid_and_is_not_created() {
    let app = TestApp::start().await;
    let before = warehouses(&app).await;
    let body = app.warehouse_body("new");
    let report = creation(&app, &body).await;
    assert!(report.is_valid());
    assert_eq!(
        report.with("passed"),
        [
            "profile-well-formed",
            "warehouse-name-valid",
            "location-exclusive",
            "format-version-policy-consistent",
            "managed-by-allowed",
            "storage-client-initialized",
            "lakekeeper-read-write",
            "cleanup",
        ]
    );
    let left = std::fs::read_dir(app.folder().join("new")).unwrap().count();
    assert_eq!(left, 0, "the trial has left something");
    assert_eq!(warehouses(&app).await, before);
    app.create_warehouse("new").await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let app = TestApp::start().await;
    let mut body = app.warehouse_body("demo/below");
    body["warehouse-name"] = json!("DEMO");
    body["allowed-format-versions"] = json!([1]);
    body["default-format-version"] = json!(2);
    let report = creation(&app, &body).await;
    assert_eq!(
        report.with("failed"),
        [
            "warehouse-name-valid",
            "location-exclusive",
            "format-version-policy-consistent",
        ]
    );
    // The storage itself passes.
    assert!(report.with("passed").contains(&"lakekeeper-read-write"));
    assert!(report.message("warehouse-name-valid").contains("`DEMO`"));
    assert!(report.message("location-exclusive").contains("demo/below"));
}

#[tokio::test]
async fn storage_that_breaks_a_rule_is_not_tried() {
    let app = TestApp::start().await;
    let access_key = json!({ "type": "s3", "credential-type": "access-key" });
    let mut with_blank = access_key.clone();
    with_blank["access-key-id"] = json!("a");
    with_blank["secret-access-key"] = json!("hunter2 ");
    let s3 = json!({ "type": "s3", "bucket": "bucket", "region": "r", "sts-enabled": true });
    let mut short = s3.clone();
    short["bucket"] = json!("a");
    let stackit = json!({ "type": "stackit", "bucket": "bucket", "region": "eu01" });
    for (profile, credential, said) in [
        (&short, &Value::Null, "`bucket` is `a`"),
        (&s3, &with_blank, "`secret-access-key` is `[redacted]`"),
        (&stackit, &Value::Null, "`stackit` is not supported"),
    ] {
        let body = json!({
            "warehouse-name": "w", "storage-profile": profile, "storage-credential": credential,
        });
        let report = creation(&app, &body).await;
        assert_eq!(report.with("failed"), ["profile-well-formed"]);
        let message = report.message("profile-well-formed");
        assert!(message.contains(said), "{message}");
        let skipped = report.with("skipped");
        assert!(skipped.contains(&"location-exclusive"));
        assert!(skipped.ends_with(&CHECKS[7..]), "{skipped:?}");
        assert!(report.with("passed").contains(&"warehouse-name-valid"));
    }
}

#[tokio::test]
async fn a_creation_is_refused_with_the_first_failure_of_its_validation() {
    let app = TestApp::start().await;
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body = app.warehouse_body("new");
        change(&mut body);
        body
    };
    let root = |root: &str| json!({ "type": "local", "root": root });
    for body in [
        body(&|body| body["warehouse-name"] = json!("demo")),
        body(&|body| body["warehouse-name"] = json!("")),
        body(&|body| body["allowed-format-versions"] = json!([])),
        body(&|body| {
            body["storage-profile"] = app.warehouse_body("demo")["storage-profile"].clone();
        }),
        body(&|body| body["storage-profile"] = root("relative")),
        body(&|body| body["storage-profile"] = root("/nowhere/at/all")),
        body(&|body| {
            body["storage-credential"] = json!({
                "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": "b",
            });
        }),
    ] {
        let report = creation(&app, &body).await;
        let refused = app.post("/management/v1/warehouse", &body).await;
        assert_eq!(refused.error(), report.first_error(), "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_of_the_request() {
    let app = TestApp::start().await;
    let good = app.warehouse_body("new");
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (body, status) in [
        (with("storage-profile", json!({})), 400),
        (with("storage-profile", json!({ "type": "s3" })), 400),
        (with("storage-credential", json!({ "type": "s3" })), 400),
        (with("managed-by", json!("nobody")), 400),
        (with("warehouse-name", Value::Null), 400),
        (
            with(
                "delete-profile",
                json!({ "type": "soft", "expiration-seconds": 3_153_600_001_u64 }),
            ),
            400,
        ),
        (with("project-id", json!("nowhere")), 404),
    ] {
        assert_eq!(app.post(CREATION, &body).await.error().0, status, "{body}");
    }
    let nobody = uuid::Uuid::new_v4();
    let uri = format!("/management/v1/warehouse/{nobody}/storage/validate-access");
    let (status, kind, _) = app.post(uri, &json!({})).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchWarehouseException"));
}

#[tokio::test]
async fn a_change_of_storage_is_validated_and_not_made() {
    let app = TestApp::start().await;
    let before = warehouses(&app).await;
    let same = json!({ "storage-profile": app.warehouse_body("demo")["storage-profile"] });
    let report = existing(&app, "validate-profile", &same).await;
    assert_eq!(
        report.with("passed"),
        [
            "profile-well-formed",
            "profile-compatible",
            "spec-mutable",
            "storage-client-initialized",
            "lakekeeper-read-write",
            "cleanup",
        ]
    );
    let moved = json!({ "storage-profile": app.warehouse_body("elsewhere")["storage-profile"] });
    let report = existing(&app, "validate-profile", &moved).await;
    assert_eq!(report.with("failed"), ["profile-compatible"]);
    let uri = format!("/management/v1/warehouse/{}/storage", app.warehouse);
    let refused = app.post(uri, &moved).await;
    assert_eq!(refused.error(), report.first_error());
    assert_eq!(warehouses(&app).await, before);
}

#[tokio::test]
async fn buckets_of_one_name_are_apart_if_their_endpoints_are() {
    let builder = TestApp::builder();
    let builder = builder.settings(|it| it.storage_trial = catalog::StorageTrial::Skipped);
    let app = builder.start().await;
    let storage = |endpoint: &str, prefix: &str| {
        json!({
            "storage-profile": {
                "type": "s3", "bucket": "lake", "region": "local-01", "endpoint": endpoint,
                "key-prefix": prefix, "flavor": "s3-compat", "sts-enabled": false,
            },
            "storage-credential": {
                "type": "s3", "credential-type": "access-key",
                "access-key-id": "a", "secret-access-key": "b",
            },
        })
    };
    let body = |name: &str, mut storage: Value| {
        storage["warehouse-name"] = json!(name);
        storage
    };
    let create = async |body: Value| app.post("/management/v1/warehouse", &body).await;
    let (one, other) = ("http://one.example:9000", "http://other.example:9000");
    create(body("one", storage(one, "a"))).await.expect(201);
    let created = create(body("other", storage(other, "a"))).await.expect(201);
    let overlap = (400, "CreateWarehouseStorageProfileOverlap");
    let within = body("within", storage(one, "a/b"));
    let (status, kind, message) = create(within.clone()).await.error();
    assert_eq!((status, kind.as_str()), overlap);
    assert!(
        message.contains("`http://one.example:9000/lake/a/b`"),
        "{message}"
    );
    assert_eq!(creation(&app, &within).await.first_error().1, overlap.1);
    // A change of the endpoint cannot move a warehouse into another one's location either.
    let other = format!(
        "/management/v1/warehouse/{}/storage",
        created["id"].as_str().unwrap()
    );
    let (status, kind, _) = app.post(&other, &storage(one, "a")).await.error();
    assert_eq!((status, kind.as_str()), overlap);
    let validated = app
        .post(format!("{other}/validate-profile"), &storage(one, "a"))
        .await;
    let report = Report::of(validated.expect(200));
    assert_eq!(report.with("failed"), ["location-exclusive"]);
    let moved = storage("http://third.example:9000", "a");
    app.post(other, &moved).await.expect(200);
    create(body("free", storage("http://other.example:9000", "a")))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_credential_is_validated_with_the_storage_that_is_there() {
    let app = TestApp::start().await;
    let none = json!({ "new-storage-credential": null });
    assert!(
        existing(&app, "validate-credential", &none)
            .await
            .is_valid()
    );
    let key = json!({ "new-storage-credential": {
        "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": "b",
    } });
    let report = existing(&app, "validate-credential", &key).await;
    assert_eq!(report.with("failed"), ["storage-client-initialized"]);
    let message = report.message("storage-client-initialized");
    assert!(message.contains("`local` takes no credential"), "{message}");
    let uri = format!(
        "/management/v1/warehouse/{}/storage-credential",
        app.warehouse
    );
    let refused = app.post(uri, &key).await;
    assert_eq!(refused.error(), report.first_error());
}

#[tokio::test]
async fn a_warehouse_tells_whether_its_storage_still_works_active_or_not() {
    let app = TestApp::start().await;
    let valid = existing(&app, "validate-access", &json!({})).await;
    assert!(valid.is_valid());
    let deactivate = format!("/management/v1/warehouse/{}/deactivate", app.warehouse);
    app.post(deactivate, &json!({})).await.expect(200);
    std::fs::remove_dir(app.folder().join("demo")).unwrap();
    let report = existing(&app, "validate-access", &json!({})).await;
    assert_eq!(report.with("failed"), ["storage-client-initialized"]);
    let message = report.message("storage-client-initialized");
    assert!(message.contains("demo"), "{message}");
}

#[tokio::test]
async fn where_storage_is_not_tried_the_report_says_so() {
    let builder = TestApp::builder();
    let builder = builder.settings(|it| it.storage_trial = catalog::StorageTrial::Skipped);
    let app = builder.start().await;
    let report = creation(&app, &app.warehouse_body("new")).await;
    assert!(report.is_valid());
    assert!(report.with("skipped").ends_with(&CHECKS[8..]));
    let reason = &report.check("lakekeeper-read-write")["reason"];
    let setting = "LAKEKEEPER__SKIP_STORAGE_VALIDATION";
    assert!(reason.as_str().unwrap().contains(setting), "{reason}");
}
