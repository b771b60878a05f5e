//! What happens to every request and answer, whatever it is about.

use axum::Router;

use crate::app::App;
use crate::cors;
use crate::decode::Decode;
use crate::observe::Observe;

/// The router with everything around it.
pub(crate) fn around(router: Router, app: &App) -> Router {
    let settings = &app.settings;
    // One layer of several, the outermost first: each by itself would box every request and answer.
    let router = router.layer((
        Observe::within(settings.max_request_time, app.catalog.calls()),
        Decode,
    ));
    // Outermost, so that pages can read errors too.
    match cors::layer(&settings.allow_origin) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}
