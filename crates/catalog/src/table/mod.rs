//! Tables.

mod commit;
mod create;
mod draft;
mod load;
mod metrics;
mod plan;
mod proposed;
mod register;
mod sign;
mod taken_in;
mod together;
mod unregister;

pub(crate) use commit::commit_all;
pub use commit::{TableCommit, commit};
pub use create::{Staging, TableCreate, create};
pub use load::load;
pub use metrics::report_metrics;
pub use register::{Existing, TableRegister, register};
pub use sign::{SigningAddress, StagedTable, sign, sign_by_id, sign_by_location};
pub(crate) use together::WaitingCommit;
pub use unregister::unregister;
