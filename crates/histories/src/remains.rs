//! Finds what is left of the clients' tables with files, in the catalog and on the disk.

use std::collections::HashSet;
use std::path::Path;

use http::StatusCode;

use crate::Error;
use crate::client::{ApiRequest, Reply};
use crate::history::{Fate, Holding, Remains};
use crate::world::{Loaded, World, table_path};

/// Fills in the remains of each table.
pub(crate) async fn find(world: &World, holdings: &mut [(Holding, Remains)]) -> Result<(), Error> {
    let mut hidden = HashSet::new();
    for warehouse in &world.warehouses {
        hidden.extend(warehouse.hidden(&world.client).await?);
    }
    for (holding, remains) in holdings {
        *remains = Remains {
            at: served(world, holding).await?,
            is_hidden: hidden.contains(&holding.id.to_string()),
            files: count(&holding.folder),
            is_whole: holding.data.is_file() && holding.metadata.is_file(),
        };
    }
    Ok(())
}

/// The name, of those that it may have, under which the catalog serves the table.
async fn served(world: &World, holding: &Holding) -> Result<Option<String>, Error> {
    let names = holding.fates.iter().filter_map(|fate| match fate {
        Fate::Live(name) => Some(name),
        Fate::Hidden { .. } | Fate::Kept | Fate::Purged => None,
    });
    for name in names.chain([&holding.name]) {
        let request = ApiRequest::get(table_path(&holding.prefix, name));
        match world.client.ask(0, &request, None).await.1 {
            Reply::Answer(answer) if answer.status == StatusCode::NOT_FOUND => {}
            Reply::Answer(answer) if answer.status.is_success() => {
                let loaded = Loaded::of(answer.body);
                let uuid = loaded.as_ref().and_then(Loaded::uuid);
                let is_there = loaded.is_some_and(|loaded| loaded.file().is_file());
                if uuid == Some(holding.id) && is_there {
                    return Ok(Some(name.clone()));
                }
            }
            reply => {
                let (about, answer) = (request.path, format!("{reply:?}"));
                return Err(Error::Catalog { about, answer });
            }
        }
    }
    Ok(None)
}

/// The number of files in a folder and all folders in it.
fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => count(&entry.path()),
        _ => 1,
    });
    files.sum()
}
