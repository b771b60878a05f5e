//! Just enough of Rust's lexical grammar to tell code from comments and literals.

/// `text` with comments and string and character literals blanked; line breaks stay, so that
/// line numbers hold.
pub(super) fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (length, keep) = match not_code(rest, out.chars().next_back()) {
            Some(length) => (length, false),
            None => (next.len_utf8(), true),
        };
        let Some((token, tail)) = rest.split_at_checked(length) else {
            break;
        };
        for c in token.chars() {
            out.push(if keep || c == '\n' { c } else { ' ' });
        }
        rest = tail;
    }
    out
}

/// `code` (from [`code_only`]) with each item under `#[cfg(test)]` blanked.
pub(super) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, item)) = rest.split_once(MARK) {
        out.push_str(before);
        let length = item_length(item);
        let Some((item, tail)) = item.split_at_checked(length) else {
            break;
        };
        out.extend(item.chars().filter(|c| *c == '\n'));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Whether `c` may be part of an identifier.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// 1-based numbers of the lines where `word` stands and is not part of a longer name.
pub(super) fn lines_with<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    (1..)
        .zip(code.lines())
        .filter(move |(_, line)| has_word(line, word))
        .map(|(at, _)| at)
}

/// Whether `word` stands in `line` and is not part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

/// The length of the comment or literal that `rest`, which follows `before`, starts with.
fn not_code(rest: &str, before: Option<char>) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(string(rest));
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    if before.is_some_and(is_name) {
        None
    } else {
        raw_string(rest)
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?;
    let body = rest.strip_prefix(prefix)?;
    let hashes = body.chars().take_while(|c| *c == '#').count();
    let start = prefix.len() + hashes + 1;
    if body.chars().nth(hashes) != Some('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let found = rest.get(start..)?.find(&end);
    Some(found.map_or(rest.len(), |at| start + at + end.len()))
}

/// The length of a character literal; `None` for a lifetime, which is code.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let mut closing = if first == '\\' {
        chars.nth(1)?
    } else {
        chars.next()?
    };
    if first != '\\' {
        return (closing.1 == '\'').then_some(closing.0 + 1);
    }
    while closing.1 != '\'' {
        closing = chars.next()?;
    }
    Some(closing.0 + 1)
}

/// The length of an item: up to the end of its first block, or to a `;` before that.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(text: &str) -> String {
        code_only(text)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(squeezed("a // b\nc /* d /* e */ f */ g"), "a c g");
    }

    #[test]
    fn literals_are_not_code() {
        assert_eq!(
            squeezed(r#"a("x \" todo!()", 'y', '\'', '\u{7f}', b"z")"#),
            "a( , , , , b )"
        );
        assert_eq!(squeezed("a(r#\"x \" y\"#, br\"z\")"), "a( , )");
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(
            squeezed("fn f<'a>(x: &'a str) {}"),
            "fn f<'a>(x: &'a str) {}"
        );
    }

    #[test]
    fn a_name_that_ends_in_r_starts_no_raw_string() {
        assert_eq!(squeezed("for\"x\" y"), "for y");
    }

    #[test]
    fn line_numbers_hold() {
        let code = code_only("\"a\nb\"\n/*\n*/ todo!()");
        assert_eq!(lines_with(&code, "todo!").collect::<Vec<_>>(), [4]);
        assert_eq!(lines_with("not_todo!()", "todo!").count(), 0);
        assert_eq!(lines_with("#[ignored]", "#[ignore").count(), 0);
    }

    #[test]
    fn test_items_are_cut_out() {
        let code = "a\n#[cfg(test)]\nmod tests { fn f() { b } }\nc\n#[cfg(test)]\nmod t;\nd";
        assert_eq!(without_tests(code), "a\n\n\nc\n\n\nd");
    }
}
