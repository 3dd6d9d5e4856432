//! A pipeline that a CloudFormation template defines, with the values of its parameters beside it.

use crate::project::{Project, says};

const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Branch: { Type: String }
  Stage: { Type: String, Default: uat, AllowedValues: [uat, prod] }
Mappings:
  Words: { uat: { Greeting: hello }, prod: { Greeting: good day } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: { AssumeRolePolicyDocument: {} }
  Store: { Type: AWS::S3::Bucket }
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      ServiceRole: !GetAtt Role.Arn
      Artifacts: { Type: CODEPIPELINE }
      Source:
        Type: CODEPIPELINE
        BuildSpec: !Sub |
          version: 0.2
          phases: { build: { commands: ['echo "$GREETING from ${Stage}, $ACCOUNT, ${!HOME}" | cut -d, -f1,2'] } }
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: public/none
        EnvironmentVariables:
          - { Name: GREETING, Value: !FindInMap [Words, !Ref Stage, Greeting] }
          - { Name: ACCOUNT, Value: !Ref "AWS::AccountId" }
  Site:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: !Sub "${AWS::StackName}-${Stage}"
      RoleArn: !GetAtt Role.Arn
      ArtifactStore: { Type: S3, Location: !Ref Store }
      Stages:
        - Name: Source
          Actions:
            - Name: Git
              ActionTypeId: { Category: Source, Owner: AWS, Provider: CodeCommit, Version: "1" }
              Configuration: { RepositoryName: acme, BranchName: !Ref Branch }
              OutputArtifacts: [{ Name: App }]
        - Name: Build
          Actions:
            - Name: Greet
              ActionTypeId: { Category: Build, Owner: AWS, Provider: CodeBuild, Version: "1" }
              Configuration: { ProjectName: !Ref Project }
              InputArtifacts: [{ Name: App }]
            - Fn::If:
                - IsProd
                - Name: Last
                  ActionTypeId: { Category: Compute, Owner: AWS, Provider: Commands, Version: "1" }
                  RunOrder: 2
                  Commands: ["echo the last word"]
                  InputArtifacts: [{ Name: App }]
                - !Ref AWS::NoValue
"#;

#[test]
fn a_template_is_run_with_the_values_of_the_file_beside_it_and_not_without() {
    let project = Project::new();
    project.write("pipelines/site.yaml", TEMPLATE);
    project.push("develop", "A site");
    let lacks = ["TL0823", "pipelines/site.yaml:3:3", "the parameter `Branch` has no value"];
    let account = "the value of `AWS::AccountId` is not known here";
    let ran = project.run("site-uat", &[]);
    assert_ne!(ran.code, 0);
    says(&ran.err, &[&lacks[..], &[account, "site.parameters.json"]].concat());
    let checked = project.stage.run(&["check"]);
    assert_eq!(checked.code, 3, "{}", checked.err);
    says(&checked.err, &lacks);
    let validate = ["pipeline", "validate", "--to-run", "pipelines/site.yaml"];
    says(&project.stage.run(&validate).err, &lacks);

    let list = r#"[
  { "ParameterKey": "Branch", "ParameterValue": "develop" },
  { "ParameterKey": "AWS::AccountId", "ParameterValue": "444455556666" }
]"#;
    project.write("pipelines/site.parameters.json", list);
    let all = [&validate[..], &["pipelines/site.parameters.json"]].concat();
    says(&project.stage.done(&all).out, &["site-uat: 2 stages, 2 actions", "2 values"]);
    says(&project.succeeds("site-uat", &[]), &["hello from uat, 444455556666"]);

    // CodePipeline's form of the same; another value makes another pipeline of it.
    let configuration = r#"{ "Parameters": { "Branch": "develop", "Stage": "prod",
        "AWS::AccountId": "444455556666" }, "Tags": {} }"#;
    project.write("pipelines/site.parameters.json", configuration);
    let logs = project.succeeds("site-prod", &[]);
    says(&logs, &["good day from prod", "the last word"]);
    project.write("pipelines/site.parameters.json", configuration.replace("Stage", "Stge"));
    let slip = project.run("site-prod", &[]);
    assert_ne!(slip.code, 0);
    says(&slip.err, &["TL0805", "site.parameters.json:1", "did you mean `Stage`?"]);
}
