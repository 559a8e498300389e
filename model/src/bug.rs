//! Addresses of issues that people link to rows: which may be linked, and what they come to in words.

/// The longest address, in bytes.
pub const LONGEST_URL: usize = 2_000;
/// The longest title, in bytes.
pub const LONGEST_TITLE: usize = 300;

/// Why an address is not linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBug {
    /// It is not one of a web page.
    #[error("`url` must begin with http:// or https:// and name a host, not \"{0}\"")]
    NotWeb(String),
    /// It is too long.
    #[error("`url` is longer than {LONGEST_URL} bytes")]
    LongUrl,
    /// It has something in it that addresses have not.
    #[error("`url` has a space or something that cannot be printed in it")]
    OddUrl,
    /// The title is too long.
    #[error("`title` is longer than {LONGEST_TITLE} bytes")]
    LongTitle,
    /// The title is not one line of text.
    #[error("`title` has something that cannot be printed in it")]
    OddTitle,
}

/// The address as it is kept: without what surrounds it.
pub fn check_url(url: &str) -> Result<&str, BadBug> {
    /// Enough of a wrong address to know it again.
    const SHOWN: usize = 60;
    let url = url.trim();
    if url.len() > LONGEST_URL {
        return Err(BadBug::LongUrl);
    }
    if url
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control())
    {
        return Err(BadBug::OddUrl);
    }
    match host_and_path(url) {
        Some((host, _)) if !host.is_empty() => Ok(url),
        _ => Err(BadBug::NotWeb(url.chars().take(SHOWN).collect())),
    }
}

/// The title as it is kept; empty for none.
pub fn check_title(title: &str) -> Result<&str, BadBug> {
    let title = title.trim();
    if title.len() > LONGEST_TITLE {
        Err(BadBug::LongTitle)
    } else if title.chars().any(char::is_control) {
        Err(BadBug::OddTitle)
    } else {
        Ok(title)
    }
}

/// What an issue is called by its address alone: `kubernetes/kubernetes#123` where a forge's addresses
/// say so, else the last part of a tracker's, else the address without its scheme.
pub fn name_of(url: &str) -> String {
    let Some((host, path)) = host_and_path(url) else {
        return url.to_owned();
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match &parts[..] {
        // GitHub, Gitea; GitLab has `-` before the kind.
        [project @ .., kind, number]
            if project.len() >= 2
                && is_number(number)
                && matches!(*kind, "issues" | "pull" | "pulls" | "merge_requests") =>
        {
            let project = project.strip_suffix(&["-"]).unwrap_or(project);
            format!("{}#{number}", project.join("/"))
        }
        // Jira, and what else says `browse/KEY`.
        [.., "browse" | "b" | "issues", key] => (*key).to_owned(),
        [.., last] if is_number(last) => format!("{host}/{last}"),
        _ => url
            .split_once("://")
            .map_or(url, |(_, rest)| rest)
            .trim_end_matches('/')
            .to_owned(),
    }
}

/// What TestGrid's answers name an issue by: what stands behind the address with which the tab opens
/// issues, normally its number; else the whole address.
pub fn testgrid_id<'a>(url: &'a str, open_bug_url: &str) -> &'a str {
    url.strip_prefix(open_bug_url)
        .filter(|id| !open_bug_url.is_empty() && !id.is_empty())
        .unwrap_or(url)
}

/// Host and path of a web page's address, the path without query and fragment.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    Some(rest[..end].split_once('/').unwrap_or((&rest[..end], "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_linked() {
        assert_eq!(
            check_url(" https://a.example/1 "),
            Ok("https://a.example/1")
        );
        assert_eq!(check_url("HTTP://a"), Ok("HTTP://a"));
        for wrong in [
            "",
            "javascript:alert(1)",
            "ftp://a.example/1",
            "https:///path",
            "//a.example",
            "#123",
        ] {
            assert_eq!(check_url(wrong), Err(BadBug::NotWeb(wrong.to_owned())));
        }
        assert_eq!(check_url("https://a.example/a b"), Err(BadBug::OddUrl));
        assert_eq!(check_url("https://a.example/\u{0}"), Err(BadBug::OddUrl));
        let long = format!("https://a.example/{}", "a".repeat(LONGEST_URL));
        assert_eq!(check_url(&long), Err(BadBug::LongUrl));
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(check_title(" It flakes "), Ok("It flakes"));
        assert_eq!(check_title("two\nlines"), Err(BadBug::OddTitle));
        assert_eq!(check_title(&"é".repeat(200)), Err(BadBug::LongTitle));
    }

    #[test]
    fn addresses_come_to_short_names() {
        for (url, name) in [
            (
                "https://github.com/kubernetes/test-infra/issues/14890",
                "kubernetes/test-infra#14890",
            ),
            ("https://github.com/o/r/pull/7#issuecomment-1", "o/r#7"),
            ("https://gitlab.com/a/b/c/-/issues/12", "a/b/c#12"),
            ("https://issues.redhat.com/browse/OCPBUGS-12", "OCPBUGS-12"),
            ("https://tracker.example/show/99", "tracker.example/99"),
            ("https://a.example/wiki/", "a.example/wiki"),
            ("https://a.example", "a.example"),
            ("https://github.com/o/r/issues", "github.com/o/r/issues"),
        ] {
            assert_eq!(name_of(url), name);
        }
    }

    #[test]
    fn testgrid_knows_issues_by_what_its_template_leaves() {
        let template = "https://github.com/kubernetes/kubernetes/issues/";
        let url = "https://github.com/kubernetes/kubernetes/issues/77";
        assert_eq!(testgrid_id(url, template), "77");
        assert_eq!(testgrid_id(url, ""), url);
        assert_eq!(testgrid_id(template, template), template);
        assert_eq!(
            testgrid_id("https://a.example/1", template),
            "https://a.example/1"
        );
    }
}
