//! What every [`Objects`] promises, as tests that any implementation can run.
//!
//! [`each_promise!`](crate::each_promise) names them; the tests of this crate show how to make one test of each. A
//! [`Subject`] is a store with a folder that no other test uses.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::allow_attributes,
    reason = "assertions of tests"
)]

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Location, ObjectError, Objects, PageRequest, delete_prefix, validate_access};

/// A store and a folder in it that belongs to the test.
pub type Subject = (Arc<dyn Objects>, Location);

/// Names that stores and file systems are tempted to change.
const ODD_NAMES: [&str; 12] = [
    "plain",
    "a b",
    "a+b",
    "a%20b",
    "a%2Fb",
    "100%",
    "p=1&q=2",
    "ümlaut-中文",
    "u\u{308}mlaut",
    "tilde~!'()*@$,;:",
    "<xml>&\"quoted\"",
    "ts=2024-01-01T00%3A00",
];

/// Calls the macro `$make` with the names of all promises.
#[macro_export]
macro_rules! each_promise {
    ($make:ident) => {
        $make! {
            reads_what_was_written,
            keeps_the_first_of_two_writes,
            lets_one_of_many_writers_win,
            reads_nothing_that_is_too_large,
            tells_what_is_missing,
            deletes_again_and_again,
            deletes_batches_with_missing_objects,
            lists_a_folder_and_no_sibling,
            lists_in_pages,
            lists_while_deleting,
            takes_keys_literally,
            deletes_a_prefix_and_no_sibling,
            has_no_object_where_a_folder_is,
            refuses_what_is_outside,
            proves_access,
        }
    };
}

fn at(base: &Location, relative: &str) -> Location {
    base.join(relative).unwrap()
}

async fn write((objects, base): &Subject, relative: &str) -> Location {
    let location = at(base, relative);
    objects
        .write_new(&location, Bytes::from(relative.to_owned()))
        .await
        .unwrap();
    location
}

async fn list_all(objects: &dyn Objects, folder: &Location, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut page = PageRequest { after: None, limit };
    loop {
        let got = objects.list_prefix(folder, page.clone()).await.unwrap();
        assert!(
            got.locations.len() <= limit,
            "a page of {} with limit {limit}",
            got.locations.len()
        );
        found.extend(
            got.locations
                .iter()
                .map(|l| l.normalized()[folder.normalized().len() + 1..].to_owned()),
        );
        match got.next {
            Some(token) => page.after = Some(token),
            None => return found,
        }
    }
}

/// Content comes back as it was written, whether it has no bytes or millions.
pub async fn reads_what_was_written(subject: &Subject) {
    let (objects, base) = subject;
    for (name, content) in [
        ("empty", Bytes::new()),
        ("a/b/c/large", Bytes::from(vec![7; 3_000_000])),
    ] {
        let location = at(base, name);
        objects.write_new(&location, content.clone()).await.unwrap();
        assert_eq!(objects.read(&location, 3_000_000).await.unwrap(), content);
    }
}

/// A second write to one name is refused, even with the same bytes.
pub async fn keeps_the_first_of_two_writes(subject: &Subject) {
    let (objects, base) = subject;
    let location = at(base, "twice");
    objects
        .write_new(&location, Bytes::from_static(b"first"))
        .await
        .unwrap();
    for content in ["second", "first"] {
        let error = objects
            .write_new(&location, Bytes::from(content))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ObjectError::AlreadyExists { .. }),
            "{error:?}"
        );
        assert_eq!(error.location(), &location);
    }
    assert_eq!(objects.read(&location, 100).await.unwrap(), "first");
}

/// Of several writers at the same time exactly one succeeds, and its bytes are stored.
pub async fn lets_one_of_many_writers_win(subject: &Subject) {
    let (objects, base) = subject;
    let location = at(base, "new-folder/contended");
    let writers = (0..16).map(|i| {
        let (objects, location) = (Arc::clone(objects), location.clone());
        tokio::spawn(async move {
            (
                i,
                objects
                    .write_new(&location, Bytes::from(format!("writer {i}")))
                    .await,
            )
        })
    });
    let mut winners = Vec::new();
    for outcome in futures::future::join_all(writers).await {
        match outcome.unwrap() {
            (i, Ok(())) => winners.push(i),
            (_, Err(ObjectError::AlreadyExists { .. })) => {}
            (i, Err(error)) => panic!("writer {i}: {error:?}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(
        objects.read(&location, 100).await.unwrap(),
        format!("writer {}", winners[0])
    );
}

/// Reading an object that is larger than the reader's bound is an error with its size.
pub async fn reads_nothing_that_is_too_large(subject: &Subject) {
    let (objects, base) = subject;
    let location = at(base, "ten");
    objects
        .write_new(&location, Bytes::from_static(b"0123456789"))
        .await
        .unwrap();
    assert_eq!(objects.read(&location, 10).await.unwrap(), "0123456789");
    let error = objects.read(&location, 9).await.unwrap_err();
    assert!(
        matches!(
            error,
            ObjectError::TooLarge {
                size: 10,
                max: 9,
                ..
            }
        ),
        "{error:?}"
    );
}

/// Reading an object that does not exist is `NotFound`, also if its folder does not exist.
pub async fn tells_what_is_missing(subject: &Subject) {
    let (objects, base) = subject;
    for name in ["missing", "missing-folder/missing"] {
        let error = objects.read(&at(base, name), 10).await.unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { .. }), "{error:?}");
        assert!(!error.is_retryable());
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// Deleting succeeds whether or not the object exists, and its name can be used again.
pub async fn deletes_again_and_again(subject: &Subject) {
    let (objects, base) = subject;
    let location = write(subject, "folder/deleted").await;
    for _ in 0..2 {
        objects.delete(&location).await.unwrap();
        let error = objects.read(&location, 100).await.unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { .. }), "{error:?}");
    }
    objects.delete(&at(base, "never/was/there")).await.unwrap();
    write(subject, "folder/deleted").await;
}

/// A batch may contain objects that do not exist, and no other object is deleted.
pub async fn deletes_batches_with_missing_objects(subject: &Subject) {
    let (objects, base) = subject;
    let mut all = vec![at(base, "missing"), at(base, "missing-folder/missing")];
    for name in ["x/1", "x/2", "y"] {
        all.push(write(subject, name).await);
    }
    let kept = write(subject, "x/3").await;
    objects.delete_batch(all.clone()).await.unwrap();
    objects.delete_batch(all).await.unwrap();
    objects.delete_batch(Vec::new()).await.unwrap();
    assert_eq!(list_all(objects.as_ref(), base, 10).await, ["x/3"]);
    assert_eq!(objects.read(&kept, 10).await.unwrap(), "x/3");
}

/// A listing compares whole segments: `orders` does not list `orders2`.
pub async fn lists_a_folder_and_no_sibling(subject: &Subject) {
    let (objects, base) = subject;
    for name in [
        "orders2/a",
        "orders/b",
        "orders/a/deep/er",
        "order",
        "orders-old/x",
        "other",
    ] {
        write(subject, name).await;
    }
    assert_eq!(
        list_all(objects.as_ref(), &at(base, "orders"), 10).await,
        ["a/deep/er", "b"]
    );
    assert_eq!(
        list_all(objects.as_ref(), &at(base, "orders/a"), 10).await,
        ["deep/er"]
    );
    assert_eq!(
        list_all(objects.as_ref(), &at(base, "ord"), 10).await,
        Vec::<String>::new()
    );
    assert_eq!(
        list_all(objects.as_ref(), &at(base, "order"), 10).await,
        Vec::<String>::new()
    );
    assert_eq!(list_all(objects.as_ref(), base, 100).await.len(), 6);
    let listed = objects
        .list_prefix(&at(base, "orders"), PageRequest::first())
        .await
        .unwrap();
    assert!(
        listed.locations[0].as_str().starts_with(base.as_str()),
        "{:?}",
        listed.locations
    );
}

/// Pages of any size add up to the whole listing, in the order of keys.
pub async fn lists_in_pages(subject: &Subject) {
    let (objects, base) = subject;
    let mut names = ["b0", "a", "a-b", "a.b/c", "b/2", "b/1", "b/c/1", "c"];
    for name in &names {
        write(subject, &format!("pages/{name}")).await;
    }
    write(subject, "pages2/behind").await;
    names.sort_unstable();
    let folder = at(base, "pages");
    for limit in [1, 2, 3, 7, 8, 9] {
        assert_eq!(
            list_all(objects.as_ref(), &folder, limit).await,
            names,
            "limit {limit}"
        );
    }
}

/// The next page misses nothing when the objects of a page are deleted.
pub async fn lists_while_deleting(subject: &Subject) {
    let (objects, base) = subject;
    for i in 0..25 {
        write(subject, &format!("purged/{}/{i:02}", i % 3)).await;
    }
    let folder = at(base, "purged");
    let (mut page, mut seen) = (
        PageRequest {
            after: None,
            limit: 4,
        },
        0,
    );
    loop {
        let got = objects.list_prefix(&folder, page.clone()).await.unwrap();
        seen += got.locations.len();
        objects.delete_batch(got.locations).await.unwrap();
        let Some(token) = got.next else { break };
        page.after = Some(token);
    }
    assert_eq!(seen, 25);
    assert_eq!(
        list_all(objects.as_ref(), &folder, 10).await,
        Vec::<String>::new()
    );
}

async fn empty(objects: &dyn Objects, folder: &Location) -> u64 {
    let confirm = |_| ready(Ok::<_, ObjectError>(()));
    let deleted = delete_prefix(objects, folder, confirm).await.unwrap();
    assert_eq!(deleted.files == 0, deleted.bytes == 0, "{deleted:?}");
    deleted.files
}

/// Keys are raw strings: blanks, `%`, Unicode forms and the like come back as they were written.
pub async fn takes_keys_literally(subject: &Subject) {
    let (objects, base) = subject;
    let mut expected: Vec<String> = ODD_NAMES
        .iter()
        .map(|name| format!("{name}/{name}"))
        .collect();
    for name in &expected {
        write(subject, &format!("odd/{name}")).await;
    }
    for name in &expected {
        let location = Location::parse_object(&format!("{}/odd/{name}", base.as_str())).unwrap();
        assert_eq!(
            objects.read(&location, 1000).await.unwrap(),
            format!("odd/{name}")
        );
    }
    expected.sort();
    let folder = at(base, "odd");
    assert_eq!(list_all(objects.as_ref(), &folder, 5).await, expected);
    for name in &ODD_NAMES[..6] {
        objects
            .delete(&at(&folder, &format!("{name}/{name}")))
            .await
            .unwrap();
    }
    assert_eq!(list_all(objects.as_ref(), &folder, 50).await.len(), 6);
    assert_eq!(empty(objects.as_ref(), &folder).await, 6);
}

/// Purging a table leaves its neighbours, and can be repeated.
pub async fn deletes_a_prefix_and_no_sibling(subject: &Subject) {
    let (objects, base) = subject;
    for i in 0..30 {
        write(subject, &format!("t1/data/{}/{i}.parquet", i % 4)).await;
    }
    write(subject, "t1/metadata/1.json").await;
    for name in ["t10/metadata/1.json", "t1-copy/x", "t", "u/t1/x"] {
        write(subject, name).await;
    }
    let table = at(base, "t1");
    assert_eq!(empty(objects.as_ref(), &table).await, 31);
    assert_eq!(empty(objects.as_ref(), &table).await, 0);
    assert_eq!(
        list_all(objects.as_ref(), base, 50).await,
        ["t", "t1-copy/x", "t10/metadata/1.json", "u/t1/x"]
    );
    // The name can be used again, even as an object.
    write(subject, "t1").await;
}

/// For stores that keep objects by any key: the markers of a table's folders are deleted with it, and its siblings'
/// markers stay.
pub async fn deletes_markers_of_folders(subject: &Subject) {
    let (objects, base) = subject;
    let mark = async |relative: &str| {
        let marker = base.join_listed(relative).unwrap();
        objects.write_new(&marker, Bytes::new()).await.unwrap();
    };
    for marker in ["t1/", "t1/data/", "t1/data/x=1/", "t1/empty/", "t2/"] {
        mark(marker).await;
    }
    write(subject, "t1/data/x=1/1.parquet").await;
    let empty_file = at(base, "t1/data/_SUCCESS");
    objects.write_new(&empty_file, Bytes::new()).await.unwrap();

    let table = at(base, "t1");
    empty(objects.as_ref(), &table).await;
    let left = objects.list_prefix(base, PageRequest::first()).await;
    let left = left.unwrap();
    let sibling = base.join_listed("t2/").unwrap();
    assert!(left.markers.contains(&sibling), "{left:?}");
    let is_of_table = |left: &Location| left.is_within(&table);
    let mut all = left.locations.iter().chain(&left.markers);
    assert!(!all.any(is_of_table), "{left:?}");
}

/// A folder is not an object: it can be neither read nor deleted.
pub async fn has_no_object_where_a_folder_is(subject: &Subject) {
    let (objects, base) = subject;
    write(subject, "folder/x").await;
    let folder = at(base, "folder");
    let error = objects.read(&folder, 10).await.unwrap_err();
    assert!(matches!(error, ObjectError::NotFound { .. }), "{error:?}");
    objects.delete(&folder).await.unwrap();
    assert_eq!(list_all(objects.as_ref(), &folder, 10).await, ["x"]);
}

/// Every method refuses a location that is not within the base.
pub async fn refuses_what_is_outside(subject: &Subject) {
    let (objects, _) = subject;
    for outside in [
        "s3://another-bucket/x",
        "file:///lakekeeper-outside/x",
        "memory://elsewhere/x",
    ] {
        let outside = Location::parse(outside).unwrap();
        let errors = [
            objects.read(&outside, 10).await.unwrap_err(),
            objects.write_new(&outside, Bytes::new()).await.unwrap_err(),
            objects.delete(&outside).await.unwrap_err(),
            objects
                .delete_batch(vec![outside.clone()])
                .await
                .unwrap_err(),
            objects
                .list_prefix(&outside, PageRequest::first())
                .await
                .unwrap_err(),
            objects
                .list_folders(&outside, PageRequest::first())
                .await
                .unwrap_err(),
            objects.remove_folder(&outside).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
        }
    }
}

/// The access check passes and leaves nothing behind.
pub async fn proves_access(subject: &Subject) {
    let (objects, base) = subject;
    validate_access(objects.as_ref(), base).await.unwrap();
    assert_eq!(
        list_all(objects.as_ref(), base, 10).await,
        Vec::<String>::new()
    );
}
