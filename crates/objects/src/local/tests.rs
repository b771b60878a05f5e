//! What only files have: links, special files, crashes, access rights.

use std::future::ready;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::task::Poll;

use tempfile::TempDir;

use super::*;
use crate::io::delete_prefix;
use crate::prune::prune_folders;

/// A store whose root is `<temporary>/root`, so that a test can put files outside the root.
fn store() -> (TempDir, LocalStore, Location) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let profile = LocalProfile::new(root.to_str().unwrap(), None).unwrap();
    let base = Location::parse(root.to_str().unwrap()).unwrap();
    (folder, LocalStore::open(&profile).unwrap(), base)
}

async fn names(store: &LocalStore, folder: &Location) -> Vec<String> {
    let page = store
        .list_prefix(folder, PageRequest::first())
        .await
        .unwrap();
    page.locations
        .iter()
        .map(|l| l.key()[folder.key().len() + 1..].to_owned())
        .collect()
}

fn is_invalid<T: std::fmt::Debug>(result: Result<T, ObjectError>, expected: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
    assert!(error.report().contains(expected), "{}", error.report());
}

#[tokio::test]
async fn no_link_leads_out_of_the_root() {
    let (folder, store, base) = store();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    symlink(&outside, folder.path().join("root/link")).unwrap();
    symlink(outside.join("secret"), folder.path().join("root/file-link")).unwrap();
    symlink(
        folder.path().join("nowhere"),
        folder.path().join("root/dangling"),
    )
    .unwrap();

    let at = |name: &str| base.join(name).unwrap();
    is_invalid(
        store.read(&at("link/secret"), 100).await,
        "is a symbolic link",
    );
    is_invalid(
        store.read(&at("file-link"), 100).await,
        "is a symbolic link",
    );
    is_invalid(
        store.write_new(&at("link/new"), Bytes::new()).await,
        "is a symbolic link",
    );
    is_invalid(
        store.write_new(&at("link/new/deep"), Bytes::new()).await,
        "is a symbolic link",
    );
    is_invalid(
        store.write_new(&at("dangling/new"), Bytes::new()).await,
        "is a symbolic link",
    );
    is_invalid(store.delete(&at("link/secret")).await, "is a symbolic link");
    is_invalid(
        store.list_prefix(&at("link"), PageRequest::first()).await,
        "is a symbolic link",
    );
    is_invalid(
        store.list_folders(&at("link"), PageRequest::first()).await,
        "is a symbolic link",
    );
    is_invalid(store.remove_folder(&at("link")).await, "is a symbolic link");
    is_invalid(
        store.create_folder(&at("link/in")).await,
        "is a symbolic link",
    );
    for taken in ["dangling", "file-link", "link"] {
        let error = store.write_new(&at(taken), Bytes::new()).await.unwrap_err();
        assert!(
            matches!(error, ObjectError::AlreadyExists { .. }),
            "{error:?}"
        );
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert!(!folder.path().join("nowhere").exists());
}

#[tokio::test]
async fn a_purge_removes_links_and_not_what_they_lead_to() {
    let (folder, store, base) = store();
    let other = base.join("other/data").unwrap();
    store
        .write_new(&other, Bytes::from_static(b"kept"))
        .await
        .unwrap();
    let table = base.join("table").unwrap();
    store
        .write_new(&table.join("data").unwrap(), Bytes::new())
        .await
        .unwrap();
    let root = folder.path().join("root");
    symlink(root.join("other"), root.join("table/link")).unwrap();
    symlink(root.join("other/data"), root.join("table/file-link")).unwrap();

    assert_eq!(names(&store, &table).await, ["data", "file-link", "link"]);
    let confirm = |_| ready(Ok::<_, ObjectError>(()));
    let deleted = delete_prefix(&store, &table, confirm).await.unwrap();
    assert_eq!(deleted.files, 3);
    assert!(!root.join("table").exists());
    assert_eq!(store.read(&other, 10).await.unwrap(), "kept");
}

#[tokio::test]
async fn the_root_itself_may_be_a_link() {
    let (folder, _, _) = store();
    symlink(folder.path().join("root"), folder.path().join("alias")).unwrap();
    let alias = folder.path().join("alias");
    let store =
        LocalStore::open(&LocalProfile::new(alias.to_str().unwrap(), None).unwrap()).unwrap();
    let at = Location::parse(alias.join("a/b").to_str().unwrap()).unwrap();
    store
        .write_new(&at, Bytes::from_static(b"x"))
        .await
        .unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("root/a/b")).unwrap(),
        "x"
    );
}

#[test]
fn a_root_that_is_not_there_is_not_created() {
    let (folder, _, _) = store();
    let open = |name: &str| {
        let root = folder.path().join(name);
        LocalStore::open(&LocalProfile::new(root.to_str().unwrap(), None).unwrap())
            .unwrap_err()
            .to_string()
    };
    assert!(open("missing").contains("create it first"));
    assert!(!folder.path().join("missing").exists());
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(open("file").contains("is not a folder"));
}

#[tokio::test]
async fn special_files_are_not_read() {
    let (folder, store, base) = store();
    let socket = folder.path().join("root/socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    is_invalid(
        store.read(&base.join("socket").unwrap(), 10).await,
        "special file",
    );
}

#[tokio::test]
async fn a_file_in_the_way_is_told() {
    let (_folder, store, base) = store();
    store
        .write_new(&base.join("file").unwrap(), Bytes::new())
        .await
        .unwrap();
    let below = base.join("file/below").unwrap();
    is_invalid(
        store.write_new(&below, Bytes::new()).await,
        "is not a folder",
    );
    assert!(matches!(
        store.read(&below, 10).await,
        Err(ObjectError::NotFound { .. })
    ));
    store.delete(&below).await.unwrap();
}

#[tokio::test]
async fn nothing_temporary_is_left_and_others_may_read() {
    let (folder, store, base) = store();
    let at = base.join("t/metadata/1.json").unwrap();
    store
        .write_new(&at, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    store
        .write_new(&at, Bytes::from_static(b"{}"))
        .await
        .unwrap_err();
    assert_eq!(names(&store, &base).await, ["t/metadata/1.json"]);
    let path = folder.path().join("root/t/metadata/1.json");
    let found = fs::metadata(&path).unwrap();
    // The file does not keep the private mode of temporary files: as for every new file, the process's umask decides.
    fs::write(folder.path().join("reference"), "").unwrap();
    let reference = fs::metadata(folder.path().join("reference")).unwrap();
    assert_eq!(found.permissions().mode(), reference.permissions().mode());
}

#[tokio::test]
async fn names_that_no_location_can_hold_do_not_stop_a_listing() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, store, base) = store();
    let root = folder.path().join("root");
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "").unwrap();
    fs::write(root.join("line\nbreak"), "").unwrap();
    fs::write(root.join("plain"), "").unwrap();
    assert_eq!(names(&store, &base).await, ["plain"]);
}

#[tokio::test]
async fn pruning_takes_empty_folders_only() {
    let (folder, store, base) = store();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("t/a/b/c")).unwrap();
    fs::create_dir_all(root.join("t/d")).unwrap();
    fs::write(root.join("t/d/kept"), "").unwrap();
    fs::write(root.join("t/a.txt"), "").unwrap();
    symlink(&root, root.join("t/link")).unwrap();
    let prune = async |folder: &Location| {
        let confirm = || ready(Ok::<_, ObjectError>(()));
        prune_folders(&store, folder, confirm).await.unwrap();
    };
    prune(&base.join("t").unwrap()).await;
    assert!(!root.join("t/a").exists());
    assert!(root.join("t/d/kept").exists());
    assert!(root.join("t/a.txt").exists());
    assert!(root.join("t/link").is_symlink());
    prune(&base.join("missing").unwrap()).await;
    fs::remove_dir_all(root.join("t")).unwrap();
    prune(&base).await;
    assert!(root.exists(), "the root itself stays");
}

#[test]
fn a_file_that_is_gone_is_told_and_a_drive_that_may_hang_is_asked_elsewhere() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(asked_here_or_elsewhere());
}

async fn asked_here_or_elsewhere() {
    let (_folder, mut store, base) = store();
    let (here, gone) = (base.join("here").unwrap(), base.join("gone").unwrap());
    store.write_new(&here, Bytes::new()).await.unwrap();
    for answers_at_once in [true, false] {
        let root = Root {
            location: store.root.location.clone(),
            canonical: store.root.canonical.clone(),
            answers_at_once,
        };
        store.root = Arc::new(root);
        // The only blocking thread is busy until `is_gone` has been polled.
        let (free, taken) = std::sync::mpsc::channel::<()>();
        let elsewhere = tokio::task::spawn_blocking(move || taken.recv().is_err());
        let mut asked = store.is_gone(&gone);
        let at_once = futures::poll!(&mut asked);
        assert_eq!(at_once.is_ready(), answers_at_once);
        drop(free);
        assert!(elsewhere.await.unwrap());
        assert!(match at_once {
            Poll::Ready(is_gone) => is_gone,
            Poll::Pending => asked.await,
        });
        assert!(!store.is_gone(&here).await);
    }
}

#[tokio::test]
async fn folders_are_listed_page_by_page() {
    let (folder, store, base) = store();
    let root = folder.path().join("root/t");
    // In the order of their keys, which end in a slash: a blank sorts before it.
    let all = ["a b", "a", "a0", "b", "c"];
    for name in all {
        fs::create_dir_all(root.join(name).join("deep")).unwrap();
    }
    fs::write(root.join("a1"), "").unwrap();
    let table = base.join("t").unwrap();
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = store.list_folders(&table, page).await.unwrap();
        assert!(page.locations.len() <= 2);
        found.extend(page.locations);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, all.map(|name| table.join(name).unwrap()));
}

#[tokio::test]
async fn a_name_that_is_too_long_is_told() {
    let (_folder, store, base) = store();
    // A name may have 255 bytes. The name of the temporary file must not be longer.
    let at = base.join(&"x".repeat(255)).unwrap();
    store.write_new(&at, Bytes::new()).await.unwrap();
    assert!(base.join(&"x".repeat(256)).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// Folders and pages of any shape are listed as the memory store lists them.
    #[test]
    fn files_are_listed_in_the_order_of_keys(
        names in proptest::collection::btree_set("[ab]([-./0]?[ab]){0,4}", 0..25),
        limit in 1_usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_folder, store, base) = store();
            let memory = crate::memory::MemoryStore::default();
            for name in names {
                let at = base.join(&name).unwrap();
                // A name cannot be both a file and a folder.
                if store.write_new(&at, Bytes::new()).await.is_ok() {
                    memory.write_new(&at, Bytes::new()).await.unwrap();
                }
            }
            assert_eq!(all(&store, &base, limit).await, all(&memory, &base, 1000).await);
        });
    }
}

async fn all(objects: &dyn Objects, folder: &Location, limit: usize) -> Vec<Location> {
    let mut page = PageRequest { after: None, limit };
    let mut found = Vec::new();
    loop {
        let got = objects.list_prefix(folder, page.clone()).await.unwrap();
        found.extend(got.locations);
        let Some(token) = got.next else { return found };
        page.after = Some(token);
    }
}

#[tokio::test]
async fn a_root_that_is_not_there_for_now_makes_nothing_missing() {
    let (folder, store, base) = store();
    let at = base.join("t/metadata/1.json").unwrap();
    let content = Bytes::from_static(b"{}");
    store.write_new(&at, content.clone()).await.unwrap();
    let (root, away) = (folder.path().join("root"), folder.path().join("away"));
    fs::rename(&root, &away).unwrap();

    let first = PageRequest::first;
    for outcome in [
        store.read(&at, 10).await.map(drop),
        store
            .write_new(&base.join("new").unwrap(), content.clone())
            .await,
        store.delete(&at).await,
        store.delete_batch(vec![at.clone()]).await,
        store.list_prefix(&base, first()).await.map(drop),
        store.list_folders(&base, first()).await.map(drop),
        store.remove_folder(&base).await,
        store.create_folder(&base.join("new").unwrap()).await,
    ] {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ObjectError::Unavailable { .. }),
            "{error:?}"
        );
        assert!(
            error.report().contains("is not there"),
            "{}",
            error.report()
        );
    }
    assert!(!store.is_gone(&at).await);
    assert!(!root.exists(), "it is not made anew");

    fs::rename(&away, &root).unwrap();
    assert_eq!(store.read(&at, 10).await.unwrap(), content);
}

#[test]
fn a_folder_that_is_not_the_servers_to_use_is_a_wrong_one() {
    let at = Location::parse("file:///data/x").unwrap();
    let error = ObjectError::from_io(&at, &io::ErrorKind::PermissionDenied.into());
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    let told = error.report();
    assert!(told.contains("the user that the server runs as"), "{told}");
}

#[test]
fn the_state_of_the_disk_is_nothing_that_a_client_could_correct() {
    let at = Location::parse("file:///data/x").unwrap();
    for kind in [
        io::ErrorKind::ReadOnlyFilesystem,
        io::ErrorKind::StorageFull,
    ] {
        let error = ObjectError::from_io(&at, &kind.into());
        assert!(
            matches!(error, ObjectError::Unavailable { .. }),
            "{error:?}"
        );
    }
}
