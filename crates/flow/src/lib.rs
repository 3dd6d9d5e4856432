//! The contact-flow language and reference texts: reading, canonical form, checks, comparison,
//! merging.
//!
//! No input or output, no clock. What an instance holds and which resources exist is known elsewhere.

pub mod blocks;
pub mod canonical;
pub mod compare;
pub mod content;
pub mod find;
pub mod merge;
pub mod other_layouts;
pub mod reference;
pub mod rewrite;
pub mod validate;
