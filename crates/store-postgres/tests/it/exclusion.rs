//! What a commit checks stays unchanged until the commit is done.

use model::Version;
use store::{Effects, NewTabular, Tabulars};

use crate::catalog::{Catalog, connect, new_table};

/// Refuses new rows of `tabular` unless the connection holds an advisory lock, which ends with its transaction.
const WATCH: &str = "create function watch() returns trigger language plpgsql as $$
    begin
        if not exists (select from pg_locks where locktype = 'advisory' and granted
                and pid = pg_backend_pid()) then
            raise exception 'nothing is locked';
        end if;
        return new;
    end $$;
    create trigger watched before insert on tabular for each row execute function watch()";

/// Each connection sees such a commit for the first time: preparing its statements must not let COMMIT overtake
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn creations_hold_their_locks_whether_their_ids_may_have_been_used_or_not() {
    for version in [Version::FIRST, Version::from_i64(1 << 40)] {
        let catalog = Catalog::new().await;
        let namespace = catalog.namespace("ns").await;
        let client = connect(catalog.database.url()).await;
        client.batch_execute(WATCH).await.unwrap();
        let one = |text: &str| NewTabular {
            version,
            ..new_table(namespace, text)
        };
        for creates in [vec![one("a")], vec![one("b"), one("c")]] {
            let commit = catalog.commit(creates, Vec::new());
            let committed = catalog.store.tabular_commit(commit, Effects::none()).await;
            assert!(committed.is_ok(), "{version:?}: {committed:?}");
        }
    }
}
