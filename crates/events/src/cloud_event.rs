//! Events as CloudEvents 1.0, with the event types and attributes of today's Lakekeeper.

use std::fmt;
use std::sync::Arc;

use model::{Actor, EventId, EventKind, RequestId, ServerId, TabularKind, Timestamp, WarehouseId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::OutboxRow;

/// The CloudEvents `source`, which all events of an installation share. Together with the id it identifies an event
/// uniquely.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Source(Arc<str>);

impl Source {
    /// The source of an installation's events; all its replicas have the same.
    pub fn of(server: ServerId) -> Self {
        Self(format!("uri:iceberg-catalog-service:{server}").into())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One event to be delivered.
///
/// It serialises to the JSON format of CloudEvents. Some names of attributes contain hyphens, which the specification
/// (section 3.1) does not allow; they are kept because consumers of today's Lakekeeper know them.
#[derive(Debug, Clone, Serialize)]
pub struct CloudEvent {
    #[serde(flatten)]
    attributes: Attributes,
    data: Box<RawValue>,
    #[serde(skip)]
    place: i64,
    #[serde(skip)]
    at: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Attributes {
    specversion: &'static str,
    id: EventId,
    source: Source,
    r#type: EventKind,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    /// Grows with each event of the installation: <https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md>.
    sequence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tabular_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tabular_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warehouse_id: Option<WarehouseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<WarehouseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    num_events: u32,
    sequence_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<RequestId>,
    actor: String,
}

/// The members of an event's data that name its object.
#[derive(Deserialize, Default)]
struct Named {
    name: Option<String>,
    namespace: Option<Vec<String>>,
    /// For a rename: the former name.
    source: Option<Box<Self>>,
}

/// The member of an undrop event's data that tells the type of the restored object.
#[derive(Deserialize)]
struct Undropped {
    r#type: TabularKind,
}

impl CloudEvent {
    /// The event in a row of the outbox.
    pub fn of(row: OutboxRow, source: &Source) -> Self {
        let OutboxRow { sequence, event } = row;
        let origin = event.origin;
        let named: Named = serde_json::from_str(event.body.get()).unwrap_or_default();
        let tabular_type = tabular_type(event.kind, &event.body);
        let named = match named.source {
            Some(before) => *before,
            None => named,
        };
        let attributes = Attributes {
            specversion: "1.0",
            id: origin.id,
            source: source.clone(),
            r#type: event.kind,
            tabular_id: tabular_type.map(|_| event.subject.clone()),
            subject: event.subject,
            time: event.at.to_string(),
            datacontenttype: "application/json",
            sequence: format!("{sequence:019}"),
            tabular_type,
            warehouse_id: event.warehouse,
            prefix: event.warehouse,
            name: named.name,
            namespace: named.namespace.map(|levels| levels.join(".")),
            num_events: origin.parts,
            sequence_number: origin.part,
            trace_id: origin.request,
            actor: actor(&origin.actor),
        };
        Self {
            attributes,
            data: event.body,
            place: sequence,
            at: event.at,
        }
    }

    /// The event's id, which is the same each time it is delivered.
    pub const fn id(&self) -> EventId {
        self.attributes.id
    }

    /// The ordering key: events with the same key are delivered in order. It is the id of the object, such as a
    /// table.
    pub fn key(&self) -> &str {
        &self.attributes.subject
    }

    /// When the change was made.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The event's place in the outbox.
    pub(crate) const fn place(&self) -> i64 {
        self.place
    }

    /// The whole event in the JSON format of CloudEvents ("structured mode").
    pub fn to_json(&self) -> String {
        // Cannot fail: there are only texts, numbers and raw JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// All attributes as texts, without the data ("binary mode").
    pub fn attributes(&self) -> Vec<(String, String)> {
        let Ok(Value::Object(all)) = serde_json::to_value(&self.attributes) else {
            return Vec::new();
        };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        all.into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect()
    }

    /// The data alone, as JSON.
    pub fn data(&self) -> &str {
        self.data.get()
    }
}

fn tabular_type(kind: EventKind, body: &RawValue) -> Option<&'static str> {
    use EventKind as Kind;
    let kind = match kind {
        Kind::CreateTable
        | Kind::RegisterTable
        | Kind::UpdateTable
        | Kind::DropTable
        | Kind::RenameTable => TabularKind::Table,
        Kind::CreateView | Kind::UpdateView | Kind::DropView | Kind::RenameView => {
            TabularKind::View
        }
        Kind::CreateGenericTable
        | Kind::UpdateGenericTable
        | Kind::DropGenericTable
        | Kind::RenameGenericTable => TabularKind::GenericTable,
        Kind::UndropTabulars => serde_json::from_str::<Undropped>(body.get()).ok()?.r#type,
        _ => return None,
    };
    Some(match kind {
        TabularKind::Table => "Table",
        TabularKind::View => "View",
        TabularKind::GenericTable => "GenericTable",
    })
}

/// The actor as JSON in a text, which is the format of today's attribute.
fn actor(actor: &Actor) -> String {
    let json = match actor {
        Actor::Anonymous => serde_json::json!({ "type": "anonymous" }),
        Actor::System => serde_json::json!({ "type": "system" }),
        Actor::Principal(user) => serde_json::json!({ "type": "principal", "principal": user }),
        Actor::Role(user, role) => {
            serde_json::json!({ "type": "role", "principal": user, "assumed-role": role })
        }
    };
    json.to_string()
}

#[cfg(test)]
mod tests {
    use model::{Event, Origin};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn row(kind: EventKind, warehouse: Option<Uuid>, body: &Value) -> OutboxRow {
        OutboxRow {
            sequence: 42,
            event: Event {
                kind,
                at: Timestamp::from_ms(1_700_000_000_000),
                warehouse: warehouse.map(Into::into),
                subject: Uuid::nil().to_string(),
                body: serde_json::value::to_raw_value(body).unwrap(),
                origin: Origin {
                    id: Uuid::from_u128(7).into(),
                    actor: Actor::Principal("oidc~alice".parse().unwrap()),
                    request: Some("trace-1".parse().unwrap()),
                    part: 1,
                    parts: 2,
                },
            },
        }
    }

    fn source() -> Source {
        Source::of(Uuid::nil().into())
    }

    #[test]
    fn a_commit_has_the_attributes_that_consumers_know() {
        let (nil, seven) = (Uuid::nil(), Uuid::from_u128(7));
        let data = json!({ "namespace": ["a", "b"], "name": "t", "updates": [{ "action": "x" }] });
        let event = CloudEvent::of(row(EventKind::UpdateTable, Some(seven), &data), &source());
        let expected = json!({
            "specversion": "1.0", "id": seven, "source": format!("uri:iceberg-catalog-service:{nil}"),
            "type": "updateTable", "subject": nil, "time": "2023-11-14T22:13:20.000Z",
            "datacontenttype": "application/json", "sequence": "0000000000000000042",
            "tabular-type": "Table", "tabular-id": nil, "warehouse-id": seven, "prefix": seven,
            "name": "t", "namespace": "a.b", "num-events": 2, "sequence-number": 1,
            "trace-id": "trace-1", "actor": r#"{"principal":"oidc~alice","type":"principal"}"#,
            "data": data,
        });
        let json: Value = serde_json::from_str(&event.to_json()).unwrap();
        assert_eq!(json, expected);
        assert_eq!(event.key(), nil.to_string());
        let attributes = event.attributes();
        let find = |name: &str| {
            let found = attributes.iter().find(|(one, _)| one == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(find("num-events"), Some("2"));
        assert_eq!(find("type"), Some("updateTable"));
        assert_eq!(find("data"), None);
    }

    #[test]
    fn a_rename_is_told_of_by_the_former_name() {
        let data = json!({
            "source": { "namespace": ["a"], "name": "before" },
            "destination": { "namespace": ["b"], "name": "after" },
        });
        let event = CloudEvent::of(row(EventKind::RenameView, None, &data), &source());
        let json: Value = serde_json::from_str(&event.to_json()).unwrap();
        assert_eq!(
            (&json["name"], &json["namespace"]),
            (&json!("before"), &json!("a"))
        );
        assert_eq!(json["tabular-type"], "View");
    }

    #[test]
    fn what_comes_back_is_named_as_when_it_was_dropped() {
        let data = json!({ "namespace": ["a"], "name": "v", "type": "view" });
        let event = CloudEvent::of(row(EventKind::UndropTabulars, None, &data), &source());
        let json: Value = serde_json::from_str(&event.to_json()).unwrap();
        let told = (&json["tabular-type"], &json["tabular-id"]);
        assert_eq!(told, (&json!("View"), &json!(Uuid::nil())));
    }

    #[test]
    fn what_does_not_apply_is_left_out() {
        let data = json!({ "project-name": "p" });
        let event = CloudEvent::of(row(EventKind::CreateProject, None, &data), &source());
        let names: Vec<_> = event
            .attributes()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        for absent in [
            "tabular-id",
            "tabular-type",
            "warehouse-id",
            "name",
            "namespace",
        ] {
            assert!(!names.iter().any(|name| name == absent), "{absent}");
        }
    }
}
