//! Operations on the feed of events.

pub(crate) mod dead_letters;
pub(crate) mod list;

use model::{PageRequest, PageSize, PageToken};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{PageQuery, encode_token};

/// A position in a list without an end, and how many entries to answer from there.
struct Part {
    after: Option<i64>,
    limit: u32,
}

/// Decodes the paging parameters of a list that is always paged and has no last page. Its page token is the sequence number of
/// the last entry on the previous page.
fn part(app: &App, page_token: Option<String>, page_size: Option<u64>) -> ApiResult<Part> {
    let page = PageQuery {
        page_token: Some(page_token.unwrap_or_default()),
        page_size,
    };
    let PageRequest { after, size } = match page.decode(app)? {
        catalog::ListQuery::Page(page) => page,
        catalog::ListQuery::Everything => PageRequest {
            after: None,
            size: PageSize::clamped(app.settings.page_size_default),
        },
    };
    let number = |token: PageToken| {
        let number = token.as_key().parse::<i64>().ok();
        number.filter(|number| *number >= 0).ok_or_else(|| {
            let message = "`pageToken` was not returned by this list";
            let status = http::StatusCode::BAD_REQUEST;
            ApiError::new(status, "InvalidPaginationToken", message)
        })
    };
    Ok(Part {
        after: after.map(number).transpose()?,
        limit: size.items(),
    })
}

fn token(number: i64) -> String {
    encode_token(&PageToken::after(number.to_string()))
}
