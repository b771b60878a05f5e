//! Tags: their definitions and attachments.

use async_trait::async_trait;
use model::{
    Page, PageRequest, PageToken, ProjectId, TabularId, TagDefinitionId, TagName, TagScope,
    TagTarget, Timestamp, WarehouseId,
};
use store::{
    AttachedTag, Effects, Entity, NewTag, Result, StoreError, TagAttachment, TagDefinitionRow,
    TagFilter, TagReach, TagValues, Tags,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::row::{self, PageStart, get};

const COLUMNS: &str = "id, project_id, name, description, scope, value_kind, allowed_values, version, created_at, updated_at";

#[async_trait]
impl Tags for PostgresStore {
    async fn tag_definition_create(&self, row: TagDefinitionRow, effects: Effects) -> Result<()> {
        self.change(effects, row, |db, row| Box::pin(create(db, row)))
            .await
    }

    async fn tag_definition_load(
        &self,
        project: &ProjectId,
        id: TagDefinitionId,
    ) -> Result<TagDefinitionRow> {
        let db = self.read().await?;
        let load =
            format!("select {COLUMNS} from tag_definition where id = $1 and project_id = $2");
        let found = db
            .query_opt(&load, &[&id.as_uuid(), &project.as_str()])
            .await?;
        match found {
            None => Err(StoreError::NotFound(Entity::TagDefinition(id))),
            Some(row) => Ok(definition(&row)?),
        }
    }

    async fn tag_definition_find(
        &self,
        project: &ProjectId,
        name: &TagName,
    ) -> Result<TagDefinitionRow> {
        let db = self.read().await?;
        let find =
            format!("select {COLUMNS} from tag_definition where project_id = $1 and name_key = $2");
        let found = db
            .query_opt(&find, &[&project.as_str(), &name.key().as_str()])
            .await?;
        match found {
            None => Err(StoreError::NotFound(Entity::TagName(name.clone()))),
            Some(row) => Ok(definition(&row)?),
        }
    }

    async fn tag_definition_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<TagDefinitionRow>> {
        let db = self.read_list().await?;
        let start = PageStart::of(&page);
        let list = format!(
            "select {COLUMNS} from tag_definition where project_id = $1 and name_key > $2
             order by name_key limit $3"
        );
        let rows = db
            .query(&list, &[&project.as_str(), &start.after, &start.limit])
            .await?;
        let rows = row::all(&rows, definition)?;
        Ok(Page::cut(rows, page.size, |one| {
            one.name.key().as_str().to_owned()
        }))
    }

    async fn tag_definition_update(&self, row: TagDefinitionRow, effects: Effects) -> Result<()> {
        self.change(effects, row, |db, row| Box::pin(update(db, row)))
            .await
    }

    async fn tag_definition_drop(&self, id: TagDefinitionId, effects: Effects) -> Result<()> {
        self.change(effects, id, |db, id| {
            Box::pin(async move {
                let delete = "delete from tag_definition where id = $1";
                match db.execute(delete, &[&id.as_uuid()]).await {
                    Ok(0) => Err(not_found(Entity::TagDefinition(*id))),
                    Ok(_) => Ok(()),
                    Err(error) if error.is_still_referred_to() => {
                        Err(StoreError::NotEmpty(Entity::TagDefinition(*id)).into())
                    }
                    Err(error) => Err(error),
                }
            })
        })
        .await
    }

    async fn tag_attach(&self, tag: NewTag, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, (tag, most), |db, (tag, most)| {
            Box::pin(attach(db, tag, *most))
        })
        .await
    }

    async fn tag_detach(
        &self,
        definition: TagDefinitionId,
        at: (WarehouseId, TagTarget),
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, (definition, at), |db, (definition, at)| {
            Box::pin(async move {
                let (warehouse, target) = *at;
                let (object, field) = target.as_stored(warehouse);
                let removed = db
                    .execute(
                        "delete from tag where object_id = $1 and scope = $2 and field_id = $3
                         and definition_id = $4 and warehouse_id = $5",
                        &[
                            &object,
                            &target.scope().as_str(),
                            &field,
                            &definition.as_uuid(),
                            &warehouse.as_uuid(),
                        ],
                    )
                    .await?;
                match removed {
                    0 => Err(not_found(Entity::TagDefinition(*definition))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn tag_list(
        &self,
        at: (WarehouseId, TagTarget),
        reach: TagReach,
    ) -> Result<Vec<AttachedTag>> {
        let db = self.read().await?;
        Ok(list(&db, at, reach).await?)
    }

    async fn tag_list_of_columns(
        &self,
        warehouse: WarehouseId,
        table: TabularId,
    ) -> Result<Vec<AttachedTag>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select d.id, d.name, t.scope, t.object_id, t.field_id, t.value, t.created_at,
                     t.updated_at
                 from tag as t join tag_definition as d on d.id = t.definition_id
                 where t.object_id = $2 and t.scope = 'column' and t.warehouse_id = $1
                 order by t.field_id, d.name_key",
                &[&warehouse.as_uuid(), &table.as_uuid()],
            )
            .await?;
        Ok(row::all(&rows, attached)?)
    }

    async fn tag_attachments(
        &self,
        definition: TagDefinitionId,
        filter: TagFilter,
        page: PageRequest,
    ) -> Result<Page<TagAttachment>> {
        let db = self.read_list().await?;
        Ok(attachments(&db, definition, &filter, &page).await?)
    }
}

async fn create(db: &Session, row: &TagDefinitionRow) -> Work<()> {
    let scope = serde_json::to_string(&row.scope).map_err(Failure::damaged)?;
    let allowed = allowed_as_stored(&row.values)?;
    let inserted = db
        .query_one(
            "with owner as materialized (
                 select id from project where id = $2 for key share
             ), made as (
                 insert into tag_definition (id, project_id, name, name_key, description, scope,
                     value_kind, allowed_values, version, created_at, updated_at)
                 select $1, owner.id, $3, $4, $5, $6, $7, $8, $9, $10, $11 from owner
                 on conflict do nothing returning id
             )
             select exists (select from owner), exists (select from made),
                 exists (select from tag_definition where project_id = $2 and name_key = $4)",
            &[
                &row.id.as_uuid(),
                &row.project.as_str(),
                &row.name.as_str(),
                &row.name.key().as_str(),
                &row.description,
                &scope,
                &row.values.kind(),
                &allowed,
                &row.version.as_i64(),
                &row.created_at.as_ms(),
                &row.updated_at.map(Timestamp::as_ms),
            ],
        )
        .await?;
    let (has_owner, is_made, is_named): (bool, bool, bool) =
        (get(&inserted, 0)?, get(&inserted, 1)?, get(&inserted, 2)?);
    match (has_owner, is_made) {
        (_, true) => Ok(()),
        (false, _) => Err(not_found(Entity::Project(row.project.clone()))),
        _ if is_named => Err(already_exists(Entity::TagName(row.name.clone()))),
        // This statement's snapshot does not show a name that was taken concurrently.
        _ => match db
            .query_opt(
                "select 1 from tag_definition where id = $1",
                &[&row.id.as_uuid()],
            )
            .await?
        {
            Some(_) => Err(already_exists(Entity::TagDefinition(row.id))),
            None => Err(already_exists(Entity::TagName(row.name.clone()))),
        },
    }
}

async fn update(db: &Session, row: &TagDefinitionRow) -> Work<()> {
    let scope = serde_json::to_string(&row.scope).map_err(Failure::damaged)?;
    let allowed = allowed_as_stored(&row.values)?;
    let updated = db
        .execute(
            "update tag_definition set name = $4, name_key = $5, description = $6, scope = $7,
                 value_kind = $8, allowed_values = $9, version = version + 1, updated_at = $10
             where id = $1 and project_id = $2 and version = $3",
            &[
                &row.id.as_uuid(),
                &row.project.as_str(),
                &row.version.as_i64(),
                &row.name.as_str(),
                &row.name.key().as_str(),
                &row.description,
                &scope,
                &row.values.kind(),
                &allowed,
                &row.updated_at.map(Timestamp::as_ms),
            ],
        )
        .await;
    match updated {
        Ok(1) => return Ok(()),
        Err(failure) if failure.constraint() == Some("tag_definition_name") => {
            return Err(already_exists(Entity::TagName(row.name.clone())));
        }
        updated => updated?,
    };
    let there = db
        .query_opt(
            "select 1 from tag_definition where id = $1 and project_id = $2",
            &[&row.id.as_uuid(), &row.project.as_str()],
        )
        .await?;
    Err(match there {
        Some(_) => stale(),
        None => not_found(Entity::TagDefinition(row.id)),
    })
}

async fn attach(db: &Session, tag: &NewTag, most: u32) -> Work<()> {
    hold_target(db, tag).await?;
    let definition = tag.definition.as_uuid();
    let held = "select id from tag_definition where id = $1 for key share";
    if db.query_opt(held, &[&definition]).await?.is_none() {
        return Err(not_found(Entity::TagDefinition(tag.definition)));
    }
    let (object, field) = tag.target.as_stored(tag.warehouse);
    let (namespace, tabular) = match tag.target {
        TagTarget::Warehouse => (None, None),
        TagTarget::Namespace(_) => (Some(object), None),
        TagTarget::Tabular(..) | TagTarget::Column(..) => (None, Some(object)),
    };
    let scope = tag.target.scope();
    // A tag that is attached already only gets another value, which the limit does not prevent.
    let attached = db
        .execute(
            "insert into tag (id, definition_id, warehouse_id, namespace_id, tabular_id, scope,
                 object_id, field_id, value, created_at, updated_at)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, null
             where exists (select from tag where object_id = $7 and scope = $6 and field_id = $8
                     and definition_id = $2)
                 or (select count(*) from tag
                     where object_id = $7 and scope = $6 and field_id = $8) < $11
             on conflict (object_id, scope, field_id, definition_id)
             do update set value = excluded.value, updated_at = excluded.created_at",
            &[
                &tag.id.as_uuid(),
                &definition,
                &tag.warehouse.as_uuid(),
                &namespace,
                &tabular,
                &scope.as_str(),
                &object,
                &field,
                &tag.value,
                &tag.at.as_ms(),
                &i64::from(most),
            ],
        )
        .await?;
    match attached {
        0 => Err(StoreError::TooManyTags { scope, most }.into()),
        _ => Ok(()),
    }
}

/// Locks the warehouse and then the target, so that both exist until the end of the transaction. Attachments to
/// one target are serialized by this, so that its tags can be counted.
async fn hold_target(db: &Session, tag: &NewTag) -> Work<()> {
    let warehouse = tag.warehouse.as_uuid();
    let held = match tag.target {
        TagTarget::Warehouse => "select id from warehouse where id = $1 for no key update",
        _ => "select id from warehouse where id = $1 for key share",
    };
    if db.query_opt(held, &[&warehouse]).await?.is_none() {
        return Err(not_found(Entity::Warehouse(tag.warehouse)));
    }
    let tabular = "select id from tabular where id = $1 and warehouse_id = $2 and kind = $3
         and coalesce(deleted_at, 0) = 0 for no key update";
    let (held, entity) = match tag.target {
        TagTarget::Warehouse => return Ok(()),
        TagTarget::Namespace(id) => {
            let held = "select id from namespace
                where id = $1 and warehouse_id = $2 and dropped_with is null for no key update";
            let held = db.query_opt(held, &[&id.as_uuid(), &warehouse]).await?;
            (held, Entity::Namespace(id))
        }
        TagTarget::Tabular(kind, id) => {
            let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id.as_uuid(), &warehouse, &kind.as_str()];
            (db.query_opt(tabular, &params).await?, Entity::Tabular(id))
        }
        TagTarget::Column(id, _) => {
            let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id.as_uuid(), &warehouse, &"table"];
            (db.query_opt(tabular, &params).await?, Entity::Tabular(id))
        }
    };
    held.map(|_| ()).ok_or_else(|| not_found(entity))
}

async fn list(
    db: &Session,
    (warehouse, target): (WarehouseId, TagTarget),
    reach: TagReach,
) -> Work<Vec<AttachedTag>> {
    let (object, field) = target.as_stored(warehouse);
    let (is_effective, namespace) = match reach {
        TagReach::Direct => (false, None),
        TagReach::Effective(namespace) => (true, namespace),
    };
    // 1000 is greater than the depth of any namespace, so the warehouse is the farthest place.
    let rows = db
        .query(
            "with recursive around (id, parent_id, distance) as (
                 select id, parent_id, 1 from namespace where id = $5
                 union all
                 select n.id, n.parent_id, around.distance + 1
                 from around join namespace as n on n.id = around.parent_id
             ), place (scope, id, field, distance) as (
                 select $2::text, $3::uuid, $4::integer, 0
                 union all select 'namespace', id, 0, distance from around
                 union all select 'warehouse', $1::uuid, 0, 1000 where $6
             )
             select d.id, d.name, t.scope, t.object_id, t.field_id, t.value, t.created_at,
                 t.updated_at
             from place cross join lateral (
                 select * from tag where object_id = place.id and scope = place.scope
                     and field_id = place.field and warehouse_id = $1 offset 0
             ) as t
             join tag_definition as d on d.id = t.definition_id
             order by d.name_key, place.distance",
            &[
                &warehouse.as_uuid(),
                &target.scope().as_str(),
                &object,
                &field,
                &namespace.map(model::NamespaceId::as_uuid),
                &is_effective,
            ],
        )
        .await?;
    let mut found = row::all(&rows, attached)?;
    found.dedup_by_key(|tag| tag.definition);
    Ok(found)
}

async fn attachments(
    db: &Session,
    definition: TagDefinitionId,
    filter: &TagFilter,
    page: &PageRequest,
) -> Work<Page<TagAttachment>> {
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.map(Uuid::parse_str).transpose();
    let after = after.map_err(Failure::damaged)?.unwrap_or_default();
    let rows = db
        .query(
            "select id, warehouse_id, scope, object_id, field_id, value, created_at, updated_at
             from tag where definition_id = $1 and id > $2
                 and ($3::text is null or value = $3) and ($4::text is null or scope = $4)
                 and ($5::bigint is null or created_at >= $5)
                 and ($6::bigint is null or created_at <= $6)
                 and ($7::uuid is null or warehouse_id = $7)
             order by id limit $8",
            &[
                &definition.as_uuid(),
                &after,
                &filter.value,
                &filter.scope.map(TagScope::as_str),
                &filter.created_from.map(Timestamp::as_ms),
                &filter.created_until.map(Timestamp::as_ms),
                &filter.warehouse.map(WarehouseId::as_uuid),
                &PageStart::of(page).limit,
            ],
        )
        .await?;
    let rows = row::all(&rows, attachment)?;
    Ok(Page::cut(rows, page.size, |one| one.id.to_string()))
}

/// The allowed values as a JSON array.
fn allowed_as_stored(values: &TagValues) -> Work<Option<String>> {
    let allowed = values.allowed().map(serde_json::to_string).transpose();
    allowed.map_err(Failure::damaged)
}

fn values(kind: &str, allowed: Option<&str>) -> Work<TagValues> {
    let allowed = allowed.map(serde_json::from_str).transpose();
    let allowed = allowed.map_err(Failure::damaged)?;
    TagValues::from_stored(kind, allowed)
        .ok_or_else(|| Failure::damaged(format!("unknown kind of a tag `{kind}`")))
}

fn tag_scope(text: &str) -> Work<TagScope> {
    TagScope::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("a tag of the unknown scope `{text}`")))
}

fn definition(row: &Row) -> Work<TagDefinitionRow> {
    let (project, name, scope): (&str, &str, &str) = (get(row, 1)?, get(row, 2)?, get(row, 4)?);
    Ok(TagDefinitionRow {
        id: row::id(row, 0)?,
        project: project.parse().map_err(Failure::damaged)?,
        name: TagName::parse(name).map_err(Failure::damaged)?,
        description: get(row, 3)?,
        scope: serde_json::from_str(scope).map_err(Failure::damaged)?,
        values: values(get(row, 5)?, get(row, 6)?)?,
        version: row::version(row, 7)?,
        created_at: Timestamp::from_ms(get(row, 8)?),
        updated_at: row::time(row, 9)?,
    })
}

/// `scope, object_id, field_id` from the given column on.
fn target(row: &Row, first: usize) -> Work<TagTarget> {
    let scope = tag_scope(get(row, first)?)?;
    let (object, field) = (get(row, first + 1)?, get(row, first + 2)?);
    Ok(TagTarget::from_stored(scope, object, field))
}

fn attached(row: &Row) -> Work<AttachedTag> {
    Ok(AttachedTag {
        definition: row::id(row, 0)?,
        name: get(row, 1)?,
        target: target(row, 2)?,
        value: get(row, 5)?,
        created_at: Timestamp::from_ms(get(row, 6)?),
        updated_at: row::time(row, 7)?,
    })
}

fn attachment(row: &Row) -> Work<TagAttachment> {
    Ok(TagAttachment {
        id: row::id(row, 0)?,
        warehouse: row::id(row, 1)?,
        target: target(row, 2)?,
        value: get(row, 5)?,
        created_at: Timestamp::from_ms(get(row, 6)?),
        updated_at: row::time(row, 7)?,
    })
}
