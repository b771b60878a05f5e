//! Extractors: they parse the parts of requests for the handlers.

mod body;
mod delegation;
mod headers;
mod nul;
mod page;
mod params;
mod path;
mod principal;
mod read_request;
mod route;
mod through;
mod time;

pub(crate) use body::{Bodyless, Posted};
pub(crate) use headers::Headers;
pub(crate) use page::{PageQuery, encode_token, query_values};
pub(crate) use params::{Path, Query};
pub(crate) use path::{
    At, AtNamespace, AtTabular, AtTabularId, Identifier, identifier, namespace_of_text, project_id,
    warehouse_at,
};
pub(crate) use principal::{PrincipalQuery, UserOrRole, principal, user_id};
pub(crate) use read_request::{ReadRequest, forwarded_base, origin, project, request_id};
pub(crate) use route::{Params, Pattern, Route, route};
pub(crate) use through::{ReadRequestThrough, views};
pub(crate) use time::time;
