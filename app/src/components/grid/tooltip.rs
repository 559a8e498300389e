//! What is pointed at, in words.

use leptos::prelude::*;

use crate::{
    browser,
    components::grid::state::{GridState, Hover},
    grid::hover::{Target, tell, tell_cell},
};

/// What is pointed at, in words.
#[component]
pub fn Tooltip(
    /// What is shown.
    state: GridState,
) -> impl IntoView {
    let took = state.doing().took;
    move || {
        let Hover { target, x, y } = state.doing().hover.get()?;
        let (zone, now) = (state.clock.zone.get(), state.clock.now.get());
        let grid = state.grid.get();
        let mut duration = None;
        let told = if let Target::Cell { position, column } = target {
            let lines = state.lines.get();
            let members = lines.head_at(position).map(|head| head.rows.len());
            duration = members.is_none().then(|| {
                view! {
                    <dt>"Took"</dt>
                    <dd data-testid="cell-took" inner_html=took></dd>
                }
            });
            tell_cell(
                &grid,
                lines.row_at(&grid, position)?,
                members,
                column,
                zone,
                now,
            )?
        } else {
            tell(&grid, &target, zone, now)?
        };
        // Below the pointer, or above it in the lower part of the window.
        let place = if f64::from(y) > browser::window_height() * 0.6 {
            format!("bottom:calc(100vh - {}px)", y - 12)
        } else {
            format!("top:{}px", y + 18)
        };
        let facts = told
            .facts
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <dt>{name}</dt>
                    <dd>
                        <bdi>{value}</bdi>
                    </dd>
                }
            })
            .collect_view();
        let hint = match target {
            Target::Cell { .. } => "Click to open the build",
            Target::Seam { .. } => "Click for what broke and what was fixed here",
            Target::Header { .. } => "",
        };
        Some(view! {
            <div
                class="tooltip"
                data-testid="cell-tooltip"
                role="tooltip"
                style=format!("left:min({}px, calc(100vw - 26rem));{place}", x + 14)
            >
                <p class="tooltip__title">
                    <bdi>{told.title}</bdi>
                </p>
                <dl class="tooltip__facts">{facts} {duration}</dl>
                {(!told.message.is_empty())
                    .then(|| {
                        view! {
                            <p class="tooltip__message">
                                <bdi>{told.message}</bdi>
                            </p>
                        }
                    })}
                {(!hint.is_empty()).then(|| view! { <p class="tooltip__hint">{hint}</p> })}
            </div>
        })
    }
}
