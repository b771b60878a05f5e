//! Table and view metadata in its stored form: compressed such that it can be sent without compressing it again.
//!
//! Layout: one byte for the layout's version, CRC-32 of the JSON (4 bytes, big endian), length of the JSON (8
//! bytes, big endian), then the JSON as raw DEFLATE (RFC 1951) blocks of which none is marked final and which end
//! on a byte boundary (a "sync flush"). Blocks of other text can therefore precede and follow them in one stream:
//! an HTTP response that contains the metadata is compressed without touching the metadata.

use std::io::Read;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};

const LAYOUT: u8 = 1;
const HEADER_BYTES: usize = 13;
/// A final, empty DEFLATE block, which ends the stream for the decoder.
const END: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// A metadata JSON, compressed. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMetadata {
    bytes: Bytes,
    crc: u32,
    json_len: usize,
}

/// A stored value that this program cannot have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored metadata is damaged: {0}")]
pub struct CorruptMetadata(String);

impl StoredMetadata {
    /// Compresses a JSON text.
    pub fn encode(json: &[u8]) -> Self {
        let crc = crc32fast::hash(json);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + json.len() / 4 + 64);
        bytes.push(LAYOUT);
        bytes.extend_from_slice(&crc.to_be_bytes());
        bytes.extend_from_slice(&(json.len() as u64).to_be_bytes());
        deflate(json, &mut bytes);
        Self {
            bytes: bytes.into(),
            crc,
            json_len: json.len(),
        }
    }

    /// Wraps a stored value. Checks only its header.
    pub fn from_stored(bytes: Bytes) -> Result<Self, CorruptMetadata> {
        let damaged = |what: &str| CorruptMetadata(format!("{what} ({} bytes)", bytes.len()));
        let (header, _) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or_else(|| damaged("it is too short"))?;
        let [layout, c0, c1, c2, c3, len @ ..] = *header;
        if layout != LAYOUT {
            return Err(damaged(&format!("unknown layout {layout}")));
        }
        let json_len = usize::try_from(u64::from_be_bytes(len))
            .map_err(|_| damaged("its length does not fit memory"))?;
        Ok(Self {
            crc: u32::from_be_bytes([c0, c1, c2, c3]),
            json_len,
            bytes,
        })
    }

    /// The value as it is stored.
    pub fn as_stored(&self) -> &[u8] {
        &self.bytes
    }

    /// The compressed JSON: DEFLATE blocks, none final, ending on a byte boundary.
    pub fn deflate_blocks(&self) -> Bytes {
        self.bytes.slice(HEADER_BYTES..)
    }

    /// CRC-32 of the JSON, as gzip (RFC 1952) defines it.
    pub const fn crc(&self) -> u32 {
        self.crc
    }

    /// Length of the JSON in bytes.
    pub const fn json_len(&self) -> usize {
        self.json_len
    }

    /// The JSON.
    pub fn decode(&self) -> Result<Vec<u8>, CorruptMetadata> {
        let blocks = self.bytes.get(HEADER_BYTES..).unwrap_or_default();
        let mut json = Vec::with_capacity(self.json_len.min(1 << 26));
        // Reads one byte more than expected, to notice a text that is too long without decompressing a bomb in
        // full.
        let bound = self.json_len as u64 + 1;
        DeflateDecoder::new(blocks.chain(&END[..]))
            .take(bound)
            .read_to_end(&mut json)
            .map_err(|error| CorruptMetadata(error.to_string()))?;
        if json.len() != self.json_len || crc32fast::hash(&json) != self.crc {
            return Err(CorruptMetadata("its checksum does not match".to_owned()));
        }
        Ok(json)
    }
}

/// Appends the text as DEFLATE blocks that end with a sync flush.
fn deflate(text: &[u8], out: &mut Vec<u8>) {
    let mut deflater = Compress::new(Compression::new(5), false);
    let mut rest = text;
    loop {
        out.reserve(rest.len() / 4 + 1_024);
        let before = deflater.total_in();
        // A fresh stream cannot fail. The flush is complete only when there is room left in the output, so repeat
        // until then: `flush` of `flate2::write` asks once and leaves behind what does not fit its buffer.
        let status = deflater.compress_vec(rest, out, FlushCompress::Sync);
        let taken = usize::try_from(deflater.total_in() - before).unwrap_or(rest.len());
        rest = rest.get(taken..).unwrap_or_default();
        if status.is_err() || (rest.is_empty() && out.len() < out.capacity()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(json in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            let stored = StoredMetadata::encode(&json);
            let again = StoredMetadata::from_stored(Bytes::copy_from_slice(stored.as_stored())).unwrap();
            prop_assert_eq!(again.decode().unwrap(), json);
        }

        #[test]
        fn damage_is_noticed(at in 0usize..200, bit in 0u8..8) {
            let json = format!("{{\"a\":\"{}\"}}", "0123456789".repeat(100));
            let mut bytes = StoredMetadata::encode(json.as_bytes()).as_stored().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let decoded = StoredMetadata::from_stored(bytes.into()).and_then(|s| s.decode());
            prop_assert!(decoded.is_err() || decoded.unwrap() == json.as_bytes());
        }
    }

    #[test]
    fn large_values_are_whole_however_badly_they_compress() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .take(3_000_000)
        .collect();
        let words: Vec<u8> = noise
            .iter()
            .map(|byte| b"abcdefgh"[usize::from(*byte % 8)])
            .collect();
        for text in [noise, words] {
            for len in [
                0, 1, 1_023, 1_024, 32_768, 40_000, 65_535, 65_536, 200_000, 3_000_000,
            ] {
                let stored = StoredMetadata::encode(&text[..len]);
                assert!(
                    stored.decode().as_deref() == Ok(&text[..len]),
                    "{len} bytes"
                );
                assert!(stored.deflate_blocks().ends_with(&[0, 0, 0xff, 0xff]));
            }
        }
    }

    #[test]
    fn blocks_of_several_values_make_one_stream() {
        let (one, two) = (
            StoredMetadata::encode(b"{\"a\":1}"),
            StoredMetadata::encode(b"[2]"),
        );
        let stream = [
            one.deflate_blocks(),
            two.deflate_blocks(),
            Bytes::from_static(&END),
        ]
        .concat();
        let mut text = String::new();
        DeflateDecoder::new(&stream[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "{\"a\":1}[2]");
    }

    #[test]
    fn foreign_bytes_are_refused() {
        for bytes in [&b""[..], b"{}", &[9; 40]] {
            assert!(StoredMetadata::from_stored(Bytes::copy_from_slice(bytes)).is_err());
        }
    }
}
