//! Conditions of stages: what they lead to, what is told of them, and going on without one.

use super::{Site, commands};
use serde_json::Value;

/// A site whose stage Build is entered where the variable Go is `yes`, else `result` follows.
fn site(result: &str) -> Site {
    let site = Site::new("");
    let head = "  variables:\n  - { name: Go, defaultValue: 'no' }\n";
    let condition = format!(
        "    beforeEntry:\n      conditions:\n      - result: {result}\n        rules:\n        - name: Asked\n          \
         ruleTypeId: {{ category: Rule, owner: AWS, provider: VariableCheck, version: '1' }}\n          \
         configuration: {{ Variable: '#{{variables.Go}}', Operator: EQ, Value: 'yes' }}\n"
    );
    let stages = commands("Build", "Make", &["echo made"]) + &condition;
    site.define("main", head, &(stages + &commands("Deploy", "Greet", &["cat greeting.txt"])));
    site
}

fn statuses(execution: &Value) -> [&Value; 3] {
    let stages = &execution["stages"];
    [&execution["status"], &stages[1]["status"], &stages[2]["status"]]
}

#[test]
fn vector_06_a_condition_may_skip_its_stage_and_the_next_one_runs() {
    let site = site("SKIP");
    let skipped = site.run(&["run", "main", "--json"]).ends(0).json();
    assert_eq!(statuses(&skipped), ["Succeeded", "Skipped", "Succeeded"]);
    assert!(skipped["stages"][1]["actions"][0]["status"].is_null(), "{skipped}");
    let made = site.run(&["run", "main", "--var", "Go=yes", "--json"]).ends(0).json();
    assert_eq!(statuses(&made), ["Succeeded"; 3]);
    assert_eq!(made["stages"][1]["conditions"][0]["status"], "Succeeded");
}

#[test]
fn a_condition_that_fails_says_why_and_can_be_overridden() {
    let site = site("FAIL");
    let ran = site.run(&["run", "main"]).ends(1);
    assert!(ran.err.contains("trunkline pipeline override main Build"), "{}", ran.err);
    assert!(ran.err.contains("\"no\" EQ \"yes\" does not hold"), "{}", ran.err);
    let failed = site.shown("latest");
    assert_eq!(statuses(&failed), [&"Failed".into(), &"Failed".into(), &Value::Null]);
    let condition = &failed["stages"][1]["conditions"][0];
    assert_eq!(
        (&condition["kind"], &condition["status"]),
        (&"BEFORE_ENTRY".into(), &"Failed".into())
    );
    assert_eq!(condition["rules"][0]["failure"]["code"], "NotMet");

    let no_other = ["override", "main", "Build", "--condition", "on-success"];
    site.refused(&no_other, "ConditionNotOverridableException");
    let went_on = site.run(&["override", "main", "Build", "--json"]).ends(0).json();
    assert_eq!(statuses(&went_on), ["Succeeded"; 3]);
    assert_eq!(went_on["id"], failed["id"]);
    let condition = &went_on["stages"][1]["conditions"][0];
    assert_eq!(
        (&condition["status"], &condition["by"]),
        (&"Overridden".into(), &"ann@example.com".into())
    );
    site.refused(&["override", "main", "Build"], "ConditionNotOverridableException");
}

#[test]
fn a_condition_after_success_runs_commands_whose_log_can_be_read() {
    let site = Site::new("");
    let condition = format!(
        "    onSuccess:\n      conditions:\n      - result: FAIL\n        rules:\n        - name: Probe\n          \
         ruleTypeId: {{ category: Rule, owner: AWS, provider: Commands, version: '1' }}\n          \
         commands: ['echo probing', 'test -e {}']\n          inputArtifacts: [{{ name: App }}]\n",
        site.path("healthy")
    );
    site.define("main", "", &(commands("Deploy", "Greet", &["cat greeting.txt"]) + &condition));
    let ran = site.run(&["run", "main"]).ends(1);
    assert!(ran.err.contains("its condition after success Failed"), "{}", ran.err);
    let logs = site.run(&["logs", "main", "--action", "Probe"]).ends(0);
    assert!(logs.out.contains("probing\n"), "{}", logs.out);
    site.home.write("healthy", "");
    let retried = site.run(&["retry", "main", "--json"]).ends(0).json();
    assert_eq!(retried["stages"][1]["conditions"][0]["status"], "Succeeded");
    assert_eq!(retried["stages"][1]["actions"][0]["attempts"], 1, "{retried}");
}
