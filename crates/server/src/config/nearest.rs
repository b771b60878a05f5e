//! Suggestions for mistyped names.

/// The candidate with the fewest edits from `name`, if these are few enough for a typing error.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let bound = (name.len() / 4).clamp(1, 4);
    let rated = candidates.map(|candidate| (distance(name, candidate), candidate));
    let best = rated.min()?;
    (best.0 <= bound).then_some(best.1)
}

/// The number of characters to insert, remove, replace or swap with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (row, here) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, there) in to.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(here != *there);
            let mut least = replaced
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let left = column.checked_sub(1).and_then(|left| to.get(left));
            if previous == Some(*there) && left == Some(&here) {
                least = least.min(at(&before_last, column - 1).saturating_add(1));
            }
            current.push(least);
        }
        previous = Some(here);
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("", "ab", 2),
            ("abc", "abd", 1),
            ("abc", "bac", 1),
            ("abc", "abcd", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["LISTEN_PORT", "BASE_URI", "PG_PORT"];
        assert_eq!(
            nearest("LISTENPORT", names.into_iter()),
            Some("LISTEN_PORT")
        );
        assert_eq!(nearest("BASE_URL", names.into_iter()), Some("BASE_URI"));
        assert_eq!(nearest("SOMETHING_ELSE", names.into_iter()), None);
        assert_eq!(nearest("X", [].into_iter()), None);
    }
}
