//! Ids of requests, for logs, answers and events.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Bounds;

/// The id of a request: a short word that the client has sent in `x-request-id`, or a UUID. It is logged, returned in
/// the answer, and sent as the trace id of events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(Arc<str>);

/// A text that cannot be a request id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a request id must have 1 to {max} characters out of a-z, A-Z, 0-9, `-`, `_`, `.` and `:`",
    max = Bounds::REQUEST_ID_BYTES
)]
pub struct InvalidRequestId;

impl RequestId {
    /// A new id: a UUID of version 7.
    pub fn generate() -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text: &str = Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        let fits = (1..=Bounds::REQUEST_ID_BYTES).contains(&text.len());
        if fits && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRequestId)
        }
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidRequestId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_short_word() {
        let longest = "a".repeat(Bounds::REQUEST_ID_BYTES);
        for good in ["1", "4bf92f35-77b3.a_b:1", &longest] {
            assert_eq!(good.parse::<RequestId>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\n", "ü", &format!("{longest}a")] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad}");
        }
        assert!(RequestId::generate().as_str().parse::<RequestId>().is_ok());
    }
}
