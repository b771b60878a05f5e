//! The cost of durable files: `cargo bench -p objects`. The files are written to `TMPDIR`.

#![expect(
    clippy::unwrap_used,
    reason = "a failed operation ends the measurement"
)]

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use objects::{LocalProfile, Location, Objects, StorageProfile};
use tokio::runtime::Runtime;

/// Size of an ordinary table's metadata.
const BYTES: usize = 20_000;
const AT_ONCE: usize = 32;

fn main() {
    divan::main();
}

struct Store {
    objects: Arc<dyn Objects>,
    base: Location,
    content: Bytes,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profile = LocalProfile::new(folder.path().to_str().unwrap(), None).unwrap();
        let profile = StorageProfile::Local(profile);
        let objects = objects::open(&profile, None).unwrap();
        let base = profile.base_location().join("table/metadata").unwrap();
        let runtime = Runtime::new().unwrap();
        Self {
            objects,
            base,
            content: Bytes::from(vec![b'x'; BYTES]),
            runtime,
            _folder: folder,
        }
    }

    async fn write(&self) -> Location {
        let at = self.base.join(&uuid::Uuid::new_v4().to_string()).unwrap();
        self.objects
            .write_new(&at, self.content.clone())
            .await
            .unwrap();
        at
    }
}

#[divan::bench]
fn write_new(bencher: divan::Bencher<'_, '_>) {
    let store = Store::new();
    bencher
        .counter(1usize)
        .bench_local(|| store.runtime.block_on(store.write()));
}

#[divan::bench]
fn write_new_32_at_once(bencher: divan::Bencher<'_, '_>) {
    let store = Store::new();
    bencher.counter(AT_ONCE).bench_local(|| {
        store
            .runtime
            .block_on(join_all((0..AT_ONCE).map(|_| store.write())))
    });
}

#[divan::bench]
fn read(bencher: divan::Bencher<'_, '_>) {
    let store = Store::new();
    let at = store.runtime.block_on(store.write());
    bencher.counter(1usize).bench_local(|| {
        store
            .runtime
            .block_on(store.objects.read(&at, 1 << 20))
            .unwrap()
    });
}

#[divan::bench]
fn parse_location(bencher: divan::Bencher<'_, '_>) {
    let given = "s3://my-bucket/warehouse/0190c2f0-6d3e-7b6a-8f44-1d3c1f6f9a10/metadata/00001-0190c2f0.metadata.json";
    bencher
        .counter(1usize)
        .bench_local(|| Location::parse(divan::black_box(given)).unwrap());
}
