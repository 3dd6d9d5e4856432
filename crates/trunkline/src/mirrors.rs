//! Repositories that pipelines read: where they are, and git run on them, for triggers and actions alike.
//!
//! `places` finds a repository by its name and brings mirrors up to date, one fetch of a mirror at a time; a remote that
//! hangs stops nobody else. `view` reads a repository without a work tree, `refs` its references without a process,
//! `process` runs git: scrubbed, and ended with all that it started where a remote says nothing for too long or nobody
//! waits any more. Deliberately absent: what follows from what is found.

mod places;
mod process;
mod refs;
mod view;

pub(crate) use places::{Mirrors, Place, Unavailable, Want};
pub(crate) use process::{Limits, git_environment};
pub(crate) use view::{Commit, View, changed, in_folder};
