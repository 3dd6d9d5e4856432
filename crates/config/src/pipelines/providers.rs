//! The providers of actions and rules, as data.
