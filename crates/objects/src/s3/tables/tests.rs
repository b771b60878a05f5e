//! The requests to a table bucket, and how its answers are read.

use std::time::Duration;

use model::{Name, NamespacePath, TabularPath};

use super::*;
use crate::s3::sts::tests::{assert_signed, granted};
use crate::token::stand_in::TokenServiceStandIn;
use crate::vend::{Permission, Scope};
use crate::{StorageCredential, StorageProfile};

const ARN: &str = "arn:aws:s3tables:us-east-1:111122223333:bucket/lake";
const IN_PATH: &str = "arn%3Aaws%3As3tables%3Aus-east-1%3A111122223333%3Abucket%2Flake";
const PLACE: &str = "s3://63a8e430-6e0b-46f5--table-s3";
const ROLE: &str = "arn:aws:iam::111122223333:role/vend";

fn open(service: &TokenServiceStandIn, flavor: &str) -> Arc<dyn TableBucket> {
    let profile = json!({
        "type": "s3-tables", "table-bucket-arn": ARN, "flavor": flavor, "endpoint": service.url,
        "sts-enabled": true, "sts-role-arn": ROLE, "aws-kms-key-arn": "arn:aws:kms:us-east-1:1:key/k",
    });
    let credential = json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE",
        "secret-access-key": "hunter2",
    });
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    let opened = crate::table_bucket(&profile, Some(&credential));
    opened.unwrap().unwrap()
}

#[test]
fn amazons_own_tables_are_in_the_domain_of_their_region() {
    for (arn, expected) in [
        (ARN.to_owned(), "https://s3tables.us-east-1.amazonaws.com"),
        (
            ARN.replace("aws:s3tables:us-east-1", "aws-cn:s3tables:cn-north-1"),
            "https://s3tables.cn-north-1.amazonaws.com.cn",
        ),
        (
            ARN.replace("aws:s3tables:us-east-1", "aws-eusc:s3tables:eusc-de-east-1"),
            "https://s3tables.eusc-de-east-1.amazonaws.eu",
        ),
    ] {
        let profile = json!({ "type": "s3-tables", "table-bucket-arn": arn });
        let StorageProfile::S3Tables(profile) = StorageProfile::from_json(&profile).unwrap() else {
            panic!()
        };
        assert_eq!(address(&profile), expected);
    }
}

fn table(name: &str) -> BucketTable {
    BucketTable::of(&TabularPath {
        namespace: NamespacePath::parse(vec!["ns".to_owned()]).unwrap(),
        name: Name::parse("table", name).unwrap(),
    })
    .unwrap()
}

fn token() -> VersionToken {
    VersionToken("t1".to_owned())
}

fn done() -> (u16, String) {
    (200, "{}".to_owned())
}

fn found(file: Option<&str>) -> (u16, String) {
    let found = json!({
        "tableARN": format!("{ARN}/table/0b5e"), "versionToken": "t1",
        "warehouseLocation": PLACE, "metadataLocation": file,
    });
    (200, found.to_string())
}

fn refused(status: u16) -> (u16, String) {
    let body = json!({ "__type": "SomeException", "message": "because" });
    (status, body.to_string())
}

/// Method and path, `X-Amz-Target`, and body of each request. All requests must be signed.
fn asked(service: &TokenServiceStandIn) -> Vec<(String, Option<String>, Value)> {
    let seen = service.seen();
    for one in &seen {
        assert_signed(one, SERVICE);
    }
    let told = seen.iter().map(|one| {
        let body = serde_json::from_str(&one.body).unwrap_or_default();
        let target = one.header("x-amz-target").map(str::to_owned);
        (one.target().replace(IN_PATH, "ARN"), target, body)
    });
    told.collect()
}

fn plain(target: &str, body: Value) -> (String, Option<String>, Value) {
    (target.to_owned(), None, body)
}

#[tokio::test]
async fn aws_is_asked_in_its_words() {
    let service = TokenServiceStandIn::answering(vec![done(), done(), found(None), done()]).await;
    let bucket = open(&service, "aws");
    bucket.create_namespace("ns").await.unwrap();
    let made = bucket.create_table(&table("t")).await.unwrap();
    assert_eq!(
        (made.location.as_str(), &made.metadata_location),
        (PLACE, &None)
    );
    bucket
        .publish(&table("t"), &made.token, "s3://x/1.json")
        .await
        .unwrap();
    bucket.rename_table(&table("t"), &table("u")).await.unwrap();
    bucket
        .drop_table(&table("u"), Some(&made.token))
        .await
        .unwrap();
    bucket.drop_table(&table("v"), None).await.unwrap();
    bucket.drop_namespace("ns").await.unwrap();
    let expected = [
        plain("PUT /namespaces/ARN", json!({ "namespace": ["ns"] })),
        plain(
            "PUT /tables/ARN/ns",
            json!({ "name": "t", "format": "ICEBERG" }),
        ),
        plain(
            &format!("GET /get-table?name=t&namespace=ns&tableBucketARN={IN_PATH}")
                .replace(IN_PATH, "ARN"),
            Value::Null,
        ),
        plain(
            "PUT /tables/ARN/ns/t/metadata-location",
            json!({ "versionToken": "t1", "metadataLocation": "s3://x/1.json" }),
        ),
        plain(
            "PUT /tables/ARN/ns/t/rename",
            json!({ "newNamespaceName": "ns", "newName": "u" }),
        ),
        plain("DELETE /tables/ARN/ns/u?versionToken=t1", Value::Null),
        plain("DELETE /tables/ARN/ns/v", Value::Null),
        plain("DELETE /namespaces/ARN/ns", Value::Null),
    ];
    assert_eq!(asked(&service), expected);
}

#[tokio::test]
async fn seaweedfs_is_asked_in_its_own() {
    let service = TokenServiceStandIn::answering(vec![done()]).await;
    let bucket = open(&service, "s3-compat");
    bucket
        .publish(&table("t"), &token(), "s3://lake/ns/t/1.json")
        .await
        .unwrap();
    bucket.rename_table(&table("t"), &table("u")).await.unwrap();
    let target = |name: &str| Some(format!("S3Tables.{name}"));
    let expected = [
        (
            "POST /".to_owned(),
            target("UpdateTable"),
            json!({
                "tableBucketARN": ARN, "namespace": ["ns"], "name": "t", "versionToken": "t1",
                "metadataLocation": "s3://lake/ns/t/1.json",
            }),
        ),
        (
            "POST /".to_owned(),
            target("RenameTable"),
            json!({
                "tableBucketARN": ARN, "sourceNamespace": ["ns"], "sourceName": "t",
                "destNamespace": ["ns"], "destName": "u",
            }),
        ),
    ];
    assert_eq!(asked(&service), expected);
}

#[tokio::test]
async fn the_place_of_a_table_is_what_the_store_says() {
    let answer = |warehouse: Option<&str>, file: Option<&str>| {
        let found = json!({
            "tableARN": ARN, "versionToken": "t1", "warehouseLocation": warehouse, "metadataLocation": file,
        });
        (200, found.to_string())
    };
    let cases = [
        ("aws", answer(Some(PLACE), None), Ok(PLACE)),
        (
            "aws",
            answer(Some("s3://somebody-elses"), None),
            Err("is outside"),
        ),
        ("s3-compat", answer(None, None), Ok("s3://lake/ns/t")),
        (
            "s3-compat",
            answer(None, Some("s3://lake/ns/old/metadata/1.json")),
            Ok("s3://lake/ns/old"),
        ),
        (
            "s3-compat",
            answer(None, Some("s3://other/ns/t/metadata/1.json")),
            Err("is outside"),
        ),
    ];
    for (flavor, answer, expected) in cases {
        let service = TokenServiceStandIn::answering(vec![answer]).await;
        let state = open(&service, flavor).table(&table("t")).await;
        match (state, expected) {
            (Ok(state), Ok(place)) => assert_eq!(state.location.as_str(), place),
            (Err(error), Err(reason)) => assert!(error.to_string().contains(reason), "{error}"),
            (other, _) => panic!("{expected:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_there_already_is_made_and_what_is_gone_is_dropped() {
    let service = TokenServiceStandIn::answering(vec![refused(409)]).await;
    let bucket = open(&service, "aws");
    bucket.create_namespace("ns").await.unwrap();
    let error = bucket.drop_namespace("ns").await.unwrap_err();
    assert!(matches!(error, TableBucketError::Conflict(_)), "{error:?}");
    let expected = "the table bucket refused the request because of what it contains: because (409 SomeException)";
    assert_eq!(error.to_string(), expected);

    let service = TokenServiceStandIn::answering(vec![refused(404)]).await;
    let bucket = open(&service, "aws");
    bucket.drop_table(&table("t"), None).await.unwrap();
    bucket.drop_namespace("ns").await.unwrap();
    let error = bucket.create_table(&table("t")).await.unwrap_err();
    assert!(matches!(error, TableBucketError::Missing(_)), "{error:?}");
}

#[tokio::test]
async fn a_publication_is_asked_for_once_and_looked_up_when_its_answer_is_lost() {
    let file = "s3://x/1.json";
    let cases = [
        (refused(409), found(None), 1, "because of what it contains"),
        (
            refused(403),
            found(None),
            1,
            "the table bucket refused the request: because",
        ),
        (refused(429), found(None), 1, "is unavailable"),
        (refused(500), found(None), 2, "it is not known whether"),
        (refused(500), found(Some(file)), 2, ""),
        (refused(503), found(None), 2, "it is not known whether"),
        (refused(503), found(Some(file)), 2, ""),
    ];
    for (answer, then, requests, expected) in cases {
        let service = TokenServiceStandIn::answering(vec![answer.clone(), then]).await;
        let bucket = open(&service, "aws");
        let outcome = bucket.publish(&table("t"), &token(), file).await;
        let message = outcome.map_or_else(|e| e.to_string(), |()| String::new());
        assert_eq!(
            message.is_empty(),
            expected.is_empty(),
            "{answer:?}: {message}"
        );
        assert!(message.contains(expected), "{answer:?}: {message}");
        assert_eq!(service.seen().len(), requests, "{answer:?}");
    }
}

#[tokio::test]
async fn names_follow_the_rules_of_the_store() {
    let service = TokenServiceStandIn::answering(vec![done()]).await;
    let (aws, weed) = (open(&service, "aws"), open(&service, "s3-compat"));
    let long = "a".repeat(256);
    for name in ["", "Orders", "_a", "a.b", "a b", "ä", &long] {
        assert!(
            aws.check_name(name).is_err() && weed.check_name(name).is_err(),
            "{name}"
        );
    }
    for name in ["orders", "0_orders", long.split_at(255).0] {
        assert!(
            aws.check_name(name).is_ok() && weed.check_name(name).is_ok(),
            "{name}"
        );
    }
    assert!(aws.check_name("a-b").is_err() && weed.check_name("a-b").is_ok());
}

#[tokio::test]
async fn an_engine_of_aws_gets_keys_for_one_table_by_its_id() {
    for (permission, on_table, on_key) in [
        (
            Permission::Read,
            json!(["s3tables:GetTableData"]),
            json!(["kms:Decrypt"]),
        ),
        (
            Permission::Write,
            json!(["s3tables:GetTableData", "s3tables:PutTableData"]),
            json!(["kms:Decrypt", "kms:GenerateDataKey"]),
        ),
    ] {
        let granted = granted("ASIA1", Duration::from_hours(1));
        let service = TokenServiceStandIn::answering(vec![found(None), granted]).await;
        let vendor = open(&service, "aws").vendor(&table("t")).unwrap();
        let folder = Location::parse(PLACE).unwrap();
        let scope = Scope { folder, permission };
        let vended = vendor.vend(&scope).await.unwrap();
        assert_eq!(vended.scope, scope);
        let seen = service.seen();
        assert_signed(&seen[1], "sts");
        let form = seen[1].form();
        assert_eq!(
            (form["RoleArn"].as_str(), form["RoleSessionName"].as_str()),
            (ROLE, "lakekeeper-sts")
        );
        let policy: Value = serde_json::from_str(&form["Policy"]).unwrap();
        let expected = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": on_table, "Resource": format!("{ARN}/table/0b5e") },
            { "Effect": "Allow", "Action": on_key, "Resource": "arn:aws:kms:us-east-1:1:key/k" },
        ] });
        assert_eq!(policy, expected);
    }
}

#[tokio::test]
async fn nothing_is_vended_for_a_name_that_has_become_another_tables() {
    let service = TokenServiceStandIn::answering(vec![found(None)]).await;
    let vendor = open(&service, "aws").vendor(&table("t")).unwrap();
    let folder = Location::parse("s3://0000--table-s3").unwrap();
    let permission = Permission::Read;
    let error = vendor
        .vend(&Scope { folder, permission })
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("is at `s3://63a8e430"),
        "{error}"
    );
    assert_eq!(service.seen().len(), 1, "no keys were asked for");
}
