//! The replicas: started, killed, started again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::client::ReplicaClient;
use crate::history::{Span, Window};
use crate::recorder::Recorder;
use crate::replica::Program;
use crate::world::World;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);
/// The log file that all replicas append lines to.
pub(crate) const LOG: &str = "replicas.log";
/// Changes that must be acknowledged between two kills, so that work is done on a busy machine too.
const CHANGES: u64 = 15;
/// The longest wait for these changes.
const LONGEST_CALM: Duration = Duration::from_secs(10);

/// The replicas.
#[derive(Debug)]
pub(crate) struct Fleet {
    program: Program,
    ports: Vec<u16>,
    running: Vec<Child>,
    recorder: Arc<Recorder>,
}

impl Fleet {
    /// Starts all replicas and waits until they are healthy.
    pub(crate) async fn start(
        program: Program,
        ports: Vec<u16>,
        client: &ReplicaClient,
        recorder: Arc<Recorder>,
    ) -> Result<Self, Error> {
        let running = ports
            .iter()
            .map(|port| program.start(&["serve"], *port, LOG))
            .collect::<Result<_, _>>()?;
        let mut fleet = Self {
            program,
            ports,
            running,
            recorder,
        };
        for replica in 0..fleet.ports.len() {
            fleet.wait(client, replica).await?;
        }
        Ok(fleet)
    }

    /// Lets the clients work for a moment, then kills one replica and starts it again.
    pub(crate) async fn kill_one(
        &mut self,
        world: &World,
        random: &mut StdRng,
    ) -> Result<(), Error> {
        let acked = || world.acked.load(Ordering::Relaxed);
        let (enough, calm) = (acked() + CHANGES, Instant::now() + LONGEST_CALM);
        sleep(Duration::from_millis(random.random_range(50..800))).await;
        while acked() < enough && Instant::now() < calm {
            sleep(POLL).await;
        }
        let replica = random.random_range(0..self.ports.len());
        let (Some(child), Some(port)) = (self.running.get_mut(replica), self.ports.get(replica))
        else {
            return Ok(());
        };
        let began = self.recorder.now();
        // SIGKILL: the replica cannot react to it.
        child
            .kill()
            .await
            .map_err(Error::system("kill a replica"))?;
        sleep(Duration::from_millis(random.random_range(0..150))).await;
        *child = self.program.start(&["serve"], *port, LOG)?;
        self.wait(&world.client, replica).await?;
        let ended = self.recorder.now();
        let span = Span { began, ended };
        self.recorder
            .add(|history| history.windows.push(Window { replica, span }));
        Ok(())
    }

    async fn wait(&mut self, client: &ReplicaClient, replica: usize) -> Result<(), Error> {
        let deadline = Instant::now() + START;
        while !client.is_well(replica).await {
            let child = self.running.get_mut(replica);
            let ended = child.and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > deadline {
                let said = self.program.said(LOG);
                let command = format!("serve (replica {replica}, {ended:?})");
                return Err(Error::Program { command, said });
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Kills all replicas; returns what they have logged.
    pub(crate) async fn stop(mut self) -> Result<String, Error> {
        for child in &mut self.running {
            child
                .kill()
                .await
                .map_err(Error::system("kill a replica"))?;
        }
        Ok(self.program.said(LOG))
    }
}
