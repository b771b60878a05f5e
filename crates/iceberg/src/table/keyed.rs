//! A list whose entries are replaced and removed by key, in constant time: commits may hold many updates.

use std::collections::HashMap;
use std::hash::Hash;

pub(super) struct Keyed<K, V> {
    /// Keys in the order of the list; one that was removed may still be here.
    order: Vec<K>,
    by_key: HashMap<K, Vec<V>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Keyed<K, V> {
    pub(super) fn new(list: &[V], key: impl Fn(&V) -> K) -> Self {
        let mut keyed = Self {
            order: Vec::new(),
            by_key: HashMap::new(),
        };
        for value in list {
            keyed.order.push(key(value));
            keyed
                .by_key
                .entry(key(value))
                .or_default()
                .push(value.clone());
        }
        keyed
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// Puts a value in the place of all those with its key.
    pub(super) fn set(&mut self, key: K, value: V) {
        if self.by_key.insert(key.clone(), vec![value]).is_none() {
            self.order.push(key);
        }
    }

    /// Whether there was anything to remove.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        self.by_key.remove(key).is_some()
    }

    /// Empties it.
    pub(super) fn take_list(&mut self) -> Vec<V> {
        let Self { order, by_key } = self;
        order
            .drain(..)
            .filter_map(|key| by_key.remove(&key))
            .flatten()
            .collect()
    }
}
