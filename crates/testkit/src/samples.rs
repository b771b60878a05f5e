//! Sample bodies of requests.

use serde_json::{Value, json};

/// A schema of two columns: a required `id` and an optional `name`.
pub fn schema() -> Value {
    json!({
        "type": "struct",
        "schema-id": 0,
        "fields": [
            { "id": 1, "name": "id", "type": "long", "required": true },
            { "id": 2, "name": "name", "type": "string", "required": false },
        ],
    })
}

/// A body that creates a table with [`schema`].
pub fn table(name: &str) -> Value {
    json!({ "name": name, "schema": schema() })
}

/// A view version with this SQL.
pub fn view_version(id: i32, namespace: &str, sql: &str) -> Value {
    json!({
        "version-id": id,
        "timestamp-ms": 1_700_000_000_000_i64,
        "schema-id": 0,
        "summary": { "engine-name": "test" },
        "representations": [{ "type": "sql", "sql": sql, "dialect": "spark" }],
        "default-namespace": [namespace],
    })
}

/// A body that creates a view with [`schema`].
pub fn view(name: &str, namespace: &str) -> Value {
    json!({
        "name": name,
        "schema": schema(),
        "view-version": view_version(1, namespace, "SELECT 1 AS id"),
        "properties": {},
    })
}
