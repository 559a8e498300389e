//! The one place that asks what time it is. Rules take `now_ms`; only the edges (a command, a
//! request, a turn of the update loop) call this.

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
