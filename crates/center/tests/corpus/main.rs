//! Real flows make the whole way: from one instance, through files, into instances of another account.
//!
//! The flows are other people's and lie beside the repository, or where `TRUNKLINE_CORPUS` points; what
//! needs them says that it skips where they are absent. Names of every sort need none of them.

mod drafts;
mod files;
mod names;
mod place;
mod real;
mod source;
mod tokens;
mod travel;
