//! Logs every authorization decision, and the outcome of every request that may change something.
//!
//! An event has the target [`TARGET`], the field `event_source = "audit"`, and in its field `audit` one JSON object,
//! which log formatters print next to the other fields. The object holds names and ids, never a token, a key or a
//! request body.

use authz::{Action, Check, Decision, Denied, Resource, ResourceKind};
use model::{Caller, TabularKind};
use serde_json::{Map, Value, json};

use crate::{Catalog, Request, RequestOrigin};

/// The `tracing` target of audit events.
pub const TARGET: &str = "lakekeeper::audit";

/// Most answers in one event; further answers go into further events.
const ANSWERS_PER_EVENT: usize = 100;

/// Whether decisions and changes are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// They are logged.
    On,
    /// They are not logged.
    Off,
}

/// The outcome of a request that may have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Success,
    /// It was refused, and changed nothing.
    Refused,
    /// Not known, or the client was gone before the answer.
    Unknown,
}

/// A request that may have changed something, after it was answered.
#[derive(Debug)]
pub struct Changed<'a> {
    /// The caller that sent the request.
    pub caller: &'a Caller,
    /// Its request id and user agent.
    pub origin: &'a RequestOrigin,
    /// Method and route: `POST /management/v1/warehouse/{warehouse_id}/rename`.
    pub operation: &'a str,
    /// The path with the values of its parameters.
    pub path: &'a str,
    /// Its outcome.
    pub outcome: Outcome,
    /// The HTTP status; `None` if there was no answer.
    pub status: Option<u16>,
}

impl Catalog {
    /// Whether audit events are switched on and a log subscriber takes them.
    pub(crate) fn is_audited(&self) -> bool {
        self.settings.audit == Audit::On && tracing::enabled!(target: TARGET, tracing::Level::INFO)
    }

    /// Logs the outcome of a request that may have changed something.
    pub fn log_changed(&self, changed: &Changed<'_>) {
        if !self.is_audited() {
            return;
        }
        let outcome = match changed.outcome {
            Outcome::Success => "success",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
        };
        let mut event = self.who(changed.caller, changed.caller, changed.origin);
        event.insert("operation".to_owned(), json!(changed.operation));
        event.insert("outcome".to_owned(), json!(outcome));
        let context = json!({ "path": changed.path, "status": changed.status });
        event.insert("context".to_owned(), context);
        log_event(event, "request that may change something");
    }

    /// Logs the decision about one action on a resource, and the decisions about `further` actions, which do not fail
    /// the request.
    pub(crate) fn log_required(
        &self,
        request: &Request,
        resource: &Resource,
        (action, denied): (Action, Option<&Denied>),
        further: &[(Action, Decision)],
    ) {
        let mut event = self.who_asks(request);
        let (named, entity) = (action_named(action), entity(resource));
        let allowed = match denied {
            None => Some(true),
            Some(Denied::Unavailable(_)) => None,
            Some(_) => Some(false),
        };
        let mut answers = vec![answer(&named, &entity, allowed)];
        answers.extend(further.iter().map(|(action, decision)| {
            let allowed = Some(*decision == Decision::Allow);
            answer(&action_named(*action), &entity, allowed)
        }));
        if request.is_delegated() {
            let owner = principal(&request.caller);
            for one in answers.iter_mut().filter_map(Value::as_object_mut) {
                one.insert("for-principal".to_owned(), owner.clone());
                one.insert("is-delegated-execution".to_owned(), true.into());
            }
        }
        event.insert("action".to_owned(), named);
        event.insert("entity".to_owned(), entity);
        decide(&mut event, denied);
        event.insert("authorizations".to_owned(), answers.into());
        log_event(event, "authorization");
    }

    /// Logs how many entries of a list were checked, and how many of them the caller may see.
    pub(crate) fn log_filtered(
        &self,
        request: &Request,
        (action, kind): (Action, ResourceKind),
        (checked, allowed): (usize, usize),
    ) {
        let mut event = self.who_asks(request);
        event.insert("action".to_owned(), action_named(action));
        let kind = kind.to_string();
        let entities = json!({ "entity_type": kind, "checked": checked, "allowed": allowed });
        event.insert("entities".to_owned(), entities);
        decide(&mut event, None);
        log_event(event, "authorization of a list");
    }

    /// Logs questions about permissions: the caller's own, or those of `of`.
    pub(crate) fn log_asked(
        &self,
        request: &Request,
        of: Option<&Caller>,
        checks: &[Check],
        answers: &[bool],
    ) {
        if !self.is_audited() {
            return;
        }
        let of = of.map(principal);
        let all: Vec<_> = checks.iter().zip(answers).collect();
        for part in all.chunks(ANSWERS_PER_EVENT) {
            let answers = part.iter().map(|(check, allowed)| {
                let (action, entity) = (action_named(check.action), entity(&check.resource));
                let mut told = answer(&action, &entity, Some(**allowed));
                if let (Some(of), Value::Object(told)) = (&of, &mut told) {
                    told.insert("for-principal".to_owned(), of.clone());
                }
                told
            });
            let answers: Vec<_> = answers.collect();
            let mut event = self.who_asks(request);
            event.insert(
                "action".to_owned(),
                json!({ "action_name": "introspect_permissions" }),
            );
            decide(&mut event, None);
            event.insert("authorizations".to_owned(), answers.into());
            log_event(event, "questions about permissions");
        }
    }

    /// The fields that say who sent the request, and through which views it reads.
    fn who_asks(&self, request: &Request) -> Map<String, Value> {
        let via = request.via.as_ref();
        let sender = via.map_or(&request.caller, |via| &via.sender);
        // Behind a view with an owner, `request.caller` is that owner: its rights count, not the sender's.
        let mut event = self.who(sender, &request.caller, &request.origin);
        if let Some(via) = via {
            let views: Vec<_> = via.views.iter().map(ToString::to_string).collect();
            event.insert("referenced_by".to_owned(), json!(views));
        }
        event
    }

    fn who(&self, sender: &Caller, judged: &Caller, origin: &RequestOrigin) -> Map<String, Value> {
        let privilege_source = self.privilege_source(judged);
        let mut event = Map::new();
        event.insert("actor".to_owned(), actor(sender));
        event.insert("privilege_source".to_owned(), json!(privilege_source));
        event.insert("request_id".to_owned(), json!(origin.request_id));
        event.insert("user_agent".to_owned(), json!(origin.user_agent));
        event
    }
}

fn log_event(event: Map<String, Value>, message: &'static str) {
    let audit = Value::Object(event).to_string();
    tracing::info!(target: TARGET, event_source = "audit", audit = audit.as_str(), "{message}");
}

fn actor(caller: &Caller) -> Value {
    match caller {
        Caller::Anonymous => json!({ "actor_type": "anonymous" }),
        Caller::System => json!({ "actor_type": "lakekeeper-internal" }),
        Caller::User(identity) => {
            json!({ "actor_type": "principal", "principal": identity.user.to_string() })
        }
        Caller::Role(identity, role) => json!({
            "actor_type": "assumed-role",
            "principal": identity.user.to_string(),
            "assumed_role": role.to_string(),
        }),
    }
}

fn principal(of: &Caller) -> Value {
    match of {
        Caller::User(identity) => json!({ "user": identity.user.to_string() }),
        Caller::Role(_, role) => json!({ "role": role.to_string() }),
        Caller::Anonymous | Caller::System => Value::Null,
    }
}

fn decide(event: &mut Map<String, Value>, denied: Option<&Denied>) {
    let decision = if denied.is_some() {
        "denied"
    } else {
        "allowed"
    };
    event.insert("decision".to_owned(), json!(decision));
    if let Some(denied) = denied {
        let reason = match denied {
            Denied::Forbidden { .. } => "ActionForbidden",
            Denied::Hidden(_) => "CannotSeeResource",
            Denied::Unavailable(_) => "InternalAuthorizationError",
        };
        event.insert("failure_reason".to_owned(), json!({ reason: [] }));
    }
}

fn answer(action: &Value, entity: &Value, allowed: Option<bool>) -> Value {
    let mut answer = json!({ "action": action, "entity": entity });
    if let (Some(allowed), Value::Object(answer)) = (allowed, &mut answer) {
        answer.insert("allowed".to_owned(), allowed.into());
    }
    answer
}

fn action_named(action: Action) -> Value {
    json!({ "action_name": action.name() })
}

fn entity(resource: &Resource) -> Value {
    let mut entity = Map::new();
    let mut tell = |name: &str, id: String| entity.insert(name.to_owned(), Value::String(id));
    tell("entity_type", resource.kind().to_string());
    match resource {
        Resource::Server => {}
        Resource::User(id) => drop(tell("user-id", id.to_string())),
        Resource::Project(id) => drop(tell("project-id", id.to_string())),
        Resource::Role(project, id) => {
            tell("project-id", project.to_string());
            tell("role-id", id.to_string());
        }
        Resource::TagDefinition(project, id) => {
            tell("project-id", project.to_string());
            tell("tag-definition-id", id.to_string());
        }
        Resource::Warehouse(within) => {
            tell("project-id", within.project.to_string());
            tell("warehouse-id", within.id.to_string());
        }
        Resource::Namespace(within, id) => {
            tell("warehouse-id", within.id.to_string());
            tell("namespace-id", id.to_string());
        }
        Resource::Tabular(kind, within, namespace, id) => {
            tell("warehouse-id", within.id.to_string());
            tell("namespace-id", namespace.to_string());
            let name = match kind {
                TabularKind::Table => "table-id",
                TabularKind::View => "view-id",
                TabularKind::GenericTable => "generic-table-id",
            };
            tell(name, id.to_string());
        }
    }
    Value::Object(entity)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Identity, RoleId};

    use super::*;

    #[test]
    fn whoever_acts_as_a_role_is_told_with_it() {
        let identity = Arc::new(Identity::of("oidc~a".parse().unwrap()));
        let role = RoleId::generate();
        let user = json!({ "actor_type": "principal", "principal": "oidc~a" });
        assert_eq!(actor(&Caller::User(Arc::clone(&identity))), user);
        let expected = json!({
            "actor_type": "assumed-role", "principal": "oidc~a", "assumed_role": role.to_string(),
        });
        let acting = Caller::Role(identity, role);
        assert_eq!(actor(&acting), expected);
        assert_eq!(principal(&acting), json!({ "role": role.to_string() }));
        let system = json!({ "actor_type": "lakekeeper-internal" });
        assert_eq!(actor(&Caller::System), system);
    }
}
