//! What an apply does when the world is unkind: cycles, other people's work, interruptions.

mod crash;
mod cycles;
mod dump;
mod files;
mod live;
mod points;
mod renamed;
mod replay;
mod rollback;
mod stage;
mod sweep;
mod unasked;
