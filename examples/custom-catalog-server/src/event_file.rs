//! A publisher: events as lines of a file.

use std::path::PathBuf;

use async_trait::async_trait;
use events::{CloudEvent, PublishError, Publisher};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Appends each event to a file, as one line of JSON.
#[derive(Debug, Clone)]
pub struct EventFile(PathBuf);

impl EventFile {
    /// To this file, which is made if it is not there; its folder is not.
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
        // What a crash has cut off stays a line of its own. Its event comes again.
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

    /// One file, one writer.
    fn lanes(&self) -> usize {
        1
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let appended = self.append(event).await;
        appended.map_err(|error| PublishError::Unavailable(error.to_string()))
    }
}
