//! All dashboards.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api,
    components::{
        dashboard_list::DashboardList,
        problem::{Loading, ProblemPage},
    },
};

/// All dashboards.
#[component]
pub fn Dashboards() -> impl IntoView {
    let dashboards = Resource::new(|| (), |()| api::dashboards());
    view! {
        <Title text="Dashboards" />
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match dashboards.await {
                    Ok(list) => {
                        view! {
                            <div class="page">
                                <h1>"Dashboards"</h1>
                                <DashboardList dashboards=list.items />
                            </div>
                        }
                            .into_any()
                    }
                    Err(error) => view! { <ProblemPage error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}
