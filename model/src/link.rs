//! Links with tokens.
