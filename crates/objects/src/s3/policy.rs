//! The session policy that confines vended credentials to one folder.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::profile::{Partition, S3Flavor, S3Profile};
use crate::vend::{Permission, Scope};

/// Longest session policy that STS accepts, in characters.
const MAX_CHARS: usize = 2048;

const READ: &[&str] = &["s3:GetObject", "s3:GetObjectVersion"];
const WRITE: &[&str] = &[
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

/// Why no policy can be written for a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PolicyProblem {
    #[error(
        "the session policy for the folder would have {0} characters, and STS takes at most {MAX_CHARS}: \
         use a shorter location"
    )]
    TooLong(usize),
    #[error(
        "the folder's key contains `{0}`, which stands for any text in policies and cannot be escaped for \
         this kind of store: use another location"
    )]
    Wildcard(&'static str),
}

/// Allows what `scope` says and nothing else: objects behind the folder's `/`, and listings with that prefix.
pub(super) fn of_aws(profile: &S3Profile, scope: &Scope) -> Result<String, PolicyProblem> {
    let prefix = folder_prefix(scope, |key| match profile.flavor() {
        S3Flavor::Aws => Ok(escaped(key)),
        S3Flavor::S3Compat => unescaped(key, &["*", "?", "${"]),
    })?;
    let bucket = format!("arn:{}:s3:::{}", partition(profile), profile.bucket());
    let (objects, on_key): (_, &[&str]) = match scope.permission {
        Permission::Read => (READ, &["kms:Decrypt"]),
        Permission::Write => (WRITE, &["kms:Decrypt", "kms:GenerateDataKey"]),
    };
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": objects, "Resource": format!("{bucket}/{prefix}*")}),
        json!({
            "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": format!("{prefix}*")}},
        }),
        // Clients ask for the bucket's region before anything else.
        json!({"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": bucket}),
    ];
    // Other stores have other names for keys and actions, and MinIO refuses a policy that contains these.
    let key = profile
        .aws_kms_key_arn()
        .filter(|_| profile.flavor() == S3Flavor::Aws);
    if let Some(key) = key {
        statements.push(json!({"Effect": "Allow", "Action": on_key, "Resource": key}));
    }
    printed(&json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Allows the files of one table of a table bucket and nothing else. On AWS, the table's ARN stands for their
/// location.
pub(super) fn of_table(
    arn: &str,
    permission: Permission,
    key: Option<&str>,
) -> Result<String, PolicyProblem> {
    let (on_table, on_key): (&[&str], &[&str]) = match permission {
        Permission::Read => (&["s3tables:GetTableData"], &["kms:Decrypt"]),
        Permission::Write => (
            &["s3tables:GetTableData", "s3tables:PutTableData"],
            &["kms:Decrypt", "kms:GenerateDataKey"],
        ),
    };
    let mut statements = vec![json!({"Effect": "Allow", "Action": on_table, "Resource": arn})];
    if let Some(key) = key {
        statements.push(json!({"Effect": "Allow", "Action": on_key, "Resource": key}));
    }
    printed(&json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Allows the same as [`of_aws`], in the policy language of Alibaba Cloud's RAM, which has no escapes.
pub(super) fn of_aliyun(profile: &S3Profile, scope: &Scope) -> Result<String, PolicyProblem> {
    let prefix = folder_prefix(scope, |key| unescaped(key, &["*", "?", "${"]))?;
    let bucket = format!("acs:oss:*:*:{}", profile.bucket());
    let objects: &[&str] = match scope.permission {
        Permission::Read => &["oss:GetObject", "oss:GetObjectVersion"],
        Permission::Write => &[
            "oss:GetObject",
            "oss:GetObjectVersion",
            "oss:PutObject",
            "oss:DeleteObject",
            "oss:AbortMultipartUpload",
            "oss:ListParts",
        ],
    };
    printed(&json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": objects, "Resource": format!("{bucket}/{prefix}*")},
        {
            "Effect": "Allow", "Action": "oss:ListObjects", "Resource": bucket,
            "Condition": {"StringLike": {"oss:Prefix": format!("{prefix}*")}},
        },
        {"Effect": "Allow", "Action": "oss:GetBucketLocation", "Resource": bucket},
    ]}))
}

/// The partition of the region. Compatible stores use only the first one, whatever their region is called.
fn partition(profile: &S3Profile) -> &'static str {
    match profile.flavor() {
        S3Flavor::Aws => profile.partition().name,
        S3Flavor::S3Compat => Partition::FIRST.name,
    }
}

/// The folder's key with the `/` that keeps `orders` from matching `orders2`; empty for the whole bucket.
fn folder_prefix(
    scope: &Scope,
    escape: impl Fn(&str) -> Result<String, PolicyProblem>,
) -> Result<String, PolicyProblem> {
    match scope.folder.key() {
        "" => Ok(String::new()),
        key => Ok(format!("{}/", escape(key)?)),
    }
}

/// Escapes characters that IAM would take for patterns or variables.
fn escaped(key: &str) -> String {
    key.chars().fold(String::new(), |mut out, c| {
        match c {
            '*' | '?' | '$' => out.extend(['$', '{', c, '}']),
            other => out.push(other),
        }
        out
    })
}

fn unescaped(key: &str, forbidden: &[&'static str]) -> Result<String, PolicyProblem> {
    match forbidden.iter().find(|pattern| key.contains(**pattern)) {
        Some(pattern) => Err(PolicyProblem::Wildcard(pattern)),
        None => Ok(key.to_owned()),
    }
}

/// Compact and in ASCII: STS accepts no characters beyond Latin-1.
fn printed(policy: &Value) -> Result<String, PolicyProblem> {
    let mut out = String::new();
    for c in policy.to_string().chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    // The text is ASCII: one byte for each character.
    match out.len() {
        ..=MAX_CHARS => Ok(out),
        length => Err(PolicyProblem::TooLong(length)),
    }
}
