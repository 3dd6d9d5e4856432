//! `init`: what it writes, and that it never overwrites.

use super::Place;

const ENV: &str = "prod=012345678901:us-west-2,us-east-1:acme-{region}";

#[test]
fn a_project_is_started_that_the_other_commands_read() {
    let place = Place::new();
    place.write(".gitignore", "target");
    let ran = place.run(&[
        "init",
        "--project",
        "acme",
        "--env",
        "rnd=111122223333:us-west-2:acme-rnd:build",
        "--env",
        ENV,
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(place.path().join("connect/flows").is_dir());
    let ignored = std::fs::read_to_string(place.path().join(".gitignore")).unwrap();
    assert_eq!(ignored, "target\n/.trunkline/\n");
    let ran = place.run(&["env", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("rnd") && ran.out.contains("built in"), "{}", ran.out);
    assert!(place.run(&["env", "show", "prod"]).out.contains("acme-us-east-1"));
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::with_config("mine");
    let ran = place.run(&["init", "--project", "acme"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("TL0208") && ran.err.contains("there already"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(place.path().join("trunkline.yaml")).unwrap(), "mine");
    assert!(!place.path().join(".gitignore").exists());
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_written() {
    for bad in [
        "prod",
        "prod=1:us-west-2:a",
        "prod=111122223333:mars:a",
        "prod=111122223333:us-west-2",
        "a b=111122223333:us-west-2:a",
    ] {
        let place = Place::new();
        let ran = place.run(&["init", "--env", bad]);
        assert_eq!(ran.code, 64, "{bad}: {}", ran.err);
        assert!(!place.path().join("trunkline.yaml").exists(), "{bad}");
    }
    let place = Place::new();
    let ran = place.run(&["init", "--env", ENV, "--env", ENV]);
    assert!(ran.code == 64 && ran.err.contains("TL0104"), "{}", ran.err);
}
