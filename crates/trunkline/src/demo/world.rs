//! The made-up world: Tidewater Water & Power, its accounts, and how the lab is asked to make things.

use crate::clock;
use serde_json::Value;
use trunkline_lab::{Lab, Principal, Request};
use trunkline_model::{AccountId, Diagnostic, Region, Report};

/// The account in which deployments run; its credentials only assume roles.
pub(crate) const SHARED_ACCOUNT: &str = "222233334444";

/// The role with which supervisors work in the console.
pub(super) const SUPERVISORS: &str = "supervisors";

/// One Connect instance of the utility.
pub(super) struct Place {
    pub(super) environment: &'static str,
    pub(super) account: &'static str,
    pub(super) region: &'static str,
    pub(super) alias: &'static str,
    /// The number that callers dial.
    pub(super) phone: &'static str,
}

/// The instance that people build in.
pub(super) const BUILD: &Place = &PLACES[0];

/// Every instance; production has two, which nothing links.
pub(super) const PLACES: &[Place] = &[
    place("build", "111122223333", "us-west-2", "tide-build", "+15550100010"),
    place("staging", "444455556666", "us-west-2", "tide-staging", "+15550100020"),
    place("prod", "555566667777", "us-west-2", "tide-prod-us-west-2", "+15550100030"),
    place("prod", "555566667777", "us-east-1", "tide-prod-us-east-1", "+15550100040"),
];

const fn place(
    environment: &'static str,
    account: &'static str,
    region: &'static str,
    alias: &'static str,
    phone: &'static str,
) -> Place {
    Place { environment, account, region, alias, phone }
}

/// The project's configuration.
pub(super) const CONFIG: &str = r#"version: 1
project: tidewater
environments:
  build:
    account: "111122223333"
    regions: [us-west-2]
    instance: tide-build
    use: build                      # people build here; it is exported
  staging:
    account: "444455556666"
    regions: [us-west-2]
    instance: tide-staging
  prod:
    account: "555566667777"
    regions: [us-west-2, us-east-1]
    instance: "tide-prod-{region}"
    branch: main                    # what its pipeline follows
    approval: required              # by a person, who saw the plan
role: trunkline-deploy
read_role: trunkline-read
staging_bucket: "tidewater-{environment}-{region}"
scope: { exclude: ["flow:Default *", "flow:Sample *"] }
bindings:
  "lambda:*": "{name}-{environment}"
  "phone:Main line":
    build: "+15550100010"
    staging: "+15550100020"
    prod: { us-west-2: "+15550100030", us-east-1: "+15550100040" }
"#;

/// The lab as one account uses it in one region.
pub(super) struct Hand<'a> {
    pub(super) lab: &'a Lab,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    /// The person whose hand it is; None: the account itself.
    pub(super) person: Option<&'a str>,
}

impl<'a> Hand<'a> {
    pub(super) fn at(lab: &'a Lab, place: &Place) -> Self {
        Self { lab, account: place.account, region: place.region, person: None }
    }

    fn principal(&self, account: &AccountId) -> Principal {
        match self.person {
            None => Principal::root(account),
            Some(person) => Principal {
                arn: format!("arn:aws:sts::{account}:assumed-role/{SUPERVISORS}/{person}"),
                user_id: format!("AROASUPERVISORS:{person}"),
                role: Some(format!("arn:aws:iam::{account}:role/{SUPERVISORS}")),
                source_identity: None,
            },
        }
    }

    /// Carries out one operation.
    pub(super) fn call(
        &self,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, Report> {
        self.call_with(service, operation, input, Vec::new())
    }

    /// The same with a payload.
    pub(super) fn call_with(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        body: Vec<u8>,
    ) -> Result<Value, Report> {
        let account =
            AccountId::parse(self.account).expect("the demo's accounts have twelve digits");
        let request = Request {
            region: Region::parse(self.region).expect("the demo's regions are regions"),
            principal: self.principal(&account),
            account,
            service: service.to_owned(),
            operation: operation.to_owned(),
            input,
            body,
        };
        self.lab.handle(&request, clock::now()).map(|output| output.members).map_err(|failure| {
            let message = format!("the lab refused {service} {operation}: {}", failure.name);
            let problems = Value::Object(*failure.members).to_string();
            Diagnostic::error("TL0902", message)
                .because(format!("{} {problems}", failure.message))
                .report()
        })
    }
}

/// A text of an answer.
pub(super) fn text(answer: &Value, member: &str) -> String {
    answer.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
