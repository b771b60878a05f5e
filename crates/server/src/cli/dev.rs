//! `lakekeeper dev`: a catalog to try out that needs no installation and no configuration.

use std::path::{Path, PathBuf};

use catalog::server::{Operation, ServerView};
use catalog::user::NewUser;
use catalog::warehouse::{Storage, WarehouseCreate, WarehouseSettings, WarehouseView};
use catalog::{Catalog, CatalogError, Request, project, warehouse};
use clap::Args;
use lakekeeper::config::{Config, Database, Needs, Sources};
use lakekeeper::{Error, Lakekeeper};
use model::Name;
use objects::{LocalProfile, StorageProfile};
use store::WarehouseStatus;

use super::banner::{BannerFacts, Callers, Usable, banner};
use super::serve::stop_signal;

/// The name of the warehouse that is created at the first start.
const WAREHOUSE: &str = "demo";
/// The folder of its files, in the data folder.
const FILES: &str = "files";
/// The database, in the data folder.
const DATABASE: &str = "catalog.db";

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
    let database = folder.join(DATABASE).to_string_lossy().into_owned();
    sources.implied.insert("SQLITE_PATH", database);
    let config = super::start(&sources, Needs::Secrets)?;
    let files = make_folder(&folder.join(FILES))?;
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
    let is_granted = config.authorization.engine.needs_grants();
    let with_token = config.authentication.is_configured();
    let Database::Sqlite { path: database } = config.required_database()?.clone() else {
        return Err(Error::NotConfigured("a SQLite database"));
    };
    let lakekeeper = Lakekeeper::builder(config).build().await?;
    let before = catalog::server::info(lakekeeper.catalog()).await?;
    let warehouse = prepare(lakekeeper.catalog(), &before, (&database, files)).await?;
    let callers = if is_granted && !before.is_bootstrapped {
        // Nobody has rights yet, and only bootstrapping gives somebody the first ones.
        lakekeeper.reopen_bootstrap().await?;
        Callers::ToBootstrap
    } else if with_token {
        Callers::WithToken
    } else {
        Callers::Anonymous
    };
    let bound = lakekeeper.bind().await?;
    let facts = BannerFacts {
        api: bound.api_address()?,
        metrics: bound.metrics_address()?,
        warehouse: warehouse.map(Usable::from),
        callers,
    };
    let stop = stop_signal()?;
    super::print(&banner(&facts))?;
    bound.serve(stop).await
}

/// Bootstraps the installation and creates the warehouse, unless they exist already.
async fn prepare(
    cx: &Catalog,
    before: &ServerView,
    (database, files): (&Path, &Path),
) -> Result<Option<WarehouseView>, Error> {
    let request = Request::system();
    let profile = LocalProfile::new(&files.to_string_lossy(), None).map_err(CatalogError::from)?;
    let warehouses = warehouses(cx).await?;
    check_place(&warehouses, database, &profile)?;
    if !before.is_bootstrapped {
        let nobody = NewUser::default();
        catalog::server::bootstrap(cx, &request, nobody, Operation::ByAdmin).await?;
    }
    if !warehouses.is_empty() {
        let usable = warehouses.into_iter().filter(|one| {
            one.row.status == WarehouseStatus::Active
                && Some(&one.row.project) == before.default_project.as_ref()
        });
        return Ok(usable.min_by_key(|one| one.row.name.as_str() != WAREHOUSE));
    }
    let new = WarehouseCreate {
        project: None,
        name: Name::parse("warehouse", WAREHOUSE),
        storage: Ok(Storage {
            profile: StorageProfile::Local(profile),
            credential: None,
        }),
        settings: WarehouseSettings::default(),
    };
    Ok(Some(warehouse::create(cx, &request, new).await?))
}

/// All warehouses of all projects, active or not.
async fn warehouses(cx: &Catalog) -> Result<Vec<WarehouseView>, Error> {
    let states = [WarehouseStatus::Active, WarehouseStatus::Inactive];
    let mut all = Vec::new();
    for project in project::list(cx, &Request::system()).await? {
        let request = Request {
            project: Some(project.id),
            ..Request::system()
        };
        all.extend(warehouse::list(cx, &request, &states).await?);
    }
    Ok(all)
}

/// Refuses a data folder that was moved or copied. Table metadata holds absolute paths, so the warehouse still has its files in the
/// former folder; a purge in the copy would delete the files of the original.
fn check_place(
    warehouses: &[WarehouseView],
    database: &Path,
    present: &LocalProfile,
) -> Result<(), Error> {
    let local = warehouses.iter().filter_map(|one| match &one.profile {
        StorageProfile::Local(profile) => Some((&one.row.name, Path::new(profile.root()))),
        _ => None,
    });
    // Recognised by the folder's name, because the warehouse may have been renamed.
    let roots: Vec<_> = local.filter(|(_, root)| root.ends_with(FILES)).collect();
    let present = Path::new(present.root());
    if roots.iter().any(|(_, root)| *root == present) {
        return Ok(());
    }
    let former = |(_, root): &(_, &Path)| is_of_another_folder(root, database);
    match roots.into_iter().find(former) {
        Some((name, former)) => Err(Error::Moved {
            warehouse: name.to_string(),
            former: former.into(),
            present: present.into(),
        }),
        None => Ok(()),
    }
}

/// Whether the folder of files is gone with a data folder that was moved, or lies in one that was copied, beside its database.
/// Else it is a folder that somebody has chosen for a warehouse.
fn is_of_another_folder(files: &Path, database: &Path) -> bool {
    let beside = files.parent().map(|folder| folder.join(DATABASE));
    let beside = beside.and_then(|beside| beside.canonicalize().ok());
    !files.exists() || beside.is_some_and(|beside| Some(beside) != database.canonicalize().ok())
}

/// Creates the folder and returns its canonical path.
fn make_folder(path: &Path) -> Result<PathBuf, Error> {
    let made = std::fs::create_dir_all(path).and_then(|()| path.canonicalize());
    made.map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}
