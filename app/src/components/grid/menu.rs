//! The menu of a cell, as the server draws it.

use leptos::{html::Div, prelude::*, web_sys};

use crate::{
    browser,
    components::{
        grid::{Change, state::GridState},
        panel::{fetched, on_fetched_click},
    },
    paths,
};

/// The menu of a cell. Its first item takes the focus; the arrow keys go from item to item, Escape closes
/// it.
#[component]
pub fn Menu(
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
    /// What has the focus again when the menu closes.
    area: NodeRef<Div>,
) -> impl IntoView {
    move || {
        let menu = state.doing().menu.get()?;
        Some(view! { <Opened state change area at=menu /> })
    }
}

#[component]
fn Opened(
    state: GridState,
    change: Change,
    area: NodeRef<Div>,
    at: (String, String, i32, i32),
) -> impl IntoView {
    let (row, build, x, y) = at;
    let place = NodeRef::<Div>::new();
    let path = move || Some(paths::cell_part(&state.path.get_value(), &row, &build));
    let html = fetched(path, place, state);
    Effect::new(move |_| {
        html.track();
        if let Some(place) = place.get() {
            browser::step_focus(&place, "[role=menuitem]", 1);
        }
    });
    let on_key = move |event: web_sys::KeyboardEvent| {
        event.stop_propagation();
        let by = match event.key().as_str() {
            "Escape" | "Tab" => {
                event.prevent_default();
                if let Some(area) = area.get_untracked() {
                    browser::focus(&area);
                }
                state.doing().menu.set(None);
                return;
            }
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        if let Some(place) = place.get_untracked() {
            browser::step_focus(&place, "[role=menuitem]", by);
        }
    };
    view! {
        <div
            class="menu"
            data-testid="cell-menu"
            node_ref=place
            tabindex="-1"
            style=format!(
                "left:min({x}px, calc(100vw - 20rem));top:min({y}px, calc(100vh - 24rem))",
            )
            on:keydown=on_key
            on:click=move |event| {
                if on_fetched_click(&event, state, change) {
                    state.doing().menu.set(None);
                }
            }
            inner_html=move || html.get()
        ></div>
    }
}
