//! The conformance suite on local files, in a folder that is removed afterwards.

use objects::{LocalProfile, StorageProfile};

macro_rules! on_files {
    ($($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                let root = folder.path().to_str().unwrap();
                let profile = LocalProfile::new(root, Some("a warehouse".to_owned())).unwrap();
                let profile = StorageProfile::Local(profile);
                let subject = (objects::open(&profile, None).unwrap(), profile.base_location());
                objects::conformance::$promise(&subject).await;
            }
        )*
    };
}

objects::each_promise!(on_files);
