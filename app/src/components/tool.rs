//! A button in a toolbar.

use leptos::prelude::*;

/// What a button is called.
#[derive(Clone, Copy, Default)]
pub struct Named<'a> {
    /// For tests and scripts.
    pub name: &'static str,
    /// What it does, where its text does not say it.
    pub label: &'a str,
    /// More about it, shown over it.
    pub title: &'a str,
}

/// A button with this class and text.
pub fn tool(
    class: &'static str,
    named: Named<'_>,
    text: String,
    press: impl Fn() + 'static,
) -> AnyView {
    drawn(class, named, text, Box::new(press))
}

/// One view for all of them: each weighs in the browser.
fn drawn(class: &'static str, named: Named<'_>, text: String, press: Box<dyn Fn()>) -> AnyView {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    view! {
        <button
            type="button"
            class=class
            data-testid=named.name
            aria-label=some(named.label)
            title=some(named.title)
            on:click=move |_| press()
        >
            {text}
        </button>
    }
    .into_any()
}
