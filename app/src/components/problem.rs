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
    let missing = error.code == api::NOT_FOUND;
    let title = if missing {
        "Not found"
    } else {
        "Not available"
    };
    view! {
        <Title text=title />
        <section class="problem" data-testid="problem" data-code=error.code.clone()>
            <p class="problem__code" aria-hidden="true">
                {if missing { "404" } else { "!" }}
            </p>
            <h1>{title}</h1>
            <p class="problem__message">
                <bdi>{visible_message(&error.message)}</bdi>
            </p>
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
