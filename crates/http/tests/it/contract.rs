//! The answers of the management API fit the published description of the existing Lakekeeper, which clients are made for.
//!
//! `contract/operations.json` has the schemas of each operation's answers by status, `contract/schemas.json` the schemas that
//! they refer to: both are taken from the published description, without its texts.

mod schema;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use testkit::{Answer, TestApp};

use crate::operations::{self, Prepared};
use schema::Schemas;

const OPERATIONS: &str = include_str!("contract/operations.json");
const SCHEMAS: &str = include_str!("contract/schemas.json");
/// Operations that are not implemented yet. This list only gets shorter.
const NOT_YET: &str = include_str!("contract/not_yet.txt");

/// Operations that the existing Lakekeeper does not have.
const BEYOND: [&str; 4] = [
    "GET /management/v1/events",
    "GET /management/v1/events/dead-letters",
    "GET /management/v1/warehouse/{warehouse_id}/task-queue/metadata_cleanup/config",
    "POST /management/v1/warehouse/{warehouse_id}/task-queue/metadata_cleanup/config",
];

fn contract() -> Map<String, Value> {
    serde_json::from_str(OPERATIONS).unwrap()
}

async fn ours() -> Vec<String> {
    let all = operations::all(&TestApp::start().await).await;
    let management = all.into_iter().filter(|one| one.contains(" /management/"));
    management
        .filter(|one| !BEYOND.contains(&one.as_str()))
        .collect()
}

/// How an answer deviates from the contract.
fn wrong_with(answers: &Value, answer: &Answer) -> Vec<String> {
    let status = answer.status.as_u16();
    let exactly = answers.get(status.to_string());
    let Some(schema) = exactly.or_else(|| answers.get(format!("{}XX", status / 100))) else {
        return vec![format!("status {status} is not in the contract")];
    };
    let schemas = Schemas::of(serde_json::from_str(SCHEMAS).unwrap());
    match schema {
        Value::Null if answer.text().is_empty() => Vec::new(),
        Value::Null => vec![format!("{status} has a body")],
        schema => schemas.wrong_with(&answer.json(), schema),
    }
}

#[tokio::test]
async fn what_is_answered_fits_the_contract() {
    let (contract, mut wrong) = (contract(), Vec::new());
    for operation in ours().await {
        let prepared = Prepared::start(TestApp::builder()).await;
        let answer = prepared.call(&operation).await;
        let of_this = wrong_with(&contract[&operation], &answer);
        wrong.extend(of_this.iter().map(|one| format!("{operation}: {one}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_refusal_has_the_error_of_the_contract() {
    let (contract, app) = (contract(), TestApp::start().await);
    let error = &contract["GET /management/v1/warehouse"]["4XX"];
    let nowhere = uuid::Uuid::nil();
    for uri in [
        "warehouse?warehouseStatus=x".to_owned(),
        format!("warehouse/{nowhere}"),
        "user/x".to_owned(),
    ] {
        let answer = app.get(format!("/management/v1/{uri}")).await;
        assert!(answer.status.is_client_error());
        let schemas = Schemas::of(serde_json::from_str(SCHEMAS).unwrap());
        assert!(
            schemas.wrong_with(&answer.json(), error).is_empty(),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn every_operation_of_the_contract_is_there_or_listed_as_still_to_come() {
    let ours: BTreeSet<String> = ours().await.into_iter().collect();
    let wanted: BTreeSet<String> = contract().keys().cloned().collect();
    let beyond: Vec<_> = ours.difference(&wanted).collect();
    assert!(beyond.is_empty(), "not in the contract: {beyond:?}");
    let missing: Vec<_> = wanted.difference(&ours).map(String::as_str).collect();
    let listed: Vec<_> = NOT_YET.lines().collect();
    let done: Vec<_> = listed.iter().filter(|one| !missing.contains(one)).collect();
    assert!(
        done.is_empty(),
        "remove from contract/not_yet.txt: {done:#?}"
    );
    assert_eq!(missing, listed, "an operation is gone");
}
