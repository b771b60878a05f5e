//! Users that the catalog knows.

use async_trait::async_trait;
use model::{Page, PageRequest, Principal, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Entity, Result, UserRow, UserSearch, Users};

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart};

const COLUMNS: &str = "id, name, email, user_type, source, created_at, updated_at";

#[async_trait]
impl Users for SqliteStore {
    async fn user_create(&self, user: UserRow) -> Result<()> {
        self.write(move |db| {
            let inserted = db
                .prepare_cached(
                    "insert into catalog_user
                     (id, name, email, user_type, source, created_at, updated_at, name_key)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (id) do nothing",
                )?
                .execute(params![
                    user.id.as_str(),
                    user.name,
                    user.email,
                    user.user_type.as_str(),
                    user.source.as_str(),
                    user.created_at.as_ms(),
                    user.updated_at.map(Timestamp::as_ms),
                    user.name_key(),
                ])?;
            if inserted == 0 {
                return Err(already_exists(Entity::User(user.id)));
            }
            insert_terms(db, &user)
        })
        .await
    }

    async fn user_load(&self, id: &UserId) -> Result<UserRow> {
        let id = id.clone();
        self.read(move |db| load(db, &id)).await
    }

    async fn user_list(&self, name: &str, page: PageRequest) -> Result<Page<UserRow>> {
        let name = name.to_owned();
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(&format!(
                "select {COLUMNS} from catalog_user
                 where id > ?1 and instr(name_key, ?2) > 0 order by id limit ?3"
            ))?;
            let rows = statement.query(params![start.after, name, start.limit])?;
            let rows = row::all(rows, user)?;
            Ok(Page::cut(rows, page.size, |user| {
                user.id.as_str().to_owned()
            }))
        })
        .await
    }

    async fn user_search(&self, search: UserSearch) -> Result<Vec<UserRow>> {
        self.read(move |db| {
            let trigrams = serde_json::Value::from(search.trigrams).to_string();
            let mut statement = db.prepare_cached(&format!(
                "with asked (term) as (select value from json_each(?1)),
                 found (user_id, shared, is_exact) as (
                     select user_id, sum(term <> ?2), max(term = ?2) from catalog_user_term
                     where term in (select term from asked union all select ?2) group by user_id
                 )
                 select {COLUMNS} from found join catalog_user on id = user_id
                 where is_exact or shared * 10 >= (select count(*) from asked) * ?3
                 order by is_exact desc, shared desc, name_key, id limit ?4"
            ))?;
            let asked = params![trigrams, search.exact, UserSearch::SHARE, search.limit];
            row::all(statement.query(asked)?, user)
        })
        .await
    }

    async fn user_update(&self, user: UserRow) -> Result<UserRow> {
        self.write(move |db| {
            let changed = db
                .prepare_cached(
                    "update catalog_user set name = ?2, email = ?3, user_type = ?4, source = ?5,
                     updated_at = ?6, name_key = ?7 where id = ?1",
                )?
                .execute(params![
                    user.id.as_str(),
                    user.name,
                    user.email,
                    user.user_type.as_str(),
                    user.source.as_str(),
                    user.updated_at.map(Timestamp::as_ms),
                    user.name_key(),
                ])?;
            if changed == 0 {
                return Err(not_found(Entity::User(user.id)));
            }
            db.prepare_cached("delete from catalog_user_term where user_id = ?1")?
                .execute([user.id.as_str()])?;
            insert_terms(db, &user)?;
            load(db, &user.id)
        })
        .await
    }

    async fn user_drop(&self, id: &UserId) -> Result<()> {
        let id = id.clone();
        self.write(move |db| {
            let principal = Principal::User(id.clone());
            // Determine the reach before the user's grants and memberships are removed.
            let reach = Reach::of_principal(db, principal.clone())?;
            // Remove grants and memberships explicitly: the trigger on the user's row does the same, but there may
            // be no row.
            let mut gone = 0;
            for (remove, what) in [
                (
                    "delete from grant_entry where principal = ?1",
                    principal.to_string(),
                ),
                (
                    "delete from role_member where member = ?1",
                    principal.to_string(),
                ),
                ("delete from catalog_user where id = ?1", id.to_string()),
            ] {
                gone += db.prepare_cached(remove)?.execute([what])?;
            }
            match gone {
                0 => Err(not_found(Entity::User(id))),
                _ => reach.step(db),
            }
        })
        .await
    }
}

pub(crate) fn load(db: &Connection, id: &UserId) -> Work<UserRow> {
    let found = db
        .prepare_cached(&format!("select {COLUMNS} from catalog_user where id = ?1"))?
        .query_row([id.as_str()], |row| Ok(user(row)))
        .optional()?;
    found.unwrap_or_else(|| Err(not_found(Entity::User(id.clone()))))
}

fn insert_terms(db: &Connection, user: &UserRow) -> Work<()> {
    let terms = serde_json::Value::from(user.terms()).to_string();
    db.prepare_cached(
        "insert into catalog_user_term (term, user_id) select value, ?1 from json_each(?2)",
    )?
    .execute(params![user.id.as_str(), terms])?;
    Ok(())
}

fn user(row: &Row<'_>) -> Work<UserRow> {
    let (id, kind, source): (String, String, String) = (row.get(0)?, row.get(3)?, row.get(4)?);
    Ok(UserRow {
        id: id.parse().map_err(Failure::damaged)?,
        name: row.get(1)?,
        email: row.get(2)?,
        user_type: row::user_type(&kind)?,
        source: row::user_source(&source)?,
        created_at: Timestamp::from_ms(row.get(5)?),
        updated_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_ms),
    })
}
