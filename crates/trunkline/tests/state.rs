//! The state store held against the real program: two people at once, a holder that dies, hangs or comes back,
//! runs that are resumed elsewhere, the history, and stores that are spoilt, full or out of reach.

#[path = "state/history.rs"]
mod history;
#[path = "state/hostile.rs"]
mod hostile;
#[path = "state/resumed.rs"]
mod resumed;
#[path = "support/stage.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod stage;
#[path = "state/team.rs"]
mod team;
#[path = "state/two_people.rs"]
mod two_people;
