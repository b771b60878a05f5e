//! Percent-decoding as a lenient reader does it. It shares no code with the crate that is checked.

/// Percent-decodes what can be decoded and leaves the rest.
pub(crate) fn lenient(text: &str) -> String {
    let mut bytes = Vec::new();
    let all = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = all.get(at) {
        let digits = all.get(at + 1..at + 3);
        let value = digits
            .filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
