//! Tables.

mod commit;
mod create;
mod credentials;
mod draft;
mod drop;
mod exists;
mod list;
mod load;
mod metrics;
mod plan;
mod proposed;
mod protect;
mod register;
mod rename;
mod sign;
mod taken_in;
mod together;
mod unregister;

pub(crate) use commit::commit_all;
pub use commit::{TableCommit, commit};
pub use create::{Staging, TableCreate, create};
pub use credentials::credentials;
pub use drop::drop;
pub use exists::exists;
pub use list::list;
pub use load::load;
pub use metrics::report_metrics;
pub use protect::{protect, protection};
pub use register::{Existing, TableRegister, register};
pub use rename::rename;
pub use sign::{StagedTable, sign, sign_by_id, sign_by_location};
pub(crate) use together::WaitingCommit;
pub use unregister::unregister;
