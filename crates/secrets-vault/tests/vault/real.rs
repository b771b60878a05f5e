//! A real Vault with a KV v2 engine at `secret`: `LAKEKEEPER_TEST_VAULT_ADDR` is its address,
//! `LAKEKEEPER_TEST_VAULT_TOKEN` a token for it.

use secrets::{Plaintext, conformance};
use secrets_vault::{Login, Source, VaultConfig};

use crate::connect;

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told so where the server is"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::test]
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the output should see that nothing was tested"
)]
async fn secrets_in_a_real_vault_conform() {
    let named = [
        variable("LAKEKEEPER_TEST_VAULT_ADDR"),
        variable("LAKEKEEPER_TEST_VAULT_TOKEN"),
    ];
    let [Some(url), Some(token)] = named else {
        return eprintln!(
            "skipped: LAKEKEEPER_TEST_VAULT_ADDR is not set (`make clients-full` runs the catalog beside a real Vault)"
        );
    };
    let config = VaultConfig {
        url: url.parse().unwrap(),
        mount: "secret".to_owned(),
        login: Login::Token(Source::Text(Plaintext::new(token))),
        namespace: None,
        ca_file: None,
    };
    conformance::run(connect(config).await.unwrap().as_ref()).await;
}
