//! A page or a part of one that could not be had.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use model::wire::WireError;

use crate::{api, paths, text::visible_message};

/// The whole page: what is wrong, and where to go. Sets the status of the answer.
#[component]
pub fn ProblemPage(
    /// What went wrong.
    error: WireError,
) -> impl IntoView {
    api::set_status(&error);
    view! {
        <Title text=problem_title(&error) />
        {problem(&error)}
    }
}

/// The title of a page that says what is wrong.
pub fn problem_title(error: &WireError) -> &'static str {
    if error.code == api::NOT_FOUND {
        "Not found"
    } else if is_passing(error) {
        "Not available just now"
    } else {
        "Not available"
    }
}

/// Whether it is nothing that stays so: the database or the server is gone for a while. `outage.js` looks
/// for it by these codes.
fn is_passing(error: &WireError) -> bool {
    matches!(error.code.as_str(), "unavailable" | "unreachable")
}

/// What is wrong, and where to go.
pub fn problem(error: &WireError) -> impl IntoView + use<> {
    let missing = error.code == api::NOT_FOUND;
    view! {
        <section class="problem" data-testid="problem" data-code=error.code.clone()>
            <p class="problem__code" aria-hidden="true">
                {if missing { "404" } else { "!" }}
            </p>
            <h1>{problem_title(error)}</h1>
            <p class="problem__message">
                <bdi>{visible_message(&error.message)}</bdi>
            </p>
            {is_passing(error)
                .then(|| {
                    view! {
                        <p class="problem__waits">
                            "This page appears by itself as soon as that is over."
                        </p>
                    }
                })}
            <p class="problem__ways">
                <A href=paths::HOME attr:class="button">
                    "Overview"
                </A>
                <A href=paths::DASHBOARDS attr:class="button">
                    "All dashboards"
                </A>
            </p>
        </section>
    }
}

/// While data is on its way.
#[component]
pub fn Loading() -> impl IntoView {
    view! {
        <p class="loading" role="status">
            "Loading…"
        </p>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use crate::{server_pages::document, shell::Assets};

    use super::*;

    #[test]
    fn what_passes_says_that_the_page_appears_by_itself() {
        for (code, status, waits) in [
            ("unavailable", 503, true),
            (api::NOT_FOUND, 404, false),
            ("bad_request", 400, false),
        ] {
            let error = WireError {
                code: code.to_owned(),
                message: "It <is> so.".to_owned(),
            };
            let (answered, html) = document(&Assets::default(), "/tests", 0, Err(error));
            assert_eq!(answered, status);
            assert!(html.contains(&format!("data-code=\"{code}\"")), "{html}");
            assert!(html.contains("It &lt;is&gt; so."), "{html}");
            assert_eq!(html.contains("problem__waits"), waits, "{html}");
        }
    }
}
