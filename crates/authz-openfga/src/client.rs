//! Calls of OpenFGA's API, by gRPC. Each attempt of a call has a deadline, which is sent along, so that OpenFGA does not
//! apply a write after the catalog has given it up.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use http::uri::PathAndQuery;
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, ConnectError, Request, Status};
use tonic_prost::ProstCodec;
use url::Url;

use crate::credentials::{Credentials, Secret, Tokens};
use crate::messages::{
    BatchCheckItem, BatchCheckRequest, BatchCheckResponse, CreateStoreRequest, Deletes, Empty,
    FRESH, ListStoresRequest, ListStoresResponse, ReadRequest, ReadResponse, Store, TupleKey,
    WriteModelRequest, WriteModelResponse, WriteRequest, Writes,
};
use crate::model::Model;

/// How long an attempt of a call may last.
const DEADLINE: Duration = Duration::from_secs(5);

/// How much later than the catalog's OpenFGA's deadline may be: the time that a request is under way.
const MARGIN: Duration = Duration::from_millis(250);

/// How long a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);

/// Most attempts of a call whose connection breaks. Every call can be repeated safely.
const TRIES: u32 = 2;

/// Most tuples that OpenFGA returns in one page.
const PAGE: i32 = 100;

/// Why a call of OpenFGA failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The configured address is not valid.
    #[error(
        "`{0}` is not an address of OpenFGA: it must begin with http:// or https:// and name a host"
    )]
    Endpoint(Url),
    /// TLS cannot be set up.
    #[error("TLS to OpenFGA cannot be set up: {0}")]
    Tls(#[source] tonic::transport::Error),
    /// OpenFGA did not answer in time.
    #[error("OpenFGA did not answer `{method}` within {} s", DEADLINE.as_secs())]
    Timeout {
        /// The method that was called.
        method: &'static str,
    },
    /// No connection to OpenFGA could be made, so the call was not sent.
    #[error("OpenFGA cannot be reached for `{method}`: {status}")]
    Unreachable {
        /// The method that was called.
        method: &'static str,
        /// Why there is no connection.
        status: String,
    },
    /// OpenFGA refused, or the connection broke.
    #[error("OpenFGA refused `{method}`: {status}")]
    Refused {
        /// The method that was called.
        method: &'static str,
        /// The code and the message of the refusal.
        status: String,
        /// The gRPC code of the refusal.
        code: Code,
    },
    /// No token for the call could be got.
    #[error("no token for OpenFGA: {0}")]
    Token(String),
    /// OpenFGA's answer is not valid.
    #[error("OpenFGA answered `{method}` with {what}")]
    Answer {
        /// The method that was called.
        method: &'static str,
        /// What is wrong with the answer.
        what: String,
    },
}

impl CallError {
    /// Whether OpenFGA may have applied the call, or may still apply it until its deadline.
    fn leaves_outcome_open(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::Refused { code, .. } => matches!(
                code,
                Code::Cancelled
                    | Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Internal
                    | Code::Unavailable
            ),
            Self::Endpoint(_)
            | Self::Tls(_)
            | Self::Unreachable { .. }
            | Self::Token(_)
            | Self::Answer { .. } => false,
        }
    }

    fn is_broken_connection(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => *code == Code::Unavailable,
            _ => false,
        }
    }
}

/// When a call whose connection broke may be made again, and its error be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// At once: to make the call twice does no harm.
    AtOnce,
    /// After the deadline if the outcome is open: applied later than newer changes, the call would undo them.
    AfterDeadline,
}

/// A connection to OpenFGA, which is made when it is first needed, and made again when it breaks.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
    tokens: Tokens,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Client")
    }
}

impl Client {
    pub(crate) fn new(endpoint: &Url, credentials: Credentials) -> Result<Self, CallError> {
        let no_address = |_| CallError::Endpoint(endpoint.clone());
        let mut address = Endpoint::from_shared(endpoint.as_str().to_owned())
            .map_err(no_address)?
            .connect_timeout(CONNECT)
            .timeout(DEADLINE)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(5));
        if endpoint.scheme() == "https" {
            let tls = ClientTlsConfig::new().with_native_roots();
            address = address.tls_config(tls).map_err(CallError::Tls)?;
        }
        Ok(Self {
            channel: address.connect_lazy(),
            tokens: Tokens::new(credentials)?,
        })
    }

    /// Calls `method`, once more if the connection breaks.
    async fn call<Q, A>(
        &self,
        method: &'static str,
        repeat: Repeat,
        request: Q,
    ) -> Result<A, CallError>
    where
        Q: prost::Message + Clone + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut tries = 1;
        loop {
            // Outside of the deadline, so that a slow token endpoint is not reported as a slow OpenFGA.
            let token = self.tokens.current().await?;
            let end = Instant::now() + DEADLINE;
            let called = self.call_once(method, request.clone(), token, end);
            let refused = match tokio::time::timeout_at(end, called).await {
                Err(_) => CallError::Timeout { method },
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(refused)) => refused,
            };
            if repeat == Repeat::AfterDeadline && refused.leaves_outcome_open() {
                tokio::time::sleep_until(end + MARGIN).await;
            }
            if !refused.is_broken_connection() || tries == TRIES {
                return Err(refused);
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(rand::random_range(10..100))).await;
        }
    }

    async fn call_once<Q, A>(
        &self,
        method: &'static str,
        message: Q,
        token: Option<Secret>,
        end: Instant,
    ) -> Result<A, CallError>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut request = Request::new(message);
        if let Some(token) = token {
            let bearer = MetadataValue::<Ascii>::try_from(format!("Bearer {}", token.as_str()));
            let mut bearer = bearer.map_err(|_| CallError::Token("it is no text".to_owned()))?;
            bearer.set_sensitive(true);
            request.metadata_mut().insert("authorization", bearer);
        }
        let refused = |status: Status| match told(&status) {
            text if is_unsent(&status) => CallError::Unreachable {
                method,
                status: text,
            },
            text => CallError::Refused {
                method,
                code: status.code(),
                status: text,
            },
        };
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| CallError::Refused {
            method,
            code: Code::Unavailable,
            status: error.to_string(),
        })?;
        let path = format!("/openfga.v1.OpenFGAService/{method}");
        let path = PathAndQuery::try_from(path).map_err(|error| CallError::Answer {
            method,
            what: error.to_string(),
        })?;
        let codec = ProstCodec::<Q, A>::default();
        // The time that is left after the wait for a connection, so that OpenFGA gives up when the catalog does.
        request.set_timeout(end.saturating_duration_since(Instant::now()));
        let answer = grpc.unary(request, path, codec).await.map_err(refused)?;
        Ok(answer.into_inner())
    }

    /// The id of the store with this name; if there are several, that of the first that was created.
    pub(crate) async fn find_store(&self, name: &str) -> Result<Option<String>, CallError> {
        let mut found = Vec::new();
        let mut request = ListStoresRequest {
            name: name.to_owned(),
            continuation_token: String::new(),
        };
        loop {
            let page: ListStoresResponse = self
                .call("ListStores", Repeat::AtOnce, request.clone())
                .await?;
            let named = page.stores.into_iter().filter(|store| store.name == name);
            found.extend(named.map(|store| store.id));
            if page.continuation_token.is_empty() {
                return Ok(found.into_iter().min());
            }
            request.continuation_token = page.continuation_token;
        }
    }

    pub(crate) async fn create_store(&self, name: &str) -> Result<String, CallError> {
        let name = name.to_owned();
        let made: Store = self
            .call("CreateStore", Repeat::AtOnce, CreateStoreRequest { name })
            .await?;
        Ok(made.id)
    }

    /// Writes a model, and returns its id.
    pub(crate) async fn write_model(&self, store: &str, model: Model) -> Result<String, CallError> {
        let request = WriteModelRequest {
            store_id: store.to_owned(),
            type_definitions: model.types,
            schema_version: model.schema,
        };
        let written: WriteModelResponse = self
            .call("WriteAuthorizationModel", Repeat::AtOnce, request)
            .await?;
        Ok(written.authorization_model_id)
    }

    /// One page of the tuples on `object`, or of all tuples, and the token of the next page (empty: there is none).
    pub(crate) async fn read(
        &self,
        store: &str,
        object: Option<&str>,
        after: String,
    ) -> Result<(Vec<TupleKey>, String), CallError> {
        let request = ReadRequest {
            store_id: store.to_owned(),
            tuple_key: object.map(|object| TupleKey {
                object: object.to_owned(),
                ..TupleKey::default()
            }),
            page_size: Some(PAGE),
            continuation_token: after,
            consistency: FRESH,
        };
        let page: ReadResponse = self.call("Read", Repeat::AtOnce, request).await?;
        let tuples = page.tuples.into_iter().filter_map(|tuple| tuple.key);
        Ok((tuples.collect(), page.continuation_token))
    }

    /// Writes and deletes tuples, all or none. Writing a tuple that exists, or deleting one that does not, is no error.
    ///
    /// Fails only when OpenFGA cannot apply the write any more: whoever hands over newer changes afterwards can rely on that.
    pub(crate) async fn write(
        &self,
        at: &Location,
        writes: Vec<TupleKey>,
        deletes: Vec<TupleKey>,
    ) -> Result<(), CallError> {
        let ignore = || "ignore".to_owned();
        let request = WriteRequest {
            store_id: at.store.clone(),
            writes: (!writes.is_empty()).then(|| Writes {
                tuple_keys: writes,
                on_duplicate: ignore(),
            }),
            deletes: (!deletes.is_empty()).then(|| Deletes {
                tuple_keys: deletes,
                on_missing: ignore(),
            }),
            authorization_model_id: at.model.clone(),
        };
        let Empty {} = self.call("Write", Repeat::AfterDeadline, request).await?;
        Ok(())
    }

    /// Has OpenFGA answer checks without its caches, which may lack a change that was made a moment ago.
    pub(crate) async fn batch_check(
        &self,
        at: &Location,
        checks: Vec<BatchCheckItem>,
    ) -> Result<BatchCheckResponse, CallError> {
        let request = BatchCheckRequest {
            store_id: at.store.clone(),
            checks,
            authorization_model_id: at.model.clone(),
            consistency: FRESH,
        };
        self.call("BatchCheck", Repeat::AtOnce, request).await
    }
}

/// The ids of the store and of the model in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) store: String,
    pub(crate) model: String,
}

/// Whether there was no connection by which the request could have been sent.
fn is_unsent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A status as text: its code and message, without details and metadata, which may hold anything.
fn told(status: &Status) -> String {
    let message: String = status.message().chars().take(500).collect();
    format!("{}: {message}", status.code())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Writes a tuple at this port; why that failed, and after what time.
    async fn fail_to_write(port: u16) -> (CallError, Duration) {
        let endpoint = format!("http://127.0.0.1:{port}").parse().unwrap();
        let client = Client::new(&endpoint, Credentials::None).unwrap();
        let at = Location {
            store: "store".to_owned(),
            model: "model".to_owned(),
        };
        let began = Instant::now();
        let written = client.write(&at, vec![TupleKey::default()], Vec::new());
        (written.await.unwrap_err(), began.elapsed())
    }

    #[tokio::test]
    async fn a_write_that_is_broken_off_fails_when_it_cannot_be_applied_any_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
            }
        });
        let (error, elapsed) = fail_to_write(port).await;
        assert!(error.leaves_outcome_open(), "{error}");
        assert!(elapsed >= DEADLINE, "{elapsed:?}");
    }

    #[tokio::test]
    async fn a_write_that_cannot_be_sent_fails_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let (error, elapsed) = fail_to_write(port).await;
        assert!(matches!(error, CallError::Unreachable { .. }), "{error}");
        assert!(elapsed < DEADLINE, "{elapsed:?}");
    }
}
