//! Metadata files: written before they are committed, read when they are registered.

use bytes::Bytes;
use iceberg::MetadataCodec;
use model::Properties;
use objects::{Location, StorageProfile};
use store::{StoredMetadata, TabularContent};
use uuid::Uuid;

use crate::cache::Versioned;
use crate::heavy::heavy;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result};

/// Metadata that is to be written to a new file.
#[derive(Debug)]
pub(crate) struct NewFile {
    pub(crate) location: String,
    pub(crate) metadata_location: String,
    pub(crate) json: Vec<u8>,
    pub(crate) codec: MetadataCodec,
}

impl NewFile {
    /// The first metadata file of a table or view.
    pub(crate) fn first(location: &str, properties: &Properties, json: Vec<u8>) -> Result<Self> {
        Self::numbered(0, location, properties, json)
    }

    /// The metadata file that follows `last`.
    pub(crate) fn after(
        last: &str,
        location: &str,
        properties: &Properties,
        json: Vec<u8>,
    ) -> Result<Self> {
        let number = iceberg::parse_metadata_version(last).map_or(0, |last| last.saturating_add(1));
        Self::numbered(number, location, properties, json)
    }

    fn numbered(
        number: u64,
        location: &str,
        properties: &Properties,
        json: Vec<u8>,
    ) -> Result<Self> {
        let codec = MetadataCodec::from_properties(properties)?;
        let name = iceberg::metadata_file_name(number, Uuid::new_v4(), codec);
        let folder = iceberg::metadata_directory(location, properties);
        Ok(Self {
            location: location.to_owned(),
            metadata_location: format!("{folder}/{name}"),
            json,
            codec,
        })
    }
}

/// On a local disk, creates the folders that engines write to before the table exists: `DuckDB` does not create them
/// itself.
pub(crate) async fn prepare(cx: &Catalog, warehouse: &Warehouse, table: &Location) -> Result<()> {
    if !matches!(warehouse.profile, StorageProfile::Local(_)) {
        return Ok(());
    }
    let objects = warehouse.objects(cx).await?;
    for name in ["metadata", "data"] {
        objects.create_folder(&table.join(name)?).await?;
    }
    Ok(())
}

/// Writes the file, and returns the content of the row that will point to it.
pub(crate) async fn write(
    cx: &Catalog,
    warehouse: &Warehouse,
    file: NewFile,
) -> Result<TabularContent> {
    let max = cx.settings.max_metadata_bytes;
    if file.json.len() as u64 > max {
        let message = format!(
            "the metadata would have {} bytes, at most {max} are allowed; expire snapshots",
            file.json.len()
        );
        return Err(CatalogError::bad_request(message));
    }
    let at = Location::parse_object(&file.metadata_location)?;
    warehouse.profile.check_location(&at)?;
    let bytes = file.json.len();
    let encoded = heavy(bytes, || Bytes::from(file.codec.encode(&file.json)));
    let write = async {
        warehouse
            .objects(cx)
            .await?
            .write_new(&at, encoded)
            .await
            .map_err(unavailable)
    };
    let compress = async {
        let compressed = heavy(bytes, || StoredMetadata::encode(&file.json));
        Ok::<_, CatalogError>(compressed)
    };
    let ((), metadata) = futures::try_join!(write, compress)?;
    Ok(TabularContent {
        location: file.location,
        metadata_location: file.metadata_location,
        metadata,
    })
}

/// A failed write is never the client's fault, and nothing has been committed yet.
fn unavailable(error: objects::ObjectError) -> CatalogError {
    let mut error = CatalogError::from(error);
    if error.kind == ErrorKind::BadRequest {
        error.kind = ErrorKind::InvalidStorage;
    }
    error
}

/// Reads a metadata file that lies in the warehouse.
pub(crate) async fn read(
    cx: &Catalog,
    warehouse: &Warehouse,
    metadata_location: &str,
) -> Result<Vec<u8>> {
    let at = Location::parse_object(metadata_location)?;
    warehouse.profile.check_location(&at)?;
    let max = cx.settings.max_metadata_bytes;
    let bytes = warehouse.objects(cx).await?.read(&at, max).await?;
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let decode = || MetadataCodec::decode(&bytes, metadata_location, max);
    Ok(heavy(bytes.len(), decode)?)
}

/// Refuses to load a table whose metadata file is gone from a local disk: the engine could not read it. Other
/// storages are not checked.
pub(crate) async fn check_present(
    cx: &Catalog,
    warehouse: &Warehouse,
    versioned: &Versioned,
) -> Result<()> {
    if !matches!(warehouse.profile, StorageProfile::Local(_)) {
        return Ok(());
    }
    let objects = warehouse.objects(cx).await?;
    if objects.is_gone(versioned.file()?).await {
        let metadata_location = &versioned.content.metadata_location;
        let message = format!("Failed to open input stream for file: {metadata_location}");
        return Err(CatalogError::new(ErrorKind::MissingMetadataFile, message));
    }
    Ok(())
}

/// Deletes metadata files that no row points to any more. A failure only wastes space, so it is only logged.
pub(crate) async fn forget(cx: &Catalog, warehouse: &Warehouse, metadata_locations: Vec<String>) {
    let mut locations = Vec::with_capacity(metadata_locations.len());
    for one in &metadata_locations {
        let location = Location::parse_object(one).and_then(|location| {
            warehouse.profile.check_location(&location)?;
            Ok(location)
        });
        match location {
            Ok(location) => locations.push(location),
            Err(error) => {
                tracing::warn!(metadata.location = %one, %error, "a metadata file without a row is left");
            }
        }
    }
    let objects = match warehouse.objects(cx).await {
        Ok(objects) => objects,
        Err(error) => {
            tracing::warn!(%error, "metadata files that were written for nothing are left: the storage cannot be opened");
            return;
        }
    };
    if let Err(error) = objects.delete_batch(locations).await {
        tracing::warn!(error = %error.report(), "metadata files that were written for nothing could not be deleted");
    }
}
