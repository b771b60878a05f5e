//! What one client does, until the run is over.

mod contested;
mod namespace;
mod own;

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::outgrown;
use crate::world::{Caller, World};
pub(crate) use contested::begin;
use namespace::NamespaceClient;
use own::Own;

/// One client.
#[derive(Debug)]
pub(crate) struct Worker {
    caller: Caller,
    own: Own,
    namespace_client: NamespaceClient,
}

impl Worker {
    pub(crate) fn new(world: Arc<World>, number: u32, seed: u64) -> Self {
        let seed = seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(number.into());
        Self {
            caller: Caller::new(world, StdRng::seed_from_u64(seed)),
            own: Own::new(number),
            namespace_client: NamespaceClient::new(number),
        }
    }

    /// Works until the run is over, then looks once more at its own tables.
    pub(crate) async fn work(mut self) {
        while !self.caller.world.is_over() {
            match self.caller.random.random_range(0..100) {
                0..22 => contested::change_property(&mut self.caller).await,
                22..36 => contested::add_snapshot(&mut self.caller).await,
                36..45 => contested::change_two(&mut self.caller).await,
                45..58 => contested::read(&mut self.caller).await,
                58..66 => outgrown::commit(&mut self.caller).await,
                66..76 => self.own.step(&mut self.caller).await,
                _ => self.namespace_client.step(&mut self.caller).await,
            }
        }
        self.own.finish(&mut self.caller).await;
        self.namespace_client.finish(&self.caller);
    }
}

/// The body of a request that creates a table whose metadata lists all earlier metadata files.
pub(crate) fn new_table(table: &str) -> Value {
    let name = table.split_once('.').map_or(table, |(_, name)| name);
    json!({
        "name": name,
        "schema": {
            "type": "struct",
            "fields": [{ "id": 1, "name": "id", "required": false, "type": "long" }],
        },
        "properties": { "write.metadata.previous-versions-max": "100000" },
    })
}
