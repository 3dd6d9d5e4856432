//! `pipeline validate`: what a file is, and everything that is wrong in it.

use super::{Site, commands};

const BUILDSPEC: &str = "version: 0.2\nphases:\n  build:\n    commands:\n    - make\n";

#[test]
fn files_are_told_apart_by_what_they_hold() {
    let site = Site::new(&commands("Build", "Greet", &["true"]));
    site.home.write("project/a.yml", BUILDSPEC);
    let judged = site.run(&["validate", "pipelines/main.yaml", "a.yml", "--json"]).ends(0).json();
    assert_eq!(judged["schema"], "trunkline/validation");
    let kinds: Vec<_> =
        judged["files"].as_array().unwrap().iter().map(|f| f["kind"].clone()).collect();
    assert_eq!(kinds, ["pipeline", "buildspec"]);
    let shown = site.run(&["validate", "pipelines/main.yaml"]).ends(0);
    assert!(shown.out.contains("main: 2 stages, 2 actions"), "{}", shown.out);
}

#[test]
fn every_problem_of_every_file_is_told_with_its_place() {
    let site = Site::new(&commands("Build", "Greet", &["true"]));
    site.home.write("project/spec.yml", BUILDSPEC.replace("build:", "biuld:"));
    let wrong = site.home.read("project/pipelines/main.yaml").replace("Compute", "Compote");
    site.home.write("project/wrong.yaml", wrong.replace("BranchName: main", "Branch: main"));
    let ran = site.run(&["validate", "spec.yml", "wrong.yaml", "absent.yaml"]).ends(3);
    for told in ["spec.yml:3", "wrong.yaml:", "absent.yaml", "BranchName"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let judged = site.run(&["validate", "spec.yml", "wrong.yaml", "--json"]).ends(3).json();
    for file in judged["files"].as_array().unwrap() {
        assert_eq!(file["valid"], false, "{file}");
        assert!(file["diagnostics"][0]["place"]["line"].is_u64(), "{file}");
    }
    assert_eq!(site.run(&["validate"]).code, Some(64));
}
