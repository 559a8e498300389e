//! What must be known before anything else on a page: roll-backs that did not hold, the weather.

use leptos::prelude::*;
use model::wire::NamedLink;

use crate::{components::clock::use_clock, text::visible};

/// The notes, each leading to more; nothing without any.
pub fn notes_view(notes: Vec<NamedLink>) -> Option<AnyView> {
    let zone = use_clock().zone;
    let items = notes
        .iter()
        .map(|note| {
            let text = visible(&note.text);
            let title = text.clone();
            view! {
                <li>
                    <a href=note.url.clone() rel="external" title=title>
                        <bdi>{move || zone.get().within(&text)}</bdi>
                    </a>
                </li>
            }
        })
        .collect_view();
    (!notes.is_empty()).then(|| {
        view! {
            <ul class="known" data-testid="notes">
                {items}
            </ul>
        }
        .into_any()
    })
}
