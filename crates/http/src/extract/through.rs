//! The views through which an engine came to the table or view that it loads: `referenced-by`.

use axum::extract::FromRequestParts;
use catalog::Request;
use http::StatusCode;
use http::request::Parts;
use model::{Excerpt, Name, SEPARATOR, TabularPath};

use super::{ReadRequest, namespace_of_text, nul};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

const PARAMETER: &str = "referenced-by";

/// A request that changes nothing, with the views that its `referenced-by` names.
#[derive(Debug)]
pub(crate) struct ReadRequestThrough(pub(crate) Request);

impl FromRequestParts<App> for ReadRequestThrough {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        nul::refuse_in_address(&parts.uri)?;
        let ReadRequest(mut request) = ReadRequest::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or_default();
        request.referenced_by = views(query, app.catalog.settings().max_referencing_views)?;
        Ok(Self(request))
    }
}

/// The views in a query, the outermost first: identifiers separated by commas, each of them the levels of a namespace and a
/// name, joined by `%1F`.
///
/// The list is split before it is decoded, because a comma in a name is sent as `%2C`.
pub(crate) fn views(query: &str, most: usize) -> ApiResult<Vec<TabularPath>> {
    let mut given = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == PARAMETER && !value.is_empty()).then_some(value)
    });
    let (Some(chain), again) = (given.next(), given.next()) else {
        return Ok(Vec::new());
    };
    if again.is_some() {
        let message =
            format!("`{PARAMETER}` is given more than once; write one comma-separated list");
        return Err(ApiError::bad_request(message));
    }
    let depth = chain.split(',').count();
    if depth > most {
        let message = format!(
            "`{PARAMETER}` has {depth} views; at most {most} are allowed (`LAKEKEEPER__REFERENCED_BY__MAX_NESTING_DEPTH`)"
        );
        let kind = "ReferencedByDepthExceeded";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, kind, message));
    }
    let mut views: Vec<TabularPath> = Vec::with_capacity(depth);
    for text in chain.split(',') {
        let view = view(text)?;
        let is_same = |other: &TabularPath| {
            other.namespace.key() == view.namespace.key() && other.name.key() == view.name.key()
        };
        if views.iter().any(is_same) {
            let message = format!(
                "`{PARAMETER}` leads through view `{view}` twice, and no view can be read through itself"
            );
            return Err(ApiError::bad_request(message));
        }
        views.push(view);
    }
    Ok(views)
}

fn view(text: &str) -> ApiResult<TabularPath> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded
        .map_err(|_| ApiError::bad_request(format!("`{PARAMETER}` is not UTF-8 after decoding")))?;
    let Some((namespace, name)) = decoded.rsplit_once(SEPARATOR) else {
        let shown = Excerpt(&decoded);
        let message = format!(
            "`{shown}` in `{PARAMETER}` must be the levels of a namespace and the name of a view, joined by `%1F`"
        );
        return Err(ApiError::bad_request(message));
    };
    Ok(TabularPath {
        namespace: namespace_of_text(namespace)?,
        name: Name::parse("view", name)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Vec<String>, String> {
        let query = format!("snapshots=all&{PARAMETER}={value}");
        let views = views(&query, 3).map_err(|error| format!("{error:?}"))?;
        let text = |path: &TabularPath| {
            let mut levels = path.namespace.levels().to_vec();
            levels.push(path.name.as_str().to_owned());
            levels.join("|")
        };
        Ok(views.iter().map(text).collect())
    }

    #[test]
    fn views_are_divided_by_commas_and_names_by_separators() {
        for (value, expected) in [
            ("", vec![]),
            ("a%1Fv", vec!["a|v"]),
            ("a%1Fb%1Fv,c%1fw", vec!["a|b|v", "c|w"]),
            ("a.b%1Fv.w", vec!["a.b|v.w"]),
            ("a%1Fv%2Cw", vec!["a|v,w"]),
            ("a+b%1Fv%2Bw", vec!["a b|v+w"]),
            ("a%1F%E3%83%86", vec!["a|テ"]),
        ] {
            assert_eq!(read(value).unwrap(), expected, "{value}");
        }
        assert!(views("", 3).unwrap().is_empty());
        assert!(views("x-referenced-by=a%1Fv", 3).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_a_way_through_views_is_refused() {
        for (value, part) in [
            ("v", "%1F"),
            ("a%1Fv,", "%1F"),
            ("a%1F", "view"),
            ("%1Fv", "namespace"),
            ("a%1F%1Fv", "namespace"),
            ("a%1F%FF", "UTF-8"),
            ("a%1Fv,b%1Fw,A%1FV", "twice"),
            ("a%1Fv&referenced-by=a%1Fw", "more than once"),
            (
                "a%1Fv,a%1Fw,a%1Fx,a%1Fy",
                "has 4 views; at most 3 are allowed",
            ),
        ] {
            let refused = read(value).unwrap_err();
            assert!(refused.contains(part), "{value}: {refused}");
        }
    }
}
