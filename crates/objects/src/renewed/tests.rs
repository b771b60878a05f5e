use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

/// Counts the requests that it gets.
#[derive(Default)]
struct Service(AtomicUsize);

impl Service {
    fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Gives the number of the request, which expires in an hour and is renewed after `used_for`.
    async fn gives(&self, used_for: Duration) -> Result<Fresh<usize>, TokenFailure> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Fresh::new(number, now() + HOUR, |_| used_for))
    }

    fn fails(&self) -> Result<Fresh<usize>, TokenFailure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(TokenFailure::refused("no"))
    }
}

#[tokio::test]
async fn one_request_serves_all_that_wait_and_all_that_come_later() {
    let (service, kept) = (Service::default(), Renewed::new("a number"));
    let all = (0..50).map(|_| kept.get(async || service.gives(HOUR).await));
    for number in join_all(all).await {
        assert_eq!(*number.unwrap(), 0);
    }
    let later = kept.get(async || service.gives(HOUR).await).await;
    assert_eq!((*later.unwrap(), service.asked()), (0, 1));
}

#[tokio::test]
async fn what_was_used_for_long_enough_is_renewed() {
    let (service, kept) = (Service::default(), Renewed::new("a number"));
    let first = kept.get(async || service.gives(Duration::ZERO).await).await;
    assert_eq!(*first.unwrap(), 0);
    for _ in 0..2 {
        let next = kept.get(async || service.gives(HOUR).await).await;
        assert_eq!(*next.unwrap(), 1);
    }
}

#[tokio::test]
async fn how_long_it_is_used_is_a_part_of_its_life() {
    let half = Fresh::new((), now() + HOUR, |life| life / 2);
    let left = half.expires_at.duration_since(half.renew_at).unwrap();
    assert!(left.abs_diff(HOUR / 2) < Duration::from_mins(1), "{left:?}");
    let over = Fresh::new((), now() - HOUR, |life| life);
    assert!(over.renew_at <= now());
}

#[tokio::test(start_paused = true)]
async fn while_it_lives_a_failed_renewal_is_remembered_for_a_moment_and_harms_nobody() {
    let (service, kept) = (Service::default(), Renewed::new("a number"));
    let first = kept.get(async || service.gives(Duration::ZERO).await).await;
    assert_eq!(*first.unwrap(), 0);
    for _ in 0..3 {
        assert_eq!(*kept.get(async || service.fails()).await.unwrap(), 0);
    }
    assert_eq!(service.asked(), 2);
    // It is asked again, and fails again.
    tokio::time::advance(FAILURE_LASTS).await;
    for _ in 0..3 {
        assert_eq!(*kept.get(async || service.fails()).await.unwrap(), 0);
    }
    assert_eq!(service.asked(), 3);
    tokio::time::advance(FAILURE_LASTS).await;
    let renewed = kept.get(async || service.gives(HOUR).await).await;
    assert_eq!(*renewed.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_serves_nobody() {
    let (service, kept) = (Service::default(), Renewed::new("a number"));
    let ended = async || Ok(Fresh::new(7, now(), |life| life));
    assert_eq!(*kept.get(ended).await.unwrap(), 7);
    for _ in 0..3 {
        let failure = kept.get(async || service.fails()).await;
        assert!(matches!(failure, Err(TokenFailure::Refused(_))));
    }
    assert_eq!(service.asked(), 1);
    tokio::time::advance(FAILURE_LASTS).await;
    assert!(kept.get(async || service.gives(HOUR).await).await.is_ok());
}

#[tokio::test]
async fn who_goes_away_while_waiting_does_not_stop_the_others() {
    let (service, kept) = (Service::default(), Renewed::new("a number"));
    let impatient = kept.get(async || std::future::pending().await);
    assert!(
        tokio::time::timeout(Duration::ZERO, impatient)
            .await
            .is_err()
    );
    let next = kept.get(async || service.gives(HOUR).await).await;
    assert_eq!(*next.unwrap(), 0);
}
