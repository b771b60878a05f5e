//! The conformance suite on a store in memory.

use objects::StorageProfile;

macro_rules! in_memory {
    ($($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let subject = (objects::memory(), StorageProfile::Memory.base_location());
                objects::conformance::$promise(&subject).await;
            }
        )*
    };
}

objects::each_promise!(in_memory);
