//! All dashboards.

use leptos::prelude::*;
use model::wire::DashboardRef;

use crate::components::dashboard_list::DashboardList;

/// All dashboards.
#[component]
pub fn DashboardsView(
    /// In any order.
    dashboards: Vec<DashboardRef>,
    /// Whether this is the overview of an installation without release branches.
    overview: bool,
) -> impl IntoView {
    view! {
        <div class="page" data-testid=overview.then_some("overview")>
            <h1>"Dashboards"</h1>
            <DashboardList dashboards />
        </div>
    }
}
