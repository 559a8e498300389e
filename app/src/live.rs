//! Changes as they happen. The server tells which tab has changed and nothing more; the page asks for
//! it again, and what is on the screen is renewed in place.
//!
//! One connection serves the whole document. A browser allows few to one host, so only a page in
//! sight holds it; one that is hidden looks once a minute whether anything has changed. The state that the
//! server drew the page from stands in the page, so that what changes between the drawing and the
//! listening is not missed.

use std::pin::Pin;

use model::wire::TabChanged;

/// What has changed, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This tab.
    Tab(TabChanged),
    /// What is told of the infrastructure.
    Infra,
}

/// What renews a page: asks for its data, puts them in place, and says whether they are others than before.
pub type Refresh = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool>>>>;

/// The attribute of the document's root that names the state from which the page was drawn.
pub const STATE_ATTRIBUTE: &str = "data-state";

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
mod imp {
    use std::{
        cell::{Cell, RefCell},
        rc::Rc,
        time::Duration,
    };

    use leptos::prelude::{on_cleanup, set_interval, set_timeout};
    use model::wire::TabChanged;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    use super::{News, Refresh, STATE_ATTRIBUTE};
    use crate::{
        browser::{now_ms, page_renewed},
        paths::API_EVENTS,
    };

    /// How long after a change the page asks: one update changes several tabs at once.
    const GATHER: Duration = Duration::from_millis(200);
    /// How far apart a page asks while changes go on and on.
    const APART: Duration = Duration::from_secs(3);
    /// After what time a page listens again whose listening was refused, as by a proxy while the server
    /// behind it begins.
    const AGAIN: Duration = Duration::from_secs(5);
    /// How many times a page asks that was told of a change, until it gets something new: another server behind
    /// the same address may answer, which has yet to read it.
    const TRIES: u8 = 3;
    /// How often a page that does not listen looks.
    const LOOK: Duration = Duration::from_mins(1);

    /// One page that is kept up to date.
    struct Follower {
        concerns: Box<dyn Fn(&News) -> bool>,
        refresh: Refresh,
        pace: Cell<Pace>,
        asked_ms: Cell<i64>,
        /// How many more times it asks until something is new.
        tries: Cell<u8>,
        gone: Cell<bool>,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Pace {
        Idle,
        /// It will ask soon.
        Waiting,
        /// It asks.
        Asking,
        /// It asks, and something has changed since it began.
        AskingAgain,
    }

    thread_local! {
        static FOLLOWERS: RefCell<Vec<Rc<Follower>>> = const { RefCell::new(Vec::new()) };
        static STATE: RefCell<String> = const { RefCell::new(String::new()) };
        static SOURCE: RefCell<Option<EventSource>> = const { RefCell::new(None) };
    }

    /// Calls `refresh` soon after a change that `concerns` the page, or after more has changed than could be
    /// told, until the current owner is disposed of.
    pub(super) fn follow(concerns: Box<dyn Fn(&News) -> bool>, refresh: Refresh) {
        let follower = Rc::new(Follower {
            concerns,
            refresh,
            pace: Cell::new(Pace::Idle),
            asked_ms: Cell::new(0),
            tries: Cell::new(0),
            gone: Cell::new(false),
        });
        FOLLOWERS.with_borrow_mut(|followers| followers.push(follower.clone()));
        let kept = send_wrapper::SendWrapper::new(follower);
        on_cleanup(move || {
            kept.gone.set(true);
            FOLLOWERS.with_borrow_mut(|followers| followers.retain(|one| !one.gone.get()));
        });
    }

    /// Begins to listen; called once, when the page has come to life.
    pub fn start() {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else {
            return;
        };
        let drawn = document
            .document_element()
            .and_then(|root| root.get_attribute(STATE_ATTRIBUTE));
        STATE.set(drawn.unwrap_or_default());
        let seen = Closure::<dyn FnMut()>::new(|| if is_hidden() { close() } else { listen() });
        let _ = document
            .add_event_listener_with_callback("visibilitychange", seen.as_ref().unchecked_ref());
        // It lives as long as the document.
        seen.forget();
        set_interval(listen, LOOK);
        listen();
    }

    fn is_hidden() -> bool {
        web_sys::window()
            .and_then(|window| window.document())
            .is_some_and(|document| document.hidden())
    }

    fn close() {
        if let Some(source) = SOURCE.take() {
            source.close();
        }
    }

    /// Opens the connection unless it is open.
    fn listen() {
        thread_local! {
            static HEAR: Closure<dyn FnMut(MessageEvent)> = Closure::new(hear);
        }
        if SOURCE.with_borrow(Option::is_some) {
            return;
        }
        let Ok(source) = EventSource::new(API_EVENTS) else {
            return;
        };
        HEAR.with(|hear| {
            for name in ["state", "tab", "infra", "reload", "error"] {
                let _ =
                    source.add_event_listener_with_callback(name, hear.as_ref().unchecked_ref());
            }
        });
        SOURCE.set(Some(source));
    }

    fn hear(event: MessageEvent) {
        let kind = event.type_();
        if kind == "error" {
            // The browser itself tries again, unless it was refused.
            let refused = SOURCE.with_borrow(|source| {
                source
                    .as_ref()
                    .is_some_and(|source| source.ready_state() == EventSource::CLOSED)
            });
            if refused {
                close();
                set_timeout(listen, AGAIN);
            }
            return;
        }
        let state = event.last_event_id();
        let known = STATE.replace(state.clone()) == state;
        let concerned = |news: News| move |follower: &Follower| (follower.concerns)(&news);
        match kind.as_str() {
            "tab" => {
                if let Some(tab) = changed(&event.data()) {
                    tell(TRIES, concerned(News::Tab(tab)));
                }
            }
            "infra" => tell(TRIES, concerned(News::Infra)),
            "state" if known => {}
            // Another process names its states otherwise, and may well know no more.
            "state" => tell(1, |_| true),
            _ => tell(TRIES, |_| true),
        }
        if is_hidden() {
            close();
        }
    }

    fn changed(data: &JsValue) -> Option<TabChanged> {
        let data = js_sys::JSON::parse(&data.as_string()?).ok()?;
        let text = |name: &str| js_sys::Reflect::get(&data, &name.into()).ok()?.as_string();
        Some(TabChanged {
            dashboard: text("dashboard")?,
            tab: text("tab")?,
            version: text("version")?,
        })
    }

    fn tell(tries: u8, concerned: impl Fn(&Follower) -> bool) {
        let followers = FOLLOWERS.with_borrow(Clone::clone);
        for follower in followers {
            if concerned(&follower) {
                follower.tries.set(tries.max(follower.tries.get()));
                wake(follower);
            }
        }
    }

    fn wake(follower: Rc<Follower>) {
        match follower.pace.get() {
            Pace::Waiting | Pace::AskingAgain => {}
            Pace::Asking => follower.pace.set(Pace::AskingAgain),
            Pace::Idle => {
                follower.pace.set(Pace::Waiting);
                let since = now_ms() - follower.asked_ms.get();
                let wait = if since > APART.as_millis() as i64 {
                    GATHER
                } else {
                    APART
                };
                set_timeout(move || leptos::task::spawn_local(ask(follower)), wait);
            }
        }
    }

    async fn ask(follower: Rc<Follower>) {
        if follower.gone.get() {
            return;
        }
        follower.pace.set(Pace::Asking);
        // What is told while it asks counts anew.
        let tries = follower.tries.take();
        let is_new = (follower.refresh)().await;
        if is_new {
            page_renewed();
        } else {
            let left = tries.saturating_sub(1);
            follower.tries.set(left.max(follower.tries.get()));
        }
        follower.asked_ms.set(now_ms());
        let told = follower.pace.replace(Pace::Idle) == Pace::AskingAgain;
        if told || follower.tries.get() > 0 {
            wake(follower);
        }
    }
}

#[cfg(not(all(feature = "hydrate", not(feature = "ssr"))))]
mod imp {
    use super::{News, Refresh};

    /// Calls `refresh` after a change that `concerns` the page; never on a server.
    pub(super) fn follow(_concerns: Box<dyn Fn(&News) -> bool>, _refresh: Refresh) {}

    /// Begins to listen.
    pub fn start() {}
}

pub use imp::start;

/// Calls `refresh` soon after a change that `concerns` the page, or after more has changed than could be told,
/// until the current owner is disposed of. Asks a few times when `refresh` says that nothing is new.
pub fn follow<F: Future<Output = bool> + 'static>(
    concerns: impl Fn(&News) -> bool + 'static,
    refresh: impl Fn() -> F + 'static,
) {
    imp::follow(Box::new(concerns), Box::new(move || Box::pin(refresh())));
}
