//! What only a browser can do. On the server each function does nothing; the pages call them from
//! effects and event handlers alone.

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
mod imp {
    use std::cell::RefCell;

    use js_sys::{Array, Date, Function, JsString, Reflect, RegExp};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    /// Milliseconds since 1970.
    pub fn now_ms() -> i64 {
        Date::now() as i64
    }

    #[wasm_bindgen::prelude::wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = zoneOffset)]
        fn offset(ms: f64) -> i32;
        #[wasm_bindgen(js_name = zoneName)]
        fn name(short: bool) -> String;
        #[wasm_bindgen(js_name = zoneOf)]
        fn of(text: &str) -> String;
        #[wasm_bindgen(js_name = zoneWrite)]
        fn write(root: &web_sys::Element);
        #[wasm_bindgen(js_name = pageRenewed)]
        fn renewed();
    }

    /// A text in which the server wrote moments, with the same in the zone that the reader wants.
    pub fn zone_of(text: &str) -> String {
        of(text)
    }

    /// Writes the moments in what the server drew in the zone that the reader wants. Ages stay.
    pub fn write_times(element: &web_sys::Element) {
        write(element);
    }

    /// Tells what the server has drawn into the page that the page is renewed; see `list.js`.
    pub fn page_renewed() {
        renewed();
    }

    /// How far the zone that the reader wants is ahead of UTC at this moment, in minutes.
    pub fn zone_offset(ms: i64) -> i64 {
        i64::from(offset(ms as f64))
    }

    /// What the zone that the reader wants is called: `UTC`, `local time`, `Asia/Tokyo`; in `short` for
    /// headings.
    pub fn zone_name(short: bool) -> String {
        name(short)
    }

    /// Calls `changed` whenever the reader wants another zone.
    pub fn on_zone(changed: impl FnMut() + 'static) {
        let hear = Closure::<dyn FnMut()>::new(changed);
        if let Some(window) = web_sys::window() {
            let _ = window.add_event_listener_with_callback("zone", hear.as_ref().unchecked_ref());
        }
        // As long as the page.
        hear.forget();
    }

    /// Compiles a pattern; `None` when it is not a regular expression. Go's leading `(?i)`, which
    /// configurations use, is understood. `all` finds all there is in a text, not the first alone.
    fn compile(pattern: &str, all: bool) -> Option<RegExp> {
        let (pattern, flags) = match (pattern.strip_prefix("(?i)"), all) {
            (Some(rest), true) => (rest, "giu"),
            (Some(rest), false) => (rest, "iu"),
            (None, true) => (pattern, "gu"),
            (None, false) => (pattern, "u"),
        };
        let constructor: Function = Reflect::get(&js_sys::global(), &"RegExp".into())
            .ok()?
            .dyn_into()
            .ok()?;
        // Not every pattern of RE2 is one under the flag `u`, which forbids needless escapes.
        [flags, flags.trim_end_matches('u')]
            .into_iter()
            .find_map(|flags| {
                let arguments = Array::of2(&pattern.into(), &flags.into());
                Reflect::construct(&constructor, &arguments).ok()
            })
            .map(JsCast::unchecked_into)
    }

    thread_local! {
        static COMPILED: RefCell<Vec<(String, bool, Option<RegExp>)>> =
            const { RefCell::new(Vec::new()) };
    }

    /// What `ask` says of the compiled pattern; `None` when it is no regular expression.
    fn with_compiled<T>(pattern: &str, all: bool, ask: impl FnOnce(&RegExp) -> T) -> Option<T> {
        COMPILED.with_borrow_mut(|compiled| {
            let known = compiled
                .iter()
                .position(|(known, of_all, _)| *of_all == all && known == pattern);
            let at = known.unwrap_or_else(|| {
                // While a person types, patterns come and go.
                if compiled.len() > 32 {
                    compiled.clear();
                }
                compiled.push((pattern.to_owned(), all, compile(pattern, all)));
                compiled.len() - 1
            });
            compiled[at].2.as_ref().map(ask)
        })
    }

    /// Whether `name` matches `pattern`; a pattern that is no regular expression is looked for as it
    /// stands.
    pub fn matches(pattern: &str, name: &str) -> bool {
        with_compiled(pattern, false, |compiled| compiled.test(name))
            .unwrap_or_else(|| name.contains(pattern))
    }

    /// Whether `pattern` is a regular expression.
    pub fn is_pattern(pattern: &str) -> bool {
        compile(pattern, false).is_some()
    }

    /// What the browser's regular expressions find; nothing where a pattern is none.
    pub struct Patterns;

    impl model::group::Patterns for Patterns {
        fn find_all(&self, pattern: &str, name: &str) -> Vec<String> {
            let found = with_compiled(pattern, true, |compiled| {
                JsString::from(name).match_(compiled)
            });
            let found = found.flatten().map(|found| Array::from(&found).to_vec());
            let texts = found
                .into_iter()
                .flatten()
                .filter_map(|text| text.as_string());
            texts.filter(|text| !text.is_empty()).collect()
        }

        fn mask(&self, pattern: &str, name: &str) -> String {
            let masked = with_compiled(pattern, true, |compiled| {
                JsString::from(name)
                    .replace_by_pattern(compiled, "*")
                    .as_string()
            });
            masked.flatten().unwrap_or_else(|| name.to_owned())
        }
    }

    /// How long rows take, as the server tells it in JSON; `None` when it does not. Read with the browser's
    /// own reader: another type to be read by the program's would weigh more than all of this.
    pub fn durations(json: &str) -> Option<model::wire::Durations> {
        let told = js_sys::JSON::parse(json).ok()?;
        let version = Reflect::get(&told, &"version".into()).ok()?.as_string()?;
        let mean_ms = Reflect::get(&told, &"mean_ms".into()).ok()?;
        let mean_ms: Array = mean_ms.dyn_into().ok()?;
        Some(model::wire::Durations {
            version,
            mean_ms: mean_ms
                .iter()
                .map(|mean| mean.as_f64().map(|mean| mean as u32))
                .collect(),
        })
    }

    /// Puts the text of the element `source`, and the address of this page, on the clipboard; `button`
    /// says so. Where the page may not (it was not served securely), the element is shown instead.
    pub fn copy_from(button: &web_sys::Element, source: &str) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let Some(source) = window
            .document()
            .and_then(|page| page.get_element_by_id(source))
        else {
            return;
        };
        let text = source.text_content().unwrap_or_default();
        let navigator = window.navigator();
        let clipboard = Reflect::get(&navigator, &"clipboard".into()).unwrap_or(JsValue::UNDEFINED);
        if clipboard.is_undefined() {
            let _ = source.remove_attribute("hidden");
            button.set_text_content(Some("Take it from below"));
        } else {
            let text = format!("{}\n\n{}", text.trim(), address());
            // Refusal is rare on a secure page and nothing to stop for.
            let refused = Closure::once(|_: JsValue| ());
            let _ = navigator.clipboard().write_text(&text).catch(&refused);
            refused.forget();
            button.set_text_content(Some("Copied"));
        }
    }

    /// The point of the window at (`x`, `y`) as it lies in `element`.
    pub fn point_in(element: &web_sys::Element, x: i32, y: i32) -> (f64, f64) {
        let area = element.get_bounding_client_rect();
        (f64::from(x) - area.left(), f64::from(y) - area.top())
    }

    /// Calls `changed` whenever `element` has another size, and once when it has its first. Ends with
    /// the current owner.
    pub fn watch_size(element: &web_sys::Element, changed: impl Fn() + 'static) {
        let callback = Closure::<dyn FnMut()>::new(changed);
        let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) else {
            return;
        };
        observer.observe(element);
        // Neither may be sent to another thread, of which a page has none.
        let kept = send_wrapper::SendWrapper::new((observer, callback));
        leptos::prelude::on_cleanup(move || kept.0.disconnect());
    }

    /// Gives `element` the focus and leaves the page where it is.
    pub fn focus(element: &web_sys::Element) {
        let options = js_sys::Object::new();
        let _ = Reflect::set(&options, &"preventScroll".into(), &true.into());
        if let Some(focus) = Reflect::get(element, &"focus".into())
            .ok()
            .and_then(|focus| focus.dyn_into::<Function>().ok())
        {
            let _ = focus.call1(element, &options);
        }
    }

    /// Gives the grid the focus, so that its keys work.
    pub fn focus_grid() {
        let document = web_sys::window().and_then(|window| window.document());
        let grid = document.and_then(|document| document.query_selector(".grid").ok().flatten());
        if let Some(grid) = grid {
            focus(&grid);
        }
    }

    /// Gives the focus to the element that stands `by` places after the one that has it, of those within
    /// `element` that match; to the first when none of them has it, to `element` when there are none.
    pub fn step_focus(element: &web_sys::Element, selector: &str, by: i32) {
        let Ok(all) = element.query_selector_all(selector) else {
            return;
        };
        let current = element.query_selector(":focus").ok().flatten();
        let count = all.length() as i32;
        let at = (0..count).find(|&at| {
            all.get(at as u32)
                .is_some_and(|node| current.as_deref() == Some(&node))
        });
        let next = at.map_or(0, |at| (at + by).rem_euclid(count));
        let next = all.get(next as u32).and_then(|node| node.dyn_into().ok());
        focus(next.as_ref().unwrap_or(element));
    }

    /// The height of the window.
    pub fn window_height() -> f64 {
        web_sys::window()
            .and_then(|window| window.inner_height().ok())
            .and_then(|height| height.as_f64())
            .unwrap_or_default()
    }

    /// Goes to `address`, here or in a tab of its own.
    pub fn open(address: &str, aside: bool) {
        if let Some(window) = web_sys::window() {
            let _ = if aside {
                window
                    .open_with_url_and_target_and_features(address, "_blank", "noopener")
                    .map(|_| ())
            } else {
                window.location().set_href(address)
            };
        }
    }

    /// The address of this page.
    pub fn address() -> String {
        web_sys::window()
            .and_then(|window| window.location().href().ok())
            .unwrap_or_default()
    }

    /// What stands after `#` in the address, without it.
    pub fn fragment() -> String {
        web_sys::window()
            .and_then(|window| window.location().hash().ok())
            .map(|hash| hash.trim_start_matches('#').to_owned())
            .unwrap_or_default()
    }

    /// Puts `address` in the place of the page's icon.
    pub fn set_icon(address: &str) {
        let links = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.query_selector_all("link[rel=icon]").ok());
        // Of several links browsers take the last.
        if let Some(icon) = links
            .and_then(|links| links.get(links.length().wrapping_sub(1)))
            .and_then(|icon| icon.dyn_into::<web_sys::Element>().ok())
        {
            let _ = icon.set_attribute("href", address);
        }
    }

    /// Switches between light and dark and remembers it.
    pub fn toggle_theme() {
        let Some(window) = web_sys::window() else {
            return;
        };
        let Some(root) = window.document().and_then(|page| page.document_element()) else {
            return;
        };
        let dark = match root.get_attribute("data-theme").as_deref() {
            Some("dark") => true,
            Some(_) => false,
            None => window
                .match_media("(prefers-color-scheme: dark)")
                .ok()
                .flatten()
                .is_some_and(|query| query.matches()),
        };
        let theme = if dark { "light" } else { "dark" };
        let _ = root.set_attribute("data-theme", theme);
        // A browser that forbids storage forgets the choice, nothing else.
        if let Ok(Some(storage)) = window.local_storage() {
            let _ = storage.set_item("theme", theme);
        }
    }
}

#[cfg(not(all(feature = "hydrate", not(feature = "ssr"))))]
mod imp {
    /// Milliseconds since 1970.
    pub fn now_ms() -> i64 {
        0
    }

    /// How far the zone that the reader wants is ahead of UTC.
    pub fn zone_offset(_ms: i64) -> i64 {
        0
    }

    /// What the zone that the reader wants is called; the server knows none.
    pub fn zone_name(_short: bool) -> String {
        "local time".to_owned()
    }

    /// Calls `changed` whenever the reader wants another zone.
    pub fn on_zone(_changed: impl FnMut() + 'static) {}

    /// Whether `name` matches `pattern`.
    pub fn matches(pattern: &str, name: &str) -> bool {
        name.contains(pattern)
    }

    /// Whether `pattern` is a regular expression.
    pub fn is_pattern(_pattern: &str) -> bool {
        true
    }

    /// What the browser's regular expressions find.
    pub struct Patterns;

    impl model::group::Patterns for Patterns {
        fn find_all(&self, _pattern: &str, _name: &str) -> Vec<String> {
            Vec::new()
        }

        fn mask(&self, _pattern: &str, name: &str) -> String {
            name.to_owned()
        }
    }

    /// Puts the text of an element on the clipboard.
    pub fn copy_from(_button: &leptos::web_sys::Element, _source: &str) {}

    /// The point of the window as it lies in `element`.
    pub fn point_in(_element: &leptos::web_sys::Element, _x: i32, _y: i32) -> (f64, f64) {
        (0.0, 0.0)
    }

    /// Calls `changed` whenever `element` has another size.
    pub fn watch_size(_element: &leptos::web_sys::Element, _changed: impl Fn() + 'static) {}

    /// A text in which the server wrote moments.
    pub fn zone_of(text: &str) -> String {
        text.to_owned()
    }

    /// Writes the moments in what the server drew.
    pub fn write_times(_element: &leptos::web_sys::Element) {}

    /// Gives `element` the focus.
    pub fn focus(_element: &leptos::web_sys::Element) {}

    /// Gives the grid the focus.
    pub fn focus_grid() {}

    /// Gives the focus to another element.
    pub fn step_focus(_element: &leptos::web_sys::Element, _selector: &str, _by: i32) {}

    /// The height of the window.
    pub fn window_height() -> f64 {
        0.0
    }

    /// Goes to `address`.
    pub fn open(_address: &str, _aside: bool) {}

    /// The address of this page.
    pub fn address() -> String {
        String::new()
    }

    /// What stands after `#` in the address.
    pub fn fragment() -> String {
        String::new()
    }

    /// Switches between light and dark.
    pub fn toggle_theme() {}
}

pub use imp::*;
