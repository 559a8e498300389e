//! Atom feeds of status changes with their reason: one per dashboard, one per release branch.

use std::sync::Arc;

use app::{api::Read as _, paths};
use axum::{Router, extract::State, http::HeaderMap, response::Response, routing::get};
use chrono::{DateTime, SecondsFormat};
use model::{name::normalize, wire::WireError};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{
    answer::{Answer, typed},
    error::ApiError,
    extract::Path,
    wrong_method,
};
use crate::{read::Reader, store::StatusChange};

/// How many changes a feed tells.
const ENTRIES: u32 = 100;
/// How long a feed may be kept, in seconds.
const MAX_AGE: u32 = 60;

/// The routes at the root.
pub(super) fn routes() -> Router<Arc<Reader>> {
    Router::new()
        .route("/feeds/dashboards/{dashboard}", get(dashboard_feed))
        .route("/feeds/releases/{branch}", get(release_feed))
        .method_not_allowed_fallback(wrong_method)
}

async fn dashboard_feed(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let name = {
        let snapshot = reader.snapshot();
        snapshot.catalog().dashboard(&dashboard)?.name.clone()
    };
    let feed = Feed {
        title: format!("{name}: changes of status"),
        address: paths::feed_of_dashboard(&name),
        page: paths::dashboard(&name),
    };
    feed.answer(&reader, &[&name], &headers).await
}

async fn release_feed(
    State(reader): State<Arc<Reader>>,
    Path(branch): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let releases = reader.releases()?.items;
    let known = |wanted: &str| {
        releases
            .iter()
            .find(|release| release.branch == wanted)
            .or_else(|| {
                let wanted = normalize(wanted);
                releases
                    .iter()
                    .find(|release| normalize(&release.branch) == wanted)
            })
    };
    let release = known(&branch).ok_or_else(|| {
        let branches: Vec<&str> = releases.iter().map(|it| it.branch.as_str()).collect();
        ApiError::NotFound(format!(
            "there is no release branch \"{branch}\"; there are {}",
            branches.join(", ")
        ))
    })?;
    let dashboards: Vec<&str> = release
        .tiers
        .iter()
        .map(|tier| tier.dashboard.as_str())
        .collect();
    let feed = Feed {
        title: format!("{}: changes of status", release.branch),
        address: paths::feed_of_release(&release.branch),
        page: paths::HOME.to_owned(),
    };
    feed.answer(&reader, &dashboards, &headers).await
}

/// What a feed is about.
struct Feed {
    title: String,
    /// Its own address.
    address: String,
    /// The page of what it is about.
    page: String,
}

impl Feed {
    async fn answer(
        &self,
        reader: &Reader,
        dashboards: &[&str],
        request: &HeaderMap,
    ) -> Result<Response, ApiError> {
        let changes = reader
            .status_changes(dashboards, ENTRIES)
            .await
            .map_err(WireError::from)?;
        let body = self
            .write(&changes)
            .map_err(|error| ApiError::Internal(format!("a feed cannot be written: {error}")))?;
        Ok(typed(
            request,
            "application/atom+xml; charset=utf-8",
            Some(MAX_AGE),
            body,
        ))
    }

    /// The feed, newest change first. Addresses are relative to it: the server does not know by what
    /// name it is reached.
    fn write(&self, changes: &[StatusChange]) -> std::io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::with_capacity(1024 + changes.len() * 1024));
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        writer
            .create_element("feed")
            .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"))
            .write_inner_content(|writer| {
                text(writer, "id", &id(&[&self.address]))?;
                text(writer, "title", &self.title)?;
                // A feed without entries has never changed.
                text(
                    writer,
                    "updated",
                    &time(changes.first().map_or(0, |it| it.at_ms)),
                )?;
                link(writer, "self", &self.address)?;
                link(writer, "alternate", &self.page)?;
                writer
                    .create_element("author")
                    .write_inner_content(|writer| text(writer, "name", "Seamgrid"))?;
                for change in changes {
                    writer
                        .create_element("entry")
                        .write_inner_content(|writer| entry(writer, change))?;
                }
                Ok(())
            })?;
        let mut bytes = writer.into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn entry(writer: &mut Writer<Vec<u8>>, change: &StatusChange) -> std::io::Result<()> {
    let (from, to) = (change.from.word(), change.to.word());
    // The same whichever replica tells it, and whatever becomes of the database.
    let at = change.at_ms.to_string();
    text(
        writer,
        "id",
        &id(&[&change.dashboard, &change.tab, &at, from, to]),
    )?;
    text(
        writer,
        "title",
        &format!("{} {}: {from} → {to}", change.to.glyph(), change.tab),
    )?;
    text(writer, "updated", &time(change.at_ms))?;
    link(
        writer,
        "alternate",
        &paths::tab(&change.dashboard, &change.tab),
    )?;
    writer
        .create_element("category")
        .with_attribute(("term", to))
        .write_empty()?;
    let mut summary = change.reason.clone();
    if !change.build.is_empty() {
        summary += &format!("\nNewest build: {}", change.build);
    }
    summary += &format!("\nDashboard: {}", change.dashboard);
    text(writer, "summary", &summary)
}

fn text(writer: &mut Writer<Vec<u8>>, element: &str, content: &str) -> std::io::Result<()> {
    let content = allowed(content);
    writer
        .create_element(element)
        .write_text_content(BytesText::new(&content))?;
    Ok(())
}

fn link(writer: &mut Writer<Vec<u8>>, relation: &str, address: &str) -> std::io::Result<()> {
    writer
        .create_element("link")
        .with_attributes([("rel", relation), ("href", address)])
        .write_empty()?;
    Ok(())
}

/// Text without the characters that no XML document may hold.
fn allowed(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' | '\n' | '\r' => letter,
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// A name for ever: a UUID of these parts, of the version for one's own schemes.
fn id(parts: &[&str]) -> String {
    let hash = xxhash_rust::xxh3::xxh3_128(parts.join("\0").as_bytes());
    let hash = hash & !(0xf << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{hash:032x}");
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_their_parts() {
        let one = id(&["a", "b"]);
        assert_eq!(one, id(&["a", "b"]));
        assert_ne!(one, id(&["ab", ""]));
        assert_eq!(one.len(), "urn:uuid:".len() + 36);
        assert_eq!(one.as_bytes()["urn:uuid:".len() + 14], b'8');
        assert!(matches!(
            one.as_bytes()["urn:uuid:".len() + 19],
            b'8'..=b'b'
        ));
    }

    #[test]
    fn hostile_names_stay_text() {
        let feed = Feed {
            title: "<script>\u{0}&amp;".into(),
            address: "/feeds/dashboards/a".into(),
            page: "/d/a\"b".into(),
        };
        let bytes = feed.write(&[]).expect("it is written");
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.contains("&lt;script&gt;\u{fffd}&amp;amp;"), "{text}");
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().expect("it is XML") != Event::Eof {}
    }
}
