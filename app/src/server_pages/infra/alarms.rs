//! Roll-backs that did not hold.

use leptos::prelude::*;
use model::wire::infra::Alarm;

use super::{commit, tab_list};
use crate::{components::clock::Time, paths, text::visible};

pub(super) fn alarm_list(alarms: &[Alarm]) -> Option<AnyView> {
    let items = alarms.iter().map(alarm).collect_view();
    (!alarms.is_empty()).then(|| {
        view! {
            <section class="part" data-testid="infra-alarms">
                <h2>"Roll-backs that did not hold"</h2>
                <ul class="lines">{items}</ul>
            </section>
        }
        .into_any()
    })
}

fn alarm(alarm: &Alarm) -> impl IntoView + use<> {
    view! {
        <li
            class="line alarm"
            data-testid="infra-alarm"
            data-component=alarm.component.clone()
            data-open=alarm.ended.is_none().then_some("")
        >
            <span class="line__head">
                <span class="alarm__sign" aria-hidden="true">
                    "⚠"
                </span>
                <strong>{visible(&alarm.sentence)}</strong>
            </span>
            <span class="line__soft">
                {alarm.ended.is_none().then_some("It still stands. ")} "Rolled back by "
                {commit(&alarm.rollback)}
                {alarm.undone.as_ref().map(|by| view! { ", undone by " {commit(by)} })}
                {alarm.ended.as_ref().map(|by| view! { ", ended by " {commit(by)} })} " · "
                <Time ms=alarm.time.timestamp_millis() /> " · "
                <a href=paths::compare(&alarm.component, &alarm.good, &alarm.to)>
                    "what that took away"
                </a>
            </span>
            {tab_list("had it since", &alarm.tabs, alarm.tab_count)}
        </li>
    }
}
