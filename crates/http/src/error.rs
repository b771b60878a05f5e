//! Turns errors into answers: the only place that maps kinds of errors to status codes and wire types.

use std::time::Duration;

use authz::ResourceKind;
use axum::Json;
use axum::response::{IntoResponse, Response};
use catalog::{
    CatalogError, ContractErrorKind, ErrorKind, ForbiddenKind, GrantErrorKind, RuleErrorKind,
    TagErrorKind,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The largest value of `retry-after`, in seconds.
const LONGEST_WAIT: u64 = 60;

/// The result of a handler.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// An error to answer to the client.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

/// The body of every error, in the Iceberg error model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorModel,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorModel {
    /// A message for people: what was wrong.
    message: String,
    /// The kind of the error, for programs, such as `NoSuchTableException`.
    r#type: &'static str,
    /// The status code of the HTTP response.
    code: u16,
    /// Always empty: the server writes details to its log only.
    stack: Vec<String>,
}

/// Status and wire type of each kind of error.
const fn wire(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::BadRequest => (StatusCode::BAD_REQUEST, "BadRequestException"),
        ErrorKind::InvalidArgument => (StatusCode::BAD_REQUEST, "IllegalArgumentException"),
        ErrorKind::InvalidLocation => (StatusCode::BAD_REQUEST, "InvalidLocation"),
        ErrorKind::InvalidStorage => (StatusCode::BAD_REQUEST, "InvalidStorageProfile"),
        ErrorKind::IdempotencyKeyReused => (StatusCode::BAD_REQUEST, "IdempotencyKeyReused"),
        ErrorKind::NotSupported => (StatusCode::NOT_ACCEPTABLE, "UnsupportedOperationException"),
        ErrorKind::TooManyChecks => (StatusCode::BAD_REQUEST, "TooManyChecks"),
        ErrorKind::Unprocessable => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "UnprocessableEntityException",
        ),
        ErrorKind::Forbidden(kind) => (StatusCode::FORBIDDEN, forbidden(kind)),
        ErrorKind::Contract(ContractErrorKind::Forbidden) => {
            (StatusCode::FORBIDDEN, "ContractViolation")
        }
        ErrorKind::Contract(ContractErrorKind::Violated) => {
            (StatusCode::CONFLICT, "ContractViolation")
        }
        ErrorKind::ProtectedProperty => (StatusCode::FORBIDDEN, "ProtectedPropertyModification"),
        ErrorKind::NoSuchRole => (StatusCode::NOT_FOUND, "RoleNotFoundInProject"),
        ErrorKind::NoSuchRoleMember => (StatusCode::NOT_FOUND, "RoleAssignmentUserNotFound"),
        ErrorKind::RoleNameTaken => (StatusCode::CONFLICT, "RoleNameAlreadyExists"),
        ErrorKind::RoleIdentTaken => (StatusCode::CONFLICT, "RoleSourceIdConflict"),
        ErrorKind::InvalidRoleIdent => (StatusCode::BAD_REQUEST, "InvalidRoleIdentifier"),
        ErrorKind::ReservedRoleProvider => (StatusCode::BAD_REQUEST, "RoleProviderIdReserved"),
        ErrorKind::NoSuchTagDefinition => (StatusCode::NOT_FOUND, "TagDefinitionIdNotFound"),
        ErrorKind::NoSuchUser => (StatusCode::NOT_FOUND, "UserNotFound"),
        ErrorKind::NoSuchProject => (StatusCode::NOT_FOUND, "ProjectNotFound"),
        ErrorKind::NoSuchWarehouse => (StatusCode::NOT_FOUND, "NoSuchWarehouseException"),
        ErrorKind::NoSuchNamespace => (StatusCode::NOT_FOUND, "NoSuchNamespaceException"),
        ErrorKind::NoSuchTable => (StatusCode::NOT_FOUND, "NoSuchTableException"),
        ErrorKind::NoSuchTableLocation => (StatusCode::BAD_REQUEST, "NoSuchTableLocationException"),
        ErrorKind::NoSuchView => (StatusCode::NOT_FOUND, "NoSuchViewException"),
        ErrorKind::NoSuchGenericTable => (StatusCode::NOT_FOUND, "GenericTableNotFound"),
        ErrorKind::NoSuchTask => (StatusCode::NOT_FOUND, "TaskNotFound"),
        ErrorKind::NoSuchFunction => (StatusCode::NOT_FOUND, "NoSuchFunctionException"),
        ErrorKind::MissingMetadataFile => (StatusCode::NOT_FOUND, "NotFoundException"),
        ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "AlreadyExistsException"),
        ErrorKind::GenericTableAlreadyExists => (StatusCode::CONFLICT, "GenericTableAlreadyExists"),
        ErrorKind::PartTooLarge => (StatusCode::BAD_REQUEST, "PayloadTooLarge"),
        ErrorKind::RoleCycle => (StatusCode::CONFLICT, "RoleMembershipCycle"),
        ErrorKind::RoleTooDeep => (StatusCode::CONFLICT, "RoleMembershipDepthExceeded"),
        ErrorKind::LocationTaken => (StatusCode::CONFLICT, "LocationAlreadyTaken"),
        ErrorKind::NamespaceNotEmpty => (StatusCode::CONFLICT, "NamespaceNotEmptyException"),
        ErrorKind::NamespaceProtected => (StatusCode::CONFLICT, "NamespaceProtected"),
        ErrorKind::NamespaceInItself => (StatusCode::BAD_REQUEST, "NamespaceCannotMoveIntoSelf"),
        ErrorKind::TabularProtected => {
            (StatusCode::CONFLICT, "ProtectedTabularDeletionWithoutForce")
        }
        ErrorKind::WarehouseProtected => (StatusCode::CONFLICT, "WarehouseProtected"),
        ErrorKind::NotEmpty => (StatusCode::CONFLICT, "NotEmpty"),
        ErrorKind::Rule(kind) => rule(kind),
        ErrorKind::Grant(kind) => grant(kind),
        ErrorKind::Tag(kind) => tag(kind),
        ErrorKind::InvalidPageToken => (StatusCode::BAD_REQUEST, "InvalidPaginationToken"),
        ErrorKind::CommitFailed => (StatusCode::CONFLICT, "CommitFailedException"),
        ErrorKind::ConcurrentUpdate => (StatusCode::CONFLICT, "ConcurrentUpdateError"),
        ErrorKind::AlreadyBootstrapped => (StatusCode::BAD_REQUEST, "CatalogAlreadyBootstrapped"),
        ErrorKind::EventsGone => (StatusCode::GONE, "EventsRemoved"),
        ErrorKind::CommitStateUnknown => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "CommitStateUnknownException",
        ),
        ErrorKind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
        ),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
    }
}

/// The wire type if the caller is not allowed to do something.
const fn forbidden(kind: ForbiddenKind) -> &'static str {
    match kind {
        ForbiddenKind::Action(on) => action_forbidden(on),
        ForbiddenKind::Grant => "GrantActionForbidden",
        ForbiddenKind::AssumeRole => "AssumeRoleForbidden",
        ForbiddenKind::RemoteSigning => "RemoteSigningDisabled",
        ForbiddenKind::Reach => "ForbiddenException",
    }
}

const fn action_forbidden(on: ResourceKind) -> &'static str {
    match on {
        ResourceKind::Server => "ServerActionForbidden",
        ResourceKind::User => "UserActionForbidden",
        ResourceKind::Project => "ProjectActionForbidden",
        ResourceKind::Role => "RoleActionForbidden",
        ResourceKind::TagDefinition => "TagActionForbidden",
        ResourceKind::Warehouse => "WarehouseActionForbidden",
        ResourceKind::Namespace => "NamespaceActionForbidden",
        ResourceKind::Table => "TableActionForbidden",
        ResourceKind::View => "ViewActionForbidden",
        ResourceKind::GenericTable => "GenericTableActionForbidden",
    }
}

/// Status and wire type if a rule of a warehouse is broken.
const fn rule(kind: RuleErrorKind) -> (StatusCode, &'static str) {
    match kind {
        RuleErrorKind::InstanceAdminRequired => (StatusCode::FORBIDDEN, "InstanceAdminRequired"),
        RuleErrorKind::WarehouseManaged => (StatusCode::FORBIDDEN, "WarehouseManaged"),
        RuleErrorKind::InvalidFormatVersion => (StatusCode::BAD_REQUEST, "InvalidFormatVersion"),
        RuleErrorKind::FormatVersionNotAllowed => {
            (StatusCode::BAD_REQUEST, "FormatVersionNotAllowed")
        }
        RuleErrorKind::StorageOverlaps => (
            StatusCode::BAD_REQUEST,
            "CreateWarehouseStorageProfileOverlap",
        ),
        RuleErrorKind::LayoutForbidsMove => {
            (StatusCode::BAD_REQUEST, "StorageLayoutForbidsNamespaceMove")
        }
        RuleErrorKind::DefaultFormatVersionNotAllowed => {
            (StatusCode::BAD_REQUEST, "DefaultFormatVersionNotAllowed")
        }
    }
}

/// Status and wire type of errors about grants and assignments.
const fn grant(kind: GrantErrorKind) -> (StatusCode, &'static str) {
    match kind {
        GrantErrorKind::EmptyDiff => (StatusCode::BAD_REQUEST, "EmptyGrantDiff"),
        GrantErrorKind::DiffTooLarge => (StatusCode::BAD_REQUEST, "GrantDiffTooLarge"),
        GrantErrorKind::Repeated => (StatusCode::BAD_REQUEST, "DuplicateGrantEntry"),
        GrantErrorKind::AssignmentExists => (StatusCode::CONFLICT, "TupleAlreadyExistsError"),
        GrantErrorKind::NoSuchAssignment => (StatusCode::NOT_FOUND, "TupleNotFoundError"),
        GrantErrorKind::UnknownPrivilege => (StatusCode::BAD_REQUEST, "UnknownGrantPrivilege"),
        GrantErrorKind::NoSuchUser => (StatusCode::BAD_REQUEST, "GrantUserNotFound"),
        GrantErrorKind::NoSuchRole => (StatusCode::BAD_REQUEST, "GrantRoleNotInProject"),
    }
}

/// Status and wire type of errors about tags.
const fn tag(kind: TagErrorKind) -> (StatusCode, &'static str) {
    match kind {
        TagErrorKind::Reserved => (StatusCode::BAD_REQUEST, "ReservedTagNamespace"),
        TagErrorKind::InvalidDefinition => (StatusCode::BAD_REQUEST, "InvalidTagDefinition"),
        TagErrorKind::ScopeNarrowed => (StatusCode::BAD_REQUEST, "TagScopeNarrowed"),
        TagErrorKind::NameTaken => (StatusCode::CONFLICT, "TagNameAlreadyExists"),
        TagErrorKind::NoSuchName => (StatusCode::NOT_FOUND, "TagNameNotFound"),
        TagErrorKind::InUse => (StatusCode::CONFLICT, "TagDefinitionInUse"),
        TagErrorKind::InvalidValue => (StatusCode::BAD_REQUEST, "InvalidTagValue"),
        TagErrorKind::ScopeNotAllowed => (StatusCode::BAD_REQUEST, "TagScopeNotAllowed"),
        TagErrorKind::TooMany => (StatusCode::BAD_REQUEST, "TooManyTags"),
        TagErrorKind::NoSuchTarget => (StatusCode::NOT_FOUND, "TagTargetNotFound"),
        TagErrorKind::NoSuchColumn => (StatusCode::NOT_FOUND, "ColumnNotFound"),
    }
}

impl ApiError {
    /// An error that this crate finds itself, before or without a use case.
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            retry_after: None,
        }
    }

    /// A 503: a service that the catalog needs does not answer, and nothing was changed. `retry-after` is 1 s if absent.
    pub(crate) fn unavailable(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        let (status, kind) = wire(ErrorKind::Unavailable);
        Self {
            retry_after,
            ..Self::new(status, kind, message)
        }
    }

    /// A 400 for a malformed request.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        let (status, kind) = wire(error.kind);
        if status.is_server_error() {
            let cause = error
                .source
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::error!(error.kind = kind, error.message = %error.message, %cause, "request failed");
        }
        Self {
            status,
            kind,
            message: error.message,
            retry_after: error.retry_after,
        }
    }
}

impl From<model::InvalidName> for ApiError {
    fn from(error: model::InvalidName) -> Self {
        CatalogError::from(error).into()
    }
}

impl From<ApiError> for ErrorModel {
    fn from(error: ApiError) -> Self {
        Self {
            message: error.message,
            r#type: error.kind,
            code: error.status.as_u16(),
            stack: Vec::new(),
        }
    }
}

/// The `type` of the error that a response reports, for the log line of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusalKind(pub(crate) &'static str);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after, kind) = (self.status, self.retry_after, RefusalKind(self.kind));
        if status.is_client_error() {
            tracing::debug!(
                error.kind = self.kind,
                error.message = self.message,
                "refused"
            );
        }
        let error = ErrorModel::from(self);
        let mut response = (status, Json(ErrorBody { error })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let after = retry_after.map_or(1, |after| after.as_secs().clamp(1, LONGEST_WAIT));
            let after = HeaderValue::from(after);
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        response.extensions_mut().insert(kind);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients match on these: a change here is a change of the API.
    #[test]
    fn kinds_have_the_status_and_type_of_the_specification() {
        let all = [
            (ErrorKind::NoSuchNamespace, 404, "NoSuchNamespaceException"),
            (ErrorKind::NoSuchTable, 404, "NoSuchTableException"),
            (ErrorKind::NoSuchView, 404, "NoSuchViewException"),
            (ErrorKind::AlreadyExists, 409, "AlreadyExistsException"),
            (
                ErrorKind::NamespaceNotEmpty,
                409,
                "NamespaceNotEmptyException",
            ),
            (ErrorKind::CommitFailed, 409, "CommitFailedException"),
            (
                ErrorKind::Unprocessable,
                422,
                "UnprocessableEntityException",
            ),
            (
                ErrorKind::CommitStateUnknown,
                500,
                "CommitStateUnknownException",
            ),
            (ErrorKind::Unavailable, 503, "ServiceUnavailableException"),
            (
                ErrorKind::Contract(ContractErrorKind::Forbidden),
                403,
                "ContractViolation",
            ),
            (
                ErrorKind::Contract(ContractErrorKind::Violated),
                409,
                "ContractViolation",
            ),
        ];
        for (kind, status, name) in all {
            assert_eq!((wire(kind).0.as_u16(), wire(kind).1), (status, name));
        }
    }
}
