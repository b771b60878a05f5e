//! `lakekeeper dev`: a catalog to try out that needs no installation and no configuration.

use std::path::{Path, PathBuf};

use catalog::server::Operation;
use catalog::user::NewUser;
use catalog::warehouse::{Storage, WarehouseCreate, WarehouseSettings};
use catalog::{Catalog, ErrorKind, Request};
use clap::Args;
use lakekeeper::config::{AuthzBackend, Config, Database, Needs, Sources};
use lakekeeper::{Error, Lakekeeper, backend};
use model::Name;
use objects::{LocalProfile, StorageProfile};

use super::banner::{Callers, Told, banner};
use super::serve::stop_signal;

/// The name of the warehouse that is created at the first start.
const WAREHOUSE: &str = "demo";

/// Options of `lakekeeper dev`.
#[derive(Debug, Args)]
pub(super) struct Dev {
    /// Folder for the database and the files of tables.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Port of the catalog.
    #[arg(long)]
    port: Option<u16>,
}

pub(super) fn run(mut sources: Sources, dev: &Dev) -> Result<(), Error> {
    if let Some(folder) = &dev.data_dir {
        let folder = folder.to_string_lossy().into_owned();
        sources.flags.insert("DATA_DIR", folder);
    }
    if let Some(port) = dev.port {
        sources.flags.insert("LISTEN_PORT", port.to_string());
    }
    imply(&mut sources);
    let folder = Config::load(&sources, Needs::Nothing)?.process.data_dir;
    let database = folder.join("catalog.db").to_string_lossy().into_owned();
    sources.implied.insert("SQLITE_PATH", database);
    let config = super::start(&sources, Needs::Secrets)?;
    let files = make_folder(&folder.join("files"))?;
    super::block_on(serve(config, &files))
}

/// Sets the values that differ from those of `serve` unless they are configured.
fn imply(sources: &mut Sources) {
    for (name, value) in [
        ("BIND_IP", "127.0.0.1"),
        // MinIO, which often runs on the same machine, listens on port 9000, the default of the metrics.
        ("METRICS_PORT", "0"),
        ("ENABLE_LOCAL_STORAGE", "true"),
        ("LOG_FORMAT", "pretty"),
        ("LOG_LEVEL", "warn"),
    ] {
        sources.implied.insert(name, value.to_owned());
    }
}

async fn serve(config: Config, files: &Path) -> Result<(), Error> {
    if let Some(database @ Database::Postgres(_)) = &config.database {
        backend::migrate(database).await?;
    }
    let is_granted = config.authorization.backend != AuthzBackend::AllowAll;
    let with_token = config.authentication.is_configured();
    let lakekeeper = Lakekeeper::builder(config).build().await?;
    let is_open = !catalog::server::info(lakekeeper.catalog())
        .await?
        .is_bootstrapped;
    prepare(lakekeeper.catalog(), files).await?;
    let callers = if is_granted && is_open {
        // Nobody has rights yet, and only bootstrapping gives somebody the first ones.
        lakekeeper.reopen_bootstrap().await?;
        Callers::ToBootstrap
    } else if with_token {
        Callers::WithToken
    } else {
        Callers::Anonymous
    };
    let bound = lakekeeper.bind().await?;
    let told = Told {
        api: bound.api_address()?,
        metrics: bound.metrics_address()?,
        warehouse: WAREHOUSE,
        files,
        callers,
    };
    super::print(&banner(&told))?;
    bound.serve(stop_signal()?).await
}

/// Bootstraps the installation and creates the warehouse, unless they exist already.
async fn prepare(cx: &Catalog, files: &Path) -> Result<(), Error> {
    let request = Request::system();
    if !catalog::server::info(cx).await?.is_bootstrapped {
        let nobody = NewUser::default();
        catalog::server::bootstrap(cx, &request, nobody, Operation::ByAdmin).await?;
    }
    match catalog::config::load(cx, &request, Some(WAREHOUSE)).await {
        Err(error) if error.kind == ErrorKind::NoSuchWarehouse => {}
        found => return found.map(drop).map_err(Error::from),
    }
    let profile = LocalProfile::new(&files.to_string_lossy(), None);
    let new = WarehouseCreate {
        project: None,
        name: Name::parse("warehouse", WAREHOUSE),
        storage: profile.map(|profile| Storage {
            profile: StorageProfile::Local(profile),
            credential: None,
        }),
        settings: WarehouseSettings::default(),
    };
    catalog::warehouse::create(cx, &request, new).await?;
    Ok(())
}

/// Creates the folder and returns its canonical path.
fn make_folder(path: &Path) -> Result<PathBuf, Error> {
    let made = std::fs::create_dir_all(path).and_then(|()| path.canonicalize());
    made.map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}
