//! Commits as lists, split by whether they can reach what is looked at.

use leptos::prelude::*;
use model::{
    infra::short_version,
    reach::{Reach, Reached},
    wire::infra::{BumpLine, CommitLine, Comparison},
};

use super::age;
use crate::{
    paths,
    text::{count, safe_url, visible},
};

/// How many commits of a group stand open.
const OPEN: usize = 60;

/// What lies between, split by reach. Nothing is left out: what cannot reach is collapsed, with its
/// count.
pub(super) fn groups(found: &Comparison) -> impl IntoView + use<> {
    let backward = found.direction.is_backward();
    let heading = if backward {
        "Taken away"
    } else {
        "Landed between"
    };
    let whom = match &found.tab {
        Some(tab) => visible(&tab.tab),
        None if found.counts.broke > 0 => "what broke".to_owned(),
        None if found.counts.seen > 0 => "what saw the change".to_owned(),
        None => "any job".to_owned(),
    };
    let known = found
        .commits
        .iter()
        .any(|commit| commit.reach != Reach::Unknown);
    let parts = Reach::ALL
        .into_iter()
        .filter_map(|reach| {
            let commits: Vec<&CommitLine> = found
                .commits
                .iter()
                .filter(|commit| commit.reach == reach)
                .collect();
            (!commits.is_empty()).then(|| {
                let title = format!(
                    "{} {} {}",
                    count(commits.len(), "commit", "commits"),
                    reach.words(),
                    whom
                );
                group(reach, known.then_some(title), &commits)
            })
        })
        .collect_view();
    let total = found.counts.commits as usize;
    view! {
        <section class="part" id="commits" data-testid="compare-commits">
            <h2>
                {heading} " " <span class="part__count">{count(total, "commit", "commits")}</span>
            </h2>
            {(total > 0 && !known)
                .then(|| {
                    view! {
                        <p class="part__said">
                            "It is not known which jobs these commits can reach."
                        </p>
                    }
                })}
            {(total == 0).then(|| view! { <p class="part__said">"No commit is known."</p> })}
            {parts}
        </section>
    }
}

fn group(reach: Reach, title: Option<String>, commits: &[&CommitLine]) -> AnyView {
    let (first, rest) = commits.split_at(commits.len().min(OPEN));
    let list = |commits: &[&CommitLine]| {
        let items = commits.iter().map(|commit| item(commit)).collect_view();
        view! { <ul class="lines">{items}</ul> }
    };
    let rest = (!rest.is_empty()).then(|| {
        view! {
            <details class="more">
                <summary>{format!("{} older", count(rest.len(), "commit", "commits"))}</summary>
                {list(rest)}
            </details>
        }
    });
    let body = view! {
        {list(first)}
        {rest}
    };
    let Some(title) = title else {
        return view! { <div data-testid="compare-reach" data-reach=reach.word()>{body}</div> }
            .into_any();
    };
    if reach == Reach::Cannot {
        return view! {
            <details class="more reach" data-testid="compare-reach" data-reach=reach.word()>
                <summary>{title}</summary>
                {body}
            </details>
        }
        .into_any();
    }
    view! {
        <div class="reach" data-testid="compare-reach" data-reach=reach.word()>
            <h3>{title}</h3>
            {body}
        </div>
    }
    .into_any()
}

/// What brought the change to the runs.
pub(super) fn brought(found: &Comparison) -> Option<AnyView> {
    let items = found.brought_by.iter().map(item).collect_view();
    (!found.brought_by.is_empty()).then(|| {
        view! {
            <section class="part" data-testid="compare-brought">
                <h2>
                    "Brought by " <span class="part__count">
                        {count(found.brought_by.len(), "commit", "commits")}
                    </span>
                </h2>
                <p class="part__said">
                    "These moved images between versions of this range, this way."
                </p>
                <ul class="lines">{items}</ul>
            </section>
        }
        .into_any()
    })
}

/// What only the first of two has, where their lines part.
pub(super) fn lost(found: &Comparison) -> Option<AnyView> {
    let items = found.lost.iter().map(item).collect_view();
    (!found.lost.is_empty()).then(|| {
        view! {
            <section class="part" data-testid="compare-lost">
                <h2>
                    {format!("Only in {}", visible(short_version(&found.from.version)))} " "
                    <span class="part__count">
                        {count(found.lost.len(), "commit", "commits")}
                    </span>
                </h2>
                <ul class="lines">{items}</ul>
            </section>
        }
        .into_any()
    })
}

fn item(commit: &CommitLine) -> impl IntoView + use<> {
    let files = commit
        .files
        .iter()
        .map(|file| view! { <li><code>{visible(file)}</code></li> })
        .collect_view();
    let more = commit.files_count as usize - commit.files.len().min(commit.files_count as usize);
    let files = (commit.files_count > 0).then(|| {
        view! {
            <details class="more">
                <summary>{count(commit.files_count as usize, "file", "files")}</summary>
                <ul class="files">{files}</ul>
                {(more > 0).then(|| view! { <p>{format!("and {more} more")}</p> })}
            </details>
        }
    });
    view! {
        <li
            class="line"
            data-testid="compare-commit"
            data-sha=commit.sha.clone()
            data-reach=commit.reach.word()
        >
            {commit_head(commit)}
            {bump_list(&commit.bumps)}
            {files}
        </li>
    }
}

/// A commit in two lines.
pub(in crate::server_pages) fn commit_head(commit: &CommitLine) -> impl IntoView + use<> {
    let subject = visible(&commit.subject);
    let name = match safe_url(&commit.url) {
        Some(url) => view! {
            <a class="line__name" href=url.to_owned() rel="external noopener">
                <bdi>{subject}</bdi>
            </a>
        }
        .into_any(),
        None => view! { <bdi class="line__name">{subject}</bdi> }.into_any(),
    };
    let pull = commit.pull.map(|number| {
        view! {
            <a
                href=format!("https://github.com/{}/pull/{number}", commit.repo)
                rel="external noopener"
            >
                {format!("#{number}")}
            </a>
            " · "
        }
    });
    let reverts = commit.reverts.as_ref().map(|revert| {
        let what = revert
            .subject
            .as_deref()
            .map(|subject| format!("takes back “{}”", visible(subject)))
            .or_else(|| revert.pull.map(|number| format!("takes back #{number}")))
            .unwrap_or_else(|| "takes something back".to_owned());
        view! {
            <span class="mark" data-mark="revert">
                "↶ "
                {what}
            </span>
        }
    });
    let reverted = commit.reverted_by.as_ref().map(|by| {
        view! {
            <span class="mark" data-mark="reverted">
                "taken back by "
                <a
                    href=format!("https://github.com/{}/commit/{by}", commit.repo)
                    rel="external noopener"
                >
                    <code>{visible(short_version(by))}</code>
                </a>
            </span>
        }
    });
    let bump = (!commit.bumps.is_empty())
        .then(|| view! { <span class="mark" data-mark="bump">"⇧ bump"</span> });
    view! {
        <span class="line__head">{name} {bump} {reverts} {reverted} {reached(commit.can_reach.as_ref())}</span>
        <span class="line__soft">
            <code>{visible(short_version(&commit.sha))}</code> " · " {pull}
            <bdi>{visible(&commit.repo)}</bdi> " · " <bdi>{visible(&commit.author)}</bdi> " · "
            {age(commit.time.timestamp_millis())}
        </span>
    }
}

fn reached(reached: Option<&Reached>) -> Option<AnyView> {
    let reached = reached?;
    let labels = reached.labels.join(", ");
    let flaw = reached.flaw.as_ref().map(|flaw| {
        view! {
            <span class="end__problem" data-testid="compare-flaw">
                {visible(&format!("The job configuration cannot be read at this commit: {flaw}"))}
            </span>
        }
    });
    let least = if reached.flaw.is_some() {
        "at least "
    } else {
        ""
    };
    Some(
        view! {
            {flaw}
            <span class="line__soft">
                {format!("reaches {least}{} of {} jobs", reached.own, reached.jobs)}
                {(reached.service > 0).then(|| format!(", {} through a service", reached.service))}
                {(!labels.is_empty()).then(|| format!(": {labels}"))}
            </span>
        }
        .into_any(),
    )
}

/// What a commit moves, each with the commits behind it.
pub(in crate::server_pages) fn bump_list(bumps: &[BumpLine]) -> Option<AnyView> {
    let items = bumps.iter().map(bump).collect_view();
    (!bumps.is_empty()).then(|| view! { <ul class="bumps">{items}</ul> }.into_any())
}

fn bump(line: &BumpLine) -> impl IntoView + use<> {
    let name = line
        .component
        .clone()
        .unwrap_or_else(|| line.bump.what.clone());
    let others = (line.images > 1).then(|| format!(" ({} images)", line.images));
    let versions = line.bump.from.as_ref().zip(line.bump.to.as_ref());
    let said = versions.map(|(from, to)| {
        let link = line.component.as_ref().map(|component| {
            view! {
                " "
                <a href=paths::compare(component, digits(from), digits(to))>"compare"</a>
            }
        });
        view! {
            " "
            <code>{visible(from)}</code>
            " → "
            <code>{visible(to)}</code>
            {link}
        }
    });
    let upstream = line
        .upstream
        .iter()
        .map(|commit| {
            view! {
                <li>
                    <code>{visible(short_version(&commit.sha))}</code>
                    " "
                    <bdi>{visible(&commit.subject)}</bdi>
                    " "
                    {age(commit.time.timestamp_millis())}
                </li>
            }
        })
        .collect_view();
    let all = line.upstream_count.unwrap_or(0) as usize;
    let hidden = all - line.upstream.len().min(all);
    let behind = (all > 0).then(|| {
        view! {
            <details class="more">
                <summary>
                    {count(all, "commit", "commits")}
                    {if line.backward { " taken away" } else { " behind it" }}
                </summary>
                <ul class="files">{upstream}</ul>
                {(hidden > 0).then(|| view! { <p>{format!("and {hidden} more")}</p> })}
            </details>
        }
    });
    view! {
        <li class="bump" data-backward=line.backward.then_some("")>
            <bdi class="bump__what">{visible(&name)}</bdi>
            {others}
            {said}
            {line.backward.then_some(" — an older version")}
            {behind}
        </li>
    }
}

/// The commit in an image's tag.
fn digits(version: &str) -> &str {
    model::history::commit_in(version).unwrap_or(version)
}
