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

/// `GET /api/v2/releases`
pub const API_RELEASES: &str = "/api/v2/releases";

/// `GET /api/v2/dashboards`
pub const API_DASHBOARDS: &str = "/api/v2/dashboards";

/// `GET /api/v2/dashboards/{dashboard}`
pub fn api_dashboard(dashboard: &str) -> String {
    format!("{API_DASHBOARDS}/{}", segment(dashboard))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}`
pub fn api_tab(dashboard: &str, tab: &str) -> String {
    format!("{}/tabs/{}", api_dashboard(dashboard), segment(tab))
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/grid`
pub fn api_grid(dashboard: &str, tab: &str) -> String {
    format!("{}/grid", api_tab(dashboard, tab))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }
}
