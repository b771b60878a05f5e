//! Makes display names of claims.

use std::str::FromStr;

use crate::claims::Claims;

/// A template for the display names of users whose tokens have no name: `Service Account {email}`. `{{` and `}}` stand for
/// literal braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The path of a claim.
    Claim(String),
}

/// The text is not a valid template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must have a claim's name in each pair of braces, as in `Service Account {{email}}`, and other braces doubled"
)]
pub struct InvalidTemplate;

impl FromStr for NameTemplate {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '{' => {
                    let mut claim = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(inner) if inner != '{' => claim.push(inner),
                            _ => return Err(InvalidTemplate),
                        }
                    }
                    let claim = claim.trim();
                    if claim.is_empty() {
                        return Err(InvalidTemplate);
                    }
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Claim(claim.to_owned()));
                }
                '}' => return Err(InvalidTemplate),
                other => plain.push(other),
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }
}

impl NameTemplate {
    /// The name; `None` unless the token has all claims of the template and they are texts.
    pub(crate) fn fill(&self, claims: &Claims) -> Option<String> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Claim(path) => claims.text(path),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Option<String> {
        let claims = br#"{"email":"a@b.example","team":{"name":"lake"},"n":1}"#;
        let template: NameTemplate = template.parse().unwrap();
        template.fill(&Claims::parse(claims).unwrap())
    }

    #[test]
    fn claims_fill_their_places() {
        assert_eq!(
            filled("Job {email} of {team.name}").unwrap(),
            "Job a@b.example of lake"
        );
        assert_eq!(filled("{{{email}}}").unwrap(), "{a@b.example}");
        assert_eq!(filled("{{plain}}").unwrap(), "{plain}");
        assert_eq!(filled("{email} {missing}"), None);
        assert_eq!(filled("{n}"), None);
    }

    #[test]
    fn unbalanced_and_empty_braces_are_refused() {
        for wrong in ["{", "}", "{}", "{ }", "{a", "a}", "{a{b}}", "{{a}"] {
            assert!(wrong.parse::<NameTemplate>().is_err(), "{wrong}");
        }
    }
}
