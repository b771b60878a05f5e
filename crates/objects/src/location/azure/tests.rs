//! Locations on Azure: their spellings, and the attacks on the authority and the path.

use proptest::prelude::*;

use super::*;

const BASE: &str = "abfss://lake@account.dfs.core.windows.net";

fn parsed(given: &str) -> Location {
    Location::parse(given).unwrap()
}

fn problem(given: &str) -> LocationProblem {
    Location::parse(given).expect_err(given).problem
}

#[test]
fn spellings_of_one_filesystem_are_equal_and_kept() {
    for spelling in [
        "abfss://lake@account.dfs.core.windows.net/a/b",
        "abfss://lake@account.dfs.core.windows.net/a/b/",
        "abfss://lake@Account.DFS.Core.Windows.NET/a/b",
        "abfss://lake@account.blob.core.windows.net/a/b",
        "wasbs://lake@account.blob.core.windows.net/a/b",
        "wasbs://lake@account.dfs.core.windows.net/a/b",
    ] {
        let location = parsed(spelling);
        assert_eq!(location.as_str(), spelling);
        assert_eq!(location.normalized(), format!("{BASE}/a/b"), "{spelling}");
        assert_eq!(
            (location.bucket(), location.key()),
            ("lake@account.dfs.core.windows.net", "a/b")
        );
    }
    assert_eq!(
        parsed("wasbs://lake@account.z1.blob.storage.azure.net/a").normalized(),
        "abfss://lake@account.z1.dfs.storage.azure.net/a"
    );
    assert_eq!(
        parsed("abfss://lake@devstoreaccount1.dfs.localhost:10000/a").bucket(),
        "lake@devstoreaccount1.dfs.localhost:10000"
    );
    // An account may be named like a service.
    assert_eq!(
        parsed("abfss://lake@blob.blob.core.windows.net/a").bucket(),
        "lake@blob.dfs.core.windows.net"
    );
    // Only the first `blob` or `dfs` names the service.
    for (given, bucket) in [
        ("account.blob.x.blob.net", "lake@account.dfs.x.blob.net"),
        ("account.dfs.x.blob.net", "lake@account.dfs.x.blob.net"),
    ] {
        let location = parsed(&format!("abfss://lake@{given}/a"));
        assert_eq!(location.bucket(), bucket);
        assert_eq!(parsed(location.normalized()).bucket(), bucket);
    }
}

#[test]
fn other_filesystems_accounts_and_folders_are_other_places() {
    let base = parsed(&format!("{BASE}/orders"));
    for other in [
        "abfss://lake@account.dfs.core.windows.net/orders2",
        "abfss://lake@account.dfs.core.windows.net/Orders/a",
        "abfss://lake2@account.dfs.core.windows.net/orders/a",
        "abfss://lake@account2.dfs.core.windows.net/orders/a",
        "abfss://lake@account.dfs.core.windows.net.example.com/orders/a",
        "abfss://lake@account.dfs.core.chinacloudapi.cn/orders/a",
        "abfss://lake@account.dfs.core.windows.net:8443/orders/a",
        "s3://lake-account/orders/a",
    ] {
        assert!(!parsed(other).is_within(&base), "{other}");
    }
    assert!(parsed("wasbs://lake@ACCOUNT.blob.core.windows.net/orders/a").is_within(&base));
}

#[test]
fn what_names_no_filesystem_is_refused() {
    for authority in [
        "",
        "lake",
        "account.dfs.core.windows.net",
        "@account.dfs.core.windows.net",
        "LAKE@account.dfs.core.windows.net",
        "lake_1@account.dfs.core.windows.net",
        "f@account.dfs.core.windows.net",
        "-lake@account.dfs.core.windows.net",
        "la--ke@account.dfs.core.windows.net",
        "$root@account.dfs.core.windows.net",
        "lake%2e@account.dfs.core.windows.net",
        "lake@",
        "lake@account",
        "lake@account..windows.net",
        "lake@account.dfs.core.windows.net.",
        "lake@.dfs.core.windows.net",
        "lake@other@account.dfs.core.windows.net",
        "lake@account.dfs.core.windows.net:443",
        "lake@account.dfs.core.windows.net:0",
        "lake@account.dfs.core.windows.net:08",
        "lake@account.dfs.core.windows.net:99999",
        "lake@account.dfs.core.windows.net:1:2",
        "lake@127.0.0.1",
        "lake@account.dfs core.windows.net",
        "lake@accöunt.dfs.core.windows.net",
    ] {
        let found = problem(&format!("abfss://{authority}/a"));
        assert!(
            matches!(found, LocationProblem::Authority { .. }),
            "{authority}: {found:?}"
        );
    }
    let error = Location::parse("abfss://lake:hunter2@account.dfs.core.windows.net/a").unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "has the authority `[redacted]`, whose filesystem must not hold a password: \
         write `abfss://filesystem@account.dfs.core.windows.net/folder`"
    );
    for other in ["abfs", "wasb", "ABFSS"] {
        let given = format!("{other}://lake@account.dfs.core.windows.net/a");
        assert_eq!(problem(&given), LocationProblem::UnknownScheme, "{given}");
    }
}

#[test]
fn paths_that_azure_would_change_are_refused() {
    for path in [
        "orders.",
        "orders./a",
        "orders...",
        "orders%2e",
        "orders%2E/a",
        "orders%252e",
    ] {
        let found = problem(&format!("{BASE}/{path}"));
        assert!(
            matches!(found, LocationProblem::Ambiguous(_)),
            "{path}: {found:?}"
        );
    }
    for path in ["a/../b", "a/%2e%2e/b", "%252e%252e", ".", "a/%2E/b"] {
        let found = problem(&format!("{BASE}/{path}"));
        assert!(
            matches!(found, LocationProblem::DotSegment(_)),
            "{path}: {found:?}"
        );
    }
    for path in ["a//b", "/a", "a//"] {
        assert_eq!(
            problem(&format!("{BASE}/{path}")),
            LocationProblem::EmptySegment,
            "{path}"
        );
    }
    for path in ["a%2Fb", "a?sig=x", "a#b", "a\\b", "a\u{FF0F}b"] {
        let found = problem(&format!("{BASE}/{path}"));
        assert!(
            matches!(found, LocationProblem::Ambiguous(_)),
            "{path}: {found:?}"
        );
    }
    // Data files are named by their writers, so final dots are allowed.
    assert!(Location::parse_object(&format!("{BASE}/t/p=a./1.parquet")).is_ok());
    assert_eq!(
        parsed(&format!("{BASE}/a.b/.hidden/..c")).key(),
        "a.b/.hidden/..c"
    );
}

/// `text` with letters in upper case where `bits` are set.
fn recased(text: &str, bits: u64) -> String {
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            if bits >> (i % 64) & 1 == 1 {
                c.to_ascii_uppercase()
            } else {
                c
            }
        })
        .collect()
}

proptest! {
    #[test]
    fn no_authority_panics_and_what_is_taken_is_stable(authority in "[a-zA-Z0-9.:@%-]{0,40}", key in "\\PC{0,20}") {
        for scheme in ["abfss", "wasbs"] {
            if let Ok(location) = Location::parse(&format!("{scheme}://{authority}/{key}")) {
                let again = Location::parse(location.normalized()).unwrap();
                prop_assert_eq!(again.normalized(), location.normalized());
                prop_assert_eq!(again.bucket(), location.bucket());
                prop_assert_eq!(location.bucket().matches('@').count(), 1);
            }
        }
    }

    #[test]
    fn the_host_has_no_case_and_the_key_has(bits in any::<u64>(), key in "[a-z]{1,8}(/[a-z]{1,8}){0,3}") {
        let host = recased("account.dfs.core.windows.net", bits);
        let base = parsed(BASE);
        prop_assert_eq!(parsed(&format!("abfss://lake@{host}")), base.clone());
        let location = parsed(&format!("abfss://lake@{host}/{key}"));
        prop_assert!(location.is_within(&base));
        let upper = parsed(&format!("abfss://lake@{host}/{}", key.to_uppercase()));
        prop_assert!(!upper.is_within(&location) && !location.is_within(&upper));
    }

    #[test]
    fn a_sibling_is_never_within(key in "[a-z]{1,8}(/[a-z]{1,8}){0,3}", more in "[a-z0-9_-]{1,4}", below in "[a-z]{1,8}") {
        let table = parsed(&format!("{BASE}/{key}"));
        let sibling = parsed(&format!("{BASE}/{key}{more}/{below}"));
        prop_assert!(!sibling.is_within(&table));
        prop_assert!(table.join(&below).unwrap().is_within(&table));
    }
}
