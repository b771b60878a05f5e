//! The route of a request, and the parameters that its path has there.

use std::borrow::Cow;

use axum::extract::MatchedPath;
use http::request::Parts;
use http::{Extensions, Uri};
use percent_encoding::percent_decode_str;

use crate::error::{ApiError, ApiResult};

/// Most parameters of a path: a warehouse, a namespace and something in it.
const MOST: usize = 3;

/// A route that is compared with a path directly.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As the router spells it.
    pub(crate) route: &'static str,
    /// The route up to its first parameter.
    pub(crate) start: &'static str,
    /// The names of the parameters, each with the text that follows it.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
}

/// Where the parameters of a path begin and end.
pub(crate) type Places = [(usize, usize); MOST];

impl Pattern {
    /// Where the parameters are in the path; `None` if the path is not one of this route. A parameter is a whole segment that is
    /// not empty, as for the router.
    pub(crate) fn places(&self, path: &str) -> Option<Places> {
        let mut places = [(0, 0); MOST];
        let mut rest = path.strip_prefix(self.start)?;
        for (place, (_, literal)) in places.iter_mut().zip(self.parameters) {
            let start = path.len() - rest.len();
            let length = rest.bytes().position(|byte| byte == b'/');
            let length = length.unwrap_or(rest.len());
            if length == 0 {
                return None;
            }
            *place = (start, start + length);
            rest = rest.get(length..)?.strip_prefix(literal)?;
        }
        rest.is_empty().then_some(places)
    }
}

/// The route of a request.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// Found without the router.
    Direct(&'static Pattern, Places),
    /// Found by the router.
    Routed(MatchedPath),
}

impl Route {
    /// `None` if nothing is served at the request's path.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        let direct = extensions.get::<Self>().cloned();
        direct.or_else(|| extensions.get::<MatchedPath>().cloned().map(Self::Routed))
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Direct(pattern, _) => pattern.route,
            Self::Routed(matched) => matched.as_str(),
        }
    }
}

/// The route of a request as a text; `None` if nothing is served at the request's path.
pub(crate) fn route(extensions: &Extensions) -> Option<&str> {
    match extensions.get::<Route>() {
        Some(route) => Some(route.as_str()),
        None => extensions.get::<MatchedPath>().map(MatchedPath::as_str),
    }
}

/// The parameters of a path, by their names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a> {
    /// Names and values as they were sent; unused places have an empty name.
    sent: [(&'a str, &'a str); MOST],
}

impl<'a> Params<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self::at(&parts.extensions, &parts.uri)
    }

    /// The same from the parts of a request.
    pub(crate) fn at(extensions: &'a Extensions, uri: &'a Uri) -> Self {
        let path = uri.path();
        match extensions.get() {
            Some(Route::Direct(pattern, places)) => Self::placed(pattern, places, path),
            _ => Self::compared(route(extensions).unwrap_or_default(), path),
        }
    }

    fn placed(pattern: &'static Pattern, places: &Places, path: &'a str) -> Self {
        let mut sent = [("", ""); MOST];
        let named = pattern.parameters.iter().zip(places);
        for (one, ((name, _), (start, end))) in sent.iter_mut().zip(named) {
            *one = (name, path.get(*start..*end).unwrap_or_default());
        }
        Self { sent }
    }

    fn compared(route: &'a str, path: &'a str) -> Self {
        let mut sent = [("", ""); MOST];
        let parameters = route.split('/').zip(path.split('/'));
        let parameters = parameters.filter_map(|(name, value)| {
            let name = name.strip_prefix('{')?.strip_suffix('}')?;
            Some((name, value))
        });
        for (one, parameter) in sent.iter_mut().zip(parameters) {
            *one = parameter;
        }
        Self { sent }
    }

    /// The parameter, decoded; `None` if the route does not have it. A `+` is read as a space, because Java's clients encode
    /// spaces in a path so.
    pub(crate) fn find(&self, name: &str) -> ApiResult<Option<Cow<'a, str>>> {
        let Some((_, sent)) = self.sent.iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        decoded(sent).map(Some).ok_or_else(|| {
            ApiError::bad_request(format!("`{name}` in the path is not UTF-8 after decoding"))
        })
    }

    /// The parameter, decoded.
    pub(crate) fn get(&self, name: &str) -> ApiResult<Cow<'a, str>> {
        let found = self.find(name)?;
        found.ok_or_else(|| ApiError::bad_request(format!("the path has no `{name}`")))
    }
}

fn decoded(sent: &str) -> Option<Cow<'_, str>> {
    let has = |byte| sent.as_bytes().contains(&byte);
    match (has(b'%'), has(b'+')) {
        (false, false) => Some(Cow::Borrowed(sent)),
        (true, false) => percent_decode_str(sent).decode_utf8().ok(),
        // Before it is decoded: after that, `+` and `%2B` look the same.
        (_, true) => {
            let spaced = sent.replace('+', " ");
            let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
            Some(Cow::Owned(decoded.into_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_segments_in_which_a_plus_is_a_space() {
        let route = "/catalog/v1/{prefix}/namespaces/{namespace}/tables";
        let path = "/catalog/v1/a%2Fb/namespaces/c+d%2B%1Fe/tables";
        let params = Params::compared(route, path);
        assert_eq!(params.get("prefix").unwrap(), "a/b");
        assert_eq!(params.get("namespace").unwrap(), "c d+\u{1f}e");
        assert_eq!(params.find("table").unwrap(), None);
        params.get("table").unwrap_err();
    }

    #[test]
    fn a_parameter_that_is_not_utf_8_is_refused() {
        let params = Params::compared("/catalog/v1/{prefix}", "/catalog/v1/%FF");
        params.get("prefix").unwrap_err();
    }

    #[test]
    fn there_is_a_place_for_each_parameter() {
        let described = crate::router::catalog_routes().described();
        for path in described.paths.paths.keys() {
            assert!(path.matches('{').count() <= MOST, "{path}");
        }
    }

    #[test]
    fn a_pattern_has_a_whole_segment_for_each_parameter() {
        static PATTERN: Pattern = Pattern {
            route: "/a/{b}/c/{d}",
            start: "/a/",
            parameters: &[("b", "/c/"), ("d", "")],
        };
        let of = |path| {
            let places = PATTERN.places(path)?;
            let params = Params::placed(&PATTERN, &places, path);
            Some((params.get("b").ok()?, params.get("d").ok()?))
        };
        assert_eq!(of("/a/x/c/y%2Fz"), Some(("x".into(), "y/z".into())));
        for other in [
            "/a/x/c/",
            "/a//c/y",
            "/a/x/c/y/",
            "/a/x/c/y/z",
            "/a/x/y/c/z",
            "/a/x/c",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
