//! Errors.

/// A stand-in error.
#[derive(Debug)]
pub struct Refused;
