//! Bodies around stored metadata: the JSON before and after it is made per request, the metadata itself is sent as it is stored,
//! compressed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use crc32fast::Hasher;
use http_body::{Body, Frame, SizeHint};
use store::StoredMetadata;

/// A body of known length in pieces. The pieces of a large body are not copied.
#[derive(Clone)]
pub(crate) struct Pieces(VecDeque<Bytes>);

/// The text after the metadata is compressed if it has at least so many bytes: an answer contains its credentials twice, and is
/// cached. With credentials of MinIO, a small table's answer has 2.2 KB instead of 4.8.
const WORTH_COMPRESSING: usize = 1 << 10;

/// Bodies of up to so many bytes are copied into one piece: that costs less than sending several pieces.
const ONE_PIECE: usize = 16 << 10;

impl Pieces {
    pub(crate) fn new<const N: usize>(pieces: [Bytes; N]) -> Self {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        if length > ONE_PIECE {
            let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
            return Self(pieces.collect());
        }
        let mut one = BytesMut::with_capacity(length);
        for piece in &pieces {
            one.put_slice(piece);
        }
        Self(VecDeque::from_iter((length > 0).then(|| one.freeze())))
    }

    /// The length of the whole body in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|piece| piece.len() as u64).sum()
    }
}

/// Shows the length only: answers contain credentials.
impl fmt::Debug for Pieces {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pieces({} bytes)", self.len())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

/// One gzip member (RFC 1952) of the text before, the metadata and the text after.
pub(crate) fn gzip(before: &[u8], metadata: &StoredMetadata, after: &[u8]) -> Pieces {
    let mut head = BytesMut::with_capacity(before.len() + 32);
    // The header (RFC 1952, section 2.3): magic, DEFLATE, no flags, no time, fastest, unknown system.
    head.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
    put_stored(&mut head, before);
    let mut crc = Hasher::new();
    crc.update(before);
    crc.combine(&Hasher::new_with_initial_len(
        metadata.crc(),
        metadata.json_len() as u64,
    ));
    let length = before.len() + metadata.json_len() + after.len();
    let mut tail = BytesMut::with_capacity(after.len() + 32);
    if after.len() < WORTH_COMPRESSING {
        crc.update(after);
        put_stored(&mut tail, after);
    } else {
        let after = StoredMetadata::encode(after);
        crc.combine(&Hasher::new_with_initial_len(
            after.crc(),
            after.json_len() as u64,
        ));
        tail.put_slice(&after.deflate_blocks());
    }
    // An empty stored block that is marked as final.
    tail.put_slice(&[1, 0, 0, 0xff, 0xff]);
    tail.put_u32_le(crc.finalize());
    // The length is modulo 2^32 (RFC 1952, section 2.3.1).
    tail.put_u32_le(u32::try_from(length as u64 & 0xffff_ffff).unwrap_or(0));
    Pieces::new([head.freeze(), metadata.deflate_blocks(), tail.freeze()])
}

/// Appends the text as uncompressed DEFLATE blocks (RFC 1951, section 3.2.4), none of them final.
fn put_stored(out: &mut BytesMut, text: &[u8]) {
    for block in text.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.put_u8(0);
        out.put_u16_le(length);
        out.put_u16_le(!length);
        out.put_slice(block);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unzip(pieces: Pieces) -> Vec<u8> {
        let bytes = pieces.0.into_iter().flatten().collect::<Vec<u8>>();
        let mut text = Vec::new();
        // Reads a single member only: bytes after the first member would be missing in the text.
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_end(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn the_answer_is_one_gzip_member() {
        let metadata = format!("{{\"a\":[{}1]}}", "1,".repeat(50_000));
        let long = vec![b'x'; 200_000];
        for (before, after) in [
            (&b"{\"metadata\":"[..], &b"}"[..]),
            (b"", b""),
            (&long, &long),
        ] {
            let text = unzip(gzip(
                before,
                &StoredMetadata::encode(metadata.as_bytes()),
                after,
            ));
            assert_eq!(text, [before, metadata.as_bytes(), after].concat());
        }
    }
}
