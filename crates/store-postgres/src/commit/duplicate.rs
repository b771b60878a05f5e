//! Duplicates within one commit.

use std::collections::HashSet;

use model::TabularId;
use store::Commit;

use crate::row::{self, claims};

/// A duplicate, found without the database. It is reported in the order of the other errors.
pub(super) enum Duplicate {
    Row(TabularId),
    Name(usize),
    Id(TabularId),
    Place { location: String, other: String },
}

impl Duplicate {
    pub(super) fn of(commit: &Commit) -> Option<Self> {
        let mut rows = HashSet::new();
        let replaced = commit.creates.iter().filter_map(|new| new.replaces);
        let touched = commit.swaps.iter().map(|swap| swap.id);
        for id in replaced.map(|at| at.id).chain(touched) {
            if !rows.insert(id) {
                return Some(Self::Row(id));
            }
        }
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for (at, new) in commit.creates.iter().enumerate() {
            if !names.insert((new.namespace, new.name.key())) {
                return Some(Self::Name(at));
            }
            if !ids.insert(new.id) {
                return Some(Self::Id(new.id));
            }
        }
        Self::of_places(&claims(commit).map(|(_, claim)| claim).collect::<Vec<_>>())
    }

    fn of_places(claims: &[&str]) -> Option<Self> {
        let mut all = HashSet::new();
        for claim in claims {
            if !all.insert(*claim) {
                let (location, other) = ((*claim).to_owned(), (*claim).to_owned());
                return Some(Self::Place { location, other });
            }
        }
        claims.iter().find_map(|claim| {
            let mut above = row::at_and_above(claim).filter(|above| above != claim);
            let other = above.find(|above| all.contains(above))?.to_owned();
            let location = (*claim).to_owned();
            Some(Self::Place { location, other })
        })
    }
}
