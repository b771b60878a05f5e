//! The service for tests: its APIs over a temporary SQLite database and a temporary folder, called without a socket.
//!
//! ```no_run
//! # async fn example() {
//! let app = testkit::TestApp::start().await;
//! app.namespace("sales").await;
//! let table = app.table("sales", "orders").await;
//! assert_eq!(table["metadata"]["format-version"], 2);
//! # }
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

mod answer;
mod app;
mod authorizer;
mod build;
mod call;
mod gate;
mod samples;
mod service;

pub use answer::Answer;
pub use app::TestApp;
pub use authorizer::{RecordingAuthorizer, Verdict};
pub use authz::{Action, NamespaceAction, TableAction, WarehouseAction};
pub use build::TestAppBuilder;
pub use call::Call;
pub use gate::GateAuthorizer;
pub use samples::{schema, table, view, view_version};
pub use service::{Reply, Service, ServiceCall};
