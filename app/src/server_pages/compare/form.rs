//! Asking for two versions of a component.

use leptos::prelude::*;
use model::{infra::short_version, wire::infra::VersionLine};

use super::super::ServerPage;
use crate::{
    paths,
    text::{count, visible},
    time::Zone,
};

/// How many versions are offered.
const OFFERED: usize = 100;
/// The list that they stand in.
const LIST: &str = "compare-versions";

/// What two versions can be asked of.
#[derive(Clone, Debug, Default)]
pub struct CompareForm {
    /// Names of the components: infra in the order of the settings, then products by name.
    pub components: Vec<String>,
    /// The component that is chosen; `None` for the first.
    pub chosen: Option<String>,
    /// Versions that runs had of the chosen one, newest first.
    pub versions: Vec<VersionLine>,
}

/// A page with nothing but the form.
pub fn compare_form_page(form: CompareForm) -> ServerPage {
    ServerPage::new("Compare two versions".to_owned(), move || {
        view! {
            <div class="page compare" data-testid="compare-ask">
                <header class="compare__head">
                    <p class="compare__crumb">
                        <a href=paths::INFRA>"Infrastructure"</a>
                    </p>
                    <h1>"Compare two versions"</h1>
                </header>
                <p class="part__said">
                    "What landed between two versions of a component, and what happened across it on every tab."
                </p>
                {compare_form(&form)}
            </div>
        }
    })
}

/// The form; without any component a sentence that says so.
pub(in crate::server_pages) fn compare_form(form: &CompareForm) -> AnyView {
    if form.components.is_empty() {
        return view! {
            <p class="part__said">
                "There is nothing to compare: no component is configured, and no run names a product."
            </p>
        }
        .into_any();
    }
    let options = form
        .components
        .iter()
        .map(|name| {
            let chosen = form.chosen.as_ref() == Some(name);
            view! {
                <option value=name.clone() selected=chosen>
                    {visible(name)}
                </option>
            }
        })
        .collect_view();
    let offered = form
        .versions
        .iter()
        .take(OFFERED)
        .map(|line| {
            let version = short_version(&line.version).to_owned();
            view! { <option value=version label=told(line)></option> }
        })
        .collect_view();
    let any = !form.versions.is_empty();
    let end = |name: &'static str, label: &'static str| {
        view! {
            <label class="ask__item">
                {label}
                <input
                    class="field"
                    name=name
                    required
                    list=any.then_some(LIST)
                    placeholder="commit, tag or branch"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                />
            </label>
        }
    };
    view! {
        <form class="ask" action=paths::COMPARE aria-label="Compare two versions" data-testid="compare-form">
            <label class="ask__item">
                "Component" <select class="field" name="component">
                    {options}
                </select>
            </label>
            {end("from", "From")}
            {end("to", "To")}
            {any.then(|| view! { <datalist id=LIST>{offered}</datalist> })}
            <button class="button">"Compare"</button>
        </form>
    }
    .into_any()
}

/// A version in words: what landed, or when a run first had it.
fn told(line: &VersionLine) -> String {
    let day = Zone::Utc.moment(line.first_seen.timestamp_millis());
    let runs = count(line.runs as usize, "run", "runs");
    let subject = line.commit.as_ref().map(|commit| visible(&commit.subject));
    let subject = subject.map_or_else(String::new, |subject| format!("{subject} · "));
    format!("{subject}{} · {runs}", day.day_text())
}
