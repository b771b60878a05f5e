//! What the server's configuration allows.

/// What the server allows; read from its configuration once. By default, everything that can be switched on is
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether `local` and `memory` profiles may be used.
    pub local_enabled: LocalStorage,
    /// Whether warehouses may use the server's own identity at AWS.
    pub aws_identity: AwsIdentity,
    /// Whether warehouses may use the server's own identity at Google.
    pub gcp_identity: GcpIdentity,
    /// Whether warehouses may use the server's own identity at Azure.
    pub azure_identity: AzureIdentity,
    /// Whether deletions of several objects at once are signed for stores that are not Amazon's.
    pub bulk_deletes: BulkDeletes,
}

/// Whether `POST ?delete` is signed for stores other than Amazon's.
///
/// Only the body of this request names the objects, and not every store checks that the body is the signed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BulkDeletes {
    /// Signed: the operator knows that the store checks the body, or lets everybody who may delete in one table
    /// delete in the whole bucket.
    Signed,
    /// Not signed: engines delete objects one by one, or with vended credentials.
    #[default]
    Refused,
}

/// Whether the server allows storage that only makes sense on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocalStorage {
    /// `local` and `memory` may be used.
    Allowed,
    /// Only storage that every engine can reach.
    #[default]
    Refused,
}

/// Whether credentials of the type `aws-system-identity` may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AwsIdentity {
    /// Allowed under these rules.
    Allowed(AwsIdentityRules),
    /// Refused: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// Whether credentials of the type `gcp-system-identity` may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GcpIdentity {
    /// Allowed for any bucket: Google has no roles to assume first.
    Allowed,
    /// Refused: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// Whether credentials of the type `azure-system-identity` may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AzureIdentity {
    /// Allowed wherever Azure's role assignments allow the server itself.
    Allowed,
    /// Refused: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// How the server's own identity may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AwsIdentityRules {
    /// Whether it may be used without assuming a role.
    pub direct: DirectUse,
    /// Whether a role may be assumed without an external ID.
    pub external_ids: ExternalIds,
}

/// Whether the server's own identity may access a bucket directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DirectUse {
    /// A warehouse does not need a role.
    Allowed,
    /// A warehouse must name a role, whose trust policy then decides.
    #[default]
    Refused,
}

/// Whether assuming a role with the server's own identity needs an external ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExternalIds {
    /// An external ID is required. Otherwise one tenant could use the role of another one.
    #[default]
    Required,
    /// The role's trust policy alone decides.
    Optional,
}
