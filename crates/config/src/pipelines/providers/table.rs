//! The rows of the table of providers.

use super::Allowed::{Cron, Environment, Flag, Json, Number, OneOf, Zone};
use super::Variables::{Listed, Only};
use super::{Provider, may, needed, provider};
use trunkline_model::pipeline::Category::{Approval, Build, Compute, Deploy, Invoke, Source, Test};

/// The providers of actions.
pub(in super::super) const PROVIDERS: &[Provider] = &[
    provider("CodeCommit", "AWS", &[Source])
        .artifacts((0, 0), (1, 1))
        .here()
        .keys(&[
            needed("RepositoryName"),
            needed("BranchName"),
            may("PollForSourceChanges").takes(Flag),
            may("OutputArtifactFormat").takes(OneOf(&["CODE_ZIP", "CODEBUILD_CLONE_REF"])),
        ])
        .gives(Only(&[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "CommitterDate",
            "RepositoryName",
        ])),
    provider("CodeStarSourceConnection", "AWS", &[Source])
        .artifacts((0, 0), (1, 1))
        .here()
        .keys(&[
            needed("ConnectionArn"),
            needed("FullRepositoryId"),
            needed("BranchName"),
            may("DetectChanges").takes(Flag),
            may("OutputArtifactFormat").takes(OneOf(&["CODE_ZIP", "CODEBUILD_CLONE_REF"])),
        ])
        .gives(Only(&[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "ConnectionArn",
            "FullRepositoryName",
        ])),
    provider("S3", "AWS", &[Source])
        .artifacts((0, 0), (1, 1))
        .here()
        .keys(&[
            needed("S3Bucket"),
            needed("S3ObjectKey"),
            may("PollForSourceChanges").takes(Flag),
            may("AllowOverrideForS3ObjectKey").takes(Flag),
        ])
        .gives(Only(&["ETag", "VersionId"])),
    provider("ECR", "AWS", &[Source])
        .artifacts((0, 0), (1, 1))
        .keys(&[needed("RepositoryName"), may("ImageTag")])
        .gives(Only(&["ImageDigest", "ImageTag", "ImageURI", "RegistryId", "RepositoryName"])),
    provider("GitHub", "ThirdParty", &[Source])
        .artifacts((0, 0), (1, 1))
        .keys(&[
            needed("Owner"),
            needed("Repo"),
            needed("Branch"),
            needed("OAuthToken"),
            may("PollForSourceChanges").takes(Flag),
        ])
        .gives(Only(&[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "CommitUrl",
            "CommitterDate",
            "RepositoryName",
        ])),
    provider("TrunklineExport", "Custom", &[Source]).artifacts((0, 0), (0, 1)).here().keys(&[
        needed("Environment"),
        needed("Branch"),
        needed("Repository"),
        may("Schedule").takes(Cron(5, 5)),
        may("Directory"),
    ]),
    provider("CodeBuild", "AWS", &[Build, Test]).artifacts((1, 5), (0, 5)).here().keys(&[
        needed("ProjectName"),
        may("PrimarySource"),
        may("BatchEnabled").takes(Flag),
        may("CombineArtifacts").takes(Flag),
        may("EnvironmentVariables").takes(Environment),
    ]),
    provider("ECRBuildAndPublish", "AWS", &[Build]).artifacts((0, 5), (0, 5)).open().keys(&[
        may("ECRRepositoryName"),
        may("DockerFilePath"),
        may("ImageTags"),
        may("RegistryType"),
    ]),
    provider("DeviceFarm", "AWS", &[Test]).artifacts((1, 1), (0, 0)).open().gives(Only(&[])),
    provider("Commands", "AWS", &[Compute]).artifacts((0, 10), (0, 5)).here().open().gives(Listed),
    provider("Manual", "AWS", &[Approval])
        .artifacts((0, 0), (0, 0))
        .here()
        .keys(&[may("NotificationArn"), may("CustomData"), may("ExternalEntityLink")])
        .gives(Only(&[])),
    provider("Trunkline", "Custom", &[Deploy]).artifacts((1, 2), (0, 1)).here().keys(&[
        needed("Environment"),
        may("Region"),
        may("Mode").takes(OneOf(&["plan", "apply"])),
        may("Scope").takes(OneOf(&["full", "partial"])),
        may("DropFix").takes(Flag),
        may("Directory"),
    ]),
    provider("CloudFormation", "AWS", &[Deploy]).artifacts((0, 10), (0, 1)).keys(&[
        needed("ActionMode").takes(OneOf(&[
            "CREATE_UPDATE",
            "REPLACE_ON_FAILURE",
            "DELETE_ONLY",
            "CHANGE_SET_REPLACE",
            "CHANGE_SET_EXECUTE",
        ])),
        needed("StackName"),
        may("Capabilities"),
        may("ChangeSetName"),
        may("RoleArn"),
        may("TemplatePath"),
        may("TemplateConfiguration"),
        may("ParameterOverrides").takes(Json),
        may("OutputFileName"),
    ]),
    provider("CloudFormationStackSet", "AWS", &[Deploy])
        .artifacts((1, 3), (0, 0))
        .keys(&[
            needed("StackSetName"),
            needed("TemplatePath"),
            may("Description"),
            may("Parameters"),
            may("Capabilities"),
            may("PermissionModel"),
            may("AdministrationRoleArn"),
            may("ExecutionRoleName"),
            may("OrganizationsAutoDeployment"),
            may("DeploymentTargets"),
            may("Regions"),
            may("FailureTolerancePercentage"),
            may("MaxConcurrentPercentage"),
        ])
        .gives(Only(&["OperationId", "StackSetId"])),
    provider("CloudFormationStackInstances", "AWS", &[Deploy])
        .artifacts((0, 2), (0, 0))
        .keys(&[
            needed("StackSetName"),
            needed("DeploymentTargets"),
            needed("Regions"),
            may("ParameterOverrides"),
            may("FailureTolerancePercentage"),
            may("MaxConcurrentPercentage"),
        ])
        .gives(Only(&["OperationId", "StackSetId"])),
    provider("CodeDeploy", "AWS", &[Deploy])
        .artifacts((1, 1), (0, 0))
        .keys(&[needed("ApplicationName"), needed("DeploymentGroupName")])
        .gives(Only(&[])),
    provider("CodeDeployToECS", "AWS", &[Deploy])
        .artifacts((1, 5), (0, 0))
        .keys(&[
            needed("ApplicationName"),
            needed("DeploymentGroupName"),
            needed("TaskDefinitionTemplateArtifact"),
            needed("AppSpecTemplateArtifact"),
            may("AppSpecTemplatePath"),
            may("TaskDefinitionTemplatePath"),
            may("Image1ArtifactName"),
            may("Image1ContainerName"),
            may("Image2ArtifactName"),
            may("Image2ContainerName"),
            may("Image3ArtifactName"),
            may("Image3ContainerName"),
            may("Image4ArtifactName"),
            may("Image4ContainerName"),
        ])
        .gives(Only(&[])),
    provider("ECS", "AWS", &[Deploy])
        .artifacts((1, 1), (0, 0))
        .keys(&[
            needed("ClusterName"),
            needed("ServiceName"),
            may("FileName"),
            may("DeploymentTimeout").takes(Number),
        ])
        .gives(Only(&[])),
    provider("S3", "AWS", &[Deploy])
        .artifacts((1, 1), (0, 0))
        .keys(&[
            needed("BucketName"),
            needed("Extract").takes(Flag),
            may("ObjectKey"),
            may("KMSEncryptionKeyARN"),
            may("CannedACL"),
            may("CacheControl"),
        ])
        .gives(Only(&[])),
    provider("ElasticBeanstalk", "AWS", &[Deploy])
        .artifacts((1, 1), (0, 0))
        .keys(&[needed("ApplicationName"), needed("EnvironmentName")])
        .gives(Only(&[])),
    provider("AppConfig", "AWS", &[Deploy]).artifacts((0, 5), (0, 5)).open().keys(&[
        may("Application"),
        may("Environment"),
        may("ConfigurationProfile"),
        may("InputArtifactConfigurationPath"),
        may("DeploymentStrategy"),
    ]),
    provider("ServiceCatalog", "AWS", &[Deploy]).artifacts((1, 1), (0, 0)).open().keys(&[
        may("ProductId"),
        may("TemplateFilePath"),
        may("ProductVersionName"),
        may("ProductType"),
        may("ProductVersionDescription"),
        may("ConfigurationFilePath"),
    ]),
    provider("EC2", "AWS", &[Deploy]).artifacts((0, 5), (0, 5)).open().keys(&[
        may("InstanceTagKey"),
        may("InstanceTagValue"),
        may("InstanceType"),
        may("TargetDirectory"),
        may("PreScript"),
        may("PostScript"),
        may("DeploySpec"),
        may("MaxBatch"),
        may("MaxError"),
        may("TargetGroupNameList"),
    ]),
    provider("EKS", "AWS", &[Deploy]).artifacts((0, 5), (0, 5)).open().keys(&[
        may("ClusterName"),
        may("HelmReleaseName"),
        may("HelmChartLocation"),
        may("HelmValuesFiles"),
        may("ManifestFiles"),
        may("Namespace"),
        may("Subnets"),
        may("SecurityGroupIds"),
    ]),
    provider("Lambda", "AWS", &[Deploy]).artifacts((0, 5), (0, 5)).open().keys(&[
        needed("FunctionName"),
        may("FunctionAlias"),
        may("PublishedTargetVersion"),
        may("DeployStrategy"),
        may("Alarms"),
    ]),
    provider("OpsWorks", "AWS", &[Deploy])
        .artifacts((1, 1), (0, 0))
        .open()
        .keys(&[may("StackId"), may("AppId"), may("LayerId"), may("DeploymentType")])
        .gives(Only(&[])),
    provider("AlexaSkillsKit", "ThirdParty", &[Deploy]).artifacts((0, 5), (0, 5)).open().keys(&[
        may("ClientId"),
        may("ClientSecret"),
        may("RefreshToken"),
        may("SkillId"),
    ]),
    provider("Lambda", "AWS", &[Invoke])
        .artifacts((0, 5), (0, 5))
        .keys(&[needed("FunctionName"), may("UserParameters")]),
    provider("StepFunctions", "AWS", &[Invoke])
        .artifacts((0, 1), (0, 1))
        .keys(&[
            needed("StateMachineArn"),
            may("ExecutionNamePrefix"),
            may("InputType").takes(OneOf(&["Literal", "FilePath"])),
            may("Input"),
        ])
        .gives(Only(&["StateMachineArn", "ExecutionArn"])),
    provider("CodePipeline", "AWS", &[Invoke]).artifacts((0, 5), (0, 5)).here().open().keys(&[
        needed("PipelineName"),
        may("SourceRevisions").takes(Json),
        may("Variables").takes(Json),
    ]),
    provider("InspectorScan", "AWS", &[Invoke]).artifacts((0, 5), (0, 5)).open(),
];

/// The providers of rules. Their owner is AWS; the category says nothing.
pub(in super::super) const RULES: &[Provider] = &[
    provider("DeploymentWindow", "AWS", &[])
        .artifacts((0, 5), (0, 0))
        .here()
        .keys(&[needed("Cron").takes(Cron(6, 7)), may("TimeZone").takes(Zone)]),
    provider("VariableCheck", "AWS", &[]).artifacts((0, 5), (0, 0)).here().keys(&[
        needed("Variable"),
        needed("Value"),
        needed("Operator").takes(OneOf(&["EQ", "NE", "CONTAINS", "MATCHES"])),
    ]),
    provider("Commands", "AWS", &[]).artifacts((0, 5), (0, 0)).here().open(),
    provider("CloudWatchAlarm", "AWS", &[]).artifacts((0, 5), (0, 0)).keys(&[
        needed("AlarmName"),
        may("AlarmStates"),
        may("WaitTime"),
    ]),
    provider("LambdaInvoke", "AWS", &[])
        .artifacts((0, 5), (0, 0))
        .open()
        .keys(&[needed("FunctionName")]),
    provider("CodeBuild", "AWS", &[])
        .artifacts((0, 5), (0, 0))
        .open()
        .keys(&[needed("ProjectName")]),
];
