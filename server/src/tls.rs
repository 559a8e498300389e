//! The TLS of everything in this process that speaks HTTP as a client.

/// Chooses it. Doing it again changes nothing.
pub fn use_ring() {
    // The error says only that somebody was first.
    drop(rustls::crypto::ring::default_provider().install_default());
}
