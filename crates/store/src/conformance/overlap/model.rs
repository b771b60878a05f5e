//! A model in memory of who owns which location: what a store must allow and refuse.

use std::collections::{BTreeMap, BTreeSet};

use model::{TabularId, Version};

/// The numbers of a namespace and of a name in it.
pub(super) type Slot = (usize, usize);

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: TabularId,
    pub(super) version: Version,
    pub(super) present: String,
    /// Its present and former locations.
    pub(super) places: BTreeSet<String>,
}

/// All entries and purges.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<Slot, Entry>,
    /// The locations that are to be purged; a location may occur twice.
    pub(super) purging: Vec<String>,
}

/// A table or view to create.
#[derive(Debug, Clone)]
pub(super) struct Creation {
    pub(super) slot: Slot,
    pub(super) id: TabularId,
    pub(super) place: String,
    /// Whether the entry in the slot is removed first.
    pub(super) replaces: bool,
}

/// The result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    NameTaken,
    LocationTaken,
}

/// Whether the locations are equal or one lies in the other.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let is_in = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_in(one, other) || is_in(other, one)
}

impl Model {
    /// Makes all creations and moves, or none.
    pub(super) fn commit(&mut self, creations: &[Creation], moves: &[(Slot, String)]) -> Outcome {
        let mut left = self.entries.clone();
        for creation in creations.iter().filter(|creation| creation.replaces) {
            left.remove(&creation.slot);
        }
        let mut slots: BTreeSet<Slot> = left.keys().copied().collect();
        if creations
            .iter()
            .any(|creation| !slots.insert(creation.slot))
        {
            return Outcome::NameTaken;
        }
        let created = creations
            .iter()
            .map(|creation| (creation.slot, &creation.place));
        let moved = moves.iter().map(|(slot, place)| (*slot, place));
        let claims: Vec<(Slot, &String)> = created.chain(moved).collect();
        for (at, (owner, claim)) in claims.iter().enumerate() {
            let others = left.iter().filter(|(slot, _)| *slot != owner);
            let mut taken = others
                .flat_map(|(_, entry)| &entry.places)
                .chain(&self.purging)
                .chain(claims.iter().skip(at + 1).map(|(_, twin)| *twin));
            if taken.any(|place| overlap(place, claim)) {
                return Outcome::LocationTaken;
            }
        }
        for creation in creations {
            let entry = Entry {
                id: creation.id,
                version: Version::FIRST,
                present: creation.place.clone(),
                places: BTreeSet::from([creation.place.clone()]),
            };
            left.insert(creation.slot, entry);
        }
        for (slot, place) in moves {
            let entry = left.get_mut(slot).unwrap();
            entry.version = entry.version.next();
            entry.present.clone_from(place);
            entry.places.insert(place.clone());
        }
        self.entries = left;
        Outcome::Done
    }

    /// Gives the entry in the slot `from` another name.
    pub(super) fn rename(&mut self, from: Slot, to: Slot) -> Outcome {
        if from != to && self.entries.contains_key(&to) {
            return Outcome::NameTaken;
        }
        let mut entry = self.entries.remove(&from).unwrap();
        entry.version = entry.version.next();
        self.entries.insert(to, entry);
        Outcome::Done
    }

    /// Removes the entry in the slot.
    pub(super) fn drop(&mut self, slot: Slot) {
        self.entries.remove(&slot);
    }

    /// Ends one purge of this location.
    pub(super) fn end_purge(&mut self, place: &str) {
        let at = self.purging.iter().position(|waiting| waiting == place);
        self.purging.swap_remove(at.unwrap());
    }

    /// The entry in whose location this one lies, and the innermost such location.
    pub(super) fn find(&self, location: &str) -> Option<(TabularId, &str)> {
        let around = |place: &&String| overlap(place, location) && place.len() <= location.len();
        let places = self
            .entries
            .values()
            .flat_map(|entry| entry.places.iter().map(|place| (entry.id, place)))
            .filter(|(_, place)| around(place));
        let innermost = places.max_by_key(|(_, place)| place.len());
        innermost.map(|(id, place)| (id, place.as_str()))
    }
}
