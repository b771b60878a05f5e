//! Connects to OpenFGA, and prepares it: creates the store and the model, and hands over what is in the database.

use std::num::NonZeroU32;
use std::sync::Arc;

use store::{Completeness, Store, StoreError};
use url::Url;

use crate::client::{CallError, Client, Location};
use crate::credentials::Credentials;
use crate::engine::OpenFga;
use crate::feed::OpenFgaSink;
use crate::messages::TupleKey;
use crate::model::{Model, VERSION};
use crate::reconcile::{self, Drift, Report};
use crate::tuples::Names;

/// How to reach OpenFGA, and which store and model in it to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFgaConfig {
    /// OpenFGA's gRPC address.
    pub endpoint: Url,
    /// How calls are authenticated.
    pub credentials: Credentials,
    /// The name of the store.
    pub store: String,
    /// The prefix of the names of the catalog's models in that store.
    pub model_prefix: String,
    /// The version of the model to use, `<major>.<minor>`; only the shipped version is accepted. If a version is set, the
    /// model must exist in the store: it is not created.
    pub model_version: Option<String>,
    /// Most checks in one request; OpenFGA must allow as many.
    pub max_batch_checks: NonZeroU32,
}

/// Why OpenFGA cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenFgaError {
    /// A call of OpenFGA failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The catalog's database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// OpenFGA has no store with the configured name.
    #[error("OpenFGA has no store `{0}`: run `lakekeeper migrate`")]
    NoStore(String),
    /// The store has no such model.
    #[error("the store `{store}` of OpenFGA has no model `{model}`: {remedy}")]
    NoModel {
        /// The store's name.
        store: String,
        /// The model's name.
        model: String,
        /// What the operator should do.
        remedy: &'static str,
    },
    /// The configuration names another version of the model than the one that this program knows.
    #[error(
        "this program works with version {VERSION} of the permission model, not with `{0}`: leave \
         LAKEKEEPER__OPENFGA__AUTHORIZATION_MODEL_VERSION out"
    )]
    OtherModel(String),
    /// What is in the database has not been handed over to OpenFGA completely.
    #[error("OpenFGA does not know yet what is in the database: run `lakekeeper migrate`")]
    NotFed,
    /// The shipped model cannot be parsed.
    #[error("{0}")]
    Model(String),
    /// The feed was not handed over.
    #[error("{0}")]
    Behind(String),
}

impl OpenFgaConfig {
    fn model_name(&self) -> String {
        let version = self.model_version.as_deref().unwrap_or(VERSION);
        format!("{}-{version}", self.model_prefix)
    }

    fn client(&self) -> Result<Client, OpenFgaError> {
        Ok(Client::new(&self.endpoint, self.credentials.clone())?)
    }

    /// The authorizer. OpenFGA must have been prepared by [`OpenFgaConfig::migrate`].
    pub async fn connect(&self, store: Arc<dyn Store>) -> Result<OpenFga, OpenFgaError> {
        let sink = self.sink(store.as_ref()).await?;
        if store.mirror_completeness().await? == Completeness::Partial {
            return Err(OpenFgaError::NotFed);
        }
        Ok(OpenFga::new(store, sink, self.max_batch_checks))
    }

    /// Creates the store and the model in OpenFGA where they are missing, and makes OpenFGA's tuples equal to what is in the
    /// database: also deletes all other tuples in the store. Can be repeated.
    pub async fn migrate(&self, store: &dyn Store) -> Result<(), OpenFgaError> {
        let client = self.client()?;
        if client.find_store(&self.store).await?.is_none() {
            client.create_store(&self.store).await?;
        }
        // If another process has created a store at the same time, both use the one that was created first.
        let found = client.find_store(&self.store).await?;
        let found = found.ok_or_else(|| OpenFgaError::NoStore(self.store.clone()))?;
        let is_missing = self.model(&client, &found).await?.is_none();
        if is_missing && self.model_version.is_none() {
            // What was handed over for a former model may be less than the new model takes.
            store.mirror_set_completeness(Completeness::Partial).await?;
            let model = client.write_model(&found, shipped()?).await?;
            let at = Location {
                store: found,
                model: model.clone(),
            };
            let name = TupleKey {
                user: format!("auth_model_id:{model}"),
                relation: "openfga_id".to_owned(),
                object: format!("model_version:{}", self.model_name()),
            };
            client.write(&at, vec![name], Vec::new()).await?;
        }
        // Finds errors of the configuration before the feed starts to fill.
        let sink = self.sink(store).await?;
        store.mirror_switch_on().await?;
        // Every time: an earlier migration may have been interrupted, or may have filled a store that has been lost since.
        reconcile::run(store, &sink, Drift::Delete).await?;
        // Only now may OpenFGA decide: with only a part of the grants it would refuse too much, and with only a part of the
        // managed-access settings it would allow too much.
        store
            .mirror_set_completeness(Completeness::Complete)
            .await?;
        Ok(())
    }

    /// Compares OpenFGA with the database, and repairs differences as `drift` says.
    pub async fn reconcile(&self, store: &dyn Store, drift: Drift) -> Result<Report, OpenFgaError> {
        let sink = self.sink(store).await?;
        reconcile::run(store, &sink, drift).await
    }

    async fn sink(&self, store: &dyn Store) -> Result<OpenFgaSink, OpenFgaError> {
        // Tuples must fit the model that they are written to, and this program knows the shipped version only.
        if let Some(named) = self
            .model_version
            .as_ref()
            .filter(|named| *named != VERSION)
        {
            return Err(OpenFgaError::OtherModel(named.clone()));
        }
        let client = self.client()?;
        let found = client.find_store(&self.store).await?;
        let found = found.ok_or_else(|| OpenFgaError::NoStore(self.store.clone()))?;
        let model = self.model(&client, &found).await?;
        let model = model.ok_or_else(|| OpenFgaError::NoModel {
            store: self.store.clone(),
            model: self.model_name(),
            remedy: match self.model_version {
                None => "run `lakekeeper migrate`",
                Some(_) => "name no version, and run `lakekeeper migrate`",
            },
        })?;
        Ok(OpenFgaSink {
            client,
            at: Location {
                store: found,
                model,
            },
            names: Names {
                server: store.server_load().await?.id,
            },
            model: Arc::new(shipped()?),
        })
    }

    /// The id of the model with the configured name, if the store has it.
    async fn model(&self, client: &Client, store: &str) -> Result<Option<String>, OpenFgaError> {
        let object = format!("model_version:{}", self.model_name());
        let (tuples, _) = client.read(store, Some(&object), String::new()).await?;
        let named = tuples
            .into_iter()
            .filter(|one| one.relation == "openfga_id");
        let ids = named.filter_map(|one| Some(one.user.strip_prefix("auth_model_id:")?.to_owned()));
        Ok(ids.min())
    }
}

fn shipped() -> Result<Model, OpenFgaError> {
    Model::shipped().map_err(|error| OpenFgaError::Model(error.to_string()))
}
