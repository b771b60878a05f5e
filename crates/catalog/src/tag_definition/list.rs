//! Lists tag definitions.

use authz::ProjectAction;
use model::{Page, PageRequest, TagName};
use store::{StoreError, TagDefinitionRow};

use crate::{Catalog, Request, Result, project};

/// Which definitions of a project are listed.
#[derive(Debug, Clone)]
pub enum TagDefinitionQuery {
    /// One page of all definitions.
    Page(PageRequest),
    /// The one with this name, if there is one.
    Named(TagName),
}

/// Lists definitions of the request's project.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    query: TagDefinitionQuery,
) -> Result<Page<TagDefinitionRow>> {
    let project = project::of_request(cx, request)?;
    let project = project::require(cx, request, &project, ProjectAction::ListTags).await?;
    let (store, id) = (cx.store(&project), &project.0.id);
    match query {
        TagDefinitionQuery::Page(page) => Ok(store.tag_definition_list(id, page).await?),
        TagDefinitionQuery::Named(name) => {
            let items = match store.tag_definition_find(id, &name).await {
                Ok(found) => vec![found],
                Err(StoreError::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            Ok(Page { items, next: None })
        }
    }
}
