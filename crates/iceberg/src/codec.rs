//! How metadata files are compressed (`write.metadata.compression-codec`).

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::property::METADATA_COMPRESSION;

/// A codec for metadata files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetadataCodec {
    /// Plain JSON.
    #[default]
    None,
    /// Gzip; file names have `.gz` before `.metadata.json`.
    Gzip,
}

/// Why a codec cannot be chosen or a metadata file cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// `write.metadata.compression-codec` is neither `none` nor `gzip`.
    #[error("Invalid codec name: {0} (`write.metadata.compression-codec` is `none` or `gzip`)")]
    Unknown(String),
    /// The decompressed content is larger than the caller's bound.
    #[error("the metadata file {file} has more than {max} bytes when it is decompressed")]
    TooLarge {
        /// The file's name.
        file: String,
        /// The bound, in bytes.
        max: usize,
    },
    /// The file begins like gzip but cannot be decompressed.
    #[error("cannot decompress the metadata file {file}")]
    Corrupt {
        /// The file's name.
        file: String,
        /// What the decoder said.
        source: std::io::Error,
    },
}

impl MetadataCodec {
    /// The codec that a table's or view's properties ask for; plain JSON if they ask for none.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Result<Self, CodecError> {
        let Some(name) = properties.get(METADATA_COMPRESSION) else {
            return Ok(Self::None);
        };
        match name.to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            _ => Err(CodecError::Unknown(name.clone())),
        }
    }

    /// Compresses JSON.
    pub fn encode(self, json: &[u8]) -> Vec<u8> {
        match self {
            Self::None => json.to_vec(),
            Self::Gzip => gzip(json),
        }
    }

    /// Decompresses a metadata file's bytes to at most `max` bytes.
    ///
    /// Gzip is recognised by its first two bytes, with which no JSON begins, and not by the file name: old writers
    /// name compressed files in several ways. `file` is for messages only.
    pub fn decode(bytes: &[u8], file: &str, max: usize) -> Result<Vec<u8>, CodecError> {
        let too_large = || CodecError::TooLarge {
            file: file.to_owned(),
            max,
        };
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return if bytes.len() > max {
                Err(too_large())
            } else {
                Ok(bytes.to_vec())
            };
        }
        let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        let mut out = Vec::new();
        MultiGzDecoder::new(bytes)
            .take(bound)
            .read_to_end(&mut out)
            .map_err(|source| CodecError::Corrupt {
                file: file.to_owned(),
                source,
            })?;
        if out.len() > max {
            Err(too_large())
        } else {
            Ok(out)
        }
    }

    /// The part of a file name before `.metadata.json` that names the codec.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
        }
    }
}

#[expect(clippy::expect_used, reason = "writing to a `Vec` does not fail")]
fn gzip(json: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::default());
    encoder.write_all(json).expect("a `Vec` takes all bytes");
    encoder.finish().expect("a `Vec` takes all bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1000;

    fn codec(name: &str) -> Result<MetadataCodec, CodecError> {
        let properties = [(METADATA_COMPRESSION.to_owned(), name.to_owned())];
        MetadataCodec::from_properties(&properties.into_iter().collect())
    }

    #[test]
    fn the_property_chooses_the_codec() {
        assert_eq!(
            MetadataCodec::from_properties(&BTreeMap::new()).unwrap(),
            MetadataCodec::None
        );
        assert_eq!(codec("GZIP").unwrap(), MetadataCodec::Gzip);
        assert_eq!(codec("none").unwrap(), MetadataCodec::None);
        assert!(
            codec("zstd")
                .unwrap_err()
                .to_string()
                .starts_with("Invalid codec name: zstd")
        );
    }

    #[test]
    fn what_is_encoded_is_decoded_under_any_name() {
        for codec in [MetadataCodec::None, MetadataCodec::Gzip] {
            let bytes = codec.encode(b"{\"a\":1}");
            assert_eq!(
                MetadataCodec::decode(&bytes, "x", MAX).unwrap(),
                b"{\"a\":1}"
            );
        }
        let mut members = MetadataCodec::Gzip.encode(b"{\"a\"");
        members.extend(MetadataCodec::Gzip.encode(b":1}"));
        assert_eq!(
            MetadataCodec::decode(&members, "x", MAX).unwrap(),
            b"{\"a\":1}"
        );
    }

    #[test]
    fn a_bomb_is_refused_at_the_bound() {
        let exact = MetadataCodec::Gzip.encode(&[b' '; MAX]);
        assert_eq!(MetadataCodec::decode(&exact, "x", MAX).unwrap().len(), MAX);
        let bomb = MetadataCodec::Gzip.encode(&vec![b' '; 10_000_000]);
        let error = MetadataCodec::decode(&bomb, "b.gz", MAX).unwrap_err();
        assert!(
            error.to_string().contains("b.gz has more than 1000 bytes"),
            "{error}"
        );
        assert!(MetadataCodec::decode(&[b' '; MAX + 1], "x", MAX).is_err());
        let error = MetadataCodec::decode(&[0x1f, 0x8b, 9, 9], "x", MAX).unwrap_err();
        assert!(matches!(error, CodecError::Corrupt { .. }));
    }
}
