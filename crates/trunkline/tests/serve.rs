//! `trunkline serve`, from outside: real pushes, webhooks over HTTP, and what they start.

#[path = "serve/hostile.rs"]
mod hostile;
#[path = "serve/notices.rs"]
mod notices;
#[path = "serve/pulls.rs"]
mod pulls;
#[path = "serve/pushes.rs"]
mod pushes;
#[path = "serve/queues.rs"]
mod queues;
#[path = "serve/refusals.rs"]
mod refusals;
#[path = "serve/remotes.rs"]
mod remotes;
#[path = "serve/schedules.rs"]
mod schedules;
#[path = "serve/server.rs"]
mod server;
#[path = "serve/standby.rs"]
mod standby;
#[path = "serve/webhooks.rs"]
mod webhooks;
