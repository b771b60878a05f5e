//! A publisher that writes events to a file, one line each.

use std::path::PathBuf;

use async_trait::async_trait;
use events::{CloudEvent, PublishError, Publisher};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Appends each event to a file, as one line of JSON.
#[derive(Debug, Clone)]
pub struct EventFile(PathBuf);

impl EventFile {
    /// Appends to this file, and creates it if it does not exist. Its folder must exist.
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    async fn append(&self, event: &CloudEvent) -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&self.0)
            .await?;
        let mut line = event.to_json();
        line.push('\n');
        // End a line that a crash has cut off, so that it spoils no other. Its event is published again.
        if file.metadata().await?.len() > 0 {
            file.seek(std::io::SeekFrom::End(-1)).await?;
            if file.read_u8().await? != b'\n' {
                line.insert(0, '\n');
            }
        }
        file.write_all(line.as_bytes()).await?;
        file.sync_data().await
    }
}

#[async_trait]
impl Publisher for EventFile {
    fn name(&self) -> &'static str {
        "event-file"
    }

    /// A single lane, so that a single writer appends to the file.
    fn lanes(&self) -> usize {
        1
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let appended = self.append(event).await;
        appended.map_err(|error| PublishError::Unavailable(error.to_string()))
    }
}
