//! A run, from an empty database to a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::check::{Rule, Violation, check};
use crate::client::{ApiRequest, ReplicaClient};
use crate::disk::{self, Leftovers};
use crate::fleet::{Fleet, LOG};
use crate::history::{History, Span};
use crate::mirror::Mirror;
use crate::recorder::Recorder;
use crate::replica::{Program, free_port};
use crate::sinks::Sinks;
use crate::warehouse::{self, Warehouse, post};
use crate::work::{Worker, begin};
use crate::world::{Caller, Loaded, NAMESPACES, World, must, unexpected};
use crate::{Error, Plan, Report, StoreKind, outbox, outgrown, remains, tasks};

/// How long clients work if nothing is killed.
const WITHOUT_KILLS: Duration = Duration::from_secs(10);
/// How long clients work before and after the database's primary is killed.
const BEFORE_FAILOVER: Duration = Duration::from_secs(3);
const AFTER_FAILOVER: Duration = Duration::from_secs(12);
/// After every so many kills there is a pause, so that a kill also meets replicas that have taken over sinks from dead ones.
const BUSY: u32 = 20;
/// The length of this pause: the lease of a sink, and a little longer.
const TAKEN_OVER: Duration = Duration::from_secs(18);

/// Runs the plan; returns the result.
pub async fn run(plan: &Plan) -> Result<Report, Error> {
    let folder = tempfile::Builder::new().prefix("histories-").tempdir();
    let folder = folder.map_err(Error::system("a temporary folder"))?;
    let mut backend = Backend::prepare(plan, folder.path()).await?;
    let mut program = Program {
        binary: own_copy(&binary(plan)?, folder.path())?,
        variables: backend.variables(),
        folder: folder.path().to_owned(),
    };
    if plan.store == StoreKind::Postgres {
        program.run(&["migrate"]).await?;
    }
    let recorder = Arc::new(Recorder::new());
    let ports = (0..plan.replicas).map(|_| free_port());
    let ports = ports.collect::<Result<Vec<_>, _>>()?;
    let warehouses = make_warehouses(&program, folder.path()).await?;
    let client = ReplicaClient::new(&ports, Arc::clone(&recorder));
    let world = Arc::new(World::new(client, Arc::clone(&recorder), warehouses));
    let mut sinks = Sinks::start(plan, folder.path().join(LOG)).await?;
    program.variables.extend(sinks.variables());
    let fleet = Fleet::start(program, ports, &world.client, recorder).await?;
    sinks.follow(&world);
    let fleet = drive(plan, &mut backend, &world, fleet).await?;

    let mut found = Vec::new();
    let tasks = tasks::settle(&world, &mut found).await?;
    // Sinks are read after the tasks, because the end of a task has an event, too.
    let arrivals = sinks.arrivals().await?;
    let listed = Mirror::listed(&world).await?;
    let needed = outgrown::needed(&world).await?;
    let (mut history, leftovers) = collect(&world, &mut found).await?;
    check_log(&fleet.stop().await?, &mut found);
    let rows = outbox::read(&backend).await?;
    outbox::compare(&rows, &history, &mut found);
    Mirror::from_events(&rows).compare(&listed, &mut found);
    let outgrown = outgrown::check(&rows, &needed, &mut found);
    (history.outbox, history.arrivals) = (outbox::seen_events(&rows), arrivals);
    found.extend(check(&history));
    let mut report = Report::of(&history, found);
    report.leftovers = leftovers;
    report.outgrown = outgrown;
    report.tasks = tasks;
    report.repeated = world.repeated.load(Ordering::Relaxed);
    Ok(report)
}

fn binary(plan: &Plan) -> Result<PathBuf, Error> {
    let beside = || {
        let this = std::env::current_exe().map_err(Error::system("this program's path"))?;
        // The executables of tests are one folder further down.
        let folders = this.ancestors().skip(1).take(2);
        let found = folders
            .map(|folder| folder.join("lakekeeper"))
            .find(|path| path.is_file());
        Ok(found.unwrap_or_else(|| this.with_file_name("lakekeeper")))
    };
    let path = plan.binary.clone().map_or_else(beside, Ok)?;
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::NoProgram(path))
    }
}

/// Copies the program: a build that ends during the run must not change what a replica is started from.
fn own_copy(binary: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let copy = folder.join("lakekeeper");
    std::fs::copy(binary, &copy).map_err(Error::system("copy the program"))?;
    Ok(copy)
}

/// Bootstraps a server, and creates the warehouses and the namespaces.
async fn make_warehouses(program: &Program, folder: &Path) -> Result<Vec<Warehouse>, Error> {
    const FIRST_LOG: &str = "first.log";
    let port = free_port()?;
    let mut server = program.start(&["serve"], port, FIRST_LOG)?;
    let client = ReplicaClient::new(&[port], Arc::new(Recorder::new()));
    for _ in 0..3000 {
        let ended = server.try_wait().ok().flatten();
        if client.is_well(0).await {
            break;
        }
        if ended.is_some() {
            let said = program.said(FIRST_LOG);
            return Err(Error::Program {
                command: "serve".to_owned(),
                said,
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let warehouses = warehouse::prepare(&client, folder).await?;
    let prefix = warehouses
        .first()
        .map(Warehouse::prefix)
        .unwrap_or_default();
    for namespace in NAMESPACES {
        let body = json!({ "namespace": [namespace] });
        post(&client, format!("{prefix}/namespaces"), body).await?;
    }
    server
        .kill()
        .await
        .map_err(Error::system("kill `lakekeeper serve`"))?;
    Ok(warehouses)
}

/// Lets the clients work until all kills are done.
async fn drive(
    plan: &Plan,
    backend: &mut Backend,
    world: &Arc<World>,
    mut fleet: Fleet,
) -> Result<Fleet, Error> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut caller = Caller::new(Arc::clone(world), random.clone());
    begin(&mut caller).await;
    outgrown::begin(&mut caller).await;
    let mut workers = JoinSet::new();
    for number in 0..plan.clients {
        workers.spawn(Worker::new(Arc::clone(world), number, plan.seed).work());
    }
    if plan.kills == 0 && !plan.failover {
        tokio::time::sleep(WITHOUT_KILLS).await;
    }
    for kill in 1..=plan.kills {
        if kill % BUSY == 0 {
            tokio::time::sleep(TAKEN_OVER).await;
        }
        fleet.kill_one(world, &mut random).await?;
    }
    if plan.failover {
        tokio::time::sleep(BEFORE_FAILOVER).await;
        fail_over(backend, world)?;
        tokio::time::sleep(AFTER_FAILOVER).await;
    }
    world.end();
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|error| Error::system("a client")(std::io::Error::other(error)))?;
    }
    Ok(fleet)
}

/// Kills the database's primary, and waits until the standby has taken over.
fn fail_over(backend: &mut Backend, world: &World) -> Result<(), Error> {
    let began = world.recorder.now();
    tokio::task::block_in_place(|| backend.fail_over())?;
    let ended = world.recorder.now();
    let span = Span { began, ended };
    world.recorder.add(|history| history.failovers.push(span));
    Ok(())
}

/// The history, with all shared tables as they lie on the disk. Every replica must serve them so.
async fn collect(world: &World, found: &mut Vec<Violation>) -> Result<(History, Leftovers), Error> {
    let mut tables = Vec::new();
    let mut leftovers = Leftovers::default();
    for name in world.shared() {
        let request = ApiRequest::get(world.path(&name));
        let mut served: Option<Loaded> = None;
        for replica in 0..world.client.replicas() {
            let body = must(&world.client, replica, &request).await?;
            let loaded = Loaded::of(body).ok_or_else(|| unexpected(&name, &Value::Null))?;
            if let Some(first) = &served
                && (first.location != loaded.location || first.metadata != loaded.metadata)
            {
                let detail = format!("{name}: {} or {}", first.location, loaded.location);
                found.push(Violation::new(Rule::Disagreement, detail));
            }
            served = Some(loaded);
        }
        if let Some(loaded) = served {
            let (table, beside) = disk::table(&name, &loaded, found);
            tables.push(table);
            leftovers.unused += beside.unused;
            leftovers.temporary += beside.temporary;
        }
    }
    let mut history = world.recorder.take();
    history.tables = tables;
    remains::find(world, &mut history.holdings).await?;
    Ok((history, leftovers))
}

fn check_log(log: &str, found: &mut Vec<Violation>) {
    // The first text is how the program's log shows a panic, the second one how a panic is printed before there is a log.
    let is_panic = |line: &&str| line.contains("\"panic: ") || line.contains("panicked at");
    for line in log.lines().filter(is_panic) {
        found.push(Violation::new(Rule::Panic, line));
    }
}
