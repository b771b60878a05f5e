//! Concurrent loads share one request to the token service, and a stale credential is vended again.

use std::sync::atomic::AtomicUsize;
use std::time::SystemTime;

use async_trait::async_trait;
use futures::future::join_all;
use model::{Clock, ManualClock};
use objects::{Location, Permission, StoreFailure};
use tokio::sync::Semaphore;

use super::*;

const START: i64 = 1_700_000_000_000;

/// Stand-in for a token service: counts its requests, and answers when `doors` has a permit.
#[derive(Debug)]
struct CountingStandIn {
    asked: AtomicUsize,
    doors: Semaphore,
    life: Duration,
    clock: Arc<ManualClock>,
    fails: bool,
}

impl CountingStandIn {
    fn new(life: Duration) -> Self {
        Self {
            asked: AtomicUsize::new(0),
            doors: Semaphore::new(Semaphore::MAX_PERMITS),
            life,
            clock: Arc::new(ManualClock::at(Timestamp::from_ms(START))),
            fails: false,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn wait(&self, span: Duration) {
        self.clock.set(self.clock.now().plus(span));
    }
}

#[async_trait]
impl Vendor for CountingStandIn {
    async fn vend(&self, scope: &Scope) -> std::result::Result<Vended, VendError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _entered = self.doors.acquire().await;
        if self.fails {
            return Err(VendError::Throttled {
                folder: scope.folder.clone(),
                retry_after: Some(Duration::from_secs(7)),
                source: Box::new(StoreFailure::new("SlowDown")),
            });
        }
        let now = u64::try_from(self.clock.now().as_ms()).unwrap();
        let expires_at: SystemTime = UNIX_EPOCH + Duration::from_millis(now) + self.life;
        Ok(Vended {
            scope: scope.clone(),
            config: Vec::new(),
            expires_at,
        })
    }
}

fn scope(folder: &str, permission: Permission) -> Scope {
    Scope {
        folder: Location::parse(folder).unwrap(),
        permission,
    }
}

struct World {
    credentials: Credentials,
    service: CountingStandIn,
    warehouse: WarehouseId,
}

impl World {
    fn with(service: CountingStandIn) -> Self {
        Self {
            credentials: Credentials::default(),
            service,
            warehouse: WarehouseId::generate(),
        }
    }

    async fn get(&self, version: Version, scope: Scope) -> Result<Arc<Credential>> {
        let now = || self.service.clock.now();
        let at = (self.warehouse, version);
        self.credentials.get(&self.service, at, scope, now).await
    }

    async fn first(&self) -> Result<Arc<Credential>> {
        let scope = scope("s3://bucket/orders", Permission::Read);
        self.get(Version::FIRST, scope).await
    }
}

#[tokio::test]
async fn many_loads_at_once_are_one_question() {
    let mut service = CountingStandIn::new(Duration::from_hours(1));
    service.doors = Semaphore::new(0);
    let world = World::with(service);
    let loads = join_all((0..100).map(|_| world.first()));
    let open = async {
        tokio::task::yield_now().await;
        world.service.doors.add_permits(1);
    };
    let (loaded, ()) = tokio::join!(loads, open);
    assert_eq!(world.service.asked(), 1);
    let serials = loaded.iter().map(|one| one.as_ref().unwrap().serial);
    assert!(serials.eq(std::iter::repeat_n(0, 100)));
}

#[tokio::test]
async fn other_folders_permissions_and_versions_have_credentials_of_their_own() {
    let world = World::with(CountingStandIn::new(Duration::from_hours(1)));
    let read = scope("s3://bucket/orders", Permission::Read);
    for (version, scope) in [
        (Version::FIRST, read.clone()),
        (
            Version::FIRST,
            scope("s3://bucket/orders", Permission::Write),
        ),
        (
            Version::FIRST,
            scope("s3://bucket/orders2", Permission::Read),
        ),
        (Version::FIRST.next(), read.clone()),
    ] {
        let got = world.get(version, scope.clone()).await.unwrap();
        assert_eq!(got.vended.scope, scope);
    }
    assert_eq!(world.service.asked(), 4);
    world.get(Version::FIRST, read).await.unwrap();
    assert_eq!(world.service.asked(), 4);
}

#[tokio::test]
async fn a_credential_is_handed_out_for_half_of_its_life_and_never_in_its_last_minutes() {
    let minutes = Duration::from_mins;
    let table = [
        (minutes(15), minutes(15) / 2),
        (minutes(60), minutes(30)),
        (minutes(8), minutes(3)),
        (minutes(12 * 60), minutes(60)),
    ];
    for (life, fresh) in table {
        let world = World::with(CountingStandIn::new(life));
        let first = world.first().await.unwrap();
        let moment = Duration::from_millis(1);
        world.service.wait(fresh.saturating_sub(moment));
        assert_eq!(world.first().await.unwrap().serial, first.serial);
        world.service.wait(moment);
        assert_eq!(world.first().await.unwrap().serial, first.serial + 1);
        assert_eq!(world.service.asked(), 2, "life {life:?}");
    }
}

#[tokio::test]
async fn a_failure_is_that_of_all_who_waited_and_is_soon_forgotten() {
    let mut service = CountingStandIn::new(Duration::from_hours(1));
    service.fails = true;
    let mut world = World::with(service);
    let loaded = join_all((0..20).map(|_| world.first())).await;
    assert_eq!(world.service.asked(), 1);
    for one in loaded {
        let error = one.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    }
    world.service.fails = false;
    world.service.wait(FAILURE_LASTS);
    assert!(world.first().await.is_ok());
}

#[tokio::test]
async fn whoever_goes_away_leaves_the_question_to_those_who_wait() {
    let mut service = CountingStandIn::new(Duration::from_hours(1));
    service.doors = Semaphore::new(0);
    let world = World::with(service);
    {
        let impatient = world.first();
        tokio::pin!(impatient);
        assert!(futures::poll!(&mut impatient).is_pending());
    }
    world.service.doors.add_permits(1);
    assert!(world.first().await.is_ok());
    assert_eq!(world.service.asked(), 2);
}
