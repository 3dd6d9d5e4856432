//! Reads flows in any layout and writes them canonically: what `cargo xtask bench` holds against `jq .`.
//! A file that is no flow is written as the JSON that it is, as `jq` does.

use std::io::Write as _;
use trunkline_flow::{canonical, other_layouts};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in std::env::args_os().skip(1) {
        let text = std::fs::read_to_string(path)?;
        let mut value = match other_layouts::read(&text) {
            Ok(flow) => flow.content,
            Err(_) => serde_json::from_str(&text)?,
        };
        canonical::canonicalise(&mut value);
        out.write_all(canonical::to_pretty_string(&value).as_bytes())?;
    }
    out.flush()
}
