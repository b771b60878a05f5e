//! Where lists of grants go on.

use model::{PageRequest, Securable};
use uuid::Uuid;

use super::GrantRow;

/// Stands between the parts of a token. None but the last, a path key, holds it.
const BETWEEN: char = '\u{1f}';

/// The last grant of a page of those on one thing. They are sorted by principal and privilege.
#[derive(Debug)]
pub struct OnCursor<'a> {
    /// The principal, as it is stored.
    pub principal: &'a str,
    /// The privilege, as it is stored.
    pub privilege: &'a str,
}

impl<'a> OnCursor<'a> {
    /// Where the page begins. Both texts are empty at the beginning, and with a token that no list has given.
    pub fn of(page: &'a PageRequest) -> Self {
        let after = page.after.as_ref().map_or("", model::PageToken::as_key);
        let (principal, privilege) = after.split_once(BETWEEN).unwrap_or_default();
        Self {
            principal,
            privilege,
        }
    }

    /// The token for what comes after this grant.
    pub fn after(row: &GrantRow) -> String {
        format!("{}{BETWEEN}{}", row.grant.to, row.grant.privilege)
    }
}

/// The last grant of a page of those that one principal has in a project. They are sorted by where they lie: warehouse, path key,
/// securable and privilege.
#[derive(Debug)]
pub struct ToCursor<'a> {
    /// The warehouse, the nil UUID for none.
    pub warehouse: Uuid,
    /// The path key.
    pub path_key: &'a str,
    /// The securable, as it is stored.
    pub securable: &'a str,
    /// The privilege, as it is stored.
    pub privilege: &'a str,
}

impl<'a> ToCursor<'a> {
    /// Where the page begins. The nil UUID and empty texts at the beginning, and with a token that no list has given.
    pub fn of(page: &'a PageRequest) -> Self {
        let after = page.after.as_ref().map_or("", model::PageToken::as_key);
        let mut parts = after.splitn(4, BETWEEN);
        let mut part = || parts.next().unwrap_or_default();
        Self {
            warehouse: part().parse().unwrap_or_default(),
            securable: part(),
            privilege: part(),
            path_key: part(),
        }
    }

    /// The token for what comes after this grant.
    pub fn after((row, path_key): &(GrantRow, String)) -> String {
        let warehouse = row
            .warehouse
            .map(model::WarehouseId::as_uuid)
            .unwrap_or_default();
        let (on, privilege): (&Securable, _) = (&row.grant.on, row.grant.privilege);
        format!("{warehouse}{BETWEEN}{on}{BETWEEN}{privilege}{BETWEEN}{path_key}")
    }
}
