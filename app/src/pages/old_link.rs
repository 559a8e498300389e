//! TestGrid's addresses: `/{dashboard}#{tab}&{option}={value}`. The server sees only the dashboard; the
//! browser goes on to the tab.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_navigate, use_params_map},
};

use crate::{
    api, browser,
    components::problem::{Loading, ProblemPage},
    paths,
    text::visible,
};

/// Goes on to where an old link leads, if there is such a dashboard.
#[component]
pub fn OldLink() -> impl IntoView {
    let params = use_params_map();
    let name =
        Memo::new(move |_| params.with(|params| params.get("dashboard").unwrap_or_default()));
    let known = Resource::new(move || name.get(), api::dashboard);
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(page)) = known.get() {
            let options = NavigateOptions {
                replace: true,
                ..NavigateOptions::default()
            };
            navigate(
                &paths::from_fragment(&page.name, &browser::fragment()),
                options,
            );
        }
    });
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match known.await {
                    Ok(page) => {
                        view! {
                            <Title text=visible(&page.name) />
                            <section class="problem">
                                <h1>
                                    <bdi>{visible(&page.name)}</bdi>
                                </h1>
                                <p>
                                    "This dashboard has moved to "
                                    <A href=paths::dashboard(&page.name)>
                                        <bdi>{visible(&page.name)}</bdi>
                                    </A> "."
                                </p>
                            </section>
                        }
                            .into_any()
                    }
                    Err(error) => view! { <ProblemPage error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}
