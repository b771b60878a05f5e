//! Compares OpenFGA's tuples with the facts in the database, and repairs differences.
//!
//! Facts that differ are put into the feed again, in the state that the database has then, so that a change that is made
//! meanwhile is never undone.

use std::collections::HashSet;

use store::{Fact, Store};

use crate::feed::{self, OpenFgaSink};
use crate::messages::TupleKey;
use crate::setup::OpenFgaError;

/// How many facts are read and put into the feed at once.
const FACTS: u32 = 5_000;

/// What to do about differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Only show them.
    Show,
    /// Write missing tuples, and keep surplus ones.
    Keep,
    /// Write missing tuples, and delete surplus ones.
    Delete,
}

/// What a comparison has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many tuples agree.
    pub agree: usize,
    /// Tuples that OpenFGA lacks.
    pub missing: Vec<String>,
    /// Surplus tuples: OpenFGA has them, but the database has no such fact.
    pub drift: Vec<String>,
}

/// Compares, and repairs as `drift` says. Takes about 200 bytes of memory for each tuple.
pub(crate) async fn run(
    store: &dyn Store,
    sink: &OpenFgaSink,
    drift: Drift,
) -> Result<Report, OpenFgaError> {
    let behind = |behind: feed::Behind| OpenFgaError::Behind(behind.to_string());
    if drift != Drift::Show {
        feed::hand_over(store, sink).await.map_err(behind)?;
    }
    let mut there = all(sink).await?;
    let mut report = Report::default();
    let mut after: Option<Fact> = None;
    loop {
        let facts = store.mirror_facts(after.as_ref(), FACTS).await?;
        let mut missing = Vec::new();
        for fact in &facts {
            let tuple = sink.names.tuple(fact);
            if !sink.model.takes(&tuple) {
                continue;
            }
            if there.remove(&tuple) {
                report.agree += 1;
            } else {
                report.missing.push(told(&tuple));
                missing.push(fact.clone());
            }
        }
        if drift != Drift::Show && !missing.is_empty() {
            store.mirror_recheck(&missing).await?;
        }
        match facts.into_iter().last() {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    report.drift = there.iter().map(told).collect();
    report.drift.sort_unstable();
    if drift == Drift::Delete {
        delete(store, sink, there).await?;
    }
    if drift != Drift::Show {
        feed::hand_over(store, sink).await.map_err(behind)?;
    }
    Ok(report)
}

/// All tuples in the store, except those that record the models' versions.
async fn all(sink: &OpenFgaSink) -> Result<HashSet<TupleKey>, OpenFgaError> {
    let mut found = HashSet::new();
    let mut after = String::new();
    loop {
        let store = &sink.at.store;
        let (page, next) = sink.client.read(store, None, after).await?;
        found.extend(
            page.into_iter()
                .filter(|tuple| !tuple.object.starts_with("model_version:")),
        );
        if next.is_empty() {
            return Ok(found);
        }
        after = next;
    }
}

async fn delete(
    store: &dyn Store,
    sink: &OpenFgaSink,
    drift: HashSet<TupleKey>,
) -> Result<(), OpenFgaError> {
    let (mut facts, mut others) = (Vec::new(), Vec::new());
    for tuple in drift {
        match sink.names.fact(&tuple) {
            Some(fact) => facts.push(fact),
            None => others.push(tuple),
        }
    }
    for facts in facts.chunks(FACTS as usize) {
        store.mirror_recheck(facts).await?;
    }
    // These state no fact of this catalog, so the feed never writes them: they can be deleted directly.
    for others in others.chunks(feed::PORTION as usize) {
        let write = sink.client.write(&sink.at, Vec::new(), others.to_vec());
        write.await?;
    }
    Ok(())
}

fn told(tuple: &TupleKey) -> String {
    format!("{}#{}@{}", tuple.object, tuple.relation, tuple.user)
}
