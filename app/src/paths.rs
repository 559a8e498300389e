//! Every URL of ours, in one place: names hold spaces, commas, slashes and dashes of every kind.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a path segment may hold as it stands: unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One name as one path segment. A name of dots alone is encoded too, or the browser would resolve it.
pub fn segment(name: &str) -> String {
    if !name.is_empty() && name.bytes().all(|byte| byte == b'.') {
        return name.replace('.', "%2E");
    }
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// The name that a path segment holds; bytes that are not UTF-8 become replacement characters.
pub fn name(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The overview.
pub const HOME: &str = "/";

/// A dashboard's page.
pub fn dashboard(dashboard: &str) -> String {
    format!("/d/{}", segment(dashboard))
}

/// A tab's page.
pub fn tab(dashboard: &str, tab: &str) -> String {
    format!("/d/{}/{}", segment(dashboard), segment(tab))
}

/// The longest address that becomes a link: a name may be a megabyte long.
pub const LONGEST: usize = 4_000;

/// The page of one row of a tab, by its identity or its name.
pub fn row(dashboard: &str, tab: &str, row: &str) -> String {
    row_of_tab(&self::tab(dashboard, tab), row)
}

/// The same of the tab with this path.
pub fn row_of_tab(tab: &str, row: &str) -> String {
    format!("{tab}/rows/{}", segment(row))
}

/// The same as a part of the tab's own page.
pub fn row_part(tab: &str, row: &str) -> String {
    format!("{}?part=", row_of_tab(tab, row))
}

/// The page of the seam at the older edge of a build's column.
pub fn seam(dashboard: &str, tab: &str, build: &str) -> String {
    format!("{}/seams/{}", self::tab(dashboard, tab), segment(build))
}

/// The same as a part of the tab's own page.
pub fn seam_part(dashboard: &str, tab: &str, build: &str) -> String {
    format!("{}?part=", seam(dashboard, tab, build))
}

/// What can be done from a cell, as a part of the page of the tab with this path.
pub fn cell_part(tab: &str, row: &str, build: &str) -> String {
    format!("{tab}/cells/{}?part=&row={}", segment(build), segment(row))
}

/// How long a cell of the tab with this path took.
pub fn duration_part(tab: &str, row: &str, build: &str) -> String {
    format!(
        "{tab}/cells/{}?part=duration&row={}",
        segment(build),
        segment(row)
    )
}

/// A page with a query string, which may be empty.
pub fn with_query(path: String, query: &str) -> String {
    if query.is_empty() {
        path
    } else {
        path + "?" + query
    }
}

/// The numbers of a tab's rows as charts; `query` says which, as on the tab's page.
pub fn metrics(dashboard: &str, tab: &str, query: &str) -> String {
    with_query(format!("{}/metrics", self::tab(dashboard, tab)), query)
}

/// The rows of a tab as a list; `query` as on the tab's page.
pub fn rows(dashboard: &str, tab: &str, query: &str) -> String {
    with_query(format!("{}/rows", self::tab(dashboard, tab)), query)
}

/// A dashboard group's page.
pub fn group(group: &str) -> String {
    format!("/g/{}", segment(group))
}

/// All dashboards.
pub const DASHBOARDS: &str = "/dashboards";

/// What changed; since when follows as `?since=`.
pub const CHANGES: &str = "/changes";

/// Search; what for follows as `?q=`.
pub const TESTS: &str = "/tests";

/// Where results come from, and how fresh they are.
pub const STATUS: &str = "/status";

/// One source.
pub fn source(group: &str) -> String {
    format!("{STATUS}/{}", segment(group))
}

/// One test across all tabs.
pub fn test(name: &str) -> String {
    format!("{TESTS}/{}", segment(name))
}

/// Where an old link leads: TestGrid's `/{dashboard}#{tab}&{option}={value}`, of which the server
/// never sees the part after `#`. `fragment` stands without its `#`.
pub fn from_fragment(dashboard: &str, fragment: &str) -> String {
    let (tab, options) = fragment.split_once('&').unwrap_or((fragment, ""));
    // `Summary` is the first view of a dashboard, not a tab.
    let path = match name(tab).as_str() {
        "" | "Summary" => self::dashboard(dashboard),
        tab => self::tab(dashboard, tab),
    };
    with_query(
        path,
        &model::query::TabQuery::parse(options).to_query_string(),
    )
}

/// The dashboard of a dashboard's or a tab's page; `None` for other addresses. The router's own
/// parameters are decoded twice, which turns a name that holds `%2F` into another.
pub fn dashboard_of(path: &str) -> Option<String> {
    let mut segments = path.strip_prefix("/d/")?.split('/');
    segments.next().map(name)
}

/// The dashboard and the tab of a tab's page; `None` for other addresses.
pub fn tab_of(path: &str) -> Option<(String, String)> {
    let mut segments = path.strip_prefix("/d/")?.split('/').map(name);
    Some((segments.next()?, segments.next()?))
}

/// The group of a dashboard group's page; `None` for other addresses.
pub fn group_of(path: &str) -> Option<String> {
    path.strip_prefix("/g/").map(name)
}

/// The feed of infra changes.
pub const INFRA: &str = "/infra";

/// Asks for two versions of a component.
pub const COMPARE: &str = "/compare";

/// What lies between two versions of a component.
pub fn compare(component: &str, from: &str, to: &str) -> String {
    format!(
        "/compare?component={}&from={}&to={}",
        segment(component),
        segment(from),
        segment(to)
    )
}

/// The same, for the job of a tab.
pub fn compare_for(component: &str, from: &str, to: &str, dashboard: &str, tab: &str) -> String {
    format!(
        "{}&dashboard={}&tab={}",
        compare(component, from, to),
        segment(dashboard),
        segment(tab)
    )
}

/// The feed of the changes of one infra component.
pub fn infra_component(component: &str) -> String {
    format!("{INFRA}/{}", segment(component))
}

/// What differs between two builds of a tab.
pub fn compare_builds(dashboard: &str, tab: &str, older: &str, newer: &str) -> String {
    format!(
        "/compare?dashboard={}&tab={}&older={}&newer={}",
        segment(dashboard),
        segment(tab),
        segment(older),
        segment(newer)
    )
}

/// The same as a part of the tab's own page.
pub fn compare_builds_part(dashboard: &str, tab: &str, older: &str, newer: &str) -> String {
    format!("{}&part=", compare_builds(dashboard, tab, older, newer))
}

/// The page of one version of a component.
pub fn infra_version(component: &str, version: &str) -> String {
    format!("{INFRA}/{}/{}", segment(component), segment(version))
}

/// The Atom feed of infra changes.
pub const FEED_OF_INFRA: &str = "/feeds/infra";

/// The data of a page: `GET /api/v2` and the page's address.
pub fn api(page: &str) -> String {
    format!("/api/v2{page}")
}

/// `GET /api/v2/releases`
pub const API_RELEASES: &str = "/api/v2/releases";

/// `GET /api/v2/events`
pub const API_EVENTS: &str = "/api/v2/events";

/// `GET /api/v2/dashboards`
pub const API_DASHBOARDS: &str = "/api/v2/dashboards";

/// `GET /api/v2/search`
pub const API_SEARCH: &str = "/api/v2/search";

/// `GET /api/v2/tests`
pub const API_TESTS: &str = "/api/v2/tests";

/// `GET /api/v2/tests/{name}`
pub fn api_test(name: &str) -> String {
    format!("{API_TESTS}/{}", segment(name))
}

/// `GET /api/v2/dashboard-groups/{group}`
pub fn api_group(group: &str) -> String {
    format!("/api/v2/dashboard-groups/{}", segment(group))
}

/// `GET /api/v2/dashboards/{dashboard}`
pub fn api_dashboard(dashboard: &str) -> String {
    format!("{API_DASHBOARDS}/{}", segment(dashboard))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}`
pub fn api_tab(dashboard: &str, tab: &str) -> String {
    format!("{}/tabs/{}", api_dashboard(dashboard), segment(tab))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/metrics`
pub fn api_metrics(dashboard: &str, tab: &str) -> String {
    format!("{}/metrics", api_tab(dashboard, tab))
}

/// `POST` and `DELETE /api/v2/groups/{group}/rows/{row}/bugs`
pub fn api_bugs(group: &str, row: &str) -> String {
    format!(
        "/api/v2/groups/{}/rows/{}/bugs",
        segment(group),
        segment(row)
    )
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/rows/{row}`
pub fn api_row(dashboard: &str, tab: &str, row: &str) -> String {
    format!("{}/rows/{}", api_tab(dashboard, tab), segment(row))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/grid`
pub fn api_grid(dashboard: &str, tab: &str) -> String {
    format!("{}/grid", api_tab(dashboard, tab))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/durations`
pub fn api_durations(dashboard: &str, tab: &str) -> String {
    format!("{}/durations", api_tab(dashboard, tab))
}

/// The Atom feed of a dashboard's status changes.
pub fn feed_of_dashboard(dashboard: &str) -> String {
    format!("/feeds/dashboards/{}", segment(dashboard))
}

/// The Atom feed of the status changes on a release branch.
pub fn feed_of_release(branch: &str) -> String {
    format!("/feeds/releases/{}", segment(branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_links_keep_tab_and_options() {
        for (fragment, path) in [
            ("", "/d/sig-a"),
            ("Summary", "/d/sig-a"),
            ("gce%20cos", "/d/sig-a/gce%20cos"),
            ("gce, cos", "/d/sig-a/gce%2C%20cos"),
            (
                "gce&width=10&include-filter-by-regex=%5Ea&show-stale-tests=",
                "/d/sig-a/gce?include-filter-by-regex=%5Ea&show-stale-tests=&width=10",
            ),
        ] {
            assert_eq!(from_fragment("sig-a", fragment), path);
        }
    }

    #[test]
    fn names_round_trip() {
        for original in [
            "sig-network-kind, loadbalancer",
            "Conformance - GCE - master",
            "a–b c",
            "a/b%2Fc?d#e&f=g+h",
            "..",
            "<script>\u{202e}",
        ] {
            let encoded = segment(original);
            assert_eq!(name(&encoded), original);
            assert!(
                encoded
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
            );
            assert_ne!(encoded, "..");
            assert_eq!(
                tab_of(&tab(original, original)),
                Some((original.to_owned(), original.to_owned()))
            );
            assert_eq!(group_of(&group(original)).as_deref(), Some(original));
            assert_eq!(
                dashboard_of(&dashboard(original)).as_deref(),
                Some(original)
            );
        }
    }
}
