//! A conformance suite for implementations of [`ContractVerification`]; run it against your own.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a conformance suite fails by panicking"
)]

use std::time::Duration;

use model::{ProjectId, RequestId, TabularId, TabularKind, WarehouseId};
use serde_json::value::RawValue;

use crate::{Action, Asker, ContractVerification, Named, Proposal, ProposedChange};

/// How long each verdict may take.
const PATIENCE: Duration = Duration::from_secs(30);

const ACTIONS: [Action; 5] = [
    Action::Update,
    Action::Overwrite,
    Action::Rename,
    Action::Drop,
    Action::Unregister,
];
const KINDS: [TabularKind; 3] = [
    TabularKind::Table,
    TabularKind::View,
    TabularKind::GenericTable,
];

/// Runs all cases. Panics at the first one that fails, and says what was expected. Services that the verifier needs
/// must be running.
pub async fn run(verifier: &dyn ContractVerification) {
    its_name_is_a_short_word(verifier);
    each_action_is_decided_however_little_is_told(verifier).await;
    metadata_that_it_does_not_understand_is_decided(verifier).await;
    many_changes_are_decided_at_once(verifier).await;
    it_is_asked_by_many_at_once(verifier).await;
}

fn its_name_is_a_short_word(verifier: &dyn ContractVerification) {
    let name = verifier.name();
    let is_word = !name.is_empty() && name.len() <= 64;
    assert!(
        is_word && name.chars().all(|c| c.is_ascii_graphic()),
        "`{name}` must be 1 to 64 visible ASCII characters"
    );
}

fn change(action: Action, kind: TabularKind) -> ProposedChange {
    let named = Named {
        namespace: vec!["ü.\"".to_owned(), "日本".to_owned()],
        name: "a 'b' \\ \n".to_owned(),
    };
    ProposedChange::of(action, kind, TabularId::generate(), named)
}

/// A proposal by an anonymous caller, in a warehouse with an unusual name.
fn proposal(changes: Vec<ProposedChange>) -> Proposal {
    Proposal {
        request_id: RequestId::generate(),
        caller: Asker::default(),
        project_id: ProjectId::nil(),
        warehouse_id: WarehouseId::generate(),
        warehouse_name: "wärehouse".to_owned(),
        changes,
    }
}

/// Checks that the verifier gives a verdict: allowing and denying both count.
async fn is_decided(verifier: &dyn ContractVerification, changes: Vec<ProposedChange>) {
    let proposal = proposal(changes);
    let verified = tokio::time::timeout(PATIENCE, verifier.verify(&proposal)).await;
    let verdict = verified.expect("a verdict comes in time");
    if let Err(unavailable) = verdict {
        panic!("{unavailable}");
    }
}

async fn each_action_is_decided_however_little_is_told(verifier: &dyn ContractVerification) {
    for action in ACTIONS {
        for kind in KINDS {
            is_decided(verifier, vec![change(action, kind)]).await;
        }
    }
}

fn json(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

async fn metadata_that_it_does_not_understand_is_decided(verifier: &dyn ContractVerification) {
    for odd in [
        "null",
        "[]",
        "{}",
        "\"\"",
        r#"{"format-version":99,"schemas":[{"schema-id":0,"fields":null}],"current-schema-id":0}"#,
        r#"{"format-version":2,"schemas":{},"current-schema-id":"0"}"#,
    ] {
        for kind in KINDS {
            let change = ProposedChange {
                old_metadata: json(odd),
                updates: json(odd),
                new_metadata: json(odd),
                ..change(Action::Update, kind)
            };
            is_decided(verifier, vec![change]).await;
        }
    }
}

/// As many changes as a recursive drop of a namespace may propose.
async fn many_changes_are_decided_at_once(verifier: &dyn ContractVerification) {
    let drops = (0..10_000).map(|_| change(Action::Drop, TabularKind::Table));
    is_decided(verifier, drops.collect()).await;
}

async fn it_is_asked_by_many_at_once(verifier: &dyn ContractVerification) {
    let asked = (0..64).map(|_| {
        let drop = vec![change(Action::Drop, TabularKind::View)];
        is_decided(verifier, drop)
    });
    futures::future::join_all(asked).await;
}
