use crate::harness::{Done, Place};
use std::os::unix::fs::symlink;
use std::path::Path;
use trunkline_build::artifacts::{Entry, UnpackError, pack, select};
use trunkline_build::{BuildPhase, BuildStatus, Key, PhaseStatus, UnpackLimits, unpack};
use trunkline_model::buildspec::{ArtifactFiles, Artifacts, PhaseName, ReportGroup};

fn files(patterns: &[&str]) -> ArtifactFiles {
    let files = patterns.iter().map(|p| (*p).to_owned()).collect();
    ArtifactFiles { files, ..ArtifactFiles::default() }
}

fn tree() -> Place {
    let place = Place::commands("artifacts", &["true"]);
    for file in ["a.txt", ".hidden", "d/b.txt", "d/e/c.txt", "my-dir1/x", "my-dir2/y/z", "skip/s"] {
        place.write(file, file);
    }
    place
}

/// Checks what is selected, by names in the artifact.
fn check(set: ArtifactFiles, names: &[&str]) {
    let place = tree();
    let found = select(place.source(), &set).unwrap();
    let found: Vec<_> = found.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(found, names, "{set:?}");
}

#[test]
fn globs_mean_what_codebuild_means() {
    check(files(&["a.txt"]), &["a.txt"]);
    check(files(&["./d/b.txt"]), &["d/b.txt"]);
    check(files(&["d"]), &[]);
    check(files(&["d/*"]), &["d/b.txt"]);
    check(files(&["d/**/*"]), &["d/b.txt", "d/e/c.txt"]);
    check(files(&["*"]), &[".hidden", "a.txt"]);
    let all = [".hidden", "a.txt", "d/b.txt", "d/e/c.txt", "my-dir1/x", "my-dir2/y/z", "skip/s"];
    check(files(&["**/*"]), &all);
    check(files(&["d/**/*", "a.txt", "d/b.txt"]), &["a.txt", "d/b.txt", "d/e/c.txt"]);
}

#[test]
fn base_folders_excluded_paths_and_discarded_ones() {
    let base = |base: &str| ArtifactFiles { base_directory: Some(base.into()), ..files(&["**/*"]) };
    check(base("d"), &["b.txt", "e/c.txt"]);
    check(base("my-dir*"), &["x", "y/z"]);
    check(base("nowhere"), &[]);
    check(ArtifactFiles { discard_paths: true, ..base("d") }, &["b.txt", "c.txt"]);
    check(ArtifactFiles { exclude_paths: vec!["e/**/*".into()], ..base("d") }, &["b.txt"]);
}

#[test]
fn nothing_outside_of_the_source_is_selected() {
    let place = tree();
    let outside = place.home.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "x").unwrap();
    symlink(&outside, place.source().join("way")).unwrap();
    symlink(outside.join("secret"), place.source().join("link")).unwrap();
    let refused = |set: ArtifactFiles| {
        assert!(select(place.source(), &set).is_err(), "{set:?}");
    };
    for pattern in ["../outside/*", "/etc/hostname", "link", "way/*"] {
        refused(files(&[pattern]));
    }
    for base in ["../outside", "way", "/etc"] {
        refused(ArtifactFiles { base_directory: Some(base.into()), ..files(&["*"]) });
    }
    let set = ArtifactFiles { base_directory: Some("/etc".into()), ..files(&["*"]) };
    let told = select(place.source(), &set).unwrap_err().to_string();
    assert!(told.starts_with("`/etc` leads out of the source"), "{told}");
    refused(ArtifactFiles { enable_symlinks: true, ..files(&["link"]) });
    let excluded = vec!["link".into(), "way".into(), "way/**".into()];
    let set = ArtifactFiles { exclude_paths: excluded, ..files(&["*"]) };
    assert_eq!(select(place.source(), &set).unwrap().len(), 2);
}

#[test]
fn links_within_the_source_are_followed_or_kept() {
    let place = tree();
    symlink("a.txt", place.source().join("link")).unwrap();
    symlink("d", place.source().join("way")).unwrap();
    symlink("..", place.source().join("d/up")).unwrap();
    let names = |set: &ArtifactFiles| {
        let found = select(place.source(), set).unwrap();
        found.into_iter().map(|e| (e.name, e.link)).collect::<Vec<_>>()
    };
    let followed = names(&files(&["link", "way/**/b.txt"]));
    assert_eq!(followed, [("link".into(), None), ("way/b.txt".into(), None)]);
    let kept = names(&ArtifactFiles { enable_symlinks: true, ..files(&["link", "way"]) });
    assert_eq!(kept, [("link".into(), Some("a.txt".into())), ("way".into(), Some("d".into()))]);
}

async fn upload(place: &mut Place, artifacts: Artifacts) -> Done {
    place.build.spec.artifacts = Some(artifacts);
    place.run().await
}

#[tokio::test]
async fn vector_13_an_artifact_without_files_fails_the_upload() {
    let mut place = tree();
    let done =
        upload(&mut place, Artifacts { primary: files(&["*.jar"]), ..Artifacts::default() }).await;
    assert_eq!(done.result.status, BuildStatus::Failed);
    let phases = done.phases();
    assert!(phases.contains(&(BuildPhase::UploadArtifacts, PhaseStatus::Failed)));
    assert!(phases.contains(&(BuildPhase::Build, PhaseStatus::Succeeded)));
    let line = "Phase context status code: CLIENT_ERROR Message: no matching artifact paths found";
    assert!(done.text().contains(line), "{}", done.text());
    assert_eq!(done.result.reason.unwrap().code, "TL0859");
}

#[tokio::test]
async fn vector_14_names_and_folders_are_expanded_by_the_shell_at_the_end() {
    let mut place = Place::new(
        "v14",
        &[
            (PhaseName::Install, &["export VERSION=1.2 OUT=d"]),
            (PhaseName::Build, &["mkdir d && echo x > d/f"]),
        ],
    );
    let name = Some("site-$VERSION-$(printf '%s' \"a b\")/x".to_owned());
    let base_directory = Some("$CODEBUILD_SRC_DIR/${OUT}".to_owned());
    let primary = ArtifactFiles { name, base_directory, ..files(&["**/*"]) };
    let done = upload(&mut place, Artifacts { primary, ..Artifacts::default() }).await;
    assert_eq!(done.result.status, BuildStatus::Succeeded, "{}", done.text());
    assert_eq!(done.result.artifacts[0].name.as_deref(), Some("site-1.2-a b/x"));
}

#[tokio::test]
async fn exported_variables_are_those_of_the_end() {
    let mut place = Place::commands("exported", &["export A=1 B=\"x y\"", "export A=2"]);
    place.build.spec.env.exported_variables =
        vec!["A".into(), "B".into(), "AWS_X".into(), "C".into()];
    let variables = place.run().await.result.variables;
    let expected = [("A", "2"), ("B", "x y"), ("C", "")];
    assert_eq!(variables, expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
}

#[tokio::test]
async fn artifacts_are_the_same_bytes_for_the_same_files_and_come_back_with_their_modes() {
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let mut place = Place::commands("same", &["echo x > run && chmod 755 run"]);
        place.write("deep/er/file", "text");
        let secondary = [("docs".to_owned(), files(&["deep/**/*"]))].into();
        let done = upload(&mut place, Artifacts { primary: files(&["run"]), secondary }).await;
        let [primary, docs] = done.result.artifacts.as_slice() else { panic!("{}", done.text()) };
        assert_eq!((primary.identifier.as_str(), docs.identifier.as_str()), ("", "docs"));
        let into = place.home.path().join("into");
        let limits = UnpackLimits::default();
        assert_eq!(
            unpack(&primary.path, &into, Some(&primary.sha256), None, limits).unwrap().files,
            1
        );
        assert_eq!(unpack(&docs.path, &into, Some(&docs.sha256), None, limits).unwrap().files, 1);
        assert_eq!(std::fs::read_to_string(into.join("deep/er/file")).unwrap(), "text");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(into.join("run")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        hashes.push((primary.sha256.clone(), docs.sha256.clone()));
    }
    assert_eq!(hashes[0], hashes[1]);
}

fn packed(folder: &Path, entries: &[Entry], key: Option<&Key>) -> trunkline_build::Artifact {
    pack(entries, &folder.join("a.zip"), key).unwrap()
}

fn entry(name: &str, file: &Path, link: Option<&str>) -> Entry {
    let link = link.map(str::to_owned);
    Entry { name: name.into(), file: file.into(), mode: 0o644, link, size: 0 }
}

#[test]
fn nothing_is_unpacked_outside_of_its_folder() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let check = |entries: &[Entry]| {
        let artifact = packed(home.path(), entries, None);
        let into = tempfile::tempdir_in(home.path()).unwrap();
        let got = unpack(&artifact.path, into.path(), None, None, UnpackLimits::default());
        assert!(matches!(got, Err(UnpackError::Unsafe(..))), "{entries:?} {got:?}");
        assert_eq!(got.unwrap_err().diagnostic().code, "TL0855");
    };
    check(&[entry("../evil", &file, None)]);
    check(&[entry("/evil", &file, None)]);
    check(&[entry("a/../../evil", &file, None)]);
    check(&[entry("a\\..\\evil", &file, None)]);
    check(&[entry("a/b", &file, None), entry("a", &file, Some("x"))]);
    assert!(!home.path().join("evil").exists());
}

#[test]
fn links_that_lead_out_are_left_out_and_told_and_the_rest_is_unpacked() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let check = |links: &[(&str, &str)], left_out: &[&str]| {
        let mut entries = vec![entry("a/file", &file, None)];
        entries.extend(links.iter().map(|(name, target)| entry(name, &file, Some(target))));
        let artifact = packed(home.path(), &entries, None);
        let into = tempfile::tempdir_in(home.path()).unwrap();
        let got = unpack(&artifact.path, into.path(), None, None, UnpackLimits::default());
        let got = got.unwrap();
        assert_eq!(got.left_out, left_out);
        assert_eq!(got.files, entries.len() - left_out.len());
        let root = into.path().canonicalize().unwrap();
        assert_eq!(std::fs::read_to_string(root.join("a/file")).unwrap(), "x");
        for (name, _) in links {
            // Whatever was made of it leads to somewhere below, or nowhere.
            let real = root.join(name).canonicalize();
            assert!(real.as_ref().is_ok_and(|p| p.starts_with(&root)) || real.is_err(), "{name}");
        }
    };
    check(&[("way", "a/file"), ("a/up", "../way")], &[]);
    check(&[("way", "/etc"), ("a/way", "../../x")], &["a/way -> ../../x", "way -> /etc"]);
    check(&[("way", "x/../..")], &["way -> x/../.."]);
    // Each stays by its text; the second leads out through the first.
    check(&[("a/l", ".."), ("b", "a/l/..")], &["b -> a/l/.."]);
}

#[test]
fn an_archive_is_limited_in_files_and_bytes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, vec![0; 100_000]).unwrap();
    let artifact = packed(home.path(), &[entry("a", &file, None), entry("b", &file, None)], None);
    for limits in
        [UnpackLimits { files: 1, bytes: 1 << 20 }, UnpackLimits { files: 9, bytes: 150_000 }]
    {
        let into = tempfile::tempdir_in(home.path()).unwrap();
        let got = unpack(&artifact.path, into.path(), None, None, limits);
        assert!(matches!(got, Err(UnpackError::TooLarge(_))), "{got:?}");
    }
}

#[test]
fn a_sealed_artifact_opens_with_its_key_alone_and_no_change_passes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    // Not compressible, and longer than one chunk of the seal.
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    std::fs::write(&file, &noise).unwrap();
    let key = Key::parse(&"0f".repeat(32)).unwrap();
    let artifact = packed(home.path(), &[entry("noise", &file, None)], Some(&key));
    let sealed = std::fs::read(&artifact.path).unwrap();
    assert!(!sealed.windows(16).any(|part| noise.starts_with(part)));
    assert_eq!(sealed.len() as u64, Key::sealed_size(artifact.size));
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072] {
        let zip = vec![7; size];
        let sealed = key.sealed(&zip, "its hash").unwrap();
        assert_eq!(sealed.len() as u64, Key::sealed_size(size as u64), "{size}");
        assert_eq!(key.opened(&sealed).unwrap(), zip);
    }
    let open = |key: Option<&Key>| {
        let into = tempfile::tempdir_in(home.path()).unwrap();
        unpack(&artifact.path, into.path(), Some(&artifact.sha256), key, UnpackLimits::default())
            .map(|_| std::fs::read(into.path().join("noise")).unwrap())
    };
    assert_eq!(open(Some(&key)).unwrap(), noise);
    let refused = |key: Option<&Key>| {
        let error = open(key).unwrap_err();
        assert!(matches!(error, UnpackError::Sealed(_)), "{error}");
    };
    refused(None);
    refused(Key::parse(&"0e".repeat(32)).as_ref());
    for at in [10, 5_000, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        std::fs::write(&artifact.path, &changed).unwrap();
        refused(Some(&key));
    }
    std::fs::write(&artifact.path, &sealed[..27 + 65_552]).unwrap();
    refused(Some(&key));
}

#[test]
fn a_changed_artifact_is_not_used() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let artifact = packed(home.path(), &[entry("a", &file, None)], None);
    let into = home.path().join("into");
    let wanted = "0".repeat(64);
    let got = unpack(&artifact.path, &into, Some(&wanted), None, UnpackLimits::default());
    assert_eq!(got.unwrap_err().diagnostic().code, "TL0854");
    assert!(!into.join("a").exists());
}

#[tokio::test]
async fn caches_come_back_win_over_the_source_and_stand_builds_at_once() {
    let cache = tempfile::tempdir().unwrap();
    let place = |name: &str, commands: &[&str]| {
        let mut place = Place::commands(name, commands);
        place.build.folders.cache = Some(cache.path().join("site"));
        place.build.spec.cache = vec!["deps/**/*".into(), "/var/cache/**/*".into()];
        place
    };
    let first = place("cache-1", &["mkdir -p deps/d; echo one > deps/d/f"]);
    let done = first.run().await;
    assert!(done.text().contains("Kept 1 file(s) in the cache"), "{}", done.text());
    assert!(done.text().contains("/var/cache/**/* is outside"), "{}", done.text());
    // Both have begun before either ends.
    let (one, other) = (cache.path().join("second"), cache.path().join("third"));
    let meet = |mine: &Path, other: &Path| {
        let (mine, other) = (mine.display(), other.display());
        format!("touch {mine}; until test -e {other}; do sleep 0.01; done")
    };
    let (second, third) = (meet(&one, &other), meet(&other, &one));
    let second = place("cache-2", &["cat deps/d/f", &second, "echo two > deps/d/f; false"]);
    second.write("deps/d/f", "of the source");
    let third = place("cache-3", &["cat deps/d/f", &third, "echo two > deps/d/f"]);
    let (second, third) = tokio::join!(second.run(), third.run());
    assert_eq!(second.output(), ["one"]);
    assert_eq!(third.output(), ["one"]);
    assert_eq!(second.result.status, BuildStatus::Failed);
    assert_eq!(place("cache-4", &["cat deps/d/f"]).run().await.output(), ["two"]);
}

#[tokio::test]
async fn what_killed_or_failed_builds_began_to_keep_goes_and_what_is_kept_stays() {
    let caches = tempfile::tempdir().unwrap();
    let cache = caches.path().join("site");
    let place = |name: &str, commands: &[&str]| {
        let mut place = Place::commands(name, commands);
        place.build.folders.cache = Some(cache.clone());
        place.build.spec.cache = vec!["deps/**/*".into()];
        place
    };
    let names = || {
        let all = std::fs::read_dir(&cache).unwrap().map(|e| e.unwrap().file_name());
        let mut all: Vec<_> = all.map(|n| n.to_string_lossy().into_owned()).collect();
        all.retain(|name| name.starts_with("making-") || name.starts_with("next-"));
        all
    };
    place("keeps", &["mkdir -p deps; echo one > deps/f"]).run().await;
    assert_eq!(names(), [""; 0]);
    std::fs::create_dir_all(cache.join("making-copy-x/d")).unwrap();
    symlink("copy-x", cache.join("next-copy-x")).unwrap();
    trunkline_build::cache::clear(caches.path());
    assert_eq!(names(), [""; 0]);
    // A copy that cannot be made whole: a name that a file has is a folder in the copy that is made.
    let broken = place("breaks", &["echo two > deps/f"]);
    std::fs::create_dir_all(cache.join(format!("making-copy-{}/deps/f/x", broken.build.id)))
        .unwrap();
    std::fs::create_dir_all(cache.join(format!("copy-{}/deps", broken.build.id))).unwrap();
    assert_eq!(broken.run().await.result.status, BuildStatus::Fault);
    assert_eq!(names(), [""; 0]);
    assert_eq!(place("reads", &["cat deps/f"]).run().await.output(), ["one"]);
}

#[tokio::test]
async fn report_files_are_found_and_their_lack_fails_nothing() {
    let mut place = Place::commands("reports", &["mkdir out; touch out/a.xml out/b.txt"]);
    let group = |name: &str, pattern: &str| ReportGroup {
        name: name.into(),
        files: vec![pattern.into()],
        base_directory: Some("out".into()),
        ..ReportGroup::default()
    };
    place.build.spec.reports = vec![group("unit", "*.xml"), group("none", "*.trx")];
    let done = place.run().await;
    assert_eq!(done.result.status, BuildStatus::Succeeded);
    let found: Vec<_> =
        done.result.reports.iter().map(|r| (r.group.as_str(), r.files.len())).collect();
    assert_eq!(found, [("unit", 1), ("none", 0)]);
}
