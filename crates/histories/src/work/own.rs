//! A client's own tables: created, renamed, dropped and looked for, one after the other.

use http::Method;
use rand::Rng as _;
use serde_json::json;

use super::new_table;
use crate::history::{Life, LifeEvent, Outcome, Step};
use crate::world::{Caller, ChangeReply, Loaded, NAMESPACES, identifier};

/// The client's present table and those that it has given up.
#[derive(Debug)]
pub(super) struct Own {
    client: u32,
    made: u32,
    /// The name of the present table.
    at: Option<String>,
    life: Life,
    uncertain: Vec<Life>,
}

impl Own {
    pub(super) fn new(client: u32) -> Self {
        Self {
            client,
            made: 0,
            at: None,
            life: Life::default(),
            uncertain: Vec::new(),
        }
    }

    /// Makes one step with the present table, or begins a new one.
    pub(super) async fn step(&mut self, caller: &mut Caller) {
        match self.at.clone() {
            None => self.create(caller).await,
            Some(at) => match caller.random.random_range(0..10) {
                0..4 => self.rename(caller, at).await,
                4..7 => self.drop_table(caller, at).await,
                _ => self.look(caller, at).await,
            },
        }
    }

    /// Looks where the tables have ended up, and records what is known of them.
    pub(super) async fn finish(mut self, caller: &mut Caller) {
        if let Some(at) = self.at.clone() {
            self.look(caller, at).await;
            self.end(caller);
        }
        for life in std::mem::take(&mut self.uncertain) {
            self.life = life;
            for name in names(&self.life) {
                self.look(caller, name).await;
            }
            self.end(caller);
        }
    }

    async fn create(&mut self, caller: &mut Caller) {
        let name = self.new_name(caller);
        let namespace = name.split_once('.').map_or("", |(namespace, _)| namespace);
        let path = caller.world.path(namespace);
        let (_, reply) = caller
            .change(Method::POST, path, Some(new_table(&name)))
            .await;
        let outcome = match reply {
            ChangeReply::NotDone(outcome) => outcome,
            ChangeReply::Done(answer) => {
                let loaded = Loaded::of(answer.body);
                self.life.uuid = loaded.as_ref().and_then(Loaded::uuid);
                Outcome::Done(None)
            }
        };
        self.stepped(Step::Create(name.clone()), outcome, name.clone());
        self.look_if_certain(caller, name).await;
    }

    async fn rename(&mut self, caller: &mut Caller, at: String) {
        let to = self.new_name(caller);
        let path = format!("{}/tables/rename", caller.world.prefix);
        let body = json!({ "source": identifier(&at), "destination": identifier(&to) });
        let (_, reply) = caller.change(Method::POST, path, Some(body)).await;
        self.stepped(Step::Rename(to.clone()), outcome(reply), to.clone());
        self.look_if_certain(caller, at).await;
        self.look_if_certain(caller, to).await;
    }

    async fn drop_table(&mut self, caller: &mut Caller, at: String) {
        let path = caller.world.path(&at);
        let (_, reply) = caller.change(Method::DELETE, path, None).await;
        let outcome = outcome(reply);
        let is_done = matches!(outcome, Outcome::Done(_));
        self.life
            .events
            .push(LifeEvent::Stepped(Step::Drop, outcome));
        if is_done {
            self.at = None;
            self.look(caller, at).await;
            self.end(caller);
        } else {
            self.give_up();
        }
    }

    fn stepped(&mut self, step: Step, outcome: Outcome, at: String) {
        let is_done = matches!(outcome, Outcome::Done(_));
        self.life.events.push(LifeEvent::Stepped(step, outcome));
        if is_done {
            self.at = Some(at);
        } else {
            self.give_up();
        }
    }

    async fn look_if_certain(&mut self, caller: &mut Caller, name: String) {
        if self.at.is_some() {
            self.look(caller, name).await;
        }
    }

    async fn look(&mut self, caller: &mut Caller, name: String) {
        if let Some(seen) = caller.look(&name).await {
            self.life.events.push(LifeEvent::Looked(name, seen));
        }
    }

    /// Puts the table aside after a step that was not acknowledged: nothing more is done with it, but it is looked for in
    /// the end.
    fn give_up(&mut self) {
        self.at = None;
        self.uncertain.push(std::mem::take(&mut self.life));
    }

    fn end(&mut self, caller: &Caller) {
        let life = std::mem::take(&mut self.life);
        self.at = None;
        caller
            .world
            .recorder
            .add(|history| history.lives.push(life));
    }

    fn new_name(&mut self, caller: &mut Caller) -> String {
        self.made += 1;
        let namespace = caller.random.random_range(0..NAMESPACES.len());
        let namespace = NAMESPACES.get(namespace).copied().unwrap_or_default();
        format!("{namespace}.own_{}_{}", self.client, self.made)
    }
}

fn outcome(reply: ChangeReply) -> Outcome {
    match reply {
        ChangeReply::Done(_) => Outcome::Done(None),
        ChangeReply::NotDone(outcome) => outcome,
    }
}

/// Every name that the table may have had.
fn names(life: &Life) -> Vec<String> {
    let steps = life.events.iter().filter_map(|event| match event {
        LifeEvent::Stepped(Step::Create(name) | Step::Rename(name), _) => Some(name.clone()),
        LifeEvent::Stepped(Step::Drop, _) | LifeEvent::Looked(..) => None,
    });
    steps.collect()
}
