//! Reads, compared with a server that sends the same bytes from memory.

use std::sync::Arc;

use http::Method;

use crate::Result;
use crate::load::{Ask, Coding, Connection, asked};
use crate::options::Options;
use crate::process::Running;
use crate::reference::Reference;
use crate::report::{Goal, Report};
use crate::setup::{PER_NAMESPACE, Tables};
use crate::turns::against;

/// What all measurements of reads need.
pub(crate) struct Reads<'a> {
    options: &'a Options,
    server: &'a Running,
    report: &'a mut Report,
}

/// A measurement of a read.
struct Read {
    name: &'static str,
    method: Method,
    coding: Coding,
    goal: Goal,
}

const fn read(name: &'static str, coding: Coding, goal: Goal) -> Read {
    Read {
        name,
        method: Method::GET,
        coding,
        goal,
    }
}

impl<'a> Reads<'a> {
    pub(crate) const fn new(
        options: &'a Options,
        server: &'a Running,
        report: &'a mut Report,
    ) -> Self {
        Self {
            options,
            server,
            report,
        }
    }

    /// Measures all reads.
    pub(crate) async fn all(&mut self, tables: &Tables) -> Result<()> {
        let namespaces = tables.count.div_ceil(PER_NAMESPACE) as u64;
        let (loads, lists, heads) = (tables.clone(), tables.clone(), tables.clone());
        let load = move |number| loads.path(number);
        self.one(
            &read("loadTable, gzip", Coding::Gzip, Goal::AtLeast(0.6)),
            load.clone(),
        )
        .await?;
        self.one(
            &read("loadTable, identity", Coding::Identity, Goal::AtLeast(0.6)),
            load,
        )
        .await?;
        let long = tables.long();
        let load_long = move |_| long.clone();
        self.one(
            &read("1,000 snapshots, gzip", Coding::Gzip, Goal::AtLeast(0.6)),
            load_long.clone(),
        )
        .await?;
        self.one(
            &read(
                "1,000 snapshots, identity",
                Coding::Identity,
                Goal::AtLeast(0.6),
            ),
            load_long,
        )
        .await?;
        let list = move |number| {
            format!(
                "{}/tables",
                lists.namespace(usize::try_from(number % namespaces).unwrap_or_default())
            )
        };
        self.one(
            &read("list 40 tables, gzip", Coding::Gzip, Goal::AtLeast(0.2)),
            list.clone(),
        )
        .await?;
        self.one(
            &read(
                "list 40 tables, identity",
                Coding::Identity,
                Goal::AtLeast(0.2),
            ),
            list,
        )
        .await?;
        let head = Read {
            method: Method::HEAD,
            ..read("HEAD table", Coding::Identity, Goal::None)
        };
        self.one(&head, move |number| heads.path(number)).await?;
        let config = read("config", Coding::Identity, Goal::None);
        self.one(&config, |_| "/catalog/v1/config?warehouse=bench".to_owned())
            .await
    }

    async fn one(
        &mut self,
        read: &Read,
        path: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Result<()> {
        if !self.options.wants(read.name) {
            return Ok(());
        }
        let (method, coding) = (read.method.clone(), read.coding);
        let ask: Ask = Arc::new(move |number| asked(method.clone(), &path(number), coding));
        let mut connection = Connection::open(self.server.port).await?;
        let reference = Reference::of(
            &connection.fetch(ask(1)).await?,
            self.options.client_threads,
        )?;
        let turns = against(self.options, self.server, &ask, reference.port, &ask).await?;
        self.report.add_turns(read.name, &turns, read.goal);
        Ok(())
    }
}
