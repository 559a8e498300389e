//! What TestGrid's two interfaces have in common.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use model::{config::TestGroup, grid::Column};

use super::error::{ApiError, Plain};

/// The configured headers of a group, in order, without repetition.
pub(super) fn header_names(group: &TestGroup) -> Vec<&str> {
    group
        .column_header
        .iter()
        .map(model::config::ColumnHeader::name)
        .collect()
}

/// The values of a column for these headers, one each; empty where the build does not say.
pub(super) fn header_values<'a>(
    column: &'a Column,
    names: &[&str],
) -> impl Iterator<Item = &'a str> {
    names
        .iter()
        .map(|name| column.headers.get(*name).map_or("", String::as_str))
}

/// Errors as one line of text, which is what clients of TestGrid know.
pub(super) async fn plain_errors(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Plain);
    response
}

/// Refuses a request for another configuration than `ours`: there is one here.
pub(super) fn check_scope(query: Option<&str>, ours: &str) -> Result<(), ApiError> {
    let pairs = query.unwrap_or_default().split('&');
    for pair in pairs {
        let Some(scope) = pair.strip_prefix("scope=") else {
            continue;
        };
        let scope = app::paths::name(&scope.replace('+', " "));
        let bare = |scope: &str| scope.trim_end_matches('/').to_owned();
        if !scope.is_empty() && bare(&scope) != bare(ours) {
            return Err(ApiError::NotFound(format!(
                "there is no configuration \"{scope}\" here; the one that is shown is \"{ours}\""
            )));
        }
    }
    Ok(())
}

/// As a middleware: see [`check_scope`].
pub(super) async fn one_scope(ours: String, request: Request, next: Next) -> Response {
    match check_scope(request.uri().query(), &ours) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}
