//! Answers of the service.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and URI of the request, for panic messages.
    pub asked: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; `null` if there is none.
    ///
    /// # Panics
    /// If the body is something else.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        let parsed = serde_json::from_slice(&self.body);
        parsed.unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If the answer has another status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{} was answered {}",
            self.asked,
            self.text()
        );
        self.json()
    }

    /// Status, type and message of an error.
    ///
    /// # Panics
    /// If the body is not an error in the Iceberg model, or its `code` is not the status.
    #[track_caller]
    pub fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |field: &str| json["error"][field].as_str().map(str::to_owned);
        let status = self.status.as_u16();
        let code = json["error"]["code"].as_u64();
        match (text("type"), text("message")) {
            (Some(kind), Some(message)) if code == Some(u64::from(status)) => {
                (status, kind, message)
            }
            _ => panic!(
                "{} was answered {status} {}, which is not an error",
                self.asked,
                self.text()
            ),
        }
    }

    /// The value of a header, if there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
