//! Names and places of metadata files.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::codec::MetadataCodec;
use crate::property::METADATA_PATH;

/// `00001-<uuid>.metadata.json`, or `00001-<uuid>.gz.metadata.json` when it is compressed.
pub fn metadata_file_name(version: u64, uuid: Uuid, codec: MetadataCodec) -> String {
    format!("{version:05}-{uuid}{}.metadata.json", codec.extension())
}

/// The version in a metadata file's name or location: the number before the first `-`, or after the `v` of
/// `v3.metadata.json` (file system catalogs).
pub fn parse_metadata_version(location: &str) -> Option<u64> {
    let name = location.rsplit('/').next()?;
    let number = match name.split_once('-') {
        Some((number, _)) => number,
        None => name.strip_prefix('v')?.split('.').next()?,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { number.parse().ok() } else { None }
}

/// The directory of a table's or view's metadata files, without a slash at the end: `write.metadata.path`, or
/// `metadata` below the location if that property is missing or empty.
pub fn metadata_directory(location: &str, properties: &BTreeMap<String, String>) -> String {
    match properties
        .get(METADATA_PATH)
        .filter(|path| !path.is_empty())
    {
        Some(path) => crate::table::strip_slashes(path).to_owned(),
        None => format!("{}/metadata", crate::table::strip_slashes(location)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_java_reference() {
        let name = |codec| metadata_file_name(7, Uuid::nil(), codec);
        let uuid = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            name(MetadataCodec::None),
            format!("00007-{uuid}.metadata.json")
        );
        assert_eq!(
            name(MetadataCodec::Gzip),
            format!("00007-{uuid}.gz.metadata.json")
        );
        assert_eq!(parse_metadata_version(&name(MetadataCodec::Gzip)), Some(7));
    }

    #[test]
    fn versions_are_read_from_names_of_any_catalog() {
        let read = parse_metadata_version;
        assert_eq!(
            read("s3://b-1/t/metadata/00012-abc.metadata.json"),
            Some(12)
        );
        assert_eq!(read("v3.metadata.json"), Some(3));
        assert_eq!(read("v3.gz.metadata.json"), Some(3));
        for nonsense in [
            "",
            "metadata.json",
            "x-1",
            "+1-a",
            "99999999999999999999-a",
            "v.json",
        ] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_metadata_directory_can_be_elsewhere() {
        let mut properties = BTreeMap::new();
        assert_eq!(
            metadata_directory("s3://b/t/", &properties),
            "s3://b/t/metadata"
        );
        properties.insert(METADATA_PATH.to_owned(), "s3://m/t//".to_owned());
        assert_eq!(metadata_directory("s3://b/t", &properties), "s3://m/t");
    }
}
