//! Folders of a hierarchical namespace, on a stand-in: Azurite does not have them.

use std::collections::{BTreeSet, HashMap};
use std::future::ready;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::prune::prune_folders;
use crate::{StorageCredential, StorageProfile, open};

/// Paths; folders end in a slash.
type Tree = Arc<Mutex<BTreeSet<String>>>;

/// Answers listings by delimiter, HEAD, GET and DELETE as an account with hierarchical namespace does, and checks no
/// signature.
async fn hierarchical_stand_in(paths: &[&str]) -> (Arc<dyn Objects>, Location, Tree) {
    let tree: Tree = Arc::new(Mutex::new(paths.iter().map(|&p| p.to_owned()).collect()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = Arc::clone(&tree);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream, &served).await;
        }
    });
    let profile = StorageProfile::from_json(&json!({
        "type": "adls", "account-name": "account1", "filesystem": "lake", "key-prefix": "wh",
        "host": format!("dfs.localhost:{port}"),
    }));
    let credential = json!({"type": "az", "credential-type": "shared-access-key", "key": "aGk="});
    let credential = StorageCredential::from_json(&credential).unwrap();
    let profile = profile.unwrap();
    let objects = open(&profile, Some(&credential)).unwrap();
    (objects, profile.base_location(), tree)
}

async fn serve(mut stream: TcpStream, tree: &Tree) {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..n]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut words = text.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let url = Url::parse(&format!("http://host{target}")).unwrap();
    let (status, headers, body) = answer(method, &url, &mut tree.lock().unwrap());
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\netag: \"1\"\r\n{headers}\
         last-modified: Sat, 21 Nov 2026 06:00:00 GMT\r\nconnection: close\r\n\r\n"
    );
    let body = if method == "HEAD" {
        String::new()
    } else {
        body
    };
    let answer = format!("{head}{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

fn answer(method: &str, url: &Url, tree: &mut BTreeSet<String>) -> (u16, &'static str, String) {
    const FOLDER: &str = "x-ms-meta-hdi_isfolder: true\r\n";
    if let Some((_, prefix)) = url.query_pairs().find(|(name, _)| name == "prefix") {
        if prefix == "wh/closed/" {
            let refusal =
                "<Error><Code>AuthorizationPermissionMismatch</Code><Message>No.</Message></Error>";
            return (403, "", refusal.to_owned());
        }
        return (200, "", folders(url, &prefix, tree));
    }
    let path = url.path().strip_prefix("/lake/").unwrap().to_owned();
    let folder = format!("{path}/");
    let is_folder = tree.contains(&folder);
    match method {
        _ if !is_folder && !tree.contains(&path) => {
            (404, "x-ms-error-code: BlobNotFound\r\n", String::new())
        }
        "DELETE"
            if is_folder
                && tree
                    .iter()
                    .any(|p| p.len() > folder.len() && p.starts_with(&folder)) =>
        {
            (
                409,
                "x-ms-error-code: DirectoryIsNotEmpty\r\n",
                String::new(),
            )
        }
        "DELETE" => {
            tree.remove(if is_folder { &folder } else { &path });
            (202, "", String::new())
        }
        _ => (200, if is_folder { FOLDER } else { "" }, String::new()),
    }
}

/// One page of a listing by delimiter.
fn folders(url: &Url, prefix: &str, tree: &BTreeSet<String>) -> String {
    let query: HashMap<_, _> = url.query_pairs().collect();
    assert_eq!(query["delimiter"], "/");
    let most = query["maxresults"].parse().unwrap();
    let after = query.get("marker").map_or("", |marker| marker.as_ref());
    let all: BTreeSet<&str> = tree
        .iter()
        .filter_map(|path| path.strip_prefix(prefix)?.split_once('/'))
        .map(|(child, _)| child)
        .filter(|child| *child > after)
        .collect();
    let page: Vec<&str> = all.iter().copied().take(most).collect();
    let marker = page.last().filter(|_| page.len() < all.len());
    let marker = marker.copied().unwrap_or_default();
    let open = format!("<BlobPrefix><Name>{prefix}");
    let folders: String = page
        .iter()
        .flat_map(|child| [open.as_str(), child, "/</Name></BlobPrefix>"])
        .collect();
    format!(
        "<EnumerationResults><Blobs>{folders}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    )
}

async fn prune(objects: &Arc<dyn Objects>, folder: &Location) {
    let confirm = || ready(Ok::<_, ObjectError>(()));
    prune_folders(objects.as_ref(), folder, confirm)
        .await
        .unwrap();
}

#[tokio::test]
async fn empty_folders_are_removed_and_others_stay() {
    let (objects, base, tree) = hierarchical_stand_in(&[
        "wh/",
        "wh/t/",
        "wh/t/data/",
        "wh/t/data/a/",
        "wh/t/data/b/",
        "wh/t/metadata/",
        "wh/t/metadata/late.json",
        "wh/t2/",
        "wh/t2/data/",
    ])
    .await;
    let table = base.join("t").unwrap();
    prune(&objects, &table).await;
    let left: Vec<String> = tree.lock().unwrap().iter().cloned().collect();
    let with_late = [
        "wh/",
        "wh/t/",
        "wh/t/metadata/",
        "wh/t/metadata/late.json",
        "wh/t2/",
        "wh/t2/data/",
    ];
    assert_eq!(left, with_late);

    tree.lock().unwrap().remove("wh/t/metadata/late.json");
    prune(&objects, &table).await;
    prune(&objects, &table).await;
    let left: Vec<String> = tree.lock().unwrap().iter().cloned().collect();
    assert_eq!(left, ["wh/", "wh/t2/", "wh/t2/data/"]);
}

#[tokio::test]
async fn folders_of_several_pages_are_removed() {
    let days: Vec<String> = (0..250)
        .map(|day| format!("wh/t/data/d{day:03}/"))
        .collect();
    let mut all = vec!["wh/t/", "wh/t/data/", "wh/t2/"];
    all.extend(days.iter().map(String::as_str));
    let (objects, base, tree) = hierarchical_stand_in(&all).await;
    prune(&objects, &base.join("t").unwrap()).await;
    let left: Vec<String> = tree.lock().unwrap().iter().cloned().collect();
    assert_eq!(left, ["wh/t2/"]);
}

#[tokio::test]
async fn a_file_with_the_name_of_the_folder_stays() {
    let (objects, base, tree) = hierarchical_stand_in(&["wh/t"]).await;
    prune(&objects, &base.join("t").unwrap()).await;
    assert!(tree.lock().unwrap().contains("wh/t"));
}

#[tokio::test]
async fn a_folder_is_no_object() {
    let (objects, base, tree) = hierarchical_stand_in(&["wh/t/", "wh/t/x"]).await;
    let folder = base.join("t").unwrap();
    let error = objects.read(&folder, 10).await.unwrap_err();
    assert!(matches!(error, ObjectError::NotFound { .. }), "{error:?}");
    objects.delete(&folder).await.unwrap();
    assert_eq!(tree.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_listing_is_a_matter_of_permissions() {
    let (objects, base, _) = hierarchical_stand_in(&["wh/closed/", "wh/closed/x"]).await;
    let folder = base.join("closed").unwrap();
    let listed = objects.list_prefix(&folder, PageRequest::first()).await;
    let error = listed.unwrap_err();
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    assert_eq!(
        error.report(),
        format!("access to `{folder}` was denied: No. (403 AuthorizationPermissionMismatch)")
    );
}
