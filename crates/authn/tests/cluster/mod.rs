//! A stand-in for the part of a cluster's API server that reviews tokens.

use authn::SubjectSource;
use authn::kubernetes::{KubernetesConfig, LegacyTokens};
use authn::stand_in::{Canned, Kind, LocalServer, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const ISSUER: &str = "https://kubernetes.default.svc";

pub(crate) struct Cluster {
    server: LocalServer,
    folder: TempDir,
    key: SigningKey,
}

impl Cluster {
    /// Starts a server that confirms every token.
    pub(crate) async fn start() -> Self {
        let cluster = Self {
            server: LocalServer::start().await,
            folder: tempfile::tempdir().unwrap(),
            key: SigningKey::new(Kind::Es256, "cluster"),
        };
        cluster.owns(&json!({ "iss": ISSUER, "aud": [ISSUER] }));
        let user = json!({ "username": "system:serviceaccount:lake:spark", "uid": "uid-1" });
        let status = json!({ "authenticated": true, "audiences": ["catalog"], "user": user });
        cluster.answers(201, &json!({ "status": status }));
        cluster
    }

    pub(crate) fn config(&self) -> KubernetesConfig {
        KubernetesConfig {
            api: self.server.url(),
            ca_file: None,
            token_file: self.folder.path().join("token"),
            audiences: vec!["catalog".to_owned()],
            legacy_tokens: LegacyTokens::Refused,
            subject: SubjectSource::Uid,
        }
    }

    /// Delays every answer from now on by this.
    pub(crate) fn delay(&self, delay: std::time::Duration) {
        self.server.delay(delay);
    }

    /// Gives the catalog a token of its own with these claims.
    pub(crate) fn owns(&self, claims: &Value) {
        let own = self.key.sign(claims);
        std::fs::write(self.config().token_file, format!("{own}\n")).unwrap();
    }

    pub(crate) fn own_token(&self) -> String {
        let text = std::fs::read_to_string(self.config().token_file).unwrap();
        text.trim().to_owned()
    }

    /// A token of the cluster, in which `others` are added to the usual claims or replace them.
    pub(crate) fn token(&self, others: &Value) -> String {
        let mut claims = json!({ "iss": ISSUER, "aud": ["catalog"] });
        let others = others.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(others);
        self.key.sign(&claims)
    }

    pub(crate) fn answers(&self, status: u16, body: &Value) {
        let body = body.to_string();
        self.server.answer(REVIEWS, Canned { status, body });
    }

    pub(crate) fn refuses(&self, why: &str) {
        self.answers(201, &json!({ "status": { "error": why } }));
    }

    pub(crate) fn reviews(&self) -> usize {
        self.server.calls(REVIEWS)
    }

    /// The last review's body, and the head of its request.
    pub(crate) fn asked(&self) -> (Value, String) {
        let last = self.server.last();
        (serde_json::from_str(&last.body).unwrap(), last.head)
    }
}
