//! Signatures, compared with Azure's own library and checked by the project's own verifier.

use chrono::TimeZone as _;
use proptest::prelude::*;

use super::verifier::{Asked, judge};
use super::*;
use Permission::{Read, Write};

const ACCOUNT_KEY: &[u8] = b"the key of the account";

/// The kind of key that signs.
#[derive(Debug, Clone, Copy)]
enum By {
    Entra,
    Account,
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn delegation_key() -> DelegationKey {
    DelegationKey {
        oid: "11111111-2222-3333-4444-555555555555".to_owned(),
        tid: "66666666-7777-8888-9999-000000000000".to_owned(),
        start: "2026-11-21T11:55:00Z".to_owned(),
        expiry: "2026-11-21T14:00:00Z".to_owned(),
        service: "b".to_owned(),
        version: "2023-11-03".to_owned(),
        value: Secret::new(b"a key that Azure gave, 32 bytes.".to_vec()),
        expires_at: (noon() + chrono::Duration::hours(2)).into(),
    }
}

fn signed(folder: &str, permission: Permission, by: By) -> String {
    let grant = Grant {
        account: "account1",
        filesystem: "lake",
        folder,
        permission,
        expires_at: (noon() + chrono::Duration::hours(1)).into(),
        transport: Transport::Tls,
    };
    let account = Secret::new(ACCOUNT_KEY.to_vec());
    let delegated = delegation_key();
    let key = match by {
        By::Entra => SigningKey::Delegated(&delegated),
        By::Account => SigningKey::Account(&account),
    };
    grant.signed_with(key).expose().clone()
}

fn key_of(by: By) -> Vec<u8> {
    match by {
        By::Entra => delegation_key().value.expose().clone(),
        By::Account => ACCOUNT_KEY.to_vec(),
    }
}

/// The expected signatures are from `azure-storage-file-datalake` 12.18.0 with its version set to ours.
#[test]
fn signatures_are_those_of_azures_own_library() {
    let table = [
        (
            "wh/ns/t",
            Read,
            By::Entra,
            "EYO3YKJsCaILlDQUw2Z8DJhbnwz4cRZ6yqk2PqJltWE%3D",
        ),
        (
            "wh/ns/t",
            Read,
            By::Account,
            "V5KVvrwHUOBY9Kubo72yrYq7PjpPHNGprwKICq1BpIM%3D",
        ),
        (
            "wh/ns/t",
            Write,
            By::Entra,
            "Y3ZwAI9RYEW5f/atzmqkeDcrKnZBmgrbiYBYe/WrQIw%3D",
        ),
        (
            "wh/ns/t",
            Write,
            By::Account,
            "aIPuyVNjVamHpaX3H/LKYjKfvWhG1dXGd01%2BMj4IN4M%3D",
        ),
        (
            "wh/ü %20 t",
            Read,
            By::Entra,
            "PgzqZYhN93pUMHKmcd05uNBQEUnqRPIHbIffTxsNQZU%3D",
        ),
        (
            "wh/ü %20 t",
            Read,
            By::Account,
            "WYMl06p4rtaO2%2BbucAZqMVOQXYp1QVix4U7FrHdySZU%3D",
        ),
        (
            "wh/ü %20 t",
            Write,
            By::Entra,
            "wuxmDkiFyWHwIGUjvMUWp/HklKWn/%2BGZoYKJMQ4cE5I%3D",
        ),
        (
            "wh/ü %20 t",
            Write,
            By::Account,
            "qQ3SWF3O7mfmzd/O4qbv9r7HAbIK7Ndvfax05oJGnps%3D",
        ),
        (
            "",
            Read,
            By::Entra,
            "ADXqY49sg2ExcXWJbyIqEvdUDJh5tDvUrVzZGy0Yimw%3D",
        ),
        (
            "",
            Read,
            By::Account,
            "tq0YnXRqoyhgMx1sXytygE8tQrdNwe707ao8v2KJh88%3D",
        ),
    ];
    for (folder, permission, by, signature) in table {
        let token = signed(folder, permission, by);
        let (_, ours) = token.rsplit_once("&sig=").unwrap();
        assert_eq!(ours, signature, "{folder} {permission} {by:?}");
    }
}

/// Expected value from the same library.
#[test]
fn fields_stand_where_azures_own_library_puts_them() {
    assert_eq!(
        signed("wh/ns/t", Write, By::Entra),
        "se=2026-11-21T13%3A00%3A00Z&sp=racwdl&spr=https&sv=2023-11-03\
         &sr=d&sdd=3&skoid=11111111-2222-3333-4444-555555555555&sktid=66666666-7777-8888-9999-000000000000\
         &skt=2026-11-21T11%3A55%3A00Z&ske=2026-11-21T14%3A00%3A00Z&sks=b&skv=2023-11-03\
         &sig=Y3ZwAI9RYEW5f/atzmqkeDcrKnZBmgrbiYBYe/WrQIw%3D"
    );
}

fn asked(path: &str, permission: char) -> Asked<'_> {
    Asked {
        account: "account1",
        filesystem: "lake",
        path,
        permission,
        at: noon(),
    }
}

#[test]
fn the_verifier_allows_the_folder_and_nothing_beside_it() {
    for by in [By::Entra, By::Account] {
        let (read, write) = (signed("wh/t", Read, by), signed("wh/t", Write, by));
        let key = key_of(by);
        for path in ["wh/t", "wh/t/a", "wh/t/data/p=a%2Fb/1.parquet"] {
            for permission in ['r', 'l'] {
                assert_eq!(judge(&read, &key, &asked(path, permission)), Ok(()));
            }
            for permission in ['r', 'a', 'c', 'w', 'd', 'l'] {
                assert_eq!(judge(&write, &key, &asked(path, permission)), Ok(()));
            }
            for permission in ['a', 'c', 'w', 'd'] {
                assert!(judge(&read, &key, &asked(path, permission)).is_err());
            }
            for permission in ['x', 'o', 'p', 'm', 'e', 't', 'y'] {
                assert!(judge(&write, &key, &asked(path, permission)).is_err());
            }
        }
        for path in [
            "wh", "wh/t2", "wh/t2/a", "wh/T/a", "wh/u/t", "wh/t./a", "", "a/wh/t",
        ] {
            assert!(judge(&write, &key, &asked(path, 'r')).is_err(), "{path}");
        }
        for other in [
            Asked {
                account: "account2",
                ..asked("wh/t", 'r')
            },
            Asked {
                filesystem: "lake2",
                ..asked("wh/t", 'r')
            },
            Asked {
                at: noon() + chrono::Duration::hours(1),
                ..asked("wh/t", 'r')
            },
        ] {
            assert!(judge(&write, &key, &other).is_err());
        }
        let stretched = write.replace("13%3A00", "13%3A30");
        assert!(judge(&stretched, &key, &asked("wh/t", 'r')).is_err());
        let widened = write.replace("sdd=2", "sdd=1");
        assert!(judge(&widened, &key, &asked("wh/t", 'r')).is_err());
    }
}

#[test]
fn an_emulator_without_tls_may_be_spoken_to() {
    let grant = Grant {
        account: "a",
        filesystem: "lake",
        folder: "t",
        permission: Read,
        expires_at: noon().into(),
        transport: Transport::Plain,
    };
    let key = Secret::new(ACCOUNT_KEY.to_vec());
    let token = grant.signed_with(SigningKey::Account(&key));
    assert!(!token.expose().contains("spr="), "{token:?}");
}

proptest! {
    #[test]
    fn the_verifier_allows_exactly_what_is_within(folder in "[a-z%. é+&=]{1,6}(/[a-z%. é+&=]{1,6}){0,3}", path in "[a-z%. é+&=]{1,6}(/[a-z%. é+&=]{1,6}){0,4}") {
        for by in [By::Entra, By::Account] {
            let token = signed(&folder, Read, by);
            let inside = format!("{folder}/{path}");
            prop_assert_eq!(judge(&token, &key_of(by), &asked(&inside, 'r')), Ok(()));
            let is_within = path == folder || path.starts_with(&format!("{folder}/"));
            prop_assert_eq!(judge(&token, &key_of(by), &asked(&path, 'r')).is_ok(), is_within);
        }
    }
}
