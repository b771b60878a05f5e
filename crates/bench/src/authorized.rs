//! The cost of authentication and authorization: loads with tokens and grants against loads of the same tables
//! without.

use std::sync::Arc;

use authn::stand_in::Idp;
use http::{HeaderValue, Method, header};

use crate::Result;
use crate::cluster::connect;
use crate::load::{Ask, Coding, asked};
use crate::options::Options;
use crate::process::{Running, Server};
use crate::report::{Goal, Report};
use crate::setup::Tables;
use crate::turns::against;

const NAME: &str = "loadTable with OIDC and grants";
/// Number of grants in the warehouse besides the one that the caller needs; half of them are the caller's own.
const GRANTS: [i64; 3] = [0, 1_000, 100_000];

/// Creates the caller's user and its grant to read everything in the warehouse.
const INTRODUCE: &str = "with known as (
        insert into catalog_user (id, name, name_key, user_type, source, created_at, terms)
        values ('oidc~bench', 'bench', 'bench', 'application', 'create-endpoint', 0, '{}')
    )
    insert into grant_entry (securable, principal, privilege, created_at, project_id, warehouse_id, path_key, is_live)
    select 'warehouse/' || id, 'user:oidc~bench', 'select', 0, project_id, id, '', true
    from warehouse where name_key = 'bench'";

/// Creates further grants on tables, half of them for the caller and half for other users.
const GIVE: &str = "insert into grant_entry
        (securable, principal, privilege, created_at, project_id, warehouse_id, path_key, is_live)
    select 'table/' || t.id, case g % 2 when 0 then 'user:oidc~bench' else 'user:oidc~other-' || g end, 'select', 0,
        w.project_id, w.id, n.path_key || chr(31), true
    from generate_series(1, $1::bigint) as g
    join (select *, row_number() over (order by id) - 1 as number, count(*) over () as all_of_them from tabular) as t
        on t.number = g / 2 % t.all_of_them
    join namespace as n on n.id = t.namespace_id
    join warehouse as w on w.id = n.warehouse_id
    on conflict do nothing";

pub(crate) async fn measure(
    options: &Options,
    (server, open, url): (&Server, &Running, &str),
    tables: &Tables,
    report: &mut Report,
) -> Result<()> {
    if !options.wants(NAME) {
        return Ok(());
    }
    let idp = Idp::start().await;
    let client = connect(url).await?;
    client.execute(INTRODUCE, &[]).await?;
    let guarded = server.with([
        ("LAKEKEEPER__OPENID_PROVIDER_URI", idp.issuer()),
        (
            "LAKEKEEPER__OPENID_AUDIENCE",
            authn::stand_in::AUDIENCE.to_owned(),
        ),
    ]);
    let guarded = guarded.start().await?;
    let (same, plain) = (tables.clone(), tables.clone());
    let without: Ask =
        Arc::new(move |number| asked(Method::GET, &plain.path(number), Coding::Gzip));
    for grants in GRANTS {
        client.execute(GIVE, &[&grants]).await?;
        let step = "analyze grant_entry; update warehouse set grants_version = grants_version + 1";
        client.batch_execute(step).await?;
        let shown = HeaderValue::try_from(format!("Bearer {}", idp.token("bench")))?;
        let same = same.clone();
        let with: Ask = Arc::new(move |number| {
            let mut request = asked(Method::GET, &same.path(number), Coding::Gzip);
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, shown.clone());
            request
        });
        let turns = against(options, &guarded, &with, open.port, &without).await?;
        let name = format!("{NAME}, {grants} more");
        report.add_turns(&name, &turns, Goal::AtLeast(0.8));
    }
    Ok(())
}
