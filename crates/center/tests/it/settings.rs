//! Kinds of settings: each is made, changed field by field, and retired.

use crate::harness::{Bench, Text, documents, round_trip};
use trunkline_testkit::Blow;

/// Makes, changes and prunes; `expected` are the operations of each state after the first.
#[track_caller]
fn check(states: &[&[Text<'_>]], expected: &[&[&str]]) -> Bench {
    let (bench, operations) = round_trip(states);
    for (found, expected) in operations[1..].iter().zip(expected) {
        assert_eq!(found, expected);
    }
    bench
}

const HOURS: Text<'_> = (
    "connect/hours/Main line.yaml",
    "Name: Main line
Description: Weekdays
TimeZone: America/Los_Angeles
Tags:
  team: north
Config:
- Day: MONDAY
  StartTime:
    Hours: 8
    Minutes: 0
  EndTime:
    Hours: 17
    Minutes: 30
",
);

#[test]
fn hours_with_parents_and_without() {
    let changed = (
        HOURS.0,
        "Name: Main line\nTimeZone: America/New_York\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 8\n    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 30\n",
    );
    let child = (
        "connect/hours/Child.yaml",
        "Name: Child
TimeZone: America/Los_Angeles
Config:
- Day: SUNDAY
  StartTime:
    Hours: 8
    Minutes: 0
  EndTime:
    Hours: 17
    Minutes: 30
ParentHoursOfOperationConfigs:
- HoursOfOperationId: ${hours:Main line}
",
    );
    let mut bench = check(
        &[&[HOURS, child], &[changed, child]],
        &[&["UntagResource", "UpdateHoursOfOperation"]],
    );
    let orphan = child.1.split("Parent").next().unwrap_or_default();
    let refused = bench.plan(&documents(&[changed, (child.0, orphan)])).expect_err("refused");
    assert_eq!(refused.0[0].code, "TL0406");
    assert_eq!(bench.prunes().1, ["DeleteHoursOfOperation", "DeleteHoursOfOperation"]);
}

#[test]
fn overrides_are_known_by_hours_and_name() {
    let other = (
        "connect/hours/A%2FB.yaml",
        "Name: A/B\nTimeZone: America/Los_Angeles\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 8\n    Minutes: 0\n  EndTime:\n    Hours: 17\n    Minutes: 30\n",
    );
    let closed = "Description: Closed
OverrideType: CLOSED
EffectiveFrom: \"2027-12-25\"
EffectiveTill: \"2027-12-26\"
";
    let one = format!("Name: 25% off\nHoursOfOperationId: ${{hours:Main line}}\n{closed}");
    let two = format!("Name: 25% off\nHoursOfOperationId: ${{hours:A/B}}\n{closed}");
    let changed = one.replace("Description: Closed", "Description: Shut").replace("12-25", "12-24");
    let one_path = "connect/hours-overrides/Main line%2F25%2525 off.yaml";
    let two_path = "connect/hours-overrides/A%252FB%2F25%2525 off.yaml";
    let two = (two_path, two.as_str());
    check(
        &[&[HOURS, other, (one_path, &one), two], &[HOURS, other, (one_path, &changed), two]],
        &[&["UpdateHoursOfOperationOverride"]],
    );
}

#[test]
fn prompts_with_their_audio() {
    let yaml = "Name: Hello\nDescription: Says hello\nAudio: Hello.wav\n";
    let path = "connect/prompts/Hello.yaml";
    let (one, two) =
        (("connect/prompts/Hello.wav", "RIFF1"), ("connect/prompts/Hello.wav", "RIFF2"));
    let other = "Name: Hello\nDescription: Greets\nAudio: Hello.wav\n";
    let plain = "Name: Hello\nAudio: Hello.wav\n";
    let (mut bench, operations) =
        round_trip(&[&[(path, yaml), one], &[(path, yaml), two], &[(path, other), two]]);
    assert_eq!(operations[0], ["PutObject", "CreatePrompt"]);
    assert_eq!(operations[1], ["PutObject", "UpdatePrompt"]);
    assert_eq!(operations[2], ["UpdatePrompt"]);
    let refused = bench.plan(&documents(&[(path, plain), two])).expect_err("no empty description");
    assert_eq!(refused.0[0].code, "TL0406");
    bench.options.staging_bucket = None;
    let refused = bench.plan(&documents(&[(path, yaml), one])).expect_err("no bucket");
    assert_eq!(refused.0[0].code, "TL0408");
    assert_eq!(bench.prunes().1, ["DeletePrompt"]);
}

#[test]
fn predefined_attributes() {
    let path = "connect/predefined-attributes/Skill.yaml";
    check(
        &[
            &[(path, "Name: Skill\nValues:\n- Tax\n- Loans\n")],
            &[(path, "Name: Skill\nValues:\n- Loans\n")],
        ],
        &[&["UpdatePredefinedAttribute"]],
    );
    let system =
        documents(&[("connect/predefined-attributes/x.yaml", "Name: connect:X\nValues:\n- a\n")]);
    let refused = Bench::new().plan(&system).expect_err("AWS's own");
    assert_eq!(refused.0[0].code, "TL0406");
}

#[test]
fn agent_statuses() {
    let path = "connect/agent-statuses/Lunch.yaml";
    let mut bench = check(
        &[
            &[(path, "Name: Lunch\nDescription: Away\nDisplayOrder: 5\n")],
            &[(path, "Name: Lunch\nState: DISABLED\n")],
            &[(path, "Name: Lunch\n")],
        ],
        &[&["UpdateAgentStatus"], &["UpdateAgentStatus"]],
    );
    assert_eq!(bench.prunes(), (vec!["UpdateAgentStatus".to_owned()], vec![]));
}

#[test]
fn hierarchy_groups_of_one_name_under_different_parents() {
    let levels =
        ("connect/user-hierarchy/Levels.yaml", "Name: Levels\nLevelOne: Region\nLevelTwo: Team\n");
    let more = (
        "connect/user-hierarchy/Levels.yaml",
        "Name: Levels\nLevelOne: Area\nLevelTwo: Team\nLevelThree: Squad\n",
    );
    let groups = [
        ("connect/hierarchy-groups/EMEA.yaml", "Name: EMEA\n"),
        (
            "connect/hierarchy-groups/EMEA%2FHelp.yaml",
            "Name: Help\nParentGroupId: ${hierarchy-group:EMEA}\n",
        ),
        ("connect/hierarchy-groups/APAC.yaml", "Name: APAC\n"),
        (
            "connect/hierarchy-groups/APAC%2FHelp.yaml",
            "Name: Help\nParentGroupId: ${hierarchy-group:APAC}\n",
        ),
    ];
    let with = |levels| [&[levels], &groups[..]].concat();
    let mut bench = check(&[&with(levels), &with(more)], &[&["UpdateUserHierarchyStructure"]]);
    assert_eq!(bench.prunes().1, ["DeleteUserHierarchyGroup"; 4]);
}

#[test]
fn security_profiles_with_all_that_hangs_on_them() {
    let path = "connect/security-profiles/Coach.yaml";
    let group = [
        ("connect/user-hierarchy/Levels.yaml", "Name: Levels\nLevelOne: Region\n"),
        ("connect/hierarchy-groups/EMEA.yaml", "Name: EMEA\n"),
    ];
    let full = (
        path,
        "Name: Coach
Description: Listens in
AllowedAccessControlTags:
  team: north
TagRestrictedResources:
- Queue
- User
AllowedAccessControlHierarchyGroupId: ${hierarchy-group:EMEA}
HierarchyRestrictedResources:
- User
Applications:
- Namespace: acme
  ApplicationPermissions:
  - ACCESS
Permissions:
- BasicAgentAccess
- OutboundCallAccess
",
    );
    let bare = (path, "Name: Coach\nPermissions:\n- BasicAgentAccess\n");
    let with = |profile| [&group[..], &[profile]].concat();
    let mut bench = check(
        &[&with(full), &with(bare), &with(full)],
        &[&["UpdateSecurityProfile"], &["UpdateSecurityProfile"]],
    );
    let deleted = bench.prunes().1;
    assert_eq!(deleted, ["DeleteSecurityProfile", "DeleteUserHierarchyGroup"]);
}

#[test]
fn an_answer_that_is_lost_changes_nothing() {
    let files = [
        HOURS,
        (
            "connect/hours-overrides/x.yaml",
            "Name: Closed days\nHoursOfOperationId: ${hours:Main line}\nOverrideType: CLOSED\nEffectiveFrom: '2027-12-25'\nEffectiveTill: '2027-12-26'\n",
        ),
        ("connect/prompts/Hello.yaml", "Name: Hello\nAudio: Hello.wav\n"),
        ("connect/prompts/Hello.wav", "RIFF1"),
        ("connect/predefined-attributes/Skill.yaml", "Name: Skill\nValues:\n- Tax\n"),
        ("connect/agent-statuses/Lunch.yaml", "Name: Lunch\n"),
        ("connect/user-hierarchy/Levels.yaml", "Name: Levels\nLevelOne: Region\nLevelTwo: Team\n"),
        ("connect/hierarchy-groups/EMEA.yaml", "Name: EMEA\n"),
        (
            "connect/hierarchy-groups/EH.yaml",
            "Name: Help\nParentGroupId: ${hierarchy-group:EMEA}\n",
        ),
        ("connect/hierarchy-groups/APAC.yaml", "Name: APAC\n"),
        (
            "connect/hierarchy-groups/AH.yaml",
            "Name: Help\nParentGroupId: ${hierarchy-group:APAC}\n",
        ),
        ("connect/security-profiles/Coach.yaml", "Name: Coach\nPermissions:\n- BasicAgentAccess\n"),
        (
            "connect/views/Card.json",
            r#"{"name": "Card", "content": {"template": {"Body": []}, "actions": ["Next"]}}"#,
        ),
    ];
    let wanted = documents(&files);
    let mut number = 1;
    loop {
        let bench = Bench::new();
        bench.cloud.fail(number, Blow::LostAfter);
        let operations = bench.deploy(&wanted);
        let again = bench.plan(&wanted).expect("a plan");
        assert!(again.is_empty(), "write {number} of {operations:?}: {:#?}", again.steps);
        number += 1;
        if number > operations.len() {
            break;
        }
    }
    assert_eq!(number, 14, "13 writes");
}
