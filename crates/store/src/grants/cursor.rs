//! Page tokens of lists of grants: where the next page begins.

use model::{PageRequest, Securable};
use uuid::Uuid;

use super::GrantRow;

/// Separates the parts of a page token. Only the path key may contain this character, so it comes last.
const BETWEEN: char = '\u{1f}';

/// The last grant of a page of the grants on one thing, which are sorted by principal and privilege.
#[derive(Debug)]
pub struct OnCursor<'a> {
    /// The principal as stored.
    pub principal: &'a str,
    /// The privilege as stored.
    pub privilege: &'a str,
}

impl<'a> OnCursor<'a> {
    /// Where a page begins. Both texts are empty for the first page and for a token that no list has returned.
    pub fn of(page: &'a PageRequest) -> Self {
        let after = page.after.as_ref().map_or("", model::PageToken::as_key);
        let (principal, privilege) = after.split_once(BETWEEN).unwrap_or_default();
        Self {
            principal,
            privilege,
        }
    }

    /// The token of the page that follows this grant.
    pub fn after(row: &GrantRow) -> String {
        format!("{}{BETWEEN}{}", row.grant.to, row.grant.privilege)
    }
}

/// The last grant of a page of a principal's grants in a project, which are sorted by warehouse, path key,
/// securable and privilege.
#[derive(Debug)]
pub struct ToCursor<'a> {
    /// The warehouse; the nil UUID if there is none.
    pub warehouse: Uuid,
    /// The path key of the place where the thing lies.
    pub path_key: &'a str,
    /// The securable as stored.
    pub securable: &'a str,
    /// The privilege as stored.
    pub privilege: &'a str,
}

impl<'a> ToCursor<'a> {
    /// Where a page begins. The nil UUID and empty texts for the first page and for a token that no list has
    /// returned.
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

    /// The token of the page that follows this grant.
    pub fn after((row, path_key): &(GrantRow, String)) -> String {
        let warehouse = row
            .warehouse
            .map(model::WarehouseId::as_uuid)
            .unwrap_or_default();
        let (on, privilege): (&Securable, _) = (&row.grant.on, row.grant.privilege);
        format!("{warehouse}{BETWEEN}{on}{BETWEEN}{privilege}{BETWEEN}{path_key}")
    }
}
