//! Reads the claims of a token.

use model::Timestamp;
use serde_json::{Map, Value};

use crate::Refusal;

/// How far a provider's clock may differ from this process's clock, in seconds.
const SKEW_SECONDS: i64 = 60;

/// The claims of a token.
#[derive(Debug, Clone)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(json)
            .map(Self)
            .map_err(|_| Refusal::Malformed("its claims are not a JSON object"))
    }

    /// The claim named `path`, or, if there is none, the value at this path of nested claims:
    /// `resource_access.catalog.roles`.
    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        if let Some(whole) = self.0.get(path) {
            return Some(whole);
        }
        let mut levels = path.split('.');
        let first = self.0.get(levels.next()?)?;
        levels.try_fold(first, |value, level| value.get(level))
    }

    /// The text of a claim, trimmed; `None` if it is no text or an empty one.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn issuer(&self) -> Result<&str, Refusal> {
        self.text("iss")
            .ok_or_else(|| Refusal::claim("iss", "is missing or no text"))
    }

    /// The token's audiences: `aud` is one text or an array of several (RFC 7519 section 4.1.3).
    pub(crate) fn audiences(&self) -> Vec<&str> {
        texts(self.0.get("aud"))
    }

    /// Whether the token has the scope: in `scope` (RFC 8693), or in `scp`, which Microsoft Entra and Okta use.
    pub(crate) fn has_scope(&self, wanted: &str) -> bool {
        let claims = ["scope", "scp"].map(|claim| texts(self.0.get(claim)));
        let mut all = claims.iter().flatten().flat_map(|text| text.split(' '));
        all.any(|scope| scope == wanted)
    }

    /// The texts of a claim that is one text or an array; `None` if there is no such claim.
    pub(crate) fn texts(&self, path: &str) -> Option<Vec<&str>> {
        self.at(path).map(|value| texts(Some(value)))
    }

    /// When the token expires, clock skew included; refused if it has expired or is not valid yet.
    pub(crate) fn end(&self, now: Timestamp) -> Result<Timestamp, Refusal> {
        let now = now.as_s();
        let end = self
            .seconds("exp")?
            .ok_or_else(|| Refusal::claim("exp", "is missing"))?;
        if end.saturating_add(SKEW_SECONDS) <= now {
            return Err(Refusal::Expired(now.saturating_sub(end)));
        }
        if let Some(start) = self.seconds("nbf")?
            && start.saturating_sub(SKEW_SECONDS) > now
        {
            return Err(Refusal::NotYetValid(start.saturating_sub(now)));
        }
        let end = end.saturating_add(SKEW_SECONDS).saturating_mul(1_000);
        Ok(Timestamp::from_ms(end))
    }

    /// A time claim in seconds since 1970, without its fraction (RFC 7519 section 2).
    fn seconds(&self, claim: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.0.get(claim) else {
            return Ok(None);
        };
        let whole = value.as_i64().or_else(|| {
            let number = value.as_f64()?;
            // 2^53: below it, an `f64` is exact to the second.
            let fits = number.abs() < 9_007_199_254_740_992.0;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it fits; the fraction is cut off"
            )]
            fits.then_some(number as i64)
        });
        let problem = "is no number of seconds";
        whole
            .map(Some)
            .ok_or_else(|| Refusal::claim(claim, problem))
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(json: &Value) -> Claims {
        Claims::parse(json.to_string().as_bytes()).unwrap()
    }

    const NOW: Timestamp = Timestamp::from_ms(1_000_000_000);

    #[test]
    fn a_name_with_dots_wins_over_a_path() {
        let claims =
            claims(&json!({ "a": { "b": "path" }, "https://x.example/y": "name", "c.d": "e" }));
        assert_eq!(claims.text("a.b"), Some("path"));
        assert_eq!(claims.text("https://x.example/y"), Some("name"));
        assert_eq!(claims.text("c.d"), Some("e"));
        assert_eq!(claims.text("a.c"), None);
        assert_eq!(claims.text("a"), None);
    }

    #[test]
    fn a_token_counts_from_its_start_to_its_end_give_or_take_a_minute() {
        for (exp, nbf, counts) in [
            (1_000_001, 0, true),
            (999_941, 0, true),
            (999_940, 0, false),
            (1_000_100, 1_000_060, true),
            (1_000_100, 1_000_061, false),
            (i64::MIN, 0, false),
            (i64::MAX, i64::MAX, false),
            (i64::MAX, 0, true),
        ] {
            let end = claims(&json!({ "exp": exp, "nbf": nbf })).end(NOW);
            assert_eq!(end.is_ok(), counts, "{exp} {nbf}: {end:?}");
        }
        assert!(claims(&json!({ "exp": 1_000_000.7 })).end(NOW).is_ok());
        for wrong in [
            json!({}),
            json!({ "exp": "1000100" }),
            json!({ "exp": 1e300 }),
        ] {
            assert!(claims(&wrong).end(NOW).is_err(), "{wrong}");
        }
    }

    #[test]
    fn audiences_and_scopes_are_one_or_several() {
        assert_eq!(claims(&json!({ "aud": "a" })).audiences(), ["a"]);
        assert_eq!(
            claims(&json!({ "aud": ["a", 1, "b"] })).audiences(),
            ["a", "b"]
        );
        assert!(
            claims(&json!({ "aud": { "a": "b" } }))
                .audiences()
                .is_empty()
        );
        for has in [
            json!({ "scope": "x lakekeeper" }),
            json!({ "scp": ["lakekeeper"] }),
        ] {
            assert!(claims(&has).has_scope("lakekeeper"), "{has}");
        }
        for lacks in [
            json!({}),
            json!({ "scope": "lakekeeper2" }),
            json!({ "scope": 1 }),
        ] {
            assert!(!claims(&lacks).has_scope("lakekeeper"), "{lacks}");
        }
    }
}
