//! The log as a sink: lines of all replicas, in the order in which they were written.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::seen_event;
use crate::Error;
use crate::history::SeenEvent;

/// All events in the file.
pub(super) fn read(path: &Path) -> Result<Vec<SeenEvent>, Error> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(Error::system(path.display().to_string()))?,
    };
    let events = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let event = line.get("event")?.as_str()?;
        seen_event(&serde_json::from_str(event).ok()?)
    });
    Ok(events.collect())
}
