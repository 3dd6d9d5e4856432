//! The contact-flow language and reference texts: reading, canonical form, checks, comparison.
//!
//! No input or output, no clock. What an instance holds and which resources exist is known elsewhere.

pub mod find;
pub mod reference;
pub mod rewrite;
