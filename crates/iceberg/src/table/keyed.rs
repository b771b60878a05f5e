//! A list whose entries are replaced and removed by key, in constant time: commits may hold many updates.

use std::collections::HashMap;
use std::hash::Hash;

pub(super) struct Keyed<K, V> {
    /// The keys in the order of the list; removed keys may still be among them.
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

    /// Replaces all values with this key by one value.
    pub(super) fn set(&mut self, key: K, value: V) {
        if self.by_key.insert(key.clone(), vec![value]).is_none() {
            self.order.push(key);
        }
    }

    /// Removes all values with this key. Returns whether there were any.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        self.by_key.remove(key).is_some()
    }

    /// Takes all values, in the order of the list.
    pub(super) fn take_list(&mut self) -> Vec<V> {
        let Self { order, by_key } = self;
        order
            .drain(..)
            .filter_map(|key| by_key.remove(&key))
            .flatten()
            .collect()
    }
}
