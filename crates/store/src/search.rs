//! The search for tables and views: which names are candidates, and how the candidates are ranked.

use std::collections::BTreeSet;

use model::{NamespaceId, NamespacePath, TabularId, TabularKind, WarehouseId, fold};
use uuid::Uuid;

/// A search for tables and views of one warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabularSearch {
    /// The warehouse that is searched.
    pub warehouse: WarehouseId,
    /// What is searched for.
    pub wanted: Wanted,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This id: a table, a view, or everything directly in a namespace.
    Id(Uuid),
    /// Names that resemble a text.
    Name(NameLike),
}

/// A typed text, prepared for comparison with names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameLike {
    /// The typed text, folded.
    text: String,
    /// Its trigrams.
    trigrams: Vec<String>,
    /// Sets of trigrams in stages, the strictest stage first. A name with all trigrams of one set is a candidate.
    /// Once [enough](TabularSearch::is_enough) matches are found, the later stages are skipped.
    pub stages: [Vec<Vec<String>>; 6],
}

/// A table or view that a search has found.
#[derive(Debug, Clone)]
pub struct FoundTabular {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// Its name as it was written.
    pub name: String,
    /// The namespace that holds it.
    pub namespace: NamespaceId,
    /// The path of this namespace.
    pub path: NamespacePath,
}

impl TabularSearch {
    /// Most candidates for one set of trigrams.
    pub const CANDIDATES: u32 = 50;
    /// Once this many matches are found, the search does not go on with less strict stages.
    pub const ENOUGH: usize = 10;

    /// A search for a text that a user has typed: an id, the beginning of a name, a misspelt name, or a namespace
    /// and a name.
    pub fn of(warehouse: WarehouseId, text: &str) -> Self {
        let wanted = match Uuid::try_parse(text.trim()) {
            Ok(id) => Wanted::Id(id),
            Err(_) => Wanted::Name(NameLike::of(text.trim())),
        };
        Self { warehouse, wanted }
    }

    /// Whether enough of the candidates match to skip the less strict stages.
    pub fn is_enough<'a>(&self, found: impl Iterator<Item = &'a FoundTabular>) -> bool {
        let like = found.filter(|one| match &self.wanted {
            Wanted::Name(like) => like.likeness(one).is_some(),
            Wanted::Id(_) => true,
        });
        like.take(Self::ENOUGH).count() == Self::ENOUGH
    }

    /// The candidates that match, the best first, each with its distance: from 0 for an exact match to 1 for
    /// nothing in common.
    pub fn rank(&self, found: Vec<FoundTabular>) -> Vec<(f32, FoundTabular)> {
        let Wanted::Name(like) = &self.wanted else {
            return found.into_iter().map(|one| (0.0, one)).collect();
        };
        let mut ranked: Vec<_> = found
            .into_iter()
            .filter_map(|one| Some((like.likeness(&one)?, one)))
            .collect();
        ranked.sort_by(|(a, one), (b, other)| {
            let key = |one: &FoundTabular| (one.name.len(), fold(&one.name), one.id);
            b.shared
                .cmp(&a.shared)
                .then_with(|| key(one).cmp(&key(other)))
        });
        let asked = like.trigrams.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "both have two digits")]
        let distance = |likeness: &Likeness| 1.0 - likeness.shared.min(asked) as f32 / asked as f32;
        ranked
            .into_iter()
            .map(|(likeness, one)| (distance(&likeness), one))
            .collect()
    }
}

/// How well a name matches.
struct Likeness {
    /// How many of the wanted trigrams occur in path and name; the number of wanted trigrams plus one for an exact
    /// match.
    shared: usize,
}

impl NameLike {
    /// How many tenths of the wanted trigrams the name must contain.
    const SHARE: usize = 3;
    /// Most words that get stages of their own; later words are ignored there.
    const WORDS: usize = 3;

    fn of(text: &str) -> Self {
        let text = fold(text);
        let words: Vec<Word> = parts(&text)
            .filter_map(Word::of)
            .take(Self::WORDS)
            .collect();
        let last = text.rsplit_once('.').map(|(_, last)| last);
        let names = [Some(text.as_str()), last].into_iter().flatten();
        let whole = names
            .filter(|name| parts(name).next().is_some())
            .flat_map(|name| {
                let padded = padded(name);
                // The first set stands for the whole name, the second one for its beginning.
                [triples(&padded), triples(padded.trim_end())]
            });
        let of_words =
            |parts: fn(&Word) -> Vec<Vec<String>>| words.iter().flat_map(parts).collect();
        Self {
            trigrams: if words.is_empty() {
                Vec::new()
            } else {
                trigrams(&text).into_iter().collect()
            },
            stages: [
                whole.collect(),
                combinations(&words),
                one_by_its_ends(&words),
                of_words(|word| vec![word.whole()]),
                of_words(|word| vec![word.first.clone(), word.second.clone()]),
                of_words(|word| word.ends().into()),
            ],
            text,
        }
    }

    /// `None` if the name does not match.
    fn likeness(&self, found: &FoundTabular) -> Option<Likeness> {
        let name = fold(&found.name);
        let whole = format!("{}.{name}", fold(&found.path.to_string()));
        if self.text == name || self.text == whole {
            let shared = self.trigrams.len() + 1;
            return Some(Likeness { shared });
        }
        let shared_with = |text: &str| {
            let there = trigrams(text);
            self.trigrams
                .iter()
                .filter(|one| there.contains(*one))
                .count()
        };
        let enough = shared_with(&name) * 10 >= self.trigrams.len() * Self::SHARE;
        let shared = shared_with(&whole);
        (enough && shared > 0).then_some(Likeness { shared })
    }
}

/// A word, split into two halves: a single typing mistake affects only one of them.
struct Word {
    first: Vec<String>,
    second: Vec<String>,
}

impl Word {
    fn of(word: &str) -> Option<Self> {
        let mut first = triples(&format!(" {word} "));
        let second = first.split_off(first.len().div_ceil(2));
        (!second.is_empty()).then_some(Self { first, second })
    }

    fn whole(&self) -> Vec<String> {
        [self.first.as_slice(), &self.second].concat()
    }

    /// The first two and the last two trigrams, which stay the same when letters in the middle are swapped.
    fn ends(&self) -> [Vec<String>; 2] {
        let begin = self.first.iter().take(2).cloned().collect();
        let end = self.second.iter().rev().take(2).cloned().collect();
        [begin, end]
    }
}

/// For each word: all other words as a whole and one end of this word. Few names contain such a set, whereas very
/// many may contain a single common word, so this stage is cheap and finds the best matches.
fn one_by_its_ends(words: &[Word]) -> Vec<Vec<String>> {
    if words.len() < 2 {
        return Vec::new();
    }
    let each = words.iter().enumerate().flat_map(|(at, word)| {
        let others = words
            .iter()
            .enumerate()
            .filter(move |(other, _)| *other != at);
        let others: Vec<String> = others.flat_map(|(_, other)| other.whole()).collect();
        word.ends().map(|end| [others.as_slice(), &end].concat())
    });
    each.collect()
}

/// All combinations of one half of each word.
fn combinations(words: &[Word]) -> Vec<Vec<String>> {
    let (Some((word, rest)), true) = (words.split_first(), words.len() > 1) else {
        return Vec::new();
    };
    let of_rest = match rest {
        [last] => vec![last.first.clone(), last.second.clone()],
        rest => combinations(rest),
    };
    let with = |half: &[String], other: &Vec<String>| [half, other].concat();
    let ways = of_rest
        .iter()
        .flat_map(|other| [with(&word.first, other), with(&word.second, other)]);
    ways.collect()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['_', '-', '.', ' '])
        .filter(|word| !word.is_empty())
}

/// Pads with two blanks on each side and puts one between words, exactly as the migrations of both databases do.
fn padded(text: &str) -> String {
    format!("  {}  ", text.replace(['_', '-', '.'], " "))
}

fn triples(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .windows(3)
        .map(|three| three.iter().collect())
        .collect()
}

fn trigrams(text: &str) -> BTreeSet<String> {
    triples(&padded(text)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, name: &str) -> FoundTabular {
        FoundTabular {
            id: TabularId::generate(),
            kind: TabularKind::Table,
            name: name.to_owned(),
            namespace: NamespaceId::generate(),
            path: NamespacePath::parse(vec![path.to_owned()]).unwrap(),
        }
    }

    fn best<'a>(text: &str, names: &[(&'a str, &'a str)]) -> Vec<String> {
        let search = TabularSearch::of(WarehouseId::generate(), text);
        let found = names.iter().map(|(path, name)| found(path, name)).collect();
        let ranked = search.rank(found);
        ranked
            .into_iter()
            .map(|(_, one)| format!("{}.{}", one.path, one.name))
            .collect()
    }

    #[test]
    fn a_name_is_taken_apart_with_its_ends() {
        assert_eq!(
            triples(&padded("ab_c")),
            ["  a", " ab", "ab ", "b c", " c ", "c  "]
        );
        let nothing = NameLike::of(" ._");
        assert!(nothing.stages.iter().all(Vec::is_empty), "{nothing:?}");
        let [strict, _, mixed, .., loose] = NameLike::of("abcd.e").stages;
        assert!(strict.contains(&triples("  e  ")) && strict.contains(&triples("  abcd e")));
        let begin = vec![" ab".to_owned(), "abc".to_owned()];
        assert!(loose.contains(&begin), "{loose:?}");
        assert!(mixed.is_empty(), "an end alone says too little: {mixed:?}");
        let [_, _, mixed, ..] = NameLike::of("abcd efgh").stages;
        let with_begin = [triples(" efgh "), begin].concat();
        assert!(mixed.contains(&with_begin) && mixed.len() == 4, "{mixed:?}");
    }

    #[test]
    fn however_long_the_text_the_work_is_bounded() {
        let long = "abcdef_".repeat(9);
        let sizes = NameLike::of(&long).stages.map(|stage| stage.len());
        assert_eq!(sizes, [2, 8, 6, 3, 6, 6]);
    }

    #[test]
    fn the_very_name_comes_first_then_the_likest_then_the_shortest() {
        let names = [
            ("a", "orders_old"),
            ("b", "ordres"),
            ("c", "Orders"),
            ("d", "zebra"),
            ("orders", "items"),
        ];
        assert_eq!(
            best("orders", &names),
            ["c.Orders", "a.orders_old", "b.ordres"]
        );
        assert_eq!(best("b.ordres", &names)[0], "b.ordres");
        assert!(best("", &names).is_empty());
    }

    #[test]
    fn the_namespace_decides_between_equal_names() {
        let names = [("lake", "orders"), ("sales", "orders"), ("salt", "orders")];
        assert_eq!(best("sals.orders", &names)[0], "sales.orders");
    }

    #[test]
    fn only_what_is_like_it_is_enough() {
        let search = TabularSearch::of(WarehouseId::generate(), "orders");
        let alike: Vec<_> = (0..10)
            .map(|n| found("a", &format!("orders_{n}")))
            .collect();
        let unlike: Vec<_> = (0..50).map(|n| found("a", &format!("zebra_{n}"))).collect();
        assert!(search.is_enough(unlike.iter().chain(&alike)));
        assert!(!search.is_enough(unlike.iter().chain(&alike[1..])));
    }

    #[test]
    fn what_is_wanted_has_no_distance() {
        let search = TabularSearch::of(WarehouseId::generate(), "ORDERS");
        let ranked = search.rank(vec![found("a", "orders"), found("a", "order")]);
        assert!(ranked[0].0 == 0.0 && ranked[1].0 > 0.0 && ranked[1].0 < 1.0);
    }
}
