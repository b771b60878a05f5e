//! The layers around all routes.

use axum::Router;

use crate::app::App;
use crate::cors;
use crate::decode::Decode;
use crate::observe::Observe;

/// The router inside its layers.
pub(crate) fn around(router: Router, app: &App) -> Router {
    let settings = &app.settings;
    // A tuple as one layer, the outermost first: each `.layer()` call would box every request and answer again.
    let router = router.layer((
        Observe::within(settings.max_request_time, app.catalog.calls()),
        Decode,
    ));
    // Outermost, so that the answers of all other layers, errors too, have the CORS headers.
    match cors::layer(&settings.allow_origin) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}
