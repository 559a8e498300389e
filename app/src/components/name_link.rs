//! A name as a link.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::text::visible;

/// A name as a link to a page of ours.
pub fn name_link(href: String, name: &str) -> AnyView {
    let text = visible(name);
    view! {
        <A href=href>
            <bdi>{text}</bdi>
        </A>
    }
    .into_any()
}
