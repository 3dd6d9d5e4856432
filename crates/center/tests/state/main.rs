//! The state store: what its stores promise, who may write, what is remembered, and what it takes amiss.

mod contract;
mod fold;
mod hands;
mod prune;
mod samples;
mod spoilt;
mod whole;
