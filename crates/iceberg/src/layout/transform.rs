//! Which types a transform can read. Unknown transforms are accepted for every primitive type.

use crate::error::UpdateError;
use crate::schema::{Kind, Node, SchemaIndex};

use super::Sources;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transform {
    Identity,
    Bucket,
    Truncate,
    YearMonthDay,
    Hour,
    Void,
    Other,
}

impl Transform {
    /// Parses a transform; an impossible width, as in `bucket[0]`, is an error.
    fn parse(text: &str) -> Result<Self, UpdateError> {
        let lower = text.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "identity" => Self::Identity,
            "year" | "month" | "day" => Self::YearMonthDay,
            "hour" => Self::Hour,
            "void" => Self::Void,
            other => match width(other) {
                Some(("bucket", width)) => {
                    check_width(width, "number of buckets", width_text(text))?;
                    Self::Bucket
                }
                Some(("truncate", width)) => {
                    check_width(width, "truncate width", width_text(text))?;
                    Self::Truncate
                }
                _ => Self::Other,
            },
        })
    }

    fn reads(self, kind: Kind) -> bool {
        let time = matches!(kind, Kind::Timestamp | Kind::TimestampNanos);
        let exact = matches!(kind, Kind::Integer | Kind::Long | Kind::Decimal);
        let text = matches!(kind, Kind::Text | Kind::Bytes);
        match self {
            Self::Identity => !matches!(kind, Kind::Geo | Kind::Variant),
            Self::Truncate => exact || text,
            Self::Bucket => {
                exact
                    || text
                    || time
                    || matches!(kind, Kind::Date | Kind::Time | Kind::Fixed | Kind::Uuid)
            }
            Self::YearMonthDay => time || kind == Kind::Date,
            Self::Hour => time,
            Self::Void | Self::Other => true,
        }
    }
}

/// Checks one field of a spec or order against the schema; `field` is its text for messages.
pub(super) fn check_field(
    layout: Layout,
    field: &str,
    (transform, sources): (&str, &Sources),
    index: &SchemaIndex,
) -> Result<(), UpdateError> {
    let parsed = Transform::parse(transform)?;
    if layout == Layout::Partition && parsed == Transform::Void {
        // The column of a void transform may have been dropped: v1 tables keep dropped partition fields as `void`.
        return Ok(());
    }
    for id in sources.ids() {
        let Some(source) = index.node(id) else {
            return Err(UpdateError::Invalid(format!(
                "Cannot find source column for {} field: {field}",
                layout.noun()
            )));
        };
        check_source(layout, parsed, transform, source)?;
        if layout == Layout::Partition {
            check_parents(index, source)?;
        }
    }
    Ok(())
}

/// What the checked field belongs to: a partition spec or a sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Partition,
    Sort,
}

impl Layout {
    fn noun(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Sort => "sort",
        }
    }
}

fn check_source(
    layout: Layout,
    parsed: Transform,
    transform: &str,
    source: &Node,
) -> Result<(), UpdateError> {
    let kind = source.kind;
    if kind == Kind::Future {
        return Ok(());
    }
    if !kind.is_primitive() {
        return Err(UpdateError::Invalid(format!(
            "Cannot {} by non-primitive source field: {}",
            layout.noun(),
            source.shown
        )));
    }
    if !parsed.reads(kind) {
        return Err(UpdateError::Invalid(format!(
            "Invalid source type {} for transform: {transform}",
            source.shown
        )));
    }
    Ok(())
}

fn check_parents(index: &SchemaIndex, source: &Node) -> Result<(), UpdateError> {
    let mut parent = source.parent.and_then(|id| index.node(id));
    while let Some(outer) = parent {
        if outer.kind != Kind::Struct {
            let message = format!("Invalid partition field parent: {}", outer.shown);
            return Err(UpdateError::Invalid(message));
        }
        parent = outer.parent.and_then(|id| index.node(id));
    }
    Ok(())
}

/// `bucket[16]` as (`bucket`, 16). A number above `i32::MAX` becomes 0, which [`check_width`] refuses.
fn width(text: &str) -> Option<(&str, u32)> {
    let (name, rest) = text.split_once('[')?;
    let digits = rest.strip_suffix(']')?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| {
        (
            name,
            digits
                .parse()
                .ok()
                .filter(|w| i32::try_from(*w).is_ok())
                .unwrap_or(0),
        )
    })
}

fn width_text(text: &str) -> &str {
    text.split_once('[')
        .map_or("", |(_, rest)| rest.trim_end_matches(']'))
}

fn check_width(width: u32, what: &str, shown: &str) -> Result<(), UpdateError> {
    if width > 0 {
        return Ok(());
    }
    Err(UpdateError::Invalid(format!(
        "Invalid {what}: {shown} (must be > 0 and fit in 32 bits)"
    )))
}
