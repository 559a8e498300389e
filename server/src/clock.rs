//! The one place that asks what time it is. Rules take `now_ms`; only the edges (a command, a
//! request, a turn of the update loop) call this.

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let now = chrono::Utc::now();
    now.timestamp_millis()
}
