//! Which methods an answer carries, for every combination of asked and offered methods.

use super::{AccessDelegation, DelegationMethods};

const NONE: DelegationMethods = DelegationMethods::NONE;
const VENDED: DelegationMethods = DelegationMethods {
    vended_credentials: true,
    ..NONE
};
const SIGNED: DelegationMethods = DelegationMethods {
    remote_signing: true,
    ..NONE
};
const BOTH: DelegationMethods = DelegationMethods {
    vended_credentials: true,
    remote_signing: true,
};

#[test]
fn what_is_asked_and_offered_is_given_and_otherwise_what_is_preferred() {
    let table = [
        // asked, offered, given
        (NONE, BOTH, VENDED),
        (NONE, VENDED, VENDED),
        (NONE, SIGNED, SIGNED),
        (NONE, NONE, NONE),
        (VENDED, BOTH, VENDED),
        (VENDED, VENDED, VENDED),
        (VENDED, SIGNED, SIGNED),
        (VENDED, NONE, NONE),
        (SIGNED, BOTH, SIGNED),
        (SIGNED, VENDED, VENDED),
        (SIGNED, SIGNED, SIGNED),
        (SIGNED, NONE, NONE),
        (BOTH, BOTH, BOTH),
        (BOTH, VENDED, VENDED),
        (BOTH, SIGNED, SIGNED),
        (BOTH, NONE, NONE),
    ];
    for (asked, offered, given) in table {
        let decided = AccessDelegation::Methods(asked).decide(offered);
        assert_eq!(decided, given, "asked {asked:?}, offered {offered:?}");
    }
}

#[test]
fn a_client_with_keys_of_its_own_gets_none() {
    for offered in [NONE, VENDED, SIGNED, BOTH] {
        assert_eq!(AccessDelegation::ClientManaged.decide(offered), NONE);
    }
}
