//! Users that the catalog knows.

use async_trait::async_trait;
use model::{Page, PageRequest, Principal, Timestamp, UserId};
use store::{Effects, Entity, Result, StoreError, UserRow, UserSearch, Users};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart, get};

const COLUMNS: &str = "id, name, email, user_type, source, created_at, updated_at";

#[async_trait]
impl Users for PostgresStore {
    async fn user_create(&self, user: UserRow) -> Result<()> {
        self.write(user, |db, user| {
            Box::pin(async move {
                let inserted = db
                    .execute(
                        "insert into catalog_user
                         (id, name, email, user_type, source, created_at, updated_at, name_key, terms)
                         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing",
                        &[
                            &user.id.as_str(),
                            &user.name,
                            &user.email,
                            &user.user_type.as_str(),
                            &user.source.as_str(),
                            &user.created_at.as_ms(),
                            &user.updated_at.map(Timestamp::as_ms),
                            &user.name_key(),
                            &user.terms(),
                        ],
                    )
                    .await?;
                match inserted {
                    0 => Err(already_exists(Entity::User(user.id.clone()))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn user_load(&self, id: &UserId) -> Result<UserRow> {
        let db = self.read().await?;
        let load = format!("select {COLUMNS} from catalog_user where id = $1");
        match db.query_opt(&load, &[&id.as_str()]).await? {
            None => Err(StoreError::NotFound(Entity::User(id.clone()))),
            Some(row) => Ok(user(&row, 0)?),
        }
    }

    async fn user_list(&self, name: &str, page: PageRequest) -> Result<Page<UserRow>> {
        let db = self.read_list().await?;
        let start = PageStart::of(&page);
        let list = format!(
            "select {COLUMNS} from catalog_user
             where id > $1 and position($2 in name_key) > 0 order by id limit $3"
        );
        let rows = db
            .query(&list, &[&start.after, &name, &start.limit])
            .await?;
        let rows = row::all(&rows, |row| user(row, 0))?;
        Ok(Page::cut(rows, page.size, |user| {
            user.id.as_str().to_owned()
        }))
    }

    async fn user_search(&self, search: UserSearch) -> Result<Vec<UserRow>> {
        let db = self.read_list().await?;
        let find = format!(
            "select {COLUMNS} from (
                 select *, $2::text = any (terms) as is_exact,
                     (select count(*) from unnest(terms) as one where one = any ($1::text[])) as shared
                 from catalog_user where terms && array_append($1, $2)
             ) as found
             where is_exact or shared * 10 >= cardinality($1) * $3::bigint
             order by is_exact desc, shared desc, name_key, id limit $4"
        );
        let (share, limit) = (i64::from(UserSearch::SHARE), i64::from(search.limit));
        let rows = db
            .query(&find, &[&search.trigrams, &search.exact, &share, &limit])
            .await?;
        Ok(row::all(&rows, |row| user(row, 0))?)
    }

    async fn user_update(&self, changed: UserRow) -> Result<UserRow> {
        self.write(changed, |db, changed| {
            Box::pin(async move {
                let update = format!(
                    "update catalog_user set name = $2, email = $3, user_type = $4, source = $5,
                     updated_at = $6, name_key = $7, terms = $8 where id = $1 returning {COLUMNS}"
                );
                let found = db
                    .query_opt(
                        &update,
                        &[
                            &changed.id.as_str(),
                            &changed.name,
                            &changed.email,
                            &changed.user_type.as_str(),
                            &changed.source.as_str(),
                            &changed.updated_at.map(Timestamp::as_ms),
                            &changed.name_key(),
                            &changed.terms(),
                        ],
                    )
                    .await?;
                match found {
                    None => Err(not_found(Entity::User(changed.id.clone()))),
                    Some(row) => user(&row, 0),
                }
            })
        })
        .await
    }

    async fn user_drop(&self, id: &UserId) -> Result<()> {
        self.change(Effects::none(), id.clone(), |db, id| {
            Box::pin(remove(db, id))
        })
        .await
    }
}

async fn remove(db: &Session, id: &UserId) -> Work<()> {
    // Warehouses come before users in the lock order.
    let principal = Principal::User(id.clone()).to_string();
    let reach = Reach::of_principal(db, &principal).await?;
    let held = reach.hold(db).await?;
    // From here on, the user cannot be given anything.
    let hold = "select 1 from catalog_user where id = $1 for update";
    db.query_opt(hold, &[&id.as_str()]).await?;
    if !reach.covers(&Reach::of_principal(db, &principal).await?) {
        return Err(Failure::Overtaken("it was given something meanwhile"));
    }
    // Remove grants and memberships explicitly: the trigger on the user's row does the same, but there may be no
    // row.
    let grants = "delete from grant_entry where principal = $1";
    let members = "delete from role_member where member = $1";
    let mut gone = db.execute(grants, &[&principal]).await?;
    gone += db.execute(members, &[&principal]).await?;
    let user = "delete from catalog_user where id = $1";
    gone += db.execute(user, &[&id.as_str()]).await?;
    if gone == 0 {
        return Err(not_found(Entity::User(id.clone())));
    }
    held.step(db).await
}

/// `id, name, email, user_type, source, created_at, updated_at` from the given column on.
pub(crate) fn user(row: &Row, first: usize) -> Work<UserRow> {
    let id: &str = get(row, first)?;
    Ok(UserRow {
        id: id.parse().map_err(Failure::damaged)?,
        name: get(row, first + 1)?,
        email: get(row, first + 2)?,
        user_type: row::user_type(get(row, first + 3)?)?,
        source: row::user_source(get(row, first + 4)?)?,
        created_at: Timestamp::from_ms(get(row, first + 5)?),
        updated_at: row::time(row, first + 6)?,
    })
}
