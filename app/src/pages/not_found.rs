//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::wire::WireError;

use crate::{api, components::problem::ProblemPage, paths};

/// An address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let error = WireError {
        code: api::NOT_FOUND.to_owned(),
        message: format!("There is no page at {}.", paths::name(&path)),
    };
    view! { <ProblemPage error /> }
}
