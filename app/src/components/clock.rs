//! Times on pages.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    browser,
    time::{Zone, age_text, rfc3339},
};

/// What time it is, and in which zone times are written. Until the page is hydrated: unknown, UTC.
#[derive(Clone, Copy)]
pub struct Clock {
    /// The zone.
    pub zone: RwSignal<Zone>,
    /// Milliseconds since 1970; `None` on the server and at the first paint.
    pub now: RwSignal<Option<i64>>,
}

/// How often ages are renewed.
const TICK: Duration = Duration::from_secs(30);

impl Clock {
    /// A clock that begins to run when the page is hydrated.
    pub fn start() -> Self {
        let clock = Self {
            zone: RwSignal::new(Zone::Utc),
            now: RwSignal::new(None),
        };
        Effect::new(move |_| {
            clock.zone.set(Zone::wanted());
            browser::on_zone(move || clock.zone.set(Zone::wanted()));
            clock.now.set(Some(browser::now_ms()));
            set_interval(move || clock.now.set(Some(browser::now_ms())), TICK);
        });
        clock
    }

    /// Whether the page has come to life: what needs a browser may be drawn.
    pub fn is_running(self) -> bool {
        self.now.with(Option::is_some)
    }
}

/// The clock of this page.
pub fn use_clock() -> Clock {
    use_context::<Clock>().unwrap_or_else(Clock::start)
}

/// A moment: in UTC as the server writes it, then in the zone that the reader wants.
#[component]
pub fn Time(
    /// Milliseconds since 1970.
    ms: i64,
) -> impl IntoView {
    let clock = use_clock();
    let utc = Zone::Utc.text(ms);
    view! {
        <time datetime=rfc3339(ms) title=utc>
            {move || clock.zone.get().text(ms)}
        </time>
    }
}

/// How long ago a moment was; the moment itself until the page is hydrated.
#[component]
pub fn Age(
    /// Milliseconds since 1970.
    ms: i64,
) -> impl IntoView {
    let clock = use_clock();
    let utc = Zone::Utc.text(ms);
    let text = utc.clone();
    view! {
        <time datetime=rfc3339(ms) title=utc>
            {move || clock.now.get().map_or_else(|| text.clone(), |now| age_text(ms, now))}
        </time>
    }
}
