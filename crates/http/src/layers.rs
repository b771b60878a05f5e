//! The layers around all operations.

use axum::Router;
use axum::handler::{Handler, HandlerService};
use tower::Layer;
use tower_http::cors::CorsLayer;

use crate::app::App;
use crate::cors;
use crate::decode::{Decode, Decoding};
use crate::entry::{Entered, Entry};
use crate::observe::{Observe, Observed};

/// The layers around all operations, the outermost first.
pub(crate) struct Layers {
    /// Outermost, so that the answers of all other layers, errors too, have the CORS headers.
    cors: Option<CorsLayer>,
    observe: Observe,
}

impl Layers {
    /// The layers that the app's settings ask for.
    pub(crate) fn of(app: &App) -> Self {
        Self {
            cors: cors::layer(&app.settings.allow_origin),
            observe: Observe::within(app.settings.max_request_time, app.catalog.calls()),
        }
    }

    /// The outermost layer, if pages of other origins may call the APIs.
    pub(crate) const fn cors(&self) -> Option<&CorsLayer> {
        self.cors.as_ref()
    }

    /// The router inside all layers but that of its routes that need a caller.
    pub(crate) fn around(&self, router: Router) -> Router {
        // A tuple as one layer: each `.layer()` call would box every request and answer again.
        let router = router.layer((self.observe.clone(), Decode));
        match &self.cors {
            Some(cors) => router.layer(cors.clone()),
            None => router,
        }
    }

    /// The handler inside all layers but CORS, which not every service has.
    pub(crate) fn around_handler<H, T>(
        &self,
        app: &App,
        handler: H,
    ) -> Observed<Decoding<Entered<HandlerService<H, T, App>>>>
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let layers = (self.observe.clone(), Decode, Entry(app.clone()));
        layers.layer(handler.with_state(app.clone()))
    }
}
