//! Tags: their definitions and attachments.

use async_trait::async_trait;
use model::{
    Page, PageRequest, PageToken, ProjectId, TabularId, TagDefinitionId, TagName, TagScope,
    TagTarget, Timestamp, Version, WarehouseId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    AttachedTag, Effects, Entity, NewTag, Result, StoreError, TagAttachment, TagDefinitionRow,
    TagFilter, TagReach, TagValues, Tags,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::row::{self, PageStart};

const COLUMNS: &str = "id, project_id, name, description, scope, value_kind, allowed_values, version, created_at, updated_at";

#[async_trait]
impl Tags for SqliteStore {
    async fn tag_definition_create(&self, row: TagDefinitionRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| create(db, &row)).await
    }

    async fn tag_definition_load(
        &self,
        project: &ProjectId,
        id: TagDefinitionId,
    ) -> Result<TagDefinitionRow> {
        let project = project.clone();
        self.read(move |db| {
            let load =
                format!("select {COLUMNS} from tag_definition where id = ?1 and project_id = ?2");
            let found = db
                .prepare_cached(&load)?
                .query_row(params![id.as_uuid(), project.as_str()], |row| {
                    Ok(definition(row))
                })
                .optional()?;
            found.unwrap_or_else(|| Err(not_found(Entity::TagDefinition(id))))
        })
        .await
    }

    async fn tag_definition_find(
        &self,
        project: &ProjectId,
        name: &TagName,
    ) -> Result<TagDefinitionRow> {
        let (project, name) = (project.clone(), name.clone());
        self.read(move |db| {
            let find = format!(
                "select {COLUMNS} from tag_definition where project_id = ?1 and name_key = ?2"
            );
            let found = db
                .prepare_cached(&find)?
                .query_row(params![project.as_str(), name.key().as_str()], |row| {
                    Ok(definition(row))
                })
                .optional()?;
            found.unwrap_or_else(|| Err(not_found(Entity::TagName(name))))
        })
        .await
    }

    async fn tag_definition_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<TagDefinitionRow>> {
        let project = project.clone();
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(&format!(
                "select {COLUMNS} from tag_definition where project_id = ?1 and name_key > ?2
                 order by name_key limit ?3"
            ))?;
            let rows = statement.query(params![project.as_str(), start.after, start.limit])?;
            let rows = row::all(rows, definition)?;
            Ok(Page::cut(rows, page.size, |one| {
                one.name.key().as_str().to_owned()
            }))
        })
        .await
    }

    async fn tag_definition_update(&self, row: TagDefinitionRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| update(db, &row)).await
    }

    async fn tag_definition_drop(&self, id: TagDefinitionId, effects: Effects) -> Result<()> {
        self.change(effects, move |db| {
            let removed = db
                .prepare_cached("delete from tag_definition where id = ?1")?
                .execute([id.as_uuid()])
                .map_err(Failure::from);
            match removed {
                Ok(0) => Err(not_found(Entity::TagDefinition(id))),
                Ok(_) => Ok(()),
                Err(error) if error.is_still_referred_to() => {
                    Err(StoreError::NotEmpty(Entity::TagDefinition(id)).into())
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn tag_attach(&self, tag: NewTag, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, move |db| attach(db, &tag, most)).await
    }

    async fn tag_detach(
        &self,
        definition: TagDefinitionId,
        (warehouse, target): (WarehouseId, TagTarget),
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, move |db| {
            let (object, field) = target.as_stored(warehouse);
            let removed = db
                .prepare_cached(
                    "delete from tag where object_id = ?1 and scope = ?2 and field_id = ?3
                     and definition_id = ?4 and warehouse_id = ?5",
                )?
                .execute(params![
                    object,
                    target.scope().as_str(),
                    field,
                    definition.as_uuid(),
                    warehouse.as_uuid()
                ])?;
            match removed {
                0 => Err(not_found(Entity::TagDefinition(definition))),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn tag_list(
        &self,
        at: (WarehouseId, TagTarget),
        reach: TagReach,
    ) -> Result<Vec<AttachedTag>> {
        self.read(move |db| list(db, at, reach)).await
    }

    async fn tag_list_of_columns(
        &self,
        warehouse: WarehouseId,
        table: TabularId,
    ) -> Result<Vec<AttachedTag>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select d.id, d.name, t.scope, t.object_id, t.field_id, t.value, t.created_at,
                     t.updated_at
                 from tag as t join tag_definition as d on d.id = t.definition_id
                 where t.object_id = ?2 and t.scope = 'column' and t.warehouse_id = ?1
                 order by t.field_id, d.name_key",
            )?;
            let rows = statement.query([warehouse.as_uuid(), table.as_uuid()])?;
            row::all(rows, attached)
        })
        .await
    }

    async fn tag_attachments(
        &self,
        definition: TagDefinitionId,
        filter: TagFilter,
        page: PageRequest,
    ) -> Result<Page<TagAttachment>> {
        self.read(move |db| attachments(db, definition, &filter, &page))
            .await
    }
}

fn create(db: &Connection, row: &TagDefinitionRow) -> Work<()> {
    let there = db
        .prepare_cached("select 1 from project where id = ?1")?
        .exists([row.project.as_str()])?;
    if !there {
        return Err(not_found(Entity::Project(row.project.clone())));
    }
    refuse_taken_name(db, row)?;
    let scope = serde_json::to_string(&row.scope).map_err(Failure::damaged)?;
    let allowed = allowed_as_stored(&row.values)?;
    let inserted = db
        .prepare_cached(
            "insert into tag_definition (id, project_id, name, name_key, description, scope,
                 value_kind, allowed_values, version, created_at, updated_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict (id) do nothing",
        )?
        .execute(params![
            row.id.as_uuid(),
            row.project.as_str(),
            row.name.as_str(),
            row.name.key().as_str(),
            row.description,
            scope,
            row.values.kind(),
            allowed,
            row.version.as_i64(),
            row.created_at.as_ms(),
            row.updated_at.map(Timestamp::as_ms),
        ])?;
    match inserted {
        0 => Err(already_exists(Entity::TagDefinition(row.id))),
        _ => Ok(()),
    }
}

fn refuse_taken_name(db: &Connection, row: &TagDefinitionRow) -> Work<()> {
    let taken = db
        .prepare_cached(
            "select 1 from tag_definition where project_id = ?1 and name_key = ?2 and id <> ?3",
        )?
        .exists(params![
            row.project.as_str(),
            row.name.key().as_str(),
            row.id.as_uuid()
        ])?;
    if taken {
        return Err(already_exists(Entity::TagName(row.name.clone())));
    }
    Ok(())
}

fn update(db: &Connection, row: &TagDefinitionRow) -> Work<()> {
    let version: Option<i64> = db
        .prepare_cached("select version from tag_definition where id = ?1 and project_id = ?2")?
        .query_row(params![row.id.as_uuid(), row.project.as_str()], |found| {
            found.get(0)
        })
        .optional()?;
    match version {
        None => return Err(not_found(Entity::TagDefinition(row.id))),
        Some(version) if version != row.version.as_i64() => return Err(stale()),
        Some(_) => {}
    }
    refuse_taken_name(db, row)?;
    let scope = serde_json::to_string(&row.scope).map_err(Failure::damaged)?;
    let allowed = allowed_as_stored(&row.values)?;
    db.prepare_cached(
        "update tag_definition set name = ?2, name_key = ?3, description = ?4, scope = ?5,
             value_kind = ?6, allowed_values = ?7, version = ?8, updated_at = ?9 where id = ?1",
    )?
    .execute(params![
        row.id.as_uuid(),
        row.name.as_str(),
        row.name.key().as_str(),
        row.description,
        scope,
        row.values.kind(),
        allowed,
        row.version.next().as_i64(),
        row.updated_at.map(Timestamp::as_ms),
    ])?;
    Ok(())
}

fn attach(db: &Connection, tag: &NewTag, most: u32) -> Work<()> {
    let known = db
        .prepare_cached("select 1 from tag_definition where id = ?1")?
        .exists([tag.definition.as_uuid()])?;
    if !known {
        return Err(not_found(Entity::TagDefinition(tag.definition)));
    }
    refuse_gone_target(db, tag)?;
    let warehouse = tag.warehouse.as_uuid();
    let (object, field) = tag.target.as_stored(tag.warehouse);
    let (namespace, tabular) = match tag.target {
        TagTarget::Warehouse => (None, None),
        TagTarget::Namespace(_) => (Some(object), None),
        TagTarget::Tabular(..) | TagTarget::Column(..) => (None, Some(object)),
    };
    // A tag that is attached already only gets another value, which the limit does not prevent.
    let attached = db
        .prepare_cached(
            "insert into tag (id, definition_id, warehouse_id, namespace_id, tabular_id, scope,
                 object_id, field_id, value, created_at, updated_at)
             select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, null
             where exists (select 1 from tag where object_id = ?7 and scope = ?6 and field_id = ?8
                     and definition_id = ?2)
                 or (select count(*) from tag
                     where object_id = ?7 and scope = ?6 and field_id = ?8) < ?11
             on conflict (object_id, scope, field_id, definition_id)
             do update set value = excluded.value, updated_at = excluded.created_at",
        )?
        .execute(params![
            tag.id.as_uuid(),
            tag.definition.as_uuid(),
            warehouse,
            namespace,
            tabular,
            tag.target.scope().as_str(),
            object,
            field,
            tag.value,
            tag.at.as_ms(),
            most,
        ])?;
    let scope = tag.target.scope();
    match attached {
        0 => Err(StoreError::TooManyTags { scope, most }.into()),
        _ => Ok(()),
    }
}

fn refuse_gone_target(db: &Connection, tag: &NewTag) -> Work<()> {
    let warehouse = tag.warehouse.as_uuid();
    let tabular = "select 1 from tabular where id = ?1 and warehouse_id = ?2 and kind = ?3
         and deleted_at is null";
    let (there, entity) = match tag.target {
        TagTarget::Warehouse => (
            db.prepare_cached("select 1 from warehouse where id = ?1")?
                .exists([warehouse])?,
            Entity::Warehouse(tag.warehouse),
        ),
        TagTarget::Namespace(id) => (
            db.prepare_cached("select 1 from namespace where id = ?1 and warehouse_id = ?2 and dropped_with is null")?
                .exists([id.as_uuid(), warehouse])?,
            Entity::Namespace(id),
        ),
        TagTarget::Tabular(kind, id) => (
            db.prepare_cached(tabular)?
                .exists(params![id.as_uuid(), warehouse, kind.as_str()])?,
            Entity::Tabular(id),
        ),
        TagTarget::Column(id, _) => (
            db.prepare_cached(tabular)?
                .exists(params![id.as_uuid(), warehouse, "table"])?,
            Entity::Tabular(id),
        ),
    };
    if there {
        Ok(())
    } else {
        Err(not_found(entity))
    }
}

fn list(
    db: &Connection,
    (warehouse, target): (WarehouseId, TagTarget),
    reach: TagReach,
) -> Work<Vec<AttachedTag>> {
    let (object, field) = target.as_stored(warehouse);
    let (is_effective, namespace) = match reach {
        TagReach::Direct => (false, None),
        TagReach::Effective(namespace) => (true, namespace),
    };
    // 1000 is greater than the depth of any namespace, so the warehouse is the farthest place.
    let mut statement = db.prepare_cached(
        "with recursive around (id, parent_id, distance) as (
             select id, parent_id, 1 from namespace where id = ?5
             union all
             select n.id, n.parent_id, around.distance + 1
             from around join namespace as n on n.id = around.parent_id
         ), place (scope, id, field, distance) as (
             select ?2, ?3, ?4, 0
             union all select 'namespace', id, 0, distance from around
             union all select 'warehouse', ?1, 0, 1000 where ?6
         )
         select d.id, d.name, t.scope, t.object_id, t.field_id, t.value, t.created_at, t.updated_at
         from place cross join tag as t
             on t.object_id = place.id and t.scope = place.scope and t.field_id = place.field
                 and t.warehouse_id = ?1
         join tag_definition as d on d.id = t.definition_id
         order by d.name_key, place.distance",
    )?;
    let rows = statement.query(params![
        warehouse.as_uuid(),
        target.scope().as_str(),
        object,
        field,
        namespace.map(model::NamespaceId::as_uuid),
        is_effective,
    ])?;
    let mut found = row::all(rows, attached)?;
    found.dedup_by_key(|tag| tag.definition);
    Ok(found)
}

fn attachments(
    db: &Connection,
    definition: TagDefinitionId,
    filter: &TagFilter,
    page: &PageRequest,
) -> Work<Page<TagAttachment>> {
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.map(Uuid::parse_str).transpose();
    let after = after.map_err(Failure::damaged)?.unwrap_or_default();
    let mut statement = db.prepare_cached(
        "select id, warehouse_id, scope, object_id, field_id, value, created_at, updated_at
         from tag where definition_id = ?1 and id > ?2
             and (?3 is null or value = ?3) and (?4 is null or scope = ?4)
             and (?5 is null or created_at >= ?5) and (?6 is null or created_at <= ?6)
             and (?7 is null or warehouse_id = ?7)
         order by id limit ?8",
    )?;
    let rows = statement.query(params![
        definition.as_uuid(),
        after,
        filter.value,
        filter.scope.map(TagScope::as_str),
        filter.created_from.map(Timestamp::as_ms),
        filter.created_until.map(Timestamp::as_ms),
        filter.warehouse.map(WarehouseId::as_uuid),
        PageStart::of(page).limit,
    ])?;
    let rows = row::all(rows, attachment)?;
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

fn definition(row: &Row<'_>) -> Work<TagDefinitionRow> {
    let (project, name, scope): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(4)?);
    let (kind, allowed): (String, Option<String>) = (row.get(5)?, row.get(6)?);
    Ok(TagDefinitionRow {
        id: row.get::<_, Uuid>(0)?.into(),
        project: project.parse().map_err(Failure::damaged)?,
        name: TagName::parse(&name).map_err(Failure::damaged)?,
        description: row.get(3)?,
        scope: serde_json::from_str(&scope).map_err(Failure::damaged)?,
        values: values(&kind, allowed.as_deref())?,
        version: Version::from_i64(row.get(7)?),
        created_at: Timestamp::from_ms(row.get(8)?),
        updated_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_ms),
    })
}

/// `scope, object_id, field_id` from the given column on.
fn target(row: &Row<'_>, first: usize) -> Work<TagTarget> {
    let scope = tag_scope(&row.get::<_, String>(first)?)?;
    let (object, field) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(TagTarget::from_stored(scope, object, field))
}

fn attached(row: &Row<'_>) -> Work<AttachedTag> {
    Ok(AttachedTag {
        definition: row.get::<_, Uuid>(0)?.into(),
        name: row.get(1)?,
        target: target(row, 2)?,
        value: row.get(5)?,
        created_at: Timestamp::from_ms(row.get(6)?),
        updated_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_ms),
    })
}

fn attachment(row: &Row<'_>) -> Work<TagAttachment> {
    Ok(TagAttachment {
        id: row.get::<_, Uuid>(0)?.into(),
        warehouse: row.get::<_, Uuid>(1)?.into(),
        target: target(row, 2)?,
        value: row.get(5)?,
        created_at: Timestamp::from_ms(row.get(6)?),
        updated_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_ms),
    })
}
