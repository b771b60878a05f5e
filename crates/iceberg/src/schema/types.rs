//! The types that the table spec has up to version 3, in the spelling that the Java reference reads.

use super::Type;

/// The last format version whose types are all known; later versions may have types that this crate does not know.
pub(super) const LAST_CLOSED_VERSION: u8 = 3;

const PLAIN: [&str; 16] = [
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "timestamp_ns",
    "timestamptz_ns",
    "string",
    "uuid",
    "binary",
    "unknown",
    "variant",
];

/// Type names of SQL and other systems that people send by mistake, and the Iceberg type to use instead.
const OF_SQL: [(&str, &str); 20] = [
    ("varchar", "string"),
    ("char", "string"),
    ("character", "string"),
    ("nvarchar", "string"),
    ("text", "string"),
    ("str", "string"),
    ("integer", "int"),
    ("int32", "int"),
    ("smallint", "int"),
    ("tinyint", "int"),
    ("bigint", "long"),
    ("int64", "long"),
    ("bool", "boolean"),
    ("real", "float"),
    ("numeric", "decimal(precision, scale)"),
    ("datetime", "timestamp"),
    ("timestamp_ntz", "timestamp"),
    ("timestamp_tz", "timestamptz"),
    ("bytes", "binary"),
    ("varbinary", "binary"),
];

const EDGES: [&str; 5] = ["spherical", "vincenty", "thomas", "andoyer", "karney"];

const MAX_PRECISION: i32 = 38;

/// Why the type is not one of Iceberg's; `None` if it is. Nested types are not checked.
pub(super) fn problem(ty: &Type) -> Option<String> {
    let name = match ty {
        Type::Struct { .. } | Type::List { .. } | Type::Map { .. } => return None,
        Type::Other(raw) => return Some(format!("{} is no type of Iceberg's", raw.get())),
        Type::Named(name) => name,
    };
    let lower = name.to_ascii_lowercase();
    if PLAIN.contains(&lower.as_str()) {
        return None;
    }
    let head = lower.split(['(', '[', ' ']).next().unwrap_or_default();
    let (is_right, instead) = match head {
        "decimal" => match decimal(&lower) {
            Some((precision, _)) if precision > MAX_PRECISION => {
                return Some(format!("{name} has more than {MAX_PRECISION} digits"));
            }
            read => (read.is_some(), Some("decimal(precision, scale)")),
        },
        "fixed" => (fixed_length(&lower).is_some(), Some("fixed[length]")),
        "geometry" => (geometry(&lower).is_some(), Some("geometry(crs)")),
        "geography" => (
            geography(&lower).is_some(),
            Some("geography(crs, algorithm)"),
        ),
        other => {
            let mut of_sql = OF_SQL.iter();
            (
                false,
                of_sql.find(|(sql, _)| *sql == other).map(|(_, own)| *own),
            )
        }
    };
    if is_right {
        return None;
    }
    let instead = instead.map_or_else(String::new, |instead| format!(": use {instead}"));
    Some(format!("{name} is no type of Iceberg's{instead}"))
}

/// Precision and scale of a decimal.
pub(super) fn decimal(lower: &str) -> Option<(i32, i32)> {
    let parameters = lower.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = parameters.split_once(',')?;
    Some((number(precision)?, number(scale)?))
}

/// The length of a `fixed`.
pub(super) fn fixed_length(lower: &str) -> Option<i32> {
    number(lower.strip_prefix("fixed[")?.strip_suffix(']')?)
}

fn number(text: &str) -> Option<i32> {
    let digits = text.trim();
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

fn geometry(lower: &str) -> Option<()> {
    parameters(lower.strip_prefix("geometry")?).map(|_| ())
}

fn geography(lower: &str) -> Option<()> {
    let parameters = parameters(lower.strip_prefix("geography")?)?;
    let Some((crs, edges)) = parameters.split_once(',') else {
        return Some(());
    };
    (!crs.trim().is_empty() && EDGES.contains(&edges.trim())).then_some(())
}

/// The parameters in parentheses: empty if there are no parentheses, `None` if they are empty or malformed.
fn parameters(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Some(rest);
    }
    let inner = rest.strip_prefix('(')?.strip_suffix(')')?.trim();
    (!inner.is_empty() && !inner.contains(')')).then_some(inner)
}
