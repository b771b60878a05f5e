//! Formats log lines as JSON. An audit event carries a JSON object, whose members become members of the line.

use std::fmt;

use catalog::audit;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// Formats audit events itself and all other lines with the inner format.
pub(super) struct Lines(pub(super) Format<Json>);

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != audit::TARGET {
            return self.0.format_event(context, writer, event);
        }
        let mut fields = AuditFields::default();
        event.record(&mut fields);
        fields.print(writer, *event.metadata().level())
    }
}

/// The fields of an audit event.
#[derive(Default)]
struct AuditFields {
    /// The event's `audit` field: a JSON object.
    audit: String,
    /// The event's message: one of this program's own texts, which need no JSON escapes.
    message: String,
}

impl AuditFields {
    fn print(&self, mut writer: Writer<'_>, level: tracing::Level) -> fmt::Result {
        let members = self.audit.strip_prefix('{');
        let members = members.and_then(|rest| rest.strip_suffix('}'));
        writer.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut writer)?;
        writeln!(
            writer,
            r#"","level":"{level}","event_source":"audit",{},"message":"{}","target":"{}"}}"#,
            members.unwrap_or_default(),
            self.message,
            audit::TARGET,
        )
    }
}

impl Visit for AuditFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "audit" {
            value.clone_into(&mut self.audit);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
