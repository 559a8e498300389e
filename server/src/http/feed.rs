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
    extract::{Path, origin},
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
        let entries: Vec<Entry> = changes.iter().map(entry).collect();
        let body = write_feed(
            &origin(request),
            &self.title,
            &self.address,
            &self.page,
            &entries,
        )
        .map_err(|error| ApiError::Internal(format!("a feed cannot be written: {error}")))?;
        Ok(typed(
            request,
            "application/atom+xml; charset=utf-8",
            Some(MAX_AGE),
            body,
        ))
    }
}

/// One change as a feed tells it.
pub(super) struct Entry {
    /// What names it for ever: the same whichever replica tells it, and whatever becomes of the database.
    pub(super) id: Vec<String>,
    pub(super) title: String,
    /// When it happened.
    pub(super) at_ms: i64,
    /// When what is told of it last changed.
    pub(super) updated_ms: i64,
    /// The page of what it is about.
    pub(super) link: String,
    /// One word, for programs that sort; empty for none.
    pub(super) category: String,
    pub(super) summary: String,
}

/// A feed, newest entry first. `origin` is where the reader finds this server: readers of feeds do not agree on
/// what relative addresses are relative to. Where it is empty they stay so.
pub(super) fn write_feed(
    origin: &str,
    title: &str,
    address: &str,
    page: &str,
    entries: &[Entry],
) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::with_capacity(1024 + entries.len() * 1024));
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer
        .create_element("feed")
        .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"))
        .write_inner_content(|writer| {
            text(writer, "id", &id(&[address]))?;
            text(writer, "title", title)?;
            // A feed without entries has never changed.
            let updated_ms = entries.iter().map(|it| it.updated_ms).max().unwrap_or(0);
            text(writer, "updated", &time(updated_ms))?;
            link(writer, "self", &format!("{origin}{address}"))?;
            link(writer, "alternate", &format!("{origin}{page}"))?;
            writer
                .create_element("author")
                .write_inner_content(|writer| text(writer, "name", "Seamgrid"))?;
            for entry in entries {
                writer
                    .create_element("entry")
                    .write_inner_content(|writer| write_entry(writer, origin, entry))?;
            }
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_entry(writer: &mut Writer<Vec<u8>>, origin: &str, entry: &Entry) -> std::io::Result<()> {
    let parts: Vec<&str> = entry.id.iter().map(String::as_str).collect();
    text(writer, "id", &id(&parts))?;
    text(writer, "title", &entry.title)?;
    text(writer, "published", &time(entry.at_ms))?;
    text(writer, "updated", &time(entry.updated_ms))?;
    link(writer, "alternate", &format!("{origin}{}", entry.link))?;
    if !entry.category.is_empty() {
        writer
            .create_element("category")
            .with_attribute(("term", entry.category.as_str()))
            .write_empty()?;
    }
    text(writer, "summary", &entry.summary)
}

fn entry(change: &StatusChange) -> Entry {
    let (from, to) = (change.from.word(), change.to.word());
    let mut summary = change.reason.clone();
    if !change.build.is_empty() {
        summary += &format!("\nNewest build: {}", change.build);
    }
    summary += &format!("\nDashboard: {}", change.dashboard);
    let at = change.at_ms.to_string();
    Entry {
        id: [change.dashboard.as_str(), &change.tab, &at, from, to]
            .map(str::to_owned)
            .to_vec(),
        title: format!("{} {}: {from} → {to}", change.to.glyph(), change.tab),
        at_ms: change.at_ms,
        updated_ms: change.at_ms,
        link: paths::tab(&change.dashboard, &change.tab),
        category: to.to_owned(),
        summary,
    }
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
        let bytes = write_feed(
            "http://a\"b",
            "<script>\u{0}&amp;",
            "/feeds/dashboards/a",
            "/d/a\"b",
            &[],
        )
        .expect("it is written");
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.contains("&lt;script&gt;\u{fffd}&amp;amp;"), "{text}");
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().expect("it is XML") != Event::Eof {}
    }
}
