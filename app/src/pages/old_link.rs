//! TestGrid's addresses: `/{dashboard}#{tab}&{option}={value}`. The server sees only the dashboard; the
//! browser goes on to the tab.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{browser, components::name_link::name_link, paths, text::visible};

/// Goes on to where an old link to this dashboard leads.
#[component]
pub fn GoOn(
    /// The dashboard's name.
    name: String,
) -> impl IntoView {
    let navigate = use_navigate();
    let (shown, path) = (visible(&name), paths::dashboard(&name));
    let link = name_link(path, &name);
    Effect::new(move |_| {
        let options = NavigateOptions {
            replace: true,
            ..NavigateOptions::default()
        };
        let address = paths::from_fragment(&name, &browser::fragment());
        if address.contains("graph-metrics=") {
            // The server draws the charts.
            browser::open(&address, false);
        } else {
            navigate(&address, options);
        }
    });
    view! {
        <section class="problem">
            <h1>
                <bdi>{shown}</bdi>
            </h1>
            <p>"This dashboard has moved to " {link} "."</p>
        </section>
    }
}
