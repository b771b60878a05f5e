//! What counting a call costs the request: `cargo bench -p catalog`.

use std::sync::Arc;

use catalog::{Call, CallCounters};
use divan::Bencher;
use model::{SystemClock, WarehouseId};

fn main() {
    divan::main();
}

const LOAD: &str = "/catalog/v1/{prefix}/namespaces/{namespace}/tables/{table}";

fn load(warehouse: WarehouseId) -> Call<'static> {
    Call {
        method: "GET",
        route: LOAD,
        status: 200,
        warehouse: Some(warehouse),
        project: None,
    }
}

/// An operation that has been counted before, called by several threads at once.
#[divan::bench(threads = [1, 2, 8])]
fn record(bencher: Bencher<'_, '_>) {
    let counters = CallCounters::new(Arc::new(SystemClock));
    let warehouse = WarehouseId::generate();
    bencher.bench(|| counters.record(load(warehouse)));
}

/// The same, called in turn for many warehouses.
#[divan::bench(args = [1_000, 10_000])]
fn record_among(bencher: Bencher<'_, '_>, warehouses: usize) {
    let counters = CallCounters::new(Arc::new(SystemClock));
    let ids: Vec<_> = (0..warehouses).map(|_| WarehouseId::generate()).collect();
    for id in &ids {
        counters.record(load(*id));
    }
    let mut next = ids.iter().cycle();
    bencher.bench_local(|| {
        if let Some(id) = next.next() {
            counters.record(load(*id));
        }
    });
}
