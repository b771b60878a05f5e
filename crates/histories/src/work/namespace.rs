//! A client's own namespaces: tables with files in them are dropped in every way and brought back, or dropped together
//! with the namespace.

use http::Method;
use model::EventKind;
use rand::Rng as _;
use rand::seq::{IndexedRandom as _, IteratorRandom as _};
use serde_json::{Value, json};

use super::new_table;
use crate::client::ApiRequest;
use crate::history::{Fate, Holding, Outcome, Remains};
use crate::warehouse::{Retention, Warehouse};
use crate::world::{Caller, ChangeReply, Loaded, identifier, path_of, table_path};

/// The most live tables in one namespace at a time.
const LIVE: usize = 3;
/// The number of tables after which a namespace is left as it is.
const TABLES: usize = 10;

/// A client and the namespace that it works in.
#[derive(Debug)]
pub(super) struct NamespaceClient {
    client: u32,
    made: u32,
    namespace: Option<ClientNamespace>,
}

#[derive(Debug)]
struct ClientNamespace {
    warehouse: Warehouse,
    name: String,
    tables: Vec<Holding>,
}

/// How a table or namespace is dropped.
#[derive(Debug, Clone, Copy)]
struct Manner {
    is_purge: bool,
    is_forced: bool,
}

impl NamespaceClient {
    pub(super) fn new(client: u32) -> Self {
        Self {
            client,
            made: 0,
            namespace: None,
        }
    }

    /// Makes one step in the namespace, or creates a namespace. After a step that was not acknowledged, the namespace is
    /// left as it is.
    pub(super) async fn step(&mut self, caller: &mut Caller) {
        let Some(mut namespace) = self.namespace.take() else {
            self.namespace = self.create_namespace(caller).await;
            return;
        };
        let goes_on = match caller.random.random_range(0..100) {
            0..35 => namespace.create(caller, self.new_name()).await,
            35..45 => namespace.commit(caller).await,
            45..55 => namespace.rename(caller, self.new_name()).await,
            55..80 => namespace.drop_table(caller).await,
            80..92 => namespace.undrop(caller).await,
            _ => namespace.drop_all(caller).await,
        };
        if goes_on && namespace.tables.len() < TABLES {
            self.namespace = Some(namespace);
        } else {
            namespace.end(caller);
        }
    }

    /// Records what is known of the tables.
    pub(super) fn finish(self, caller: &Caller) {
        if let Some(namespace) = self.namespace {
            namespace.end(caller);
        }
    }

    async fn create_namespace(&mut self, caller: &mut Caller) -> Option<ClientNamespace> {
        let warehouse = caller.world.warehouses.choose(&mut caller.random)?.clone();
        let name = self.new_name();
        let namespace = format!("ns_{}_{name}", self.client);
        let path = format!("{}/namespaces", warehouse.prefix());
        let body = json!({ "namespace": [namespace] });
        match caller.change(Method::POST, path, Some(body)).await.1 {
            ChangeReply::Done(_) => Some(ClientNamespace {
                warehouse,
                name: namespace,
                tables: Vec::new(),
            }),
            ChangeReply::NotDone(_) => None,
        }
    }

    fn new_name(&mut self) -> String {
        self.made += 1;
        format!("t{}", self.made)
    }
}

/// Each step returns whether the client goes on in the namespace; it does not if the step was not acknowledged.
impl ClientNamespace {
    async fn create(&mut self, caller: &mut Caller, name: String) -> bool {
        if self.live().count() >= LIVE {
            return true;
        }
        let name = format!("{}.{name}", self.name);
        let path = table_path(&self.warehouse.prefix(), &self.name);
        let body = Some(new_table(&name));
        let ChangeReply::Done(answer) = caller.change(Method::POST, path, body).await.1 else {
            return false;
        };
        let holding = Loaded::of(answer.body).and_then(|loaded| self.holding(name, &loaded));
        self.tables.extend(holding);
        true
    }

    /// Writes a data file into the folder that the catalog has chosen for the table, as engines do.
    fn holding(&self, name: String, loaded: &Loaded) -> Option<Holding> {
        let folder = path_of(loaded.metadata.get("location")?.as_str()?);
        let data = folder.join("data/part-0.parquet");
        std::fs::create_dir_all(data.parent()?).ok()?;
        std::fs::write(&data, "rows").ok()?;
        Some(Holding {
            id: loaded.uuid()?,
            name: name.clone(),
            prefix: self.warehouse.prefix(),
            folder,
            data,
            metadata: loaded.file(),
            fates: vec![Fate::Live(name)],
            steps: vec![(EventKind::CreateTable, Outcome::Done(None))],
        })
    }

    async fn commit(&mut self, caller: &mut Caller) -> bool {
        let Some((at, name)) = self.pick_live(caller) else {
            return true;
        };
        let op = caller.world.next_op().to_string();
        let updates = json!([{ "action": "set-properties", "updates": { "op": op } }]);
        let body = json!({ "requirements": [], "updates": updates });
        let path = table_path(&self.warehouse.prefix(), &name);
        let reply = caller.change(Method::POST, path, Some(body)).await.1;
        if let (ChangeReply::Done(answer), Some(table)) = (&reply, self.tables.get_mut(at)) {
            let location = answer.body.get("metadata-location").and_then(Value::as_str);
            table.metadata = path_of(location.unwrap_or_default());
        }
        self.went(at, EventKind::UpdateTable, &reply, Fate::Live(name))
    }

    async fn rename(&mut self, caller: &mut Caller, to: String) -> bool {
        let Some((at, name)) = self.pick_live(caller) else {
            return true;
        };
        let to = format!("{}.{to}", self.name);
        let path = format!("{}/tables/rename", self.warehouse.prefix());
        let body = json!({ "source": identifier(&name), "destination": identifier(&to) });
        let reply = caller.change(Method::POST, path, Some(body)).await.1;
        if let (ChangeReply::Done(_), Some(table)) = (&reply, self.tables.get_mut(at)) {
            to.clone_into(&mut table.name);
        }
        self.went(at, EventKind::RenameTable, &reply, Fate::Live(to))
    }

    async fn drop_table(&mut self, caller: &mut Caller) -> bool {
        let Some((at, name)) = self.pick_live(caller) else {
            return true;
        };
        let how = Manner::by_lot(caller);
        let path = table_path(&self.warehouse.prefix(), &name);
        let Manner {
            is_purge,
            is_forced,
        } = how;
        let path = format!("{path}?purgeRequested={is_purge}&force={is_forced}");
        let reply = caller.change(Method::DELETE, path, None).await.1;
        let fate = how.fate(self.warehouse.retention);
        self.went(at, EventKind::DropTable, &reply, fate)
    }

    async fn undrop(&mut self, caller: &mut Caller) -> bool {
        let Some(at) = self.hidden().choose(&mut caller.random) else {
            return true;
        };
        let Some((id, name)) = self.tables.get(at).map(|one| (one.id, one.name.clone())) else {
            return true;
        };
        let path = format!("{}/deleted-tabulars/undrop", self.warehouse.management());
        let mut request = ApiRequest::get(path);
        let body = json!({ "targets": [{ "type": "table", "id": id }] });
        (request.method, request.body) = (Method::POST, Some(body));
        // The management API has no idempotency keys.
        let reply = caller.send(&request).await.1;
        self.went(at, EventKind::UndropTabulars, &reply, Fate::Live(name))
    }

    /// Drops the namespace with all that is in it. If a table can be brought back, the client may do so and go on.
    async fn drop_all(&mut self, caller: &mut Caller) -> bool {
        let mut how = Manner::by_lot(caller);
        // With a short retention it depends on the moment whether a forced drop still finds a table or it has expired.
        how.is_forced &= self.warehouse.retention != Retention::Short;
        let path = format!("{}/namespaces/{}", self.warehouse.prefix(), self.name);
        let Manner {
            is_purge,
            is_forced,
        } = how;
        let path = format!("{path}?recursive=true&purge={is_purge}&force={is_forced}");
        let reply = caller.change(Method::DELETE, path, None).await.1;
        let is_done = matches!(reply, ChangeReply::Done(_));
        for at in 0..self.tables.len() {
            let fate = self.tables.get(at).and_then(|table| table.fates.first());
            match fate.cloned() {
                Some(Fate::Live(_)) => {
                    let fate = how.fate(self.warehouse.retention);
                    self.went(at, EventKind::DropTable, &reply, fate);
                }
                // A table that was dropped before has no event.
                Some(Fate::Hidden { is_purge }) if how.is_forced => {
                    let is_purge = is_purge || how.is_purge;
                    let gone = Manner { is_purge, ..how }.fate(self.warehouse.retention);
                    if let Some(table) = self.tables.get_mut(at) {
                        table.may_be(&reply, gone);
                    }
                }
                _ => {}
            }
        }
        // Bringing a table back brings the namespace back.
        let goes_on = is_done && caller.random.random_bool(0.7);
        goes_on && self.hidden().next().is_some() && self.undrop(caller).await
    }

    fn went(&mut self, at: usize, kind: EventKind, reply: &ChangeReply, after: Fate) -> bool {
        let outcome = match reply {
            ChangeReply::Done(_) => Outcome::Done(None),
            ChangeReply::NotDone(outcome) => outcome.clone(),
        };
        if let Some(table) = self.tables.get_mut(at) {
            table.steps.push((kind, outcome));
            table.may_be(reply, after);
        }
        matches!(reply, ChangeReply::Done(_))
    }

    /// The indexes and names of the live tables.
    fn live(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        let tables = self.tables.iter().enumerate();
        tables.filter_map(|(at, table)| match &table.fates[..] {
            [Fate::Live(name)] => Some((at, name.clone())),
            _ => None,
        })
    }

    /// The indexes of the tables that can be brought back.
    fn hidden(&self) -> impl Iterator<Item = usize> + '_ {
        let tables = self.tables.iter().enumerate();
        tables.filter_map(|(at, table)| match &table.fates[..] {
            [Fate::Hidden { .. }] => Some(at),
            _ => None,
        })
    }

    fn pick_live(&self, caller: &mut Caller) -> Option<(usize, String)> {
        self.live().choose(&mut caller.random)
    }

    fn end(self, caller: &Caller) {
        let found = self.tables.into_iter();
        let holdings = found.map(|holding| (holding, Remains::default()));
        caller
            .world
            .recorder
            .add(|history| history.holdings.extend(holdings));
    }
}

impl Holding {
    /// Sets its possible fates after a step.
    fn may_be(&mut self, reply: &ChangeReply, after: Fate) {
        match reply {
            ChangeReply::Done(_) => self.fates = vec![after],
            ChangeReply::NotDone(Outcome::Unknown) => self.fates.push(after),
            ChangeReply::NotDone(_) => {}
        }
    }
}

impl Manner {
    fn by_lot(caller: &mut Caller) -> Self {
        Self {
            is_purge: caller.random.random_bool(0.5),
            is_forced: caller.random.random_bool(0.2),
        }
    }

    /// What becomes of a dropped table. With a short retention, it has expired by the time the checker looks.
    const fn fate(self, retention: Retention) -> Fate {
        let is_purge = self.is_purge;
        match retention {
            Retention::Long if !self.is_forced => Fate::Hidden { is_purge },
            _ if is_purge => Fate::Purged,
            _ => Fate::Kept,
        }
    }
}
