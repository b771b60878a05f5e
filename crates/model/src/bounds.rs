//! The sizes that names and lists may have, in one place.

/// Fixed upper bounds of what the catalog stores.
///
/// They exist so that every index entry fits the smallest index page of the supported databases
/// (about 2,700 bytes on PostgreSQL) and no request can slow down the others.
#[derive(Debug, Clone, Copy)]
pub struct Bounds;

impl Bounds {
    /// Longest name of a table, a view or one namespace level, in bytes of UTF-8.
    pub const NAME_BYTES: usize = 512;
    /// Deepest namespace, in levels.
    pub const NAMESPACE_DEPTH: usize = 32;
    /// Longest namespace path, all levels and their separators, in bytes of UTF-8.
    pub const NAMESPACE_BYTES: usize = 1_536;
    /// Longest location, in bytes of UTF-8: keys of object stores end at 1,024, and local paths have room.
    pub const LOCATION_BYTES: usize = 2_048;
    /// Most properties of a namespace or generic table.
    pub const PROPERTIES: usize = 1_000;
    /// Longest key and value of all properties of a namespace or generic table together, in bytes of UTF-8.
    pub const PROPERTIES_BYTES: usize = 1 << 20;
    /// Most tables in one multi-table commit.
    pub const TABLES_PER_TRANSACTION: usize = 1_000;
    /// Most updates of one table commit.
    pub const UPDATES_PER_COMMIT: usize = 100_000;
    /// Most requests that change the same table or view on one replica at a time, including those that wait their turn.
    pub const CHANGES_IN_LINE: usize = 1_024;
    /// Longest id of a project, in bytes.
    pub const PROJECT_ID_BYTES: usize = 128;
    /// Longest id of a user, in bytes of UTF-8.
    pub const USER_ID_BYTES: usize = 512;
    /// Longest name and longest e-mail address of a user, in bytes of UTF-8: room for a user id and some words before it.
    pub const USER_TEXT_BYTES: usize = 640;
    /// Longest format of a generic table, in bytes.
    pub const FORMAT_BYTES: usize = 64;
    /// Longest schema, longest statistics and longest description of a generic table, in bytes of UTF-8 each.
    pub const GENERIC_TABLE_PART_BYTES: usize = 1 << 20;
    /// Longest name of a role provider (a system that knows who is in a role), in bytes of UTF-8.
    pub const ROLE_PROVIDER_BYTES: usize = 64;
    /// Longest name of a role at its provider, in bytes of UTF-8.
    pub const ROLE_SOURCE_BYTES: usize = 512;
    /// Longest description of a role, in bytes of UTF-8.
    pub const ROLE_DESCRIPTION_BYTES: usize = 4_096;
    /// Most users and roles that one request adds to a role.
    pub const ROLE_MEMBERS_PER_CHANGE: usize = 1_000;
    /// Most assignments of privileges in an answer without pages.
    pub const ASSIGNMENTS: usize = 10_000;
    /// Most grants that one request changes.
    pub const GRANTS_PER_CHANGE: usize = 100;
    /// Longest name and longest value of a tag, in characters.
    pub const TAG_CHARS: usize = 256;
    /// Most values that the definition of a tag can allow.
    pub const TAG_VALUES: usize = 1_000;
    /// Longest description of a tag, in bytes of UTF-8.
    pub const TAG_DESCRIPTION_BYTES: usize = 1 << 14;
    /// Most tags that can be attached to one object.
    pub const TAGS: u32 = 200;
    /// Most tables and views that can be dropped or moved with their namespace, soft-deleted ones included.
    pub const DROPPED_TABULARS: u32 = 50_000;
    /// Most namespaces that can be dropped or moved with the namespace around them, soft-deleted ones included.
    pub const DROPPED_NAMESPACES: u32 = 10_000;
    /// Most tables and views that one request undrops.
    pub const UNDROPPED_TABULARS: usize = 10_000;
    /// Most counts of calls in one answer of the endpoint statistics.
    pub const COUNTED_CALLS: u32 = 100_000;
    /// Most different calls that a replica counts before it writes the counts to the database.
    pub const DIFFERENT_CALLS: usize = 16_384;
    /// Most tasks that one request controls, and most queues and most entities that one task list is filtered by.
    pub const TASKS_PER_REQUEST: usize = 100;
    /// Most attempts at a task that its details show.
    pub const TASK_ATTEMPTS: u32 = 100;
    /// Most permission checks in one request.
    pub const CHECKS_PER_REQUEST: usize = 1_000;
    /// Longest id of a request, in bytes.
    pub const REQUEST_ID_BYTES: usize = 128;
    /// Longest page of a list, in items.
    pub const PAGE_ITEMS: u32 = 1_000;
}
