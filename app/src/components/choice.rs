//! A list to choose from, in a toolbar.

use leptos::prelude::*;

use crate::text::escape;

/// The options of a list as HTML: value and words of each, and the value that is chosen.
pub fn options_html(options: &[(String, String)], chosen: &str) -> String {
    let mut html = String::new();
    for (value, words) in options {
        html.push_str("<option value=\"");
        escape(&mut html, value);
        html.push_str(if value == chosen {
            "\" selected>"
        } else {
            "\">"
        });
        escape(&mut html, words);
        html.push_str("</option>");
    }
    html
}

/// A list to choose from, after its label.
#[component]
pub fn Choice(
    /// For people.
    label: &'static str,
    /// For tests and scripts.
    name: &'static str,
    /// What can be chosen, and what is: see [`options_html`].
    options: Signal<String>,
    /// Takes the value of what was chosen.
    choose: Callback<String>,
) -> impl IntoView {
    view! {
        <label class="toolbar__item">
            {label} " "
            <select
                class="field"
                data-testid=name
                on:change:target=move |event| choose.run(event.target().value())
                inner_html=options
            ></select>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_option_is_chosen() {
        let options = [("", "all"), ("1", "<one>")];
        let options = options.map(|(value, words)| (value.to_owned(), words.to_owned()));
        assert_eq!(
            options_html(&options, "1"),
            "<option value=\"\">all</option><option value=\"1\" selected>&lt;one&gt;</option>"
        );
    }
}
