//! The layout of an encrypted secret: the format (1 byte), the id of the key, the secret's own data key encrypted
//! with that key, and the text encrypted with the data key. Each of the two encrypted parts consists of nonce,
//! ciphertext and tag.
//!
//! The tags also cover the format, the key's id and the secret's id, so encrypted bytes that are moved to another row
//! cannot be decrypted. Secrets in the former format, whose text is encrypted directly with the key, can still be
//! decrypted.

use model::SecretId;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use store::SealedSecret;
use zeroize::Zeroizing;

use crate::{Key, KeyId, Keys, Plaintext, Result, SecretError};

/// Format of a note that the secret is stored elsewhere.
const ELSEWHERE: u8 = 0;
/// Former format: the text is encrypted directly with the key.
const DIRECT: u8 = 1;
/// Present format: the text is encrypted with a data key of its own.
const WRAPPED: u8 = 2;

const DATA_KEY_BYTES: usize = 32;
const WRAPPED_KEY_BYTES: usize = NONCE_LEN + DATA_KEY_BYTES + 16;

/// Distinguish the two encrypted parts in what their tags cover, so that one cannot be used in place of the other.
const FOR_DATA_KEY: &[u8] = b"data-key";
const FOR_TEXT: &[u8] = b"text";

/// The meaning of the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// The secret is encrypted with the key that has this id.
    With(KeyId),
    /// The secret is stored elsewhere.
    Elsewhere,
    /// The format is unknown to this version.
    Unknown(u8),
}

impl Head {
    pub(crate) const BYTES: usize = 1 + KeyId::LENGTH;

    /// `None` if there are too few bytes.
    pub(crate) fn of(sealed: &[u8]) -> Option<Self> {
        let (format, rest) = sealed.split_first()?;
        match *format {
            DIRECT | WRAPPED => {
                let (key, _) = rest.split_first_chunk()?;
                Some(Self::With(KeyId::from_bytes(*key)))
            }
            ELSEWHERE => Some(Self::Elsewhere),
            other => Some(Self::Unknown(other)),
        }
    }
}

/// The note that stands in for a secret that is stored elsewhere.
pub(crate) fn note() -> SealedSecret {
    SealedSecret(vec![ELSEWHERE])
}

pub(crate) fn is_note(sealed: &SealedSecret) -> bool {
    Head::of(&sealed.0) == Some(Head::Elsewhere)
}

/// Whether the secret is encrypted with this key in the present format.
pub(crate) fn is_as_sealed_by(key: &Key, sealed: &SealedSecret) -> bool {
    sealed.0.first() == Some(&WRAPPED) && Head::of(&sealed.0) == Some(Head::With(key.id()))
}

/// Encrypts `secret` for the row `id` with a new data key.
pub(crate) fn seal(key: &Key, id: SecretId, secret: &Plaintext) -> Result<SealedSecret> {
    let mut data_key = Zeroizing::new([0; DATA_KEY_BYTES]);
    draw(data_key.as_mut())?;
    let covered = |part| associated(WRAPPED, key.id(), id, part);
    let wrapped = encrypt(key.cipher(), &covered(FOR_DATA_KEY), data_key.as_ref())?;
    let cipher = cipher(data_key.as_ref()).ok_or(SecretError::NoRandomness)?;
    let text = encrypt(&cipher, &covered(FOR_TEXT), secret.expose().as_bytes())?;
    let mut sealed = Vec::with_capacity(Head::BYTES + wrapped.len() + text.len());
    sealed.push(WRAPPED);
    sealed.extend_from_slice(key.id().as_bytes());
    sealed.extend_from_slice(&wrapped);
    sealed.extend_from_slice(&text);
    Ok(SealedSecret(sealed))
}

/// Decrypts the secret that [`seal`] encrypted for the row `id`.
pub(crate) fn open(keys: &Keys, id: SecretId, sealed: &SealedSecret) -> Result<Plaintext> {
    let damaged = || SecretError::Damaged(id);
    let with = match Head::of(&sealed.0).ok_or_else(damaged)? {
        Head::With(key) => key,
        Head::Elsewhere => return Err(SecretError::KeptElsewhere(id)),
        Head::Unknown(format) => {
            return Err(SecretError::UnknownFormat {
                secret: id,
                format,
                known: WRAPPED,
            });
        }
    };
    let key = keys.find(with).ok_or_else(|| SecretError::WrongKey {
        secret: id,
        sealed_with: with,
        configured: keys.ids(),
    })?;
    let (head, rest) = sealed.0.split_at_checked(Head::BYTES).ok_or_else(damaged)?;
    let opened = match head.first() {
        Some(&DIRECT) => decrypt(key.cipher(), &associated(DIRECT, with, id, &[]), rest),
        _ => open_wrapped(key, id, rest),
    };
    let opened = opened.ok_or_else(damaged)?;
    let text = std::str::from_utf8(&opened).map_err(|_| damaged())?;
    Ok(Plaintext::new(text))
}

fn open_wrapped(key: &Key, id: SecretId, rest: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (wrapped, text) = rest.split_at_checked(WRAPPED_KEY_BYTES)?;
    let covered = |part| associated(WRAPPED, key.id(), id, part);
    let data_key = decrypt(key.cipher(), &covered(FOR_DATA_KEY), wrapped)?;
    decrypt(&cipher(&data_key)?, &covered(FOR_TEXT), text)
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
    Some(LessSafeKey::new(key))
}

/// Returns a random nonce, the ciphertext and the tag.
fn encrypt(cipher: &LessSafeKey, covered: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    draw(&mut nonce)?;
    // Reserve room for the tag, so that the buffer is not reallocated, which would leave the plaintext behind in
    // memory.
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + CHACHA20_POLY1305.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let (_, text) = sealed.split_at_mut(NONCE_LEN);
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(covered),
            text,
        )
        .map_err(|_| SecretError::TooLong {
            length: plain.len(),
            bound: crate::MAX_PLAINTEXT_BYTES,
        })?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Reverses [`encrypt`]. `None` if the bytes were not encrypted with this key and this `covered` data.
fn decrypt(cipher: &LessSafeKey, covered: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.split_first_chunk()?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = cipher
        .open_in_place(nonce, Aad::from(covered), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

fn draw(into: &mut [u8]) -> Result<()> {
    let drawn = SystemRandom::new().fill(into);
    drawn.map_err(|_| SecretError::NoRandomness)
}

/// The data that the tag covers besides the ciphertext.
fn associated(format: u8, key: KeyId, id: SecretId, part: &[u8]) -> Vec<u8> {
    let mut covered = vec![format];
    covered.extend_from_slice(key.as_bytes());
    covered.extend_from_slice(id.as_uuid().as_bytes());
    covered.extend_from_slice(part);
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hunter2` with the passphrase and id below, encrypted by another program in the former format.
    const FORMERLY_STORED: [u8; 44] = [
        0x01, 0xaa, 0x17, 0xc4, 0x60, 0xbb, 0xb4, 0xce, 0x2a, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05,
        0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0xfb, 0xdc, 0x03, 0xea, 0xcb, 0x23, 0x1b, 0xe7, 0x49,
        0x2e, 0x02, 0x1b, 0x4c, 0xc1, 0xd1, 0x34, 0x71, 0x2c, 0x94, 0xd9, 0xee, 0xb5, 0xfb,
    ];

    fn key(passphrase: &str) -> Key {
        Key::from_passphrase(&Plaintext::new(passphrase)).unwrap()
    }

    /// Encrypts in the former format.
    fn seal_directly(key: &Key, id: SecretId, secret: &str) -> SealedSecret {
        let covered = associated(DIRECT, key.id(), id, &[]);
        let text = encrypt(key.cipher(), &covered, secret.as_bytes()).unwrap();
        SealedSecret([&[DIRECT][..], key.id().as_bytes(), &text].concat())
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let (keys, id) = (key("k").into(), SecretId::generate());
        let secret = Plaintext::new(r#"{"secret-access-key":"ü"}"#);
        let sealed = seal(&key("k"), id, &secret).unwrap();
        assert_eq!(open(&keys, id, &sealed).unwrap(), secret);
    }

    /// Written by a version without data keys: the key derivation and the former layout must not change.
    #[test]
    fn what_an_earlier_version_has_stored_still_opens() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let stored = SealedSecret(FORMERLY_STORED.to_vec());
        let keys = key("a passphrase of the tests").into();
        assert_eq!(open(&keys, id, &stored).unwrap().expose(), "hunter2");
        assert!(!is_as_sealed_by(keys.sealing(), &stored));
    }

    #[test]
    fn each_key_that_is_there_opens() {
        let id = SecretId::generate();
        let secret = Plaintext::new("s");
        let former = seal(&key("former"), id, &secret).unwrap();
        let keys = Keys::new(key("now"), vec![key("coming"), key("former")]);
        assert_eq!(open(&keys, id, &former).unwrap(), secret);
        assert!(!is_as_sealed_by(keys.sealing(), &former));
        let now = seal(keys.sealing(), id, &secret).unwrap();
        assert!(is_as_sealed_by(keys.sealing(), &now));
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let (key, id) = (key("k"), SecretId::generate());
        let secret = Plaintext::new("same");
        let first = seal(&key, id, &secret).unwrap();
        let second = seal(&key, id, &secret).unwrap();
        let keys = Head::BYTES + NONCE_LEN..Head::BYTES + WRAPPED_KEY_BYTES;
        assert_ne!(first.0[keys.clone()], second.0[keys]);
        assert_ne!(
            first.0[Head::BYTES + WRAPPED_KEY_BYTES..],
            second.0[Head::BYTES + WRAPPED_KEY_BYTES..]
        );
    }

    #[test]
    fn another_key_is_named_in_the_refusal() {
        let (right, id) = (key("right"), SecretId::generate());
        let keys = Keys::new(key("wrong"), vec![key("as wrong")]);
        let sealed = seal(&right, id, &Plaintext::new("s")).unwrap();
        let message = open(&keys, id, &sealed).unwrap_err().to_string();
        for named in [
            id.to_string(),
            right.id().to_string(),
            keys.ids().to_string(),
        ] {
            assert!(message.contains(&named), "{message}");
        }
    }

    #[test]
    fn sealed_bytes_do_not_open_under_another_id() {
        let sealed = seal(&key("k"), SecretId::generate(), &Plaintext::new("s")).unwrap();
        let other = SecretId::generate();
        assert!(matches!(
            open(&key("k").into(), other, &sealed),
            Err(SecretError::Damaged(id)) if id == other
        ));
    }

    #[test]
    fn a_change_of_any_single_bit_is_noticed() {
        let (keys, id) = (key("k").into(), SecretId::generate());
        let wrapped = seal(&key("k"), id, &Plaintext::new("secret")).unwrap();
        for sealed in [wrapped, seal_directly(&key("k"), id, "secret")] {
            for bit in 0..sealed.0.len() * 8 {
                let mut altered = sealed.clone();
                altered.0[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&keys, id, &altered).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn truncated_bytes_are_refused() {
        let (keys, id) = (key("k").into(), SecretId::generate());
        let sealed = seal(&key("k"), id, &Plaintext::new("secret")).unwrap();
        for length in 0..sealed.0.len() {
            let cut = SealedSecret(sealed.0[..length].to_vec());
            assert!(open(&keys, id, &cut).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let (keys, id) = (key("k").into(), SecretId::generate());
        let mut sealed = seal(&key("k"), id, &Plaintext::new("s")).unwrap();
        sealed.0[0] = 3;
        let refused = open(&keys, id, &sealed).unwrap_err();
        assert!(matches!(
            refused,
            SecretError::UnknownFormat {
                format: 3,
                known: 2,
                ..
            }
        ));
    }
}
