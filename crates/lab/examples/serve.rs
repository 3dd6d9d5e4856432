//! A lab on 127.0.0.1 for trying a client by hand: `cargo run -p trunkline-lab --example serve -- PORT [DATA [RECORD]]`.
//! Strict roles where `STRICT` is set. `trunkline lab` is the full command.

use trunkline_lab::{Lab, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_default().parse().unwrap_or(4566);
    let path = |text: Option<String>| text.filter(|t| !t.is_empty()).map(Into::into);
    let (data, record) = (path(arguments.next()), path(arguments.next()));
    let strict_roles = std::env::var_os("STRICT").is_some();
    let options = Options { data, record, strict_roles, ..Options::default() };
    let lab = Lab::open_reporting(options, |event| eprintln!("{event:?}"))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("lab on http://{}", listener.local_addr()?);
    trunkline_lab::serve(listener, lab, std::future::pending()).await;
    Ok(())
}
