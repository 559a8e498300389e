//! What must be known before anything else on a page: roll-backs that did not hold, the weather.

use leptos::prelude::*;
use model::wire::NamedLink;

use crate::text::visible;

/// The notes, each leading to more; nothing without any.
pub fn notes_view(notes: Vec<NamedLink>) -> Option<AnyView> {
    let items = notes
        .iter()
        .map(|note| {
            view! {
                <li>
                    <a href=note.url.clone() rel="external">
                        <bdi>{visible(&note.text)}</bdi>
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
