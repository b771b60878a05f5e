//! The paging of lists.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::ListQuery;
use model::{Excerpt, PageRequest, PageSize, PageToken};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Which page of a list to answer.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Where the page starts: empty for the first page, then the `next-page-token` of the last answer. Without it, the whole list
    /// is answered at once.
    pub(crate) page_token: Option<String>,
    /// How many items the page may have at most. Ignored without `pageToken`.
    pub(crate) page_size: Option<u64>,
}

impl PageQuery {
    /// The query of a list that is answered in pages only, because it may be very long. Without a token: the first page.
    pub(crate) fn always(page_token: Option<String>, page_size: Option<u64>) -> Self {
        Self {
            page_token: Some(page_token.unwrap_or_default()),
            page_size,
        }
    }

    /// Decodes the token. Without a token, even with a size, the query asks for everything, as the specification has it: a client
    /// that does not page must not take a part for the whole list.
    pub(crate) fn decode(&self, app: &App) -> ApiResult<ListQuery> {
        match self.page_token {
            None => Ok(ListQuery::Everything),
            Some(_) => self.decode_page(app).map(ListQuery::Page),
        }
    }

    /// Decodes the token for a list that is answered in pages only: without a token, the first page.
    pub(crate) fn decode_page(&self, app: &App) -> ApiResult<PageRequest> {
        let after = match self.page_token.as_deref() {
            None | Some("") => None,
            Some(token) => Some(decode_token(token)?),
        };
        let (default, max) = (app.settings.page_size_default, app.settings.page_size_max);
        let size = PageSize::clamped(self.page_size.unwrap_or(default).min(max));
        Ok(PageRequest { after, size })
    }
}

fn decode_token(token: &str) -> ApiResult<PageToken> {
    let key = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let key = key.filter(|key| !key.contains('\0'));
    key.map(PageToken::after).ok_or_else(|| {
        let shown = Excerpt(token);
        let message = format!("`pageToken` `{shown}` was not returned by a list");
        ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "InvalidPaginationToken",
            message,
        )
    })
}

/// The token in the opaque form that clients get.
pub(crate) fn encode_token(token: &PageToken) -> String {
    URL_SAFE_NO_PAD.encode(token.as_key())
}

/// The decoded values of all occurrences of a key in a query string.
pub(crate) fn query_values(query: &str, key: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value.replace('+', " "));
    values
        .map(|value| {
            percent_encoding::percent_decode_str(&value)
                .decode_utf8_lossy()
                .into_owned()
        })
        .collect()
}
