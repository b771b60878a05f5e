//! Extractors: they parse the parts of requests for the handlers.

mod asked;
mod body;
mod delegation;
mod headers;
mod nul;
mod page;
mod path;
mod principal;
mod refused;
mod through;
mod time;

pub(crate) use asked::{Asked, forwarded_base, origin, project, request_id};
pub(crate) use body::{Bodyless, Posted};
pub(crate) use headers::Headers;
pub(crate) use page::{PageQuery, encode_token, query_values};
pub(crate) use path::{
    At, AtNamespace, AtTabular, Identifier, identifier, namespace_of_text, project_id, warehouse_at,
};
pub(crate) use principal::{PrincipalQuery, UserOrRole, principal, user_id};
pub(crate) use refused::{Path, Query};
pub(crate) use through::{AskedThrough, views};
pub(crate) use time::time;
