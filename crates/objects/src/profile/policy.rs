//! What the server's configuration allows.

/// What the server allows; read from its configuration once. By default nothing that must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether `local` and `memory` profiles may be used.
    pub local_enabled: LocalStorage,
    /// Whether warehouses may use what AWS gives the server itself.
    pub aws_identity: AwsIdentity,
    /// Whether warehouses may use what Google gives the server itself.
    pub gcp_identity: GcpIdentity,
    /// Whether warehouses may use what Azure gives the server itself.
    pub azure_identity: AzureIdentity,
    /// Whether deletions of several objects are signed for stores that are not Amazon's.
    pub bulk_deletes: BulkDeletes,
}

/// Whether `POST ?delete` is signed for stores other than Amazon's.
///
/// Only its body says what it reaches, and not every store compares that with the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BulkDeletes {
    /// The operator knows that the store compares them, or trusts whoever may delete in one table with the whole bucket.
    Signed,
    /// Objects are deleted one by one, or with vended credentials.
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
    /// As the rules say.
    Allowed(AwsIdentityRules),
    /// Not at all: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// Whether credentials of the type `gcp-system-identity` may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GcpIdentity {
    /// For any bucket: Google knows no roles to be taken first.
    Allowed,
    /// Not at all: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// Whether credentials of the type `azure-system-identity` may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AzureIdentity {
    /// What Azure's role assignments give the server decides.
    Allowed,
    /// Not at all: whoever creates a warehouse would act as the server.
    #[default]
    Refused,
}

/// How the server's own identity may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AwsIdentityRules {
    /// Whether it may be used without taking a role.
    pub direct: DirectUse,
    /// Whether a role may be taken without an external id.
    pub external_ids: ExternalIds,
}

/// Whether the server's own identity may access a bucket as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DirectUse {
    /// A warehouse may do without a role.
    Allowed,
    /// A warehouse must name a role, whose trust policy then decides.
    #[default]
    Refused,
}

/// Whether taking a role with the server's own identity needs an external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExternalIds {
    /// It does. Otherwise one tenant could name the role of another one.
    #[default]
    Required,
    /// The role's trust policy decides alone.
    Optional,
}
