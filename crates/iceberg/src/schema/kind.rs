//! The families of types that the catalog has to tell apart.

use std::fmt;

use super::Type;

/// The family of a type, as far as partition transforms and format versions tell types apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Long,
    FloatingPoint,
    Decimal,
    Date,
    Time,
    Timestamp,
    TimestampNanos,
    Text,
    Uuid,
    Bytes,
    Fixed,
    Unknown,
    Variant,
    Geo,
    Struct,
    /// A list or a map.
    Collection,
    /// A type that this crate does not know, written by another catalog or by a later format version. Nothing is
    /// known about it, so no transform and no default is refused for it.
    Future,
}

impl Kind {
    pub(crate) fn of(ty: &Type) -> Self {
        let name = match ty {
            Type::Named(name) => name,
            Type::Struct { .. } => return Self::Struct,
            Type::List { .. } | Type::Map { .. } => return Self::Collection,
            Type::Other(_) => return Self::Future,
        };
        let lower = name.trim().to_ascii_lowercase();
        match lower.as_str() {
            "boolean" => Self::Boolean,
            "int" => Self::Integer,
            "long" => Self::Long,
            "float" | "double" => Self::FloatingPoint,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" | "timestamptz" => Self::Timestamp,
            "timestamp_ns" | "timestamptz_ns" => Self::TimestampNanos,
            "string" => Self::Text,
            "uuid" => Self::Uuid,
            "binary" => Self::Bytes,
            "unknown" => Self::Unknown,
            "variant" => Self::Variant,
            other => match other.split(['(', '[']).next().map(str::trim) {
                Some("decimal") => Self::Decimal,
                Some("fixed") => Self::Fixed,
                Some("geometry" | "geography") => Self::Geo,
                _ => Self::Future,
            },
        }
    }

    /// Whether the Java reference calls the type primitive; `variant` is not.
    pub(crate) fn is_primitive(self) -> bool {
        !matches!(self, Self::Struct | Self::Collection | Self::Variant)
    }

    /// The first format version that has the type.
    pub(crate) fn since(self) -> u8 {
        match self {
            Self::TimestampNanos | Self::Variant | Self::Unknown | Self::Geo => 3,
            _ => 1,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Struct { .. } => f.write_str("struct"),
            Self::List { .. } => f.write_str("list"),
            Self::Map { .. } => f.write_str("map"),
            Self::Other(raw) => f.write_str(raw.get()),
        }
    }
}

/// A spelling that is equal for equal types: case and white space do not count, but case does in the parameters
/// of geometry and geography, which are names given by others.
pub(super) fn canonical(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    match name.split_once('(') {
        Some((head, parameters)) if head.to_ascii_lowercase().starts_with("geo") => {
            format!("{}({parameters}", head.to_ascii_lowercase())
        }
        _ => name.to_ascii_lowercase(),
    }
}
