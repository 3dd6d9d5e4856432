//! Who runs the command, for AWS's records: the name of role sessions and, where an environment asks for it, the
//! source identity. In this order: the pipeline's execution, git's `user.email`, the AWS identity of the
//! credentials (the only one that costs a call), the user of the operating system. `connect` asks.

use crate::context::App;
use crate::delivery::InvokedBy;
use std::process::{Command, Stdio};
use trunkline_aws::{Aws, Options};
use trunkline_model::Region;

/// What the machine knows of the caller: the pipeline's execution, or git's `user.email`.
pub(crate) fn known(app: &App) -> Option<String> {
    let known = match &app.surroundings.invoked_by {
        InvokedBy::Pipeline(execution) => Some(execution.clone()),
        InvokedBy::Person => git_email(),
    };
    known.as_deref().and_then(fitting)
}

/// The caller's name, as AWS takes it: 2 to 64 characters of a small set.
pub(crate) async fn name(aws: &Aws, region: &Region) -> String {
    if let Some(name) = &aws.settings().caller {
        return name.clone();
    }
    // Where the credentials do not work at all, the call that needs them says so.
    let identity = aws.client(Options::new(region.clone())).await.ok();
    let arn = identity.map(|client| client.identity().arn.clone());
    let own = arn.as_deref().and_then(|arn| fitting(identity_name(arn)));
    let user = || aws.settings().user.as_deref().and_then(fitting);
    own.or_else(user).unwrap_or_else(|| "trunkline".to_owned())
}

/// The user's or the role session's name: the end of the ARN.
fn identity_name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// A name of the characters that AWS takes; None where too little of it is left.
fn fitting(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String =
        name.trim().chars().map(|c| if allowed(c) { c } else { '-' }).take(64).collect();
    let says_something = name.chars().filter(char::is_ascii_alphanumeric).count() >= 2;
    says_something.then_some(name)
}

fn git_email() -> Option<String> {
    let mut command = Command::new("git");
    command.args(["config", "--get", "user.email"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    let email = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !email.is_empty()).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_takes() {
        assert_eq!(
            fitting("jane.doe+aws@example.com").as_deref(),
            Some("jane.doe+aws@example.com")
        );
        assert_eq!(fitting("pipeline:4711/a b").as_deref(), Some("pipeline-4711-a-b"));
        assert_eq!(fitting("é"), None);
        assert_eq!(fitting(" "), None);
        assert_eq!(fitting(&"x".repeat(80)).map(|n| n.len()), Some(64));
    }

    #[test]
    fn identities_by_their_last_part() {
        for (arn, name) in [
            ("arn:aws:iam::111122223333:user/team/jane", "jane"),
            ("arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com", "jane@example.com"),
            ("arn:aws:iam::111122223333:root", "root"),
        ] {
            assert_eq!(identity_name(arn), name);
        }
    }
}
