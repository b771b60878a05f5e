//! Every operation of the APIs, with a request that succeeds in a prepared catalog.

use http::Method;
use model::{Clock, PageRequest, ProjectId, SystemClock};
use serde_json::{Value, json};
use store::{NewTask, TASK_LOG_CLEANUP, TaskFilter, TaskScope};
use testkit::{Answer, Call, TestApp, TestAppBuilder, schema, table, view, view_version};

use crate::generic_tables;

/// A catalog in which each operation has something to act on, with the ids that paths and bodies name.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) app: TestApp,
    namespace: String,
    table: Value,
    view: Value,
    generic_table: String,
    role: String,
    tag: String,
    /// The ids of a soft-deleted table, of its task, and of a task of the project.
    gone: Value,
    task: String,
    project_task: String,
}

impl Prepared {
    /// Creates a namespace `ns` with a table `t`, a view `v`, a generic table `g` and a soft-deleted table, an empty namespace
    /// `empty`, a tag definition `pii`, a user, a role, a second warehouse, a second project, and a task of the first project.
    pub(crate) async fn start(builder: TestAppBuilder) -> Self {
        let app = builder.start().await;
        let namespace = app.namespace("ns").await;
        app.namespace("empty").await;
        let (table, view) = (app.table("ns", "t").await, app.view("ns", "v").await);
        let generic = json!({ "name": "g", "format": "lance" });
        let uri = generic_tables::at(&app, "namespaces/ns/generic-tables");
        app.post(&uri, &generic).await.expect(200);
        let listed = app.get(&uri).await.expect(200);
        let generic_table = listed["identifiers"][0]["id"].as_str().unwrap().to_owned();
        let tag = app.post("/management/v1/tag-definition", &tag("pii")).await;
        let tag = tag.expect(201)["id"].as_str().unwrap().to_owned();
        app.create_warehouse("spare").await;
        let user = json!({ "id": USER, "name": "Bob", "user-type": "human" });
        app.post("/management/v1/user", &user).await.expect(201);
        let role = json!({ "name": "readers" });
        let role = app.post("/management/v1/role", &role).await.expect(201);
        let role = role["id"].as_str().unwrap().to_owned();
        let project = json!({ "project-name": "other", "project-id": OTHER_PROJECT });
        let created = app.post("/management/v1/project", &project).await;
        created.expect(201);
        let gone = soft_deleted(&app).await;
        let scope = TaskScope::Warehouse(app.warehouse.parse().unwrap());
        let all = TaskFilter::default();
        let tasks = app.store.task_list(&scope, all, PageRequest::FIRST);
        let task = tasks.await.unwrap().items[0].id.to_string();
        Self {
            project_task: project_task(&app).await,
            app,
            namespace,
            table,
            view,
            generic_table,
            role,
            tag,
            gone,
            task,
        }
    }

    /// Calls an operation, given as [`all`] lists it.
    pub(crate) async fn call(&self, operation: &str) -> Answer {
        self.request(operation, &str::to_owned).await.await
    }

    /// The request of an operation, with each name and id replaced by `named`.
    pub(crate) async fn request(&self, operation: &str, named: &dyn Fn(&str) -> String) -> Call {
        self.request_spelled(operation, named, &str::to_owned).await
    }

    /// Like [`Self::request`], with the parameters of the path encoded by `spelled`.
    pub(crate) async fn request_spelled(
        &self,
        operation: &str,
        named: &dyn Fn(&str) -> String,
        spelled: &dyn Fn(&str) -> String,
    ) -> Call {
        let (method, path) = operation.split_once(' ').unwrap();
        let (mut path, mut body) = (path.to_owned(), self.body(operation));
        if let Some(registration) = self.registration(operation) {
            (path, body) = registration;
        }
        for (name, value) in self.parameters(operation).await {
            path = path.replace(name, &spelled(&named(&value)));
        }
        if operation.ends_with("/v1/config") {
            path = format!("{path}?warehouse={}", named("demo"));
        }
        if operation == "GET /management/v1/grants" {
            path = format!("{path}?principalUser={}", named(USER));
        }
        let method: Method = method.parse().unwrap();
        let mut call = self.app.call(method, path);
        if let Some(body) = body {
            call = call.json(&renamed(body, named));
        }
        if operation == "DELETE /management/v1/project" {
            call = call.header("x-project-id", named(OTHER_PROJECT));
        }
        call
    }

    /// The values of all path parameters, for this operation.
    pub(crate) async fn parameters(&self, operation: &str) -> Vec<(&'static str, String)> {
        let spare = self.warehouse("spare").await;
        let warehouse = if operation == "DELETE /management/v1/warehouse/{warehouse_id}" {
            spare
        } else {
            self.app.warehouse.clone()
        };
        let id = |loaded: &Value, field: &str| loaded["metadata"][field].as_str().unwrap().into();
        let namespace = match operation {
            "DELETE /catalog/v1/{prefix}/namespaces/{namespace}" => "empty",
            _ => "ns",
        };
        let is_generic = operation.contains("/generic-tables/");
        let table = if is_generic { "g" } else { "t" };
        vec![
            ("{prefix}", self.app.warehouse.clone()),
            ("{warehouse_id}", warehouse),
            ("{project_id}", OTHER_PROJECT.to_owned()),
            ("{user_id}", USER.to_owned()),
            ("{role_id}", self.role.clone()),
            ("{member_type}", "user".to_owned()),
            ("{member_id}", USER.to_owned()),
            ("{namespace_id}", self.namespace.clone()),
            ("{table_id}", id(&self.table, "table-uuid")),
            ("{tabular_id}", id(&self.table, "table-uuid")),
            ("{view_id}", id(&self.view, "view-uuid")),
            ("{generic_table_id}", self.generic_table.clone()),
            ("{tag_definition_id}", self.tag.clone()),
            ("{tag_name}", "pii".to_owned()),
            ("{column_name}", "name".to_owned()),
            ("{task_id}", self.task_of(operation).to_owned()),
            ("{namespace}", namespace.to_owned()),
            ("{table}", table.to_owned()),
            ("{view}", "v".to_owned()),
            ("{function}", "f".to_owned()),
        ]
    }

    /// The present state of everything that a caller could change.
    pub(crate) async fn state(&self) -> Value {
        let app = &self.app;
        let all = "/management/v1/warehouse?warehouseStatus=active&warehouseStatus=inactive";
        let mut uris = vec![
            "/management/v1/project-list".to_owned(),
            "/management/v1/user".to_owned(),
            "/management/v1/role".to_owned(),
            format!("/management/v1/role/{}/members", self.role),
            format!("/management/v1/permissions/role/{}/assignments", self.role),
            format!("/management/v1/permissions/namespace/{}", self.namespace),
            format!("/management/v1/permissions/warehouse/{}", app.warehouse),
            "/management/v1/server/grants".to_owned(),
            format!("/management/v1/grants?principalUser={USER}"),
            "/management/v1/tag-definition".to_owned(),
            format!("/management/v1/tag-definition/{}/attachments", self.tag),
            all.to_owned(),
            format!("{all}&projectId={OTHER_PROJECT}"),
            app.at("namespaces?returnUuids=true&returnProtectionStatus=true"),
        ];
        for namespace in ["ns", "empty"] {
            let at = app.at(&format!("namespaces/{namespace}"));
            let flags = "returnUuids=true&returnProtectionStatus=true";
            uris.push(format!("{at}/tables?{flags}"));
            uris.push(format!("{at}/views?{flags}"));
            uris.push(at);
            let generic = format!("namespaces/{namespace}/generic-tables");
            uris.push(generic_tables::at(app, &generic));
        }
        uris.push(app.at("namespaces/ns/tables/t"));
        uris.push(app.at("namespaces/ns/views/v"));
        let generic = "namespaces/ns/generic-tables/g";
        uris.push(generic_tables::at(app, generic));
        let mut state = Vec::new();
        for uri in uris {
            let answer = app.get(&uri).await;
            state.push(json!([uri, answer.status.as_u16(), answer.json()]));
        }
        state.into()
    }

    async fn warehouse(&self, name: &str) -> String {
        let (project, first) = (ProjectId::nil(), PageRequest::FIRST);
        let page = self.app.store.warehouse_list(&project, first).await;
        let page = page.unwrap();
        let found = page.items.iter().find(|row| row.name.as_str() == name);
        found.unwrap().id.to_string()
    }

    /// The path and body of a registration, which needs a metadata file that no table or view has.
    fn registration(&self, operation: &str) -> Option<(String, Option<Value>)> {
        let is_view = match operation {
            "POST /catalog/v1/{prefix}/namespaces/{namespace}/register" => false,
            "POST /catalog/v1/{prefix}/namespaces/{namespace}/register-view" => true,
            _ => return None,
        };
        let name = if is_view { "v2" } else { "t2" };
        let source = if is_view { &self.view } else { &self.table };
        let location = self.copy(source, name);
        let body = json!({ "name": name, "metadata-location": location });
        Some((operation.split_once(' ').unwrap().1.to_owned(), Some(body)))
    }

    /// Copies a metadata file to another location, with a new UUID; returns the location of the copy.
    fn copy(&self, loaded: &Value, name: &str) -> String {
        let mut metadata = loaded["metadata"].clone();
        let folder = self.app.folder().canonicalize().unwrap();
        let location = folder.join("demo").join(name);
        metadata["location"] = json!(format!("file://{}", location.display()));
        for key in ["table-uuid", "view-uuid"] {
            if metadata.get(key).is_some() {
                metadata[key] = json!(uuid::Uuid::new_v4());
            }
        }
        std::fs::create_dir_all(location.join("metadata")).unwrap();
        let file = location.join("metadata/00000-copy.metadata.json");
        std::fs::write(&file, metadata.to_string()).unwrap();
        format!("file://{}", file.display())
    }

    fn body(&self, operation: &str) -> Option<Value> {
        let (method, path) = operation.split_once(' ').unwrap();
        if !["POST", "PUT"].contains(&method) {
            return None;
        }
        if path == "/catalog/{prefix}/v1/aws/s3/sign" {
            return catalog_body(path);
        }
        if let Some(rest) = path.strip_prefix("/lakekeeper/v1/") {
            return catalog_body(rest);
        }
        if let Some(rest) = path.strip_prefix("/catalog/v1/") {
            return catalog_body(rest);
        }
        let path = path.strip_prefix("/management/v1/").unwrap();
        if path.ends_with("/undrop") {
            return Some(json!({ "targets": [{ "type": "table", "id": self.gone }] }));
        }
        if path.ends_with("task/control") {
            let action = json!({ "action-type": "run-now" });
            return Some(json!({ "action": action, "task-ids": [self.task_of(path)] }));
        }
        management_body(&self.app, path)
    }

    fn task_of(&self, path: &str) -> &str {
        if path.contains("project/") {
            &self.project_task
        } else {
            &self.task
        }
    }
}

/// The id of a soft-deleted table; after that, the warehouse's delete profile is hard again.
async fn soft_deleted(app: &TestApp) -> Value {
    let uri = format!("/management/v1/warehouse/{}/delete-profile", app.warehouse);
    let set = async |profile: Value| {
        let body = json!({ "delete-profile": profile });
        app.post(&uri, &body).await.expect(200);
    };
    set(json!({ "type": "soft", "expiration-seconds": 3_600 })).await;
    let gone = app.table("ns", "gone").await;
    let path = app.at("namespaces/ns/tables/gone");
    app.delete(path).await.expect(204);
    set(json!({ "type": "hard" })).await;
    gone["metadata"]["table-uuid"].clone()
}

async fn project_task(app: &TestApp) -> String {
    let scope = TaskScope::Project(ProjectId::nil());
    let task = NewTask::new(TASK_LOG_CLEANUP, scope, SystemClock.now());
    let id = task.id.to_string();
    let queued = app.store.task_queue_for_projects(vec![task]);
    queued.await.unwrap();
    id
}

/// The body with each text replaced by `named`.
fn renamed(body: Value, named: &dyn Fn(&str) -> String) -> Value {
    match body {
        Value::String(text) => named(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| renamed(item, named)).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            let members = members.map(|(key, value)| (key, renamed(value, named)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

const USER: &str = "oidc~bob";
pub(crate) const OTHER_PROJECT: &str = "0190a000-0000-7000-8000-000000000001";

fn catalog_body(path: &str) -> Option<Value> {
    let set = json!([{ "action": "set-properties", "updates": { "changed": "yes" } }]);
    let rename = |name: &str, to: &str| {
        json!({
            "source": { "namespace": ["ns"], "name": name },
            "destination": { "namespace": ["empty"], "name": to },
        })
    };
    Some(match path {
        "{prefix}/namespaces" => json!({ "namespace": ["ns", "inner"] }),
        "{prefix}/namespaces/{namespace}/properties" => json!({ "updates": { "changed": "yes" } }),
        "{prefix}/namespaces/{namespace}/tables" => table("t2"),
        "{prefix}/namespaces/{namespace}/views" => view("v2", "ns"),
        "{prefix}/namespaces/{namespace}/tables/{table}" => {
            json!({ "requirements": [], "updates": set })
        }
        "{prefix}/namespaces/{namespace}/views/{view}" => json!({ "updates": [
            { "action": "add-view-version", "view-version": view_version(2, "ns", "SELECT 2 AS id") },
            { "action": "set-current-view-version", "view-version-id": -1 },
        ] }),
        "{prefix}/namespaces/{namespace}/tables/{table}/metrics" => json!({
            "report-type": "scan-report", "table-name": "ns.t", "snapshot-id": 1, "filter": true,
            "schema-id": 0, "projected-field-ids": [1], "projected-field-names": ["id"], "metrics": {},
        }),
        path if path.ends_with("/sign") => json!({
            "method": "GET", "uri": "https://s3.example/bucket/t/a", "region": "us-east-1", "headers": {},
        }),
        "{prefix}/namespaces/{namespace}/generic-tables" => {
            json!({ "name": "g2", "format": "delta" })
        }
        "{prefix}/generic-tables/rename" => rename("g", "g2"),
        "{prefix}/tables/rename" => rename("t", "t2"),
        "{prefix}/views/rename" => rename("v", "v2"),
        "{prefix}/transactions/commit" => json!({ "table-changes": [{
            "identifier": { "namespace": ["ns"], "name": "t" }, "requirements": [], "updates": set,
        }] }),
        _ => return None,
    })
}

/// A body that defines a tag for all kinds of resources.
fn tag(name: &str) -> Value {
    let scope = [
        "warehouse",
        "namespace",
        "table",
        "view",
        "generic-table",
        "column",
    ];
    json!({ "name": name, "scope": scope, "value-kind": "free-text" })
}

fn grant(privilege: &str) -> Value {
    json!({ "writes": [{ "privilege": privilege, "principal": { "user": USER } }] })
}

fn assignments(relations: &[&str]) -> Value {
    let one = |relation: &&str| json!({ "type": relation, "user": USER });
    json!({ "writes": relations.iter().map(one).collect::<Vec<_>>() })
}

fn management_body(app: &TestApp, path: &str) -> Option<Value> {
    let warehouse = |name: &str| app.warehouse_body(name);
    Some(match path {
        "bootstrap" => json!({ "accept-terms-of-use": true }),
        "project" => json!({ "project-name": "new" }),
        "project/rename" | "project/{project_id}/rename" | "warehouse/{warehouse_id}/rename" => {
            json!({ "new-name": "renamed" })
        }
        "user" => json!({ "id": "oidc~eve", "name": "Eve", "user-type": "human" }),
        "user/{user_id}" => json!({ "name": "Robert", "user-type": "application" }),
        "search/user" => json!({ "search": "bob" }),
        "role" => json!({ "name": "writers" }),
        "role/{role_id}" => json!({ "name": "renamed" }),
        "role/{role_id}/source-system" => json!({ "provider-id": "oidc", "source-id": "x" }),
        "role/{role_id}/members" => json!({ "members": [{ "type": "user", "id": USER }] }),
        "search/role" => json!({ "search": "readers" }),
        "server/grants" => grant("operator"),
        "tag-definition/{tag_definition_id}/grants" => grant("apply"),
        path if path.ends_with("/grants") => grant("describe"),
        "permissions/server/assignments" => assignments(&["operator"]),
        "permissions/role/{role_id}/assignments" => assignments(&["assignee", "ownership"]),
        "permissions/tag/{tag_definition_id}/assignments" => assignments(&["apply"]),
        path if path.ends_with("/assignments") => assignments(&["describe"]),
        path if path.ends_with("/managed-access") => json!({ "managed-access": true }),
        "permissions/check" => json!({ "operation": {
            "warehouse": { "warehouse-id": app.warehouse, "action": "get_config" },
        } }),
        "action/batch-check" => json!({
            "checks": [{ "operation": {
                "table": { "warehouse-id": app.warehouse, "namespace": ["ns"], "table": "t", "action": { "action": "read_data" } },
            } }],
            "error-on-not-found": true,
        }),
        "warehouse" | "warehouse-creation-validation" => warehouse("third"),
        "warehouse/{warehouse_id}/storage"
        | "warehouse/{warehouse_id}/storage/validate-profile" => {
            json!({ "storage-profile": warehouse("demo")["storage-profile"] })
        }
        "warehouse/{warehouse_id}/storage-credential"
        | "warehouse/{warehouse_id}/storage/validate-credential" => {
            json!({ "new-storage-credential": null })
        }
        "warehouse/{warehouse_id}/delete-profile" => {
            json!({ "delete-profile": { "type": "hard" } })
        }
        "warehouse/{warehouse_id}/format-version-policy" => {
            json!({ "allowed-format-versions": [1, 2], "default-format-version": 2 })
        }
        "warehouse/{warehouse_id}/namespace/{namespace_id}/move" => {
            json!({ "destination": ["empty", "ns"] })
        }
        "endpoint-statistics" => json!({ "warehouse": { "type": "all" } }),
        "warehouse/{warehouse_id}/search-tabular" => json!({ "search": "t" }),
        "warehouse/{warehouse_id}/managed-by" => json!({ "managed-by": "instance-admin" }),
        path if path.ends_with("task/list") => json!({}),
        path if path.contains("task-queue/") => json!({ "queue-config": {} }),
        path if path.ends_with("/protection") => json!({ "protected": true }),
        "tag-definition" => tag("other"),
        "tag-definition/{tag_definition_id}" => tag("renamed"),
        path if path.ends_with("/tags/{tag_name}") => json!({ "value": "x" }),
        _ => return None,
    })
}

/// All operations of the API descriptions, in their order, as `METHOD /path`.
pub(crate) async fn all(app: &TestApp) -> Vec<String> {
    let mut operations = Vec::new();
    for (api, uri) in [
        ("/catalog", "/api-docs/catalog/v1/openapi.json"),
        ("/lakekeeper", "/api-docs/generic-table/v1/openapi.json"),
        ("/management", "/api-docs/management/v1/openapi.json"),
    ] {
        let description = app.get(uri).await.expect(200);
        for (path, item) in description["paths"].as_object().unwrap() {
            let methods = ["get", "head", "post", "put", "patch", "delete"];
            let there = methods.iter().filter(|method| item.get(**method).is_some());
            operations.extend(there.map(|method| format!("{} {api}{path}", method.to_uppercase())));
        }
    }
    operations
}

/// The sample schema with one more column.
pub(crate) fn wider_schema() -> Value {
    let mut wider = schema();
    let column = json!({ "id": 3, "name": "note", "type": "string", "required": false });
    wider["fields"].as_array_mut().unwrap().push(column);
    wider
}
