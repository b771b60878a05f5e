//! The messages of OpenFGA's API that are needed here, written by hand, so that the build needs no protobuf compiler.
//! Field numbers are those of `openfga/v1/*.proto`; fields that are not needed are left out, as protobuf allows.

use std::collections::HashMap;

use prost::{Message, Oneof};

/// `HIGHER_CONSISTENCY`: OpenFGA does not use its caches.
pub(crate) const FRESH: i32 = 200;

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct TupleKey {
    #[prost(string, tag = "1")]
    pub(crate) user: String,
    #[prost(string, tag = "2")]
    pub(crate) relation: String,
    #[prost(string, tag = "3")]
    pub(crate) object: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TupleKeys {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tuple_keys: Vec<TupleKey>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckRequest {
    #[prost(string, tag = "1")]
    pub(crate) store_id: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) checks: Vec<BatchCheckItem>,
    #[prost(string, tag = "3")]
    pub(crate) authorization_model_id: String,
    #[prost(int32, tag = "4")]
    pub(crate) consistency: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckItem {
    #[prost(message, optional, tag = "1")]
    pub(crate) tuple_key: Option<TupleKey>,
    #[prost(message, optional, tag = "2")]
    pub(crate) contextual_tuples: Option<TupleKeys>,
    #[prost(string, tag = "4")]
    pub(crate) correlation_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckResponse {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) result: HashMap<String, BatchCheckResult>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckResult {
    #[prost(oneof = "Checked", tags = "1, 2")]
    pub(crate) checked: Option<Checked>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Checked {
    #[prost(bool, tag = "1")]
    Allowed(bool),
    #[prost(message, tag = "2")]
    Error(CheckError),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckError {
    /// A value of OpenFGA's `ErrorCode`, if the error has one.
    #[prost(int32, optional, tag = "1")]
    pub(crate) input_error: Option<i32>,
    #[prost(string, tag = "3")]
    pub(crate) message: String,
}

impl CheckError {
    /// `authorization_model_resolution_too_complex`
    const TOO_COMPLEX: i32 = 2002;

    /// Whether OpenFGA gave up because the resource lies deeper than its limit.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.input_error == Some(Self::TOO_COMPLEX)
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteRequest {
    #[prost(string, tag = "1")]
    pub(crate) store_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) writes: Option<Writes>,
    #[prost(message, optional, tag = "3")]
    pub(crate) deletes: Option<Deletes>,
    #[prost(string, tag = "4")]
    pub(crate) authorization_model_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Writes {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tuple_keys: Vec<TupleKey>,
    #[prost(string, tag = "2")]
    pub(crate) on_duplicate: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Deletes {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tuple_keys: Vec<TupleKey>,
    #[prost(string, tag = "2")]
    pub(crate) on_missing: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Empty {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadRequest {
    #[prost(string, tag = "1")]
    pub(crate) store_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) tuple_key: Option<TupleKey>,
    #[prost(message, optional, tag = "3")]
    pub(crate) page_size: Option<i32>,
    #[prost(string, tag = "4")]
    pub(crate) continuation_token: String,
    #[prost(int32, tag = "5")]
    pub(crate) consistency: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tuples: Vec<Tuple>,
    #[prost(string, tag = "2")]
    pub(crate) continuation_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Tuple {
    #[prost(message, optional, tag = "1")]
    pub(crate) key: Option<TupleKey>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListStoresRequest {
    #[prost(string, tag = "2")]
    pub(crate) continuation_token: String,
    #[prost(string, tag = "3")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListStoresResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) stores: Vec<Store>,
    #[prost(string, tag = "2")]
    pub(crate) continuation_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CreateStoreRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Store {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteModelRequest {
    #[prost(string, tag = "1")]
    pub(crate) store_id: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) type_definitions: Vec<TypeDefinition>,
    #[prost(string, tag = "3")]
    pub(crate) schema_version: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteModelResponse {
    #[prost(string, tag = "1")]
    pub(crate) authorization_model_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TypeDefinition {
    #[prost(string, tag = "1")]
    pub(crate) r#type: String,
    #[prost(map = "string, message", tag = "2")]
    pub(crate) relations: HashMap<String, Userset>,
    #[prost(message, optional, tag = "3")]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metadata {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) relations: HashMap<String, RelationMetadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RelationMetadata {
    #[prost(message, repeated, tag = "1")]
    pub(crate) directly_related_user_types: Vec<RelationReference>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RelationReference {
    #[prost(string, tag = "1")]
    pub(crate) r#type: String,
    #[prost(oneof = "Related", tags = "2, 3")]
    pub(crate) related: Option<Related>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Related {
    #[prost(string, tag = "2")]
    Relation(String),
    #[prost(message, tag = "3")]
    Wildcard(Empty),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Userset {
    #[prost(oneof = "Rewrite", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) rewrite: Option<Rewrite>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Rewrite {
    #[prost(message, tag = "1")]
    This(Empty),
    #[prost(message, tag = "2")]
    Computed(ObjectRelation),
    #[prost(message, tag = "3")]
    From(From),
    #[prost(message, tag = "4")]
    Union(Usersets),
    #[prost(message, tag = "5")]
    Intersection(Usersets),
    #[prost(message, tag = "6")]
    Difference(Box<Difference>),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ObjectRelation {
    #[prost(string, tag = "2")]
    pub(crate) relation: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct From {
    #[prost(message, optional, tag = "1")]
    pub(crate) tupleset: Option<ObjectRelation>,
    #[prost(message, optional, tag = "2")]
    pub(crate) computed_userset: Option<ObjectRelation>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Usersets {
    #[prost(message, repeated, tag = "1")]
    pub(crate) child: Vec<Userset>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Difference {
    #[prost(message, optional, boxed, tag = "1")]
    pub(crate) base: Option<Box<Userset>>,
    #[prost(message, optional, boxed, tag = "2")]
    pub(crate) subtract: Option<Box<Userset>>,
}
