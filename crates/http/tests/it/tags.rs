//! Tags attached to resources.

use serde_json::{Value, json};
use testkit::{Answer, TestApp};
use uuid::Uuid;

use crate::generic_tables;

pub(crate) const DEFINITIONS: &str = "/management/v1/tag-definition";
const ALL: [&str; 6] = [
    "warehouse",
    "namespace",
    "table",
    "view",
    "generic-table",
    "column",
];

/// The warehouse `demo` with a namespace, a table, a view and a generic table.
pub(crate) struct TaggableResources {
    pub(crate) app: TestApp,
    base: String,
    namespace: String,
    table: String,
    view: String,
    generic: String,
}

impl TaggableResources {
    pub(crate) async fn start() -> Self {
        let app = TestApp::start().await;
        let namespace = app.namespace("ns").await;
        let (table, view) = (app.table("ns", "t").await, app.view("ns", "v").await);
        let uri = generic_tables::at(&app, "namespaces/ns/generic-tables");
        let body = json!({ "name": "g", "format": "lance" });
        app.post(&uri, &body).await.expect(200);
        let listed = app.get(&uri).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            base: format!("/management/v1/warehouse/{}", app.warehouse),
            namespace,
            table: text(&table["metadata"]["table-uuid"]),
            view: text(&view["metadata"]["view-uuid"]),
            generic: text(&listed["identifiers"][0]["id"]),
            app,
        }
    }

    /// The path of the tags of each resource, in the order of [`ALL`].
    fn places(&self) -> [String; 6] {
        let (base, table) = (&self.base, &self.table);
        [
            format!("{base}/tags"),
            format!("{base}/namespace/{}/tags", self.namespace),
            format!("{base}/table/{table}/tags"),
            format!("{base}/view/{}/tags", self.view),
            format!("{base}/generic-table/{}/tags", self.generic),
            format!("{base}/table/{table}/column/name/tags"),
        ]
    }

    pub(crate) async fn define(&self, body: &Value) -> String {
        let created = self.app.post(DEFINITIONS, body).await.expect(201);
        created["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn define_free(&self, name: &str) -> String {
        self.define(&json!({ "name": name, "scope": ALL, "value-kind": "free-text" }))
            .await
    }

    async fn set(&self, place: &str, name: &str, value: &Value) -> Answer {
        let uri = format!("{place}/{name}");
        let body = json!({ "value": value });
        self.app.call(http::Method::PUT, uri).json(&body).await
    }

    /// The name, value and `inherited-from` of each tag.
    async fn tags(&self, uri: &str) -> Vec<(String, Value, Value)> {
        let listed = self.app.get(uri).await.expect(200);
        let tags = listed["tags"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        tags.map(|tag| {
            (
                text(&tag["name"]),
                tag["value"].clone(),
                tag["inherited-from"].clone(),
            )
        })
        .collect()
    }
}

#[tokio::test]
async fn a_tag_is_attached_to_everything_valued_and_detached() {
    let things = TaggableResources::start().await;
    let id = things.define_free("Owner").await;
    for place in things.places() {
        let first = things.set(&place, "OWNER", &json!("ann")).await.expect(200);
        assert_eq!(first["tag-definition-id"], json!(id));
        assert_eq!(
            (&first["name"], &first["value"]),
            (&json!("Owner"), &json!("ann"))
        );
        // Setting the same value again changes nothing.
        assert_eq!(
            things.set(&place, "owner", &json!("ann")).await.expect(200),
            first
        );
        let listed = things.app.get(&place).await.expect(200)["tags"][0].clone();
        assert_eq!(listed["created-at"], first["applied-at"]);
        assert_eq!(
            (&listed["source"], &listed["updated-at"]),
            (&json!("manual"), &Value::Null)
        );
        things.set(&place, "owner", &json!("bob")).await.expect(200);
        let expected = vec![("Owner".to_owned(), json!("bob"), Value::Null)];
        assert_eq!(things.tags(&place).await, expected);
        let uri = format!("{place}/owner");
        things.app.delete(&uri).await.expect(204);
        things.app.delete(&uri).await.expect(204);
        assert!(things.tags(&place).await.is_empty());
    }
}

#[tokio::test]
async fn a_value_must_be_what_the_definition_allows() {
    let things = TaggableResources::start().await;
    let [warehouse, _, table, ..] = things.places();
    let marker = json!({ "name": "marker", "scope": ["table"], "value-kind": "marker" });
    things.define(&marker).await;
    things.define_free("free").await;
    let level = json!({
        "name": "level", "scope": ["table"], "value-kind": "enumerated", "allowed-values": ["a"],
    });
    things.define(&level).await;
    let long = "ü".repeat(256);
    for (name, value) in [
        ("marker", json!(null)),
        ("free", json!(long)),
        ("level", json!("a")),
    ] {
        things.set(&table, name, &value).await.expect(200);
    }
    for (place, name, value, expected) in [
        (&table, "marker", json!("x"), "InvalidTagValue"),
        (&table, "free", json!(null), "InvalidTagValue"),
        (&table, "free", json!(""), "InvalidTagValue"),
        (&table, "free", json!("x".repeat(257)), "InvalidTagValue"),
        (&table, "free", json!("a\tb"), "InvalidTagValue"),
        (&table, "level", json!("A"), "InvalidTagValue"),
        (&table, "level", json!(null), "InvalidTagValue"),
        (&warehouse, "level", json!("a"), "TagScopeNotAllowed"),
        (&table, "..", json!("a"), "InvalidTagName"),
    ] {
        let (status, kind, message) = things.set(place, name, &value).await.error();
        assert_eq!(
            (status, kind.as_str()),
            (400, expected),
            "{name}: {message}"
        );
    }
    let unknown = things.set(&table, "unknown", &json!("a")).await;
    assert_eq!(
        (unknown.error().0, unknown.error().1.as_str()),
        (404, "TagNameNotFound")
    );
}

#[tokio::test]
async fn what_is_not_there_has_no_tags() {
    let things = TaggableResources::start().await;
    things.define_free("t").await;
    let (base, unknown) = (&things.base, Uuid::now_v7());
    let elsewhere = format!("/management/v1/warehouse/{unknown}/tags");
    for (place, expected) in [
        (elsewhere, "NoSuchWarehouseException"),
        (
            format!("{base}/namespace/{unknown}/tags"),
            "NoSuchNamespaceException",
        ),
        (
            format!("{base}/table/{unknown}/tags"),
            "NoSuchTableException",
        ),
        (
            format!("{base}/table/{}/tags", things.view),
            "NoSuchTableException",
        ),
        (format!("{base}/view/{unknown}/tags"), "NoSuchViewException"),
        (
            format!("{base}/generic-table/{unknown}/tags"),
            "GenericTableNotFound",
        ),
        (
            format!("{base}/table/{unknown}/column/name/tags"),
            "NoSuchTableException",
        ),
        (
            format!("{base}/table/{}/column/nope/tags", things.table),
            "ColumnNotFound",
        ),
    ] {
        let answers = [
            things.app.get(&place).await,
            things.set(&place, "t", &json!("x")).await,
            things.app.delete(format!("{place}/t")).await,
        ];
        for answer in answers {
            let (status, kind, _) = answer.error();
            assert_eq!((status, kind.as_str()), (404, expected), "{place}");
        }
    }
}

#[tokio::test]
async fn a_tag_belongs_to_its_project() {
    let things = TaggableResources::start().await;
    let id = things.define_free("t").await;
    let other = json!({ "project-name": "other", "project-id": "other" });
    things
        .app
        .post("/management/v1/project", &other)
        .await
        .expect(201);
    let uri = format!("{DEFINITIONS}/{id}");
    let seen = things.app.get(&uri).header("x-project-id", "other").await;
    assert_eq!(seen.error().1, "TagDefinitionIdNotFound");
    let place = &things.places()[0];
    let body = json!({ "value": "x" });
    let put = things
        .app
        .call(http::Method::PUT, format!("{place}/t"))
        .json(&body);
    let put = put.header("x-project-id", "other").await;
    assert_eq!(
        (put.error().0, put.error().1.as_str()),
        (404, "TagTargetNotFound")
    );
    // Tag definitions are deleted with their project.
    let twin = json!({ "name": "t", "scope": ["table"], "value-kind": "marker" });
    let created = things
        .app
        .post(DEFINITIONS, &twin)
        .header("x-project-id", "other")
        .await;
    created.expect(201);
    let gone = things.app.delete("/management/v1/project/other").await;
    gone.expect(204);
}

#[tokio::test]
async fn tags_are_inherited_and_the_nearest_wins() {
    let things = TaggableResources::start().await;
    for name in ["far", "near", "own"] {
        things.define_free(name).await;
    }
    let [warehouse, namespace, table, _, generic, column] = things.places();
    for (place, name, value) in [
        (&warehouse, "far", "warehouse"),
        (&warehouse, "near", "warehouse"),
        (&namespace, "near", "namespace"),
        (&warehouse, "own", "warehouse"),
        (&table, "own", "table"),
        (&column, "far", "column"),
    ] {
        things.set(place, name, &json!(value)).await.expect(200);
    }
    let from_warehouse = json!({ "type": "warehouse", "warehouse-id": things.app.warehouse });
    let from_namespace = json!({
        "type": "namespace", "warehouse-id": things.app.warehouse, "namespace-id": things.namespace,
    });
    let far = ("far".to_owned(), json!("warehouse"), from_warehouse.clone());
    let near = ("near".to_owned(), json!("namespace"), from_namespace);
    let own = |value: &str, from: &Value| ("own".to_owned(), json!(value), from.clone());
    let effective = async |place: &str| things.tags(&format!("{place}?effective=true")).await;
    let of_table = [far.clone(), near.clone(), own("table", &Value::Null)];
    assert_eq!(effective(&table).await, of_table);
    assert_eq!(
        effective(&generic).await,
        [far, near, own("warehouse", &from_warehouse)]
    );
    assert_eq!(things.tags(&table).await, [own("table", &Value::Null)]);
    let of_column = ("far".to_owned(), json!("column"), Value::Null);
    assert_eq!(effective(&column).await, [of_column]);
}

#[tokio::test]
async fn a_thing_has_so_many_tags_and_no_more() {
    let things = TaggableResources::start().await;
    let table = &things.places()[2];
    for n in 0..=200 {
        things.define_free(&format!("t{n}")).await;
        let set = things.set(table, &format!("t{n}"), &json!("x")).await;
        if n < 200 {
            set.expect(200);
        } else {
            assert_eq!(
                (set.error().0, set.error().1.as_str()),
                (400, "TooManyTags")
            );
        }
    }
    // The value of an attached tag can still be changed.
    things.set(table, "t7", &json!("y")).await.expect(200);
}

/// Gives the table a new schema with these columns, besides `id`.
async fn reshape(things: &TaggableResources, id: i32, columns: &[(i32, &str)]) {
    let fields = columns
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "type": "string", "required": false }));
    let mut fields: Vec<_> = fields.collect();
    fields.insert(
        0,
        json!({ "id": 1, "name": "id", "type": "long", "required": true }),
    );
    let body = json!({ "requirements": [], "updates": [
        { "action": "add-schema", "schema": { "type": "struct", "schema-id": id, "fields": fields } },
        { "action": "set-current-schema", "schema-id": -1 },
    ] });
    let uri = things.app.at("namespaces/ns/tables/t");
    things.app.post(uri, &body).await.expect(200);
}

#[tokio::test]
async fn a_columns_tag_follows_its_renames_and_can_be_detached_when_the_column_is_gone() {
    let things = TaggableResources::start().await;
    for name in ["b", "a"] {
        things.define_free(name).await;
    }
    let at = |column: &str| {
        format!(
            "{}/table/{}/column/{column}/tags",
            things.base, things.table
        )
    };
    things.set(&at("name"), "b", &json!("x")).await.expect(200);
    things.set(&at("name"), "a", &json!("y")).await.expect(200);
    things.set(&at("id"), "a", &json!("z")).await.expect(200);
    reshape(&things, 1, &[(2, "title")]).await;
    assert_eq!(things.tags(&at("title")).await.len(), 2);
    let uri = format!("{}/table/{}/column-tags", things.base, things.table);
    let all = things.app.get(&uri).await.expect(200);
    let columns = all["columns"].as_array().unwrap();
    let told = columns.iter().map(|column| {
        let tags = column["tags"].as_array().unwrap().iter();
        let tags: Vec<_> = tags.map(|tag| tag["value"].as_str().unwrap()).collect();
        (column["field-id"].as_i64().unwrap(), tags)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(1, vec!["z"]), (2, vec!["y", "x"])]
    );
    reshape(&things, 2, &[(3, "other")]).await;
    let gone = things.set(&at("title"), "a", &json!("new")).await;
    assert_eq!(gone.error().1, "ColumnNotFound");
    things
        .app
        .delete(format!("{}/a", at("title")))
        .await
        .expect(204);
    things
        .app
        .delete(format!("{}/b", at("2")))
        .await
        .expect(204);
    let left = things.app.get(&uri).await.expect(200);
    assert_eq!(left["columns"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_tag_is_attached_to_is_told() {
    let things = TaggableResources::start().await;
    let id = things.define_free("t").await;
    for (n, place) in things.places().iter().enumerate() {
        let value = json!(if n == 0 { "first" } else { "x" });
        things.set(place, "t", &value).await.expect(200);
    }
    let uri = format!("{DEFINITIONS}/{id}/attachments");
    let all = things.app.get(&uri).await.expect(200)["attachments"].clone();
    let targets: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["target"].clone())
        .collect();
    let w = &things.app.warehouse;
    let expected = [
        json!({ "type": "warehouse", "warehouse-id": w }),
        json!({ "type": "namespace", "warehouse-id": w, "namespace-id": things.namespace }),
        json!({ "type": "table", "warehouse-id": w, "table-id": things.table }),
        json!({ "type": "view", "warehouse-id": w, "view-id": things.view }),
        json!({ "type": "generic-table", "warehouse-id": w, "generic-table-id": things.generic }),
        json!({ "type": "column", "warehouse-id": w, "table-id": things.table, "field-id": 2 }),
    ];
    assert_eq!(targets, expected);
    let since = all[2]["created-at"].as_str().unwrap();
    for (query, count) in [
        ("value=first".to_owned(), 1),
        ("targetType=generic-table".to_owned(), 1),
        (format!("warehouseId={w}"), 6),
        (format!("warehouseId={}", Uuid::now_v7()), 0),
        (
            format!("createdAfter={since}&createdBefore={since}&targetType=table"),
            1,
        ),
        ("createdBefore=2000-01-01T00:00:00%2B01:00".to_owned(), 0),
    ] {
        let found = things.app.get(format!("{uri}?{query}")).await.expect(200);
        assert_eq!(
            found["attachments"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    let page = things
        .app
        .get(format!("{uri}?pageSize=4"))
        .await
        .expect(200);
    let token = page["next-page-token"].as_str().unwrap();
    let rest = things
        .app
        .get(format!("{uri}?pageToken={token}"))
        .await
        .expect(200);
    assert_eq!(rest["attachments"].as_array().unwrap().len(), 2);
    for (query, expected) in [
        ("pageToken=bm9uZQ", "InvalidPaginationToken"),
        ("createdAfter=yesterday", "BadRequestException"),
        ("targetType=project", "BadRequestException"),
    ] {
        let refused = things.app.get(format!("{uri}?{query}")).await;
        assert_eq!(
            (refused.error().0, refused.error().1.as_str()),
            (400, expected),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_definition_stays_while_it_is_attached_to_something() {
    let things = TaggableResources::start().await;
    let id = things.define_free("t").await;
    for place in things.places() {
        things.set(&place, "t", &json!("x")).await.expect(200);
    }
    let definition = format!("{DEFINITIONS}/{id}");
    let in_use = things.app.delete(&definition).await;
    assert_eq!(
        (in_use.error().0, in_use.error().1.as_str()),
        (409, "TagDefinitionInUse")
    );
    // Attachments end with their resource; the one to the warehouse is left, and is removed next.
    let uri = things.app.at("namespaces/ns?recursive=true&force=true");
    things.app.delete(uri).await.expect(204);
    things
        .app
        .delete(format!("{}/t", things.places()[0]))
        .await
        .expect(204);
    things.app.delete(&definition).await.expect(204);
}
