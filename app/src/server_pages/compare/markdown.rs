//! A comparison as Markdown, for an issue or a chat.

use model::{
    infra::short_version,
    reach::Reach,
    wire::infra::{CommitLine, Comparison, TabAcross},
};

use super::{counts_sentence, doubt, rates};
use crate::text::{count, visible};

/// How many commits, and how many tabs, are listed.
const LISTED: usize = 25;

/// The comparison as Markdown. `page` is where it stands: told where it is a whole address.
pub(super) fn markdown(found: &Comparison, page: &str) -> String {
    let mut text = format!(
        "**{}** `{}` → `{}`\n\n{}\n",
        plain(&found.component),
        code(short_version(&found.from.version)),
        code(short_version(&found.to.version)),
        plain(&found.sentence),
    );
    for url in [Some(page), found.url.as_deref()].into_iter().flatten() {
        if url.starts_with("http") {
            text.push_str(&format!("\n<{url}>\n"));
        }
    }
    text.push_str(&format!("\n{}\n", counts_sentence(&found.counts)));
    let hit = || found.tabs.iter().filter(|tab| tab.is_hit());
    list(&mut text, hit().count(), hit().map(tab_line));
    let perhaps = || found.tabs.iter().filter(|tab| tab.is_perhaps());
    if perhaps().count() > 0 {
        text.push_str("\nAlso failed since, and something else explains it as well\n");
        list(&mut text, perhaps().count(), perhaps().map(tab_line));
    }
    let fixed = || found.tabs.iter().filter(|tab| tab.fixed > 0);
    if fixed().count() > 0 {
        text.push_str("\nRecovered\n");
        list(&mut text, fixed().count(), fixed().map(fixed_line));
    }
    if !found.brought_by.is_empty() {
        text.push_str("\nBrought by\n");
        list(
            &mut text,
            found.brought_by.len(),
            found.brought_by.iter().map(commit_line),
        );
    }
    for reach in Reach::ALL {
        let of = || found.commits.iter().filter(|commit| commit.reach == reach);
        let number = of().count();
        if number == 0 {
            continue;
        }
        text.push_str(&format!(
            "\n{}: {}\n",
            count(number, "commit", "commits"),
            reach.words()
        ));
        if reach != Reach::Cannot {
            list(&mut text, number, of().map(commit_line));
        }
    }
    if !found.lost.is_empty() {
        text.push_str("\nOnly on the line that is left\n");
        list(
            &mut text,
            found.lost.len(),
            found.lost.iter().map(commit_line),
        );
    }
    text
}

fn list(text: &mut String, all: usize, lines: impl Iterator<Item = String>) {
    if all > 0 {
        text.push('\n');
    }
    for line in lines.take(LISTED) {
        text.push_str(&format!("- {line}\n"));
    }
    if all > LISTED {
        text.push_str(&format!("- and {} more\n", all - LISTED));
    }
}

fn tab_line(tab: &TabAcross) -> String {
    let rows = match (tab.broke, tab.broke_rows.first()) {
        _ if tab.is_perhaps() => doubt(tab).to_owned(),
        (0, _) | (_, None) => "fails more often".to_owned(),
        (1, Some(row)) => format!("broke `{}`", code(row)),
        (count, Some(row)) => format!("broke `{}` and {} more", code(row), count - 1),
    };
    said(tab, &rows)
}

fn fixed_line(tab: &TabAcross) -> String {
    let rows = match (tab.fixed, tab.fixed_rows.first()) {
        (1, Some(row)) => format!("`{}`", code(row)),
        (rows, Some(row)) => format!("`{}` and {} more", code(row), rows - 1),
        (rows, None) => count(rows as usize, "row", "rows"),
    };
    said(tab, &rows)
}

fn said(tab: &TabAcross, rows: &str) -> String {
    format!(
        "{} / {}: {rows}; {}; {}",
        plain(&tab.dashboard),
        plain(&tab.tab),
        rates(tab),
        tab.glyph.words(),
    )
}

fn commit_line(commit: &CommitLine) -> String {
    let mut line = format!(
        "[`{}`]({}) {}",
        code(short_version(&commit.sha)),
        commit.url,
        plain(&commit.subject)
    );
    if commit.reverted_by.is_some() {
        line.push_str(" (taken back since)");
    }
    line
}

/// Text that must not become markup, nor call anybody.
pub(in crate::server_pages) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        if matches!(
            letter,
            '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '|' | '#'
        ) {
            safe.push('\\');
        }
        safe.push(letter);
        if letter == '@' {
            safe.push('\u{200b}');
        }
    }
    safe
}

/// Text within backticks.
pub(in crate::server_pages) fn code(text: &str) -> String {
    visible(text).replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            plain("Fix #1 [x](y) by @ann <b>"),
            "Fix \\#1 \\[x\\](y) by @\u{200b}ann \\<b\\>"
        );
        assert_eq!(code("a`b"), "a'b");
    }
}
