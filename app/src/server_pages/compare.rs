//! What lies between two versions of a component, and what happened across it.

mod builds;
mod commits;
mod form;
mod markdown;

use leptos::prelude::*;
use model::{
    attribution::Verdict,
    infra::short_version,
    query::TabQuery,
    reach::Reach,
    trail::MoveGlyph,
    wire::infra::{CompareCounts, Comparison, Endpoint, TabAcross, TabName},
};

pub use self::{
    builds::{builds_page, builds_part},
    form::{CompareForm, compare_form_page},
};
use self::{
    commits::{brought, groups, lost},
    markdown::markdown,
};
pub(super) use self::{
    commits::{bump_list, commit_head},
    form::compare_form,
    markdown::{code, plain},
};
use super::ServerPage;
use crate::{
    components::clock::{Age, Time},
    paths,
    text::{count, safe_url, visible},
};

/// How many tabs stand open.
const TABS: usize = 12;
/// How many rows of a tab stand open.
const ROWS: usize = 3;

/// What lies between two versions. `origin` is where the reader finds the server, for what is copied: empty
/// when that is not known.
pub fn compare_page(found: Comparison, origin: String) -> ServerPage {
    let title = format!(
        "{} {} → {}",
        visible(&found.component),
        visible(short_version(&found.from.version)),
        visible(short_version(&found.to.version)),
    );
    ServerPage::new(title, move || draw(&found, &origin))
}

fn draw(found: &Comparison, origin: &str) -> impl IntoView + use<> {
    let notes = found
        .notes
        .iter()
        .map(|note| view! { <li>{visible(note)}</li> })
        .collect_view();
    let page = address(found, &found.from.version, &found.to.version);
    let copied = markdown(found, &format!("{origin}{page}"));
    let forge = found.url.as_deref().and_then(safe_url).map(|url| {
        view! {
            <a class="button" href=url.to_owned() rel="external noopener" target="_blank">
                "On the forge ↗"
            </a>
        }
    });
    view! {
        <div
            class="page compare"
            data-testid="compare"
            data-component=found.component.clone()
            data-from=found.from.version.clone()
            data-to=found.to.version.clone()
        >
            <header class="compare__head">
                <p class="compare__crumb">
                    <a href=paths::INFRA>"Infrastructure"</a>
                </p>
                <h1>
                    <bdi>{visible(&found.component)}</bdi>
                </h1>
            </header>
            <div class="ends">
                {end("from", &found.component, &found.from)}
                {end("to", &found.component, &found.to)}
            </div>
            <p class="verdict" data-testid="compare-sentence">
                {visible(&found.sentence)}
            </p>
            {(!found.notes.is_empty()).then(|| view! { <ul class="notes">{notes}</ul> })}
            <p class="compare__tools">
                <a class="button" href=reverse(found) data-testid="compare-reverse">
                    "⇄ The other way"
                </a>
                {forge}
                <button type="button" class="button" data-copy="compare-markdown" hidden>
                    "Copy as Markdown"
                </button>
                <a class="button" href=api(found)>
                    "JSON"
                </a>
            </p>
            {jump(found)}
            {found.tab.as_ref().map(looked_at)}
            {across(found)}
            {brought(found)}
            {groups(found)}
            {lost(found)}
            <details class="more">
                <summary>"As Markdown, for an issue or a chat"</summary>
                <pre class="more__text" id="compare-markdown" tabindex="0">
                    {copied}
                </pre>
            </details>
        </div>
    }
}

/// The two answers in short, each leading to the long one.
fn jump(found: &Comparison) -> impl IntoView + use<> {
    let counts = &found.counts;
    let mut across = vec![match counts.seen {
        0 => "no test group saw it".to_owned(),
        seen => format!(
            "{} of {} broke",
            counts.broke,
            count(seen as usize, "test group", "test groups")
        ),
    }];
    across.extend((counts.perhaps > 0).then(|| format!("{} also failed since", counts.perhaps)));
    across.extend((counts.fixed > 0).then(|| format!("{} recovered", counts.fixed)));
    let mut commits = vec![count(counts.commits as usize, "commit", "commits")];
    for reach in [Reach::Own, Reach::Service] {
        let reaching = found.commits.iter().filter(|commit| commit.reach == reach);
        let number = reaching.count();
        commits.extend((number > 0).then(|| format!("{number} {}", reach.words())));
    }
    view! {
        <p class="compare__jump" data-testid="compare-jump">
            <a href="#across">{across.join(", ")}</a>
            " · "
            <a href="#commits">{commits.join(", ")}</a>
        </p>
    }
}

fn reverse(found: &Comparison) -> String {
    address(found, &found.to.version, &found.from.version)
}

fn address(found: &Comparison, from: &str, to: &str) -> String {
    match &found.tab {
        Some(tab) => paths::compare_for(&found.component, from, to, &tab.dashboard, &tab.tab),
        None => paths::compare(&found.component, from, to),
    }
}

fn api(found: &Comparison) -> String {
    paths::api(&address(found, &found.from.version, &found.to.version))
}

fn end(side: &'static str, component: &str, end: &Endpoint) -> impl IntoView + use<> {
    let commit = end.commit.as_ref().map(|commit| {
        view! {
            <span class="end__subject">
                <bdi>{visible(&commit.subject)}</bdi>
            </span>
            <span class="end__soft">
                "landed " <Time ms=commit.time.timestamp_millis() /> " by "
                <bdi>{visible(&commit.author)}</bdi>
            </span>
        }
    });
    let seen = end.first_seen.zip(end.last_seen).map(|(first, last)| {
        view! {
            <span class="end__soft">
                "runs had it from " <Time ms=first.timestamp_millis() /> " to "
                <Time ms=last.timestamp_millis() />
            </span>
        }
    });
    let problem = end
        .problem
        .as_ref()
        .map(|problem| view! { <span class="end__problem">{visible(problem)}</span> });
    let unseen = (end.first_seen.is_none())
        .then(|| view! { <span class="end__soft">"no run that is shown had it"</span> });
    let name = view! {
        <code title=visible(&end.version)>
            <bdi>{visible(short_version(&end.version))}</bdi>
        </code>
    };
    let name = if end.first_seen.is_some() {
        view! { <a href=paths::infra_version(component, &end.version)>{name}</a> }.into_any()
    } else {
        name.into_any()
    };
    view! {
        <div class="end" data-testid="compare-end" data-side=side>
            <span class="end__side">{side}</span>
            <span class="end__name">{name}</span>
            {commit}
            {seen}
            {unseen}
            {problem}
        </div>
    }
}

fn looked_at(tab: &TabName) -> impl IntoView + use<> {
    view! {
        <p class="compare__for">
            "Commits are sorted by whether they can reach "
            <a href=paths::tab(&tab.dashboard, &tab.tab)>
                <bdi>{visible(&tab.tab)}</bdi>
            </a> " on " <bdi>{visible(&tab.dashboard)}</bdi> "."
        </p>
    }
}

/// What happened across it, in one sentence.
pub(super) fn counts_sentence(counts: &CompareCounts) -> String {
    if counts.seen == 0 {
        return format!(
            "None of the {} that have the component saw this change.",
            count(counts.have as usize, "test group", "test groups")
        );
    }
    let mut said = format!(
        "{} of {} saw it. {} broke",
        counts.seen,
        count(counts.have as usize, "test group", "test groups"),
        counts.broke
    );
    if counts.broke > 0 {
        said.push_str(&format!(
            ", on {}, with {}; {} of them while no product changed",
            count(
                counts.branches_broke as usize,
                "release branch",
                "release branches"
            ),
            count(counts.rows_broke as usize, "row", "rows"),
            counts.broke_infra_only
        ));
    }
    said.push_str(&format!(
        ". {} recovered, with {}.",
        counts.fixed,
        count(counts.rows_fixed as usize, "row", "rows")
    ));
    if counts.perhaps > 0 {
        said.push_str(&format!(
            " {} also failed since, and it is not certain that this did it.",
            counts.perhaps
        ));
    }
    said
}

fn across(found: &Comparison) -> impl IntoView + use<> {
    let (perhaps, others): (Vec<&TabAcross>, Vec<&TabAcross>) =
        found.tabs.iter().partition(|tab| tab.is_perhaps());
    let (hit, quiet): (Vec<&TabAcross>, Vec<&TabAcross>) = others
        .into_iter()
        .partition(|tab| tab.is_hit() || tab.fixed > 0);
    let rows = |tabs: &[&TabAcross]| tabs.iter().map(|tab| tab_row(tab)).collect_view();
    let (first, rest) = hit.split_at(hit.len().min(TABS));
    let hit_rows = rows(first);
    let rest_rows = rows(rest);
    let quiet_rows = rows(&quiet);
    let perhaps_rows = rows(&perhaps);
    view! {
        <section class="part" id="across" data-testid="compare-tabs">
            <h2>"Across it"</h2>
            <p class="part__said" data-testid="compare-counts">
                {counts_sentence(&found.counts)}
            </p>
            {(!hit.is_empty()).then(|| view! { <ul class="lines">{hit_rows}</ul> })}
            {(!rest.is_empty())
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>
                                {format!(
                                    "{} more where something broke or recovered",
                                    count(rest.len(), "test group", "test groups"),
                                )}
                            </summary>
                            <ul class="lines">{rest_rows}</ul>
                        </details>
                    }
                })}
            {(!perhaps.is_empty())
                .then(|| {
                    view! {
                        <section class="part__also" data-testid="compare-perhaps">
                            <h3>"Also failed since"</h3>
                            <p class="part__said">
                                "Not told as broken: something else explains these failures as well."
                            </p>
                            <ul class="lines">{perhaps_rows}</ul>
                        </section>
                    }
                })}
            {(!quiet.is_empty())
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>
                                {format!(
                                    "{} where nothing broke or recovered",
                                    count(quiet.len(), "test group", "test groups"),
                                )}
                            </summary>
                            <ul class="lines">{quiet_rows}</ul>
                        </details>
                    }
                })}
        </section>
    }
}

fn tab_row(tab: &TabAcross) -> impl IntoView + use<> {
    let query = TabQuery {
        seam: Some(tab.build.clone()),
        ..TabQuery::default()
    };
    let href = format!(
        "{}?{}",
        paths::tab(&tab.dashboard, &tab.tab),
        query.to_query_string()
    );
    let product = tab
        .product
        .iter()
        .map(|moved| {
            view! {
                <span class="line__moved">
                    <bdi>{visible(&moved.repo)}</bdi>
                    " "
                    <a href=paths::compare(&moved.repo, &moved.from, &moved.to)>
                        <code>{visible(short_version(&moved.from))}</code>
                        " → "
                        <code>{visible(short_version(&moved.to))}</code>
                    </a>
                </span>
            }
        })
        .collect_view();
    let also = tab
        .also
        .iter()
        .map(|other| format!("{} / {}", visible(&other.dashboard), visible(&other.tab)))
        .collect::<Vec<_>>()
        .join(", ");
    view! {
        <li
            class="line"
            data-testid="compare-tab"
            data-dashboard=tab.dashboard.clone()
            data-tab=tab.tab.clone()
            data-job=tab.job.clone()
            data-broke=tab.broke.to_string()
            data-fixed=tab.fixed.to_string()
            data-hit=tab.is_hit().then_some("")
            data-verdict=verdict_word(tab.verdict)
            data-exact=tab.exact.then_some("")
        >
            <span class="line__head">
                {glyph(tab.glyph)}
                <a class="line__name" href=href rel="external">
                    <bdi>{visible(&tab.tab)}</bdi>
                </a>
                <span class="name-of">
                    <bdi>{visible(&tab.dashboard)}</bdi>
                </span>
                <span class="turns">{turns(tab)}</span>
                <span class="line__soft">{rates(tab)}</span>
            </span>
            <span class="line__soft">
                {if tab.exact { "" } else { "a part of the way: " }}
                {format!("{} at ", count(tab.seams as usize, "seam", "seams"))}
                <Time ms=tab.time.timestamp_millis() />
                {(!tab.certain).then_some(", not certain: builds of unknown version lie between")}
                {(!tab.product.is_empty()).then_some(", with product ")}
                {product}
                {(!also.is_empty()).then(|| format!("; also shown as {also}"))}
            </span>
            {names("broke", "✗", &tab.broke_rows, tab.broke)}
            {names("fixed", "✓", &tab.fixed_rows, tab.fixed)}
        </li>
    }
}

/// For attributes.
const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Broke => "broke",
        Verdict::Perhaps => "perhaps",
        Verdict::Quiet => "quiet",
    }
}

fn turns(tab: &TabAcross) -> String {
    let mut said = Vec::new();
    let rows = |rows: u32| count(rows as usize, "row", "rows");
    match tab.verdict {
        Verdict::Broke if tab.broke > 0 => said.push(format!("{} broke", rows(tab.broke))),
        Verdict::Broke => said.push("fails more often".to_owned()),
        Verdict::Perhaps => said.push(doubt(tab).to_owned()),
        Verdict::Quiet => {}
    }
    if tab.fixed > 0 {
        said.push(format!("{} recovered", rows(tab.fixed)));
    }
    said.join(", ")
}

/// What else explains that a tab fails since.
fn doubt(tab: &TabAcross) -> &'static str {
    if tab.product_came {
        "also failed since; its product changed, too"
    } else {
        "also failed since; it may be chance"
    }
}

/// How its runs went on both sides.
fn rates(tab: &TabAcross) -> String {
    format!(
        "{} of {} runs failed after, {} of {} before",
        tab.bad, tab.runs, tab.bad_before, tab.runs_before
    )
}

pub(super) fn glyph(glyph: MoveGlyph) -> impl IntoView + use<> {
    view! {
        <span class="glyph" role="img" title=glyph.words() aria-label=glyph.words()>
            {glyph.sign()}
        </span>
    }
}

fn names(kind: &'static str, sign: &'static str, rows: &[String], all: u32) -> Option<AnyView> {
    let item = |row: &String| {
        view! {
            <li class="turns__row" data-kind=kind>
                <span aria-hidden="true">{sign}</span>
                " "
                <a href=paths::test(row)>
                    <bdi>{visible(row)}</bdi>
                </a>
            </li>
        }
    };
    let first = rows.iter().take(ROWS).map(item).collect_view();
    let rest = rows.iter().skip(ROWS).map(item).collect_view();
    let more = all as usize - ROWS.min(all as usize);
    let cut = all as usize - rows.len().min(all as usize);
    (!rows.is_empty()).then(|| {
        view! {
            <ul class="turns__rows">{first}</ul>
            {(more > 0)
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>{format!("{more} more {kind}")}</summary>
                            <ul class="turns__rows">{rest}</ul>
                            {(cut > 0).then(|| view! { <p>{format!("and {cut} more")}</p> })}
                        </details>
                    }
                })}
        }
        .into_any()
    })
}

/// How long ago, for lists.
pub(super) fn age(ms: i64) -> impl IntoView {
    view! {
        <span class="line__soft">
            <Age ms />
        </span>
    }
}
