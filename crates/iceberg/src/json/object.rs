//! Splits a JSON object one level deep: known members are taken by name, the rest is kept.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{Extra, Raw};
use crate::error::ParseError;

/// The members of one JSON object, borrowed from its text.
///
/// A key may occur once only: two readers of `{"a":1,"a":2}` may disagree on `a`, and a catalog must not
/// hand out metadata on which its clients disagree.
pub(crate) struct Object<'a> {
    what: &'static str,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Splits `text`; `what` names the object in error messages.
    pub(crate) fn parse(what: &'static str, text: &'a str) -> Result<Self, ParseError> {
        Self::parse_with_array(what, text, "").map(|(object, _)| object)
    }

    /// Splits `text` and, in the same pass, its array member `key`, which is expected to hold most of the text.
    /// The array is empty if the member is missing or `null`.
    pub(crate) fn parse_with_array(
        what: &'static str,
        text: &'a str,
        key: &str,
    ) -> Result<(Self, Vec<&'a RawValue>), ParseError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut array = None;
        let members = Split {
            key,
            array: &mut array,
        }
        .deserialize(&mut json)
        .and_then(|members| json.end().map(|()| members))
        .map_err(|error| ParseError::new(what, error))?;
        if let Some(key) = repeated(&members) {
            let problem = format_args!("the key `{key}` occurs more than once");
            return Err(ParseError::new(what, problem));
        }
        Ok((Self { what, members }, array.unwrap_or_default()))
    }

    /// An error about this object.
    pub(crate) fn error(&self, problem: impl fmt::Display) -> ParseError {
        ParseError::new(self.what, problem)
    }

    /// Removes and returns a member; a `null` is the same as no member.
    pub(crate) fn raw(&mut self, key: &str) -> Option<&'a RawValue> {
        let at = self.members.iter().position(|(k, _)| k == key)?;
        let (_, value) = self.members.remove(at);
        (value.get() != "null").then_some(value)
    }

    /// Like [`Self::raw`], but the member must be there.
    pub(crate) fn require_raw(&mut self, key: &str) -> Result<&'a RawValue, ParseError> {
        self.raw(key).ok_or_else(|| self.missing(key))
    }

    /// A member as `T`, if there is one that is not `null`.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, ParseError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        serde_json::from_str(value.get())
            .map(Some)
            .map_err(|error| self.wrong(key, value.get(), &error))
    }

    /// A member as `T`.
    pub(crate) fn require<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, ParseError> {
        self.optional(key)?.ok_or_else(|| self.missing(key))
    }

    /// The elements of an array member; `None` if the member is missing or `null`.
    pub(crate) fn array(&mut self, key: &str) -> Result<Option<Vec<&'a RawValue>>, ParseError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        elements(value.get())
            .map(Some)
            .map_err(|error| self.wrong(key, value.get(), &error))
    }

    /// The elements of an array member that must be there.
    pub(crate) fn require_array(&mut self, key: &str) -> Result<Vec<&'a RawValue>, ParseError> {
        self.array(key)?.ok_or_else(|| self.missing(key))
    }

    /// The members that have not been taken, in order.
    pub(crate) fn rest(self) -> Extra {
        self.members
            .into_iter()
            .map(|(key, value)| (key.into_owned(), Raw::from(value)))
            .collect()
    }

    /// Every member, in order.
    pub(crate) fn into_members(self) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        self.members
    }

    /// An error about a member that is not there.
    pub(crate) fn missing(&self, key: &str) -> ParseError {
        self.error(format_args!("the field `{key}` is missing"))
    }

    fn wrong(&self, key: &str, value: &str, error: &serde_json::Error) -> ParseError {
        let shown: String = value.chars().take(60).collect();
        let dots = if shown.len() < value.len() { "…" } else { "" };
        self.error(format_args!(
            "the field `{key}` is `{shown}{dots}`: {error}"
        ))
    }
}

/// The elements of an array, as text.
pub(crate) fn elements(text: &str) -> Result<Vec<&RawValue>, serde_json::Error> {
    serde_json::from_str(text)
}

fn repeated<'m>(members: &'m [(Cow<'_, str>, &RawValue)]) -> Option<&'m str> {
    if members.len() <= 12 {
        // With so few members, comparing all pairs is quicker than hashing.
        let mut pairs = members.iter().enumerate();
        let twin = pairs.find(|(at, (key, _))| members.iter().take(*at).any(|(k, _)| k == key));
        return twin.map(|(_, (key, _))| key.as_ref());
    }
    let mut seen = HashSet::with_capacity(members.len());
    members
        .iter()
        .map(|(key, _)| key.as_ref())
        .find(|key| !seen.insert(*key))
}

type Members<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Reads an object's members, except that the elements of the array member `key` go to `array`. An empty
/// `key` selects no member.
struct Split<'k, 'o, 'a> {
    key: &'k str,
    array: &'o mut Option<Vec<&'a RawValue>>,
}

impl<'de> DeserializeSeed<'de> for Split<'_, '_, 'de> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Split<'_, '_, 'de> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            if self.key.is_empty() || key != self.key {
                members.push((key, map.next_value()?));
                continue;
            }
            let elements: Option<Vec<&'de RawValue>> = map
                .next_value()
                .map_err(|error| A::Error::custom(format_args!("the field `{key}`: {error}")))?;
            if self.array.replace(elements.unwrap_or_default()).is_some() {
                let problem = format_args!("the key `{key}` occurs more than once");
                return Err(A::Error::custom(problem));
            }
        }
        Ok(members)
    }
}

/// A key that is borrowed unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_and_the_rest_is_kept_in_order() {
        let mut object = Object::parse(
            "thing",
            r#"{"z":1e400,"id":7,"a":{"k\u0041":[ 1 ]},"n":null}"#,
        )
        .unwrap();
        assert_eq!(object.require::<i32>("id").unwrap(), 7);
        assert_eq!(object.optional::<i32>("n").unwrap(), None);
        let rest = object.rest();
        let shown: Vec<_> = rest.iter().map(|(k, v)| (k.as_str(), v.get())).collect();
        assert_eq!(shown, [("z", "1e400"), ("a", r#"{"k\u0041":[ 1 ]}"#)]);
    }

    #[test]
    fn errors_name_the_object_the_field_and_the_value() {
        let parse = |text| Object::parse("thing", text);
        let message = parse(r#"{"id":99999999999}"#)
            .unwrap()
            .require::<i32>("id")
            .unwrap_err();
        assert!(
            message
                .to_string()
                .starts_with("invalid thing: the field `id` is `99999999999`")
        );
        let message = parse("{}").unwrap().require::<i32>("id").unwrap_err();
        assert_eq!(
            message.to_string(),
            "invalid thing: the field `id` is missing"
        );
        let message = parse(r#"{"a":1,"\u0061":2}"#).err().unwrap();
        assert_eq!(
            message.to_string(),
            "invalid thing: the key `a` occurs more than once"
        );
        assert!(parse("[]").is_err());
    }
}
