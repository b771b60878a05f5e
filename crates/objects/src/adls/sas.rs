//! Shared access signatures for one folder.
//!
//! The text to sign lists the fields that Azure documents for versions 2020-12-06 and later ("Create a user
//! delegation SAS", "Create a service SAS"): every field has its line, even if it is empty.

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod verifier;

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;

use super::key::DelegationKey;
use crate::connection::Transport;
use crate::secret::Secret;
use crate::vend::Permission;

/// Version of the Blob service whose rules the signature follows.
pub(super) const VERSION: &str = "2023-11-03";

/// Characters that are escaped in a query, as by Azure's own libraries.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// What a signature allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant<'a> {
    pub(super) account: &'a str,
    pub(super) filesystem: &'a str,
    /// Without slashes at its ends; empty for the whole filesystem.
    pub(super) folder: &'a str,
    pub(super) permission: Permission,
    pub(super) expires_at: SystemTime,
    /// Plain HTTP is allowed only for a service without TLS.
    pub(super) transport: Transport,
}

/// The key that makes a signature.
#[derive(Debug, Clone, Copy)]
pub(super) enum SigningKey<'a> {
    /// Key of an identity of Entra ID; the signature allows no more than the identity may do.
    Delegated(&'a DelegationKey),
    /// Key of the account.
    Account(&'a Secret<Vec<u8>>),
}

/// A time as signatures contain it: in whole seconds of UTC.
pub(super) fn timestamp(at: SystemTime) -> String {
    DateTime::<Utc>::from(at)
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

impl Grant<'_> {
    /// The signature with its fields, as the query of a URL.
    pub(super) fn signed_with(&self, key: SigningKey<'_>) -> Secret<String> {
        let secret = match key {
            SigningKey::Delegated(key) => key.value.expose(),
            SigningKey::Account(key) => key.expose(),
        };
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signature = hmac::sign(&secret, self.text_to_sign(key).as_bytes());
        let mut query = self.query(key);
        query.push(("sig", STANDARD.encode(signature)));
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)))
            .collect();
        Secret::new(query.join("&"))
    }

    fn query(&self, key: SigningKey<'_>) -> Vec<(&'static str, String)> {
        let mut query = vec![
            ("se", timestamp(self.expires_at)),
            ("sp", self.permissions().to_owned()),
            ("spr", self.protocol().to_owned()),
            ("sv", VERSION.to_owned()),
            ("sr", self.resource().to_owned()),
        ];
        query.retain(|(_, value)| !value.is_empty());
        if !self.folder.is_empty() {
            let depth = self.folder.split('/').count();
            query.push(("sdd", depth.to_string()));
        }
        if let SigningKey::Delegated(key) = key {
            query.extend([
                ("skoid", key.oid.clone()),
                ("sktid", key.tid.clone()),
                ("skt", key.start.clone()),
                ("ske", key.expiry.clone()),
                ("sks", key.service.clone()),
                ("skv", key.version.clone()),
            ]);
        }
        query
    }

    fn text_to_sign(&self, key: SigningKey<'_>) -> String {
        let expiry = timestamp(self.expires_at);
        let resource = self.canonical_resource();
        // Permissions, start, expiry, resource.
        let mut lines = vec![self.permissions(), "", &expiry, &resource];
        match key {
            SigningKey::Delegated(key) => {
                lines.extend([&key.oid, &key.tid, &key.start, &key.expiry].map(String::as_str));
                lines.extend([&key.service, &key.version].map(String::as_str));
                // Authorised and unauthorised object IDs, correlation ID.
                lines.extend(["", "", ""]);
            }
            // Identifier of a stored policy.
            SigningKey::Account(_) => lines.push(""),
        }
        // IP addresses, protocol, version, kind of resource.
        lines.extend(["", self.protocol(), VERSION, self.resource()]);
        // Snapshot, encryption scope, and five response headers.
        lines.extend([""; 7]);
        lines.join("\n")
    }

    /// In the order that Azure requires.
    fn permissions(&self) -> &'static str {
        match self.permission {
            Permission::Read => "rl",
            Permission::Write => "racwdl",
        }
    }

    fn protocol(&self) -> &'static str {
        match self.transport {
            Transport::Tls => "https",
            Transport::Plain | Transport::Mixed => "",
        }
    }

    fn resource(&self) -> &'static str {
        if self.folder.is_empty() { "c" } else { "d" }
    }

    fn canonical_resource(&self) -> String {
        let container = format!("/blob/{}/{}", self.account, self.filesystem);
        match self.folder {
            "" => container,
            folder => format!("{container}/{folder}"),
        }
    }
}
