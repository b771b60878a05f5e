//! Tests what happens when OpenFGA or a replica fails, or OpenFGA is not prepared.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

use authz::conformance::{Change, StoreWorld, World as _, caller};
use authz::{Action, Authorizer, Check, Decision, ProjectAction, Resource};
use authz_openfga::{Credentials, OpenFgaConfig, OpenFgaError, Secret};
use model::{Grant, Principal, Privilege, ProjectId, Securable, UserId};
use store::{Fact, Store};
use url::Url;

use crate::{database, engine, sqlite};
use authz_openfga::stand_in::Server;

/// A project, a grant on it to a user, and a check that the grant allows.
struct Case {
    world: StoreWorld,
    grant: Grant,
    user: UserId,
    check: Check,
}

impl Case {
    /// Creates the project. The world has no authorizer: only the engines of the test feed OpenFGA.
    async fn new(store: &Arc<dyn Store>) -> Self {
        let world = StoreWorld::new(Arc::clone(store), Vec::new());
        let (id, user) = (ProjectId::generate(), "oidc~ada".parse::<UserId>().unwrap());
        let on = Securable::Project(id.clone());
        let create = Change::Create {
            what: on.clone(),
            within: Securable::Server,
            by: Principal::User("oidc~maker".parse().unwrap()),
        };
        world.apply(&create).await;
        let to = Principal::User(user.clone());
        let privilege = Privilege::DataAdmin;
        Self {
            world,
            grant: Grant { on, to, privilege },
            user,
            check: Check {
                action: Action::Project(ProjectAction::CreateWarehouse),
                resource: Resource::Project(id),
            },
        }
    }

    async fn give(&self) {
        self.world.apply(&Change::Give(self.grant.clone())).await;
    }

    async fn take(&self) {
        self.world.apply(&Change::Take(self.grant.clone())).await;
    }

    async fn asked(&self, engine: &Arc<dyn Authorizer>) -> Result<Decision, String> {
        let checks = std::slice::from_ref(&self.check);
        let decided = engine.decide(&caller(&self.user), checks).await;
        decided.map(|all| all[0]).map_err(|error| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_openfga_is_away_nothing_is_allowed_and_nothing_is_lost() {
    let (store, theirs) = (sqlite(), database().await);
    let mut server = Server::on_postgres(theirs.url());
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    let case = Case::new(&store).await;
    case.give().await;
    let engine = engine(&config, &store).await;
    assert_eq!(case.asked(&engine).await, Ok(Decision::Allow));
    server.stop();
    let refused = case.asked(&engine).await.unwrap_err();
    assert!(
        refused.contains("not available") && refused.contains("OpenFGA"),
        "{refused}"
    );
    case.take().await;
    let refused = case.asked(&engine).await.unwrap_err();
    assert!(refused.contains("OpenFGA"), "{refused}");
    server.start();
    let mut tries = 0;
    let decided = loop {
        match case.asked(&engine).await {
            Ok(decided) => break decided,
            Err(_) if tries < 20 => tries += 1,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(
        decided,
        Decision::Deny,
        "what was taken back meanwhile is known"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_did_not_hand_over_before_it_died_the_next_one_does() {
    let (store, server) = (sqlite(), Server::in_memory());
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    // Changes of a replica that died after its transactions and before it fed OpenFGA; some are changes of the same fact.
    let case = Case::new(&store).await;
    case.give().await;
    case.take().await;
    case.give().await;
    let next = engine(&config, &store).await;
    assert_eq!(case.asked(&next).await, Ok(Decision::Allow));
    drop(next);
    case.take().await;
    let next = engine(&config, &store).await;
    assert_eq!(case.asked(&next).await, Ok(Decision::Deny));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_over_is_handed_over_again_without_harm() {
    let (store, server) = (sqlite(), Server::in_memory());
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    let case = Case::new(&store).await;
    case.give().await;
    let engine = engine(&config, &store).await;
    assert_eq!(case.asked(&engine).await, Ok(Decision::Allow));
    // As if a replica had died after it fed OpenFGA and before it removed the changes from the feed.
    let never = Grant {
        privilege: Privilege::Select,
        ..case.grant.clone()
    };
    let again = [Fact::Given(case.grant.clone()), Fact::Given(never)];
    store.mirror_recheck(&again).await.unwrap();
    assert_eq!(case.asked(&engine).await, Ok(Decision::Allow));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openfga_that_was_not_prepared_is_refused_with_what_to_do() {
    let (store, server) = (sqlite(), Server::in_memory());
    let config = server.config();
    let connect = |config: OpenFgaConfig| {
        let store = Arc::clone(&store);
        async move { config.connect(store).await.map(drop) }
    };
    let refused = connect(config.clone()).await.unwrap_err();
    assert!(matches!(refused, OpenFgaError::NoStore(_)), "{refused}");
    assert!(refused.to_string().contains("lakekeeper migrate"));
    config.migrate(store.as_ref()).await.unwrap();
    config.migrate(store.as_ref()).await.unwrap();
    connect(config.clone()).await.unwrap();
    let other = OpenFgaConfig {
        model_version: Some("4.9".to_owned()),
        ..config.clone()
    };
    let refused = other.migrate(store.as_ref()).await.unwrap_err();
    assert!(refused.to_string().contains("not with `4.9`"), "{refused}");
    let refused = connect(other).await.unwrap_err();
    assert!(refused.to_string().contains("not with `4.9`"), "{refused}");
    let other = OpenFgaConfig {
        model_prefix: "other".to_owned(),
        ..config.clone()
    };
    let refused = connect(other).await.unwrap_err();
    assert!(
        refused.to_string().contains("no model `other-"),
        "{refused}"
    );
    // Another catalog's database has not been handed over.
    let refused = config.connect(sqlite()).await.map(drop).unwrap_err();
    assert!(matches!(refused, OpenFgaError::NotFed), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openfga_that_asks_for_a_key_gets_it() {
    let (store, server) = (sqlite(), Server::with_key("right"));
    let with = |credentials| OpenFgaConfig {
        credentials,
        ..server.config()
    };
    let key = |text: &str| Credentials::Key(Secret::new(text.to_owned()));
    for credentials in [Credentials::None, key("wrong")] {
        let refused = with(credentials).migrate(store.as_ref()).await.unwrap_err();
        assert!(!refused.to_string().contains("wrong"), "{refused}");
        assert!(refused.to_string().contains("OpenFGA refused"), "{refused}");
    }
    with(key("right")).migrate(store.as_ref()).await.unwrap();
}

/// Starts a token endpoint that answers every request with the right token. Its URL, and the requests that it gets.
fn token_endpoint() -> (Url, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let (told, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let mut size = 0;
            while !String::from_utf8_lossy(&request[..size]).contains("client_credentials") {
                size += stream.read(&mut request[size..]).unwrap();
            }
            let body = r#"{"access_token":"right","expires_in":300}"#;
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
            if told
                .send(String::from_utf8_lossy(&request[..size]).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    (url.parse().unwrap(), asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openfga_that_asks_for_a_token_gets_one_that_was_asked_for_once() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let (store, server) = (sqlite(), Server::with_key("right"));
    let (token_endpoint, asked) = token_endpoint();
    let config = OpenFgaConfig {
        credentials: Credentials::Client {
            id: "lakekeeper".to_owned(),
            secret: Secret::new("hunter2".to_owned()),
            token_endpoint,
            scope: Some("openfga".to_owned()),
        },
        ..server.config()
    };
    config.migrate(store.as_ref()).await.unwrap();
    let request = asked.recv().unwrap();
    // "lakekeeper:hunter2" in Base64.
    assert!(
        request.contains("Basic bGFrZWtlZXBlcjpodW50ZXIy"),
        "{request}"
    );
    assert!(request.contains("scope=openfga"), "{request}");
    while asked.try_recv().is_ok() {}
    let case = Case::new(&store).await;
    let engine = engine(&config, &store).await;
    for _ in 0..3 {
        assert_eq!(case.asked(&engine).await, Ok(Decision::Deny));
    }
    assert_eq!(
        asked.try_iter().count(),
        1,
        "one for each connection to OpenFGA"
    );
}
