//! The sizes that names and lists may have, in one place.

/// Fixed upper bounds of what the catalog stores.
///
/// They exist so that every index entry fits the smallest index page of the supported databases
/// (about 2,700 bytes on PostgreSQL) and no request can make another one slow.
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
    /// Most requests that change one table or view of a replica at the same time, those that wait included.
    pub const CHANGES_IN_LINE: usize = 1_024;
    /// Longest id of a project, in bytes.
    pub const PROJECT_ID_BYTES: usize = 128;
    /// Longest id of a user, in bytes of UTF-8.
    pub const USER_ID_BYTES: usize = 512;
    /// Longest name and longest e-mail address of a user, in bytes of UTF-8: an id and some words before it.
    pub const USER_TEXT_BYTES: usize = 640;
    /// Longest format of a generic table, in bytes.
    pub const FORMAT_BYTES: usize = 64;
    /// Longest schema, longest statistics and longest description of a generic table, in bytes of UTF-8 each.
    pub const GENERIC_TABLE_PART_BYTES: usize = 1 << 20;
    /// Longest name of a system that knows roles, in bytes of UTF-8.
    pub const ROLE_PROVIDER_BYTES: usize = 64;
    /// Longest name of a role there, in bytes of UTF-8.
    pub const ROLE_SOURCE_BYTES: usize = 512;
    /// Longest description of a role, in bytes of UTF-8.
    pub const ROLE_DESCRIPTION_BYTES: usize = 4_096;
    /// Most users and roles that come into a role at once.
    pub const ROLE_MEMBERS_PER_CHANGE: usize = 1_000;
    /// Most assignments that one answer without pages tells of.
    pub const ASSIGNMENTS: usize = 10_000;
    /// Most grants that change at once.
    pub const GRANTS_PER_CHANGE: usize = 100;
    /// Longest name and longest value of a tag, in characters.
    pub const TAG_CHARS: usize = 256;
    /// Most values that a tag can have to choose from.
    pub const TAG_VALUES: usize = 1_000;
    /// Longest description of a tag, in bytes of UTF-8.
    pub const TAG_DESCRIPTION_BYTES: usize = 1 << 14;
    /// Most tags that one thing can have.
    pub const TAGS: u32 = 200;
    /// Most tables and views that go with a namespace at once, soft-deleted ones included.
    pub const DROPPED_TABULARS: u32 = 50_000;
    /// Most namespaces that go with the one around them at once, soft-deleted ones included.
    pub const DROPPED_NAMESPACES: u32 = 10_000;
    /// Most tables and views that one request undrops.
    pub const UNDROPPED_TABULARS: usize = 10_000;
    /// Most counts of calls that one answer tells.
    pub const COUNTED_CALLS: u32 = 100_000;
    /// Most different calls that a replica counts between two times that it writes them down.
    pub const DIFFERENT_CALLS: usize = 16_384;
    /// Most tasks that one request controls, and most queues and entities that one list of tasks names.
    pub const TASKS_PER_REQUEST: usize = 100;
    /// Most attempts at a task that its details show.
    pub const TASK_ATTEMPTS: u32 = 100;
    /// Most questions about permissions in one request.
    pub const CHECKS_PER_REQUEST: usize = 1_000;
    /// Longest id of a request, in bytes.
    pub const REQUEST_ID_BYTES: usize = 128;
    /// Longest page that a list answers, in items.
    pub const PAGE_ITEMS: u32 = 1_000;
}
