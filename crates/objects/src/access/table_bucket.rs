//! Tries a table bucket: the server's own tables, and that access vended for one table reaches no other.

use bytes::Bytes;
use uuid::Uuid;

use super::trial::{
    AccessCheck, AccessOutcome, NOTHING_VENDED, Opened, PREREQUISITE, Trial, TrialError, VENDED,
    issue, timed,
};
use super::vended::{child, denied, failure, put};
use super::{AccessError, AccessStep};
use crate::io::Objects;
use crate::location::Location;
use crate::profile::StorageProfile;
use crate::table_bucket::{BucketTable, TableBucket};

/// Tries the table bucket, and reports each check as [`super::try_storage`] does.
///
/// Creates two tables in a namespace with a random name, writes and reads a file in one of them, and drops them. If
/// access is vended, access to the first table is tried in this table, and in the second one, where it must be
/// denied. Files are neither listed nor deleted one by one, because AWS allows neither, and have names that SeaweedFS
/// accepts for files of a table.
pub async fn try_table_bucket(
    own: &dyn Objects,
    bucket: &dyn TableBucket,
    profile: &StorageProfile,
) -> Vec<(AccessCheck, AccessOutcome)> {
    let base = profile.base_location();
    let mut trial = Trial {
        base: &base,
        outcomes: Vec::new(),
    };
    let namespace = format!("lakekeeper_check_{}", Uuid::new_v4().simple());
    let tables = ["orders", "orders2"].map(|name| BucketTable {
        namespace: namespace.clone(),
        name: name.to_owned(),
    });
    let made = timed(make(own, bucket, &tables)).await;
    let places = trial.record(AccessCheck::Own, made);
    let [table, _] = &tables;
    match (places, bucket.vendor(table)) {
        (_, None) => trial.skip(&VENDED, NOTHING_VENDED),
        (None, Some(_)) => trial.skip(&VENDED, PREREQUISITE),
        (Some(places), Some(vendor)) => {
            let [folder, beside] = &places;
            let issued = timed(issue(vendor.as_ref(), profile, folder)).await;
            if let Some(opened) = trial.record(AccessCheck::VendedIssued, issued) {
                let works = timed(works(&opened, folder)).await;
                trial.record(AccessCheck::VendedInside, works);
                let is_confined = timed(is_confined(own, &opened, [folder, beside])).await;
                trial.record(AccessCheck::VendedConfined, is_confined);
            } else {
                let checks = [AccessCheck::VendedInside, AccessCheck::VendedConfined];
                trial.skip(&checks, PREREQUISITE);
            }
        }
    }
    let cleaned = timed(drop_all(bucket, &tables)).await;
    trial.record(AccessCheck::Cleanup, cleaned);
    trial.outcomes
}

/// Creates two tables, with a file in the first one. Returns their locations.
async fn make(
    own: &dyn Objects,
    bucket: &dyn TableBucket,
    [table, beside]: &[BucketTable; 2],
) -> Result<[Location; 2], TrialError> {
    bucket.create_namespace(&table.namespace).await?;
    let folder = bucket.create_table(table).await?.location;
    let beside = bucket.create_table(beside).await?.location;
    let object = child(&folder, "metadata/lakekeeper-access-check.metadata.json")?;
    use_object(own, &object).await.map_err(TrialError::Own)?;
    Ok([folder, beside])
}

async fn drop_all(bucket: &dyn TableBucket, tables: &[BucketTable; 2]) -> Result<(), TrialError> {
    for table in tables {
        // The table was created for this trial alone, so its version does not matter.
        bucket.drop_table(table, None).await?;
    }
    let [BucketTable { namespace, .. }, _] = tables;
    Ok(bucket.drop_namespace(namespace).await?)
}

async fn use_object(objects: &dyn Objects, object: &Location) -> Result<(), Box<AccessError>> {
    let written = objects.write_new(object, content()).await;
    written.map_err(|e| failure(AccessStep::Write, object, e))?;
    let read = objects.read(object, 1024).await;
    read.map_err(|e| failure(AccessStep::Read, object, e))?;
    Ok(())
}

async fn works((writer, reader): &Opened, folder: &Location) -> Result<(), TrialError> {
    let object = child(folder, "data/lakekeeper-access-check.parquet")?;
    let used = use_object(writer.as_ref(), &object).await;
    used.map_err(TrialError::Inside)?;
    let read = reader.read(&object, 1024).await;
    read.map_err(|e| TrialError::Inside(Box::new(failure(AccessStep::Read, &object, e))))?;
    Ok(())
}

async fn is_confined(
    own: &dyn Objects,
    (writer, reader): &Opened,
    [folder, beside]: [&Location; 2],
) -> Result<(), TrialError> {
    let bait = child(beside, "metadata/bait.metadata.json")?;
    let baited = put(own, &bait).await;
    baited.map_err(|e| TrialError::Unclear(Box::new(failure(AccessStep::Write, &bait, e))))?;
    denied(AccessStep::Read, &bait, writer.read(&bait, 1024).await)?;
    for (objects, at) in [(writer, beside), (reader, folder)] {
        let other = child(at, "data/other.parquet")?;
        let written = objects.write_new(&other, content()).await;
        denied(AccessStep::Write, &other, written)?;
    }
    Ok(())
}

fn content() -> Bytes {
    Bytes::from_static(b"access check")
}
