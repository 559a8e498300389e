//! The description of `/api/v2`, made from its handlers and the types that they answer.

use model::wire::ErrorBody;
use serde_json::Value;
use utoipa::{IntoResponses, OpenApi};

use super::{changes, events, graphs, infra, push, search, sources, v2};

/// The client has it already
#[derive(IntoResponses)]
#[response(status = 304)]
pub(super) struct NotModified;

/// A parameter cannot be understood
#[derive(IntoResponses)]
#[response(status = 400)]
pub(super) struct Misunderstood(#[expect(dead_code, reason = "only described")] ErrorBody);

/// There is nothing of this name; the message names what is near
#[derive(IntoResponses)]
#[response(status = 404)]
pub(super) struct Unknown(#[expect(dead_code, reason = "only described")] ErrorBody);

/// The descriptions of the handlers; the types follow from them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seamgrid",
        description = "What the pages of Seamgrid show. Lists are `{\"items\": […]}`, times RFC 3339, \
                       in grids milliseconds since 1970. Reads carry an `ETag` and answer 304 to who has \
                       it. A failed request answers `{\"error\": {\"code\", \"message\"}}`."
    ),
    paths(
        v2::list_releases,
        v2::list_dashboards,
        v2::find_dashboard_group,
        v2::find_dashboard,
        v2::find_tab,
        v2::find_grid,
        graphs::find_metrics,
        graphs::find_durations,
        events::list_events,
        sources::list_sources,
        sources::find_source,
        sources::find_health,
        push::upload_run,
        push::list_revisions,
        push::notify_gcs,
        push::report_deploy,
        push::link_bug,
        push::unlink_bug,
        changes::find_changes_since,
        v2::list_components,
        search::find_row,
        infra::list_versions,
        infra::find_version,
        infra::find_changes,
        infra::list_alarms,
        infra::list_drift,
        infra::find_comparison,
        search::find_all,
        search::find_tests,
        search::find_test,
        v2::find_openapi,
    )
)]
struct Described;

/// The OpenAPI document of `/api/v2`, as JSON.
pub fn document() -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(Described::openapi())?;
    plain_descriptions(&mut document);
    Ok(document)
}

/// Takes the links out of the descriptions, which are written for readers of the sources:
/// ``[`crate::run::Cell::icon`]`` becomes `` `Cell::icon` ``.
fn plain_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "description" => {
                        *text = text.replace("[`", "`").replace("`]", "`");
                        while let Some(start) = text.find("crate::") {
                            let module = text[start..]
                                .find("::")
                                .and_then(|first| {
                                    let rest = &text[start + first + 2..];
                                    Some(first + 2 + rest.find("::")? + 2)
                                })
                                .unwrap_or("crate::".len());
                            text.replace_range(start..start + module, "");
                        }
                    }
                    other => plain_descriptions(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_descriptions),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_and_no_other() {
        let document = document().expect("it is JSON");
        let described: BTreeSet<String> = document["paths"]
            .as_object()
            .expect("paths are an object")
            .keys()
            .cloned()
            .collect();
        let routed: BTreeSet<String> = v2::routes()
            .into_iter()
            .map(|(path, _)| format!("/api/v2{path}"))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_type_that_is_named_is_described() {
        let value = document().expect("it is JSON");
        let document = value.to_string();
        assert!(!document.contains("crate::") && !document.contains("[`"));
        let mut rest = document.as_str();
        let mut named = 0;
        while let Some((_, after)) = rest.split_once("\"#/components/schemas/") {
            let (name, after) = after.split_once('"').expect("a reference ends");
            assert!(!value["components"]["schemas"][name].is_null(), "{name}");
            named += 1;
            rest = after;
        }
        assert!(named > 20, "{named}");
    }
}
