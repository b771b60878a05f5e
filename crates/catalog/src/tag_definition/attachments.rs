//! Lists what a tag is attached to.

use authz::TagAction;
use model::{Page, PageRequest, PageToken, TagDefinitionId, TagId};
use store::{TagAttachment, TagFilter};

use super::load::require;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// The things that the tag is attached to directly, without those that inherit it.
pub async fn attachments(
    cx: &Catalog,
    request: &Request,
    id: TagDefinitionId,
    filter: TagFilter,
    page: PageRequest,
) -> Result<Page<TagAttachment>> {
    let definition = require(cx, request, id, TagAction::ReadAttachments).await?;
    let after = page.after.as_ref().map(PageToken::as_key);
    if after.is_some_and(|after| after.parse::<TagId>().is_err()) {
        let message = "`pageToken` was not returned by this list";
        return Err(CatalogError::new(ErrorKind::InvalidPageToken, message));
    }
    let store = cx.store(&definition);
    Ok(store.tag_attachments(id, filter, page).await?)
}
