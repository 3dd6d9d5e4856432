//! Tries the reader of reports on real public ones, read from beside the repository; skips where they are absent.

use std::path::{Path, PathBuf};
use trunkline_build::reports::{Findings, Format, read};

/// File names of the corpus with what is found in them.
const VERDICTS: &str = include_str!("reports/verdicts.txt");

/// What a file of the corpus holds, in a line.
fn verdict(bytes: &[u8]) -> String {
    match read(bytes, Format::JunitXml) {
        Ok(Findings::Tests(report)) => {
            let c = report.counts;
            format!(
                "{} cases: {} succeeded, {} failed, {} error, {} skipped, {} unknown; {} ms",
                c.total,
                c.succeeded,
                c.failed,
                c.error,
                c.skipped,
                c.unknown,
                report.duration_in_nano_seconds / 1_000_000
            )
        }
        Ok(Findings::Coverage(coverage)) => panic!("JUnit's XML holds no coverage: {coverage:?}"),
        Err(reason) => format!("refused: {reason}"),
    }
}

#[test]
fn real_reports_have_the_verdicts_on_record() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUNKLINE_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no corpus of real files ({})", folder.display());
        return;
    }
    let mut found = Vec::new();
    for part in ["reports", "broken-reports"] {
        for entry in std::fs::read_dir(folder.join(part)).expect(part) {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).expect("bytes");
            found.push(format!("{part}/{name}: {}\n", verdict(&bytes)));
            assert!(read(&bytes[..bytes.len() / 2], Format::JunitXml).is_err(), "half of {name}");
        }
    }
    found.sort();
    assert!(found.len() >= 10, "the corpus holds {} reports", found.len());
    let found = found.concat();
    assert!(found == VERDICTS, "the verdicts are now\n{found}");
}
