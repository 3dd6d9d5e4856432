//! Pipelines: a pure state machine of CodePipeline's semantics, and the executor that carries its effects out.
//!
//! `machine` decides: state and event give state and effects. `ports` names what the executor needs
//! from outside: a log of events, a clock, and what carries out actions. Nothing here opens a file,
//! reads the clock, starts a process or knows SQL.
