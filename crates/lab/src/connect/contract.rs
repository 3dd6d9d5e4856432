//! What each operation demands of its input and which errors it declares, as a table.
//!
//! Input is written as `Member*type` (required) or `Member:type`: `s1-127` text and its length in
//! characters, `i0-99` whole number, `f` number, `b` boolean, `=Enum`, `@Shape`, `[type]1-50` list, `{type}`
//! map. Patterns that matter are checked by the kind's own code; tokens are not checked at all.

mod shapes;

use crate::service::Failure;

pub(super) use shapes::{enumeration, shape};

/// The errors by their letter in the table: name and status.
const ERRORS: &[(char, &str, u16)] = &[
    ('A', "AccessDeniedException", 403),
    ('C', "ResourceConflictException", 409),
    ('D', "DuplicateResourceException", 409),
    ('F', "InvalidContactFlowException", 400),
    ('I', "InvalidRequestException", 400),
    ('L', "LimitExceededException", 429),
    ('M', "InvalidContactFlowModuleException", 400),
    ('N', "ResourceNotFoundException", 404),
    ('O', "ConditionalOperationFailedException", 409),
    ('P', "InvalidParameterException", 400),
    ('Q', "ServiceQuotaExceededException", 402),
    ('U', "ResourceInUseException", 409),
    ('X', "ContactFlowNotPublishedException", 404),
    ('Y', "IdempotencyException", 409),
];

/// What stands in for an error that an operation does not declare, best first.
const STANDS_IN: &[(char, &str)] = &[
    ('C', "DI"),
    ('D', "CIP"),
    ('I', "P"),
    ('L', "QIP"),
    ('N', "PI"),
    ('P', "I"),
    ('U', "CIP"),
    ('X', "NIP"),
];

/// One operation's row.
#[derive(Clone, Copy)]
pub(super) struct Contract {
    /// The operation.
    pub(super) name: &'static str,
    /// Letters of the declared errors.
    errors: &'static str,
    /// The members of the input.
    pub(super) input: &'static str,
}

impl Contract {
    /// The failure itself where the operation declares it, else the nearest that it does.
    pub(super) fn declared(&self, failure: Failure) -> Failure {
        let Some((letter, ..)) = ERRORS.iter().find(|(_, name, _)| *name == failure.name) else {
            return failure;
        };
        if self.errors.contains(*letter) {
            return failure;
        }
        let instead = STANDS_IN.iter().find(|(from, _)| from == letter).map_or("", |row| row.1);
        let found = instead.chars().find(|letter| self.errors.contains(*letter));
        let row = found.and_then(|letter| ERRORS.iter().find(|row| row.0 == letter));
        match row {
            Some((_, name, status)) => Failure::new(name, *status, failure.message),
            None => failure,
        }
    }
}

/// Finds the row of an operation.
pub(super) fn of(operation: &str) -> Option<Contract> {
    let index = ROWS.binary_search_by(|row| row.0.cmp(operation)).ok()?;
    let (name, errors, input) = ROWS[index];
    Some(Contract { name, errors, input })
}

/// Operation, letters of its errors, members of its input; sorted by operation.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str)] = &[
    ("AssociateApprovedOrigin", "CINPQ", "InstanceId*s1-100 Origin*s-267"),
    ("AssociateBot", "CILNQ", "InstanceId*s1-100 LexBot:@LexBot LexV2Bot:@LexV2Bot"),
    ("AssociateInstanceStorageConfig", "CINP", "InstanceId*s1-100 ResourceType*=InstanceStorageResourceType \
         StorageConfig*@InstanceStorageConfig"),
    ("AssociateLambdaFunction", "CINPQ", "InstanceId*s1-100 FunctionArn*s1-140"),
    ("AssociatePhoneNumberContactFlow", "ANP", "PhoneNumberId*s InstanceId*s1-100 ContactFlowId*s-500"),
    ("AssociateQueueQuickConnects", "ILNP", "InstanceId*s1-100 QueueId*s QuickConnectIds*[s]1-50"),
    ("AssociateRoutingProfileQueues", "INP", "InstanceId*s1-100 RoutingProfileId*s \
         QueueConfigs:[@RoutingProfileQueueConfig]1-10 \
         ManualAssignmentQueueConfigs:[@RoutingProfileManualAssignmentQueueConfig]1-10"),
    ("AssociateSecurityKey", "CINPQ", "InstanceId*s1-100 Key*s1-1024"),
    ("AssociateUserProficiencies", "INP", "InstanceId*s1-100 UserId*s UserProficiencies*[@UserProficiency]"),
    ("ClaimPhoneNumber", "ANPY", "TargetArn:s InstanceId:s1-100 PhoneNumber*s PhoneNumberDescription:s0-500 \
         Tags:{s-256}1-50"),
    ("CreateAgentStatus", "DILNP", "InstanceId*s1-100 Name*s1-127 Description:s1-250 State*=AgentStatusState \
         DisplayOrder:i1-50 Tags:{s-256}1-50"),
    ("CreateContactFlow", "DFILNP", "InstanceId*s1-100 Name*s1- Type*=ContactFlowType Description:s Content*s \
         Status:=ContactFlowStatus Tags:{s-256}1-50"),
    ("CreateContactFlowModule", "ADILMNPY", "InstanceId*s1-100 Name*s1-127 Description:s0-500 Content*s1-256000 \
         Tags:{s-256}1-50 Settings:s \
         ExternalInvocationConfiguration:@ExternalInvocationConfiguration"),
    ("CreateHoursOfOperation", "DILNPQ", "InstanceId*s1-100 Name*s1-127 Description:s1-250 TimeZone*s \
         Config*[@HoursOfOperationConfig]0-100 \
         ParentHoursOfOperationConfigs:[@ParentHoursOfOperationConfig]0-3 \
         Tags:{s-256}1-50"),
    ("CreateHoursOfOperationOverride", "DILNP", "InstanceId*s1-100 HoursOfOperationId*s Name*s Description:s \
         Config*[@HoursOfOperationOverrideConfig]0-100 EffectiveFrom*s EffectiveTill*s \
         RecurrenceConfig:@RecurrenceConfig OverrideType:=OverrideType"),
    ("CreateInstance", "INQ", "IdentityManagementType*=DirectoryType InstanceAlias:s1-45 DirectoryId:s12-12 \
         InboundCallsEnabled*b OutboundCallsEnabled*b Tags:{s-256}1-50"),
    ("CreatePredefinedAttribute", "DILNP", "InstanceId*s1-100 Name*s1-100 Values:@PredefinedAttributeValues \
         Purposes:[s1-100]0-10 \
         AttributeConfiguration:@InputPredefinedAttributeConfiguration"),
    ("CreatePrompt", "DILP", "InstanceId*s1-100 Name*s1-127 Description:s1-250 S3Uri*s1-2000 \
         Tags:{s-256}1-50"),
    ("CreateQueue", "DILNP", "InstanceId*s1-100 Name*s1-127 Description:s1-250 \
         OutboundCallerConfig:@OutboundCallerConfig \
         OutboundEmailConfig:@OutboundEmailConfig HoursOfOperationId*s MaxContacts:i0- \
         QuickConnectIds:[s]1-50 EmailAddressesConfig:[@EmailAddressConfig]1-50 \
         Tags:{s-256}1-50"),
    ("CreateQuickConnect", "DILNP", "InstanceId*s1-100 Name*s1-127 Description:s1-250 \
         QuickConnectConfig*@QuickConnectConfig Tags:{s-256}1-50"),
    ("CreateRoutingProfile", "DILNP", "InstanceId*s1-100 Name*s1-127 Description*s1-250 DefaultOutboundQueueId*s \
         QueueConfigs:[@RoutingProfileQueueConfig]1-10 \
         ManualAssignmentQueueConfigs:[@RoutingProfileManualAssignmentQueueConfig]1-10 \
         MediaConcurrencies*[@MediaConcurrency] Tags:{s-256}1-50 \
         AgentAvailabilityTimer:=AgentAvailabilityTimer"),
    ("CreateSecurityProfile", "DILNP", "SecurityProfileName*s1-127 Description:s-250 Permissions:[s1-128]-500 \
         InstanceId*s1-100 Tags:{s-256}1-50 AllowedAccessControlTags:{s-256}-4 \
         TagRestrictedResources:[s1-128]-10 Applications:[@Application]-10 \
         HierarchyRestrictedResources:[s1-128] AllowedAccessControlHierarchyGroupId:s \
         AllowedFlowModules:[@FlowModule]-10 AllowedAIAgents:[@AIAgent]-100 \
         GranularAccessControlConfiguration:@GranularAccessControlConfiguration"),
    ("CreateUser", "DILNP", "Username*s1-100 Password:s IdentityInfo:@UserIdentityInfo \
         PhoneConfig:@UserPhoneConfig DirectoryUserId:s SecurityProfileIds*[s]1-10 \
         RoutingProfileId*s HierarchyGroupId:s InstanceId*s1-100 \
         AutoAcceptConfigs:[@AutoAcceptConfig] \
         AfterContactWorkConfigs:[@AfterContactWorkConfigPerChannel] \
         PhoneNumberConfigs:[@PhoneNumberConfig] \
         PersistentConnectionConfigs:[@PersistentConnectionConfig] \
         VoiceEnhancementConfigs:[@VoiceEnhancementConfig] Tags:{s-256}1-50"),
    ("CreateUserHierarchyGroup", "DILNP", "Name*s ParentGroupId:s InstanceId*s1-100 Tags:{s-256}1-50"),
    ("CreateView", "ADINPQU", "InstanceId*s1-100 Status*=ViewStatus Content*@ViewInputContent \
         Description:s1-4096 Name*s1-255 Tags:{s-256}1-50"),
    ("DeleteContactFlow", "AINP", "InstanceId*s1-100 ContactFlowId*s-500"),
    ("DeleteContactFlowModule", "AINP", "InstanceId*s1-100 ContactFlowModuleId*s1-256"),
    ("DeleteHoursOfOperation", "INP", "InstanceId*s1-100 HoursOfOperationId*s"),
    ("DeleteHoursOfOperationOverride", "INP", "InstanceId*s1-100 HoursOfOperationId*s HoursOfOperationOverrideId*s1-36"),
    ("DeleteInstance", "IN", "InstanceId*s1-100"),
    ("DeletePredefinedAttribute", "INPU", "InstanceId*s1-100 Name*s1-100"),
    ("DeletePrompt", "INP", "InstanceId*s1-100 PromptId*s1-256"),
    ("DeleteQueue", "INPU", "InstanceId*s1-100 QueueId*s"),
    ("DeleteQuickConnect", "INP", "InstanceId*s1-100 QuickConnectId*s"),
    ("DeleteRoutingProfile", "INPU", "InstanceId*s1-100 RoutingProfileId*s"),
    ("DeleteSecurityProfile", "AINPU", "InstanceId*s1-100 SecurityProfileId*s"),
    ("DeleteUser", "INP", "InstanceId*s1-100 UserId*s"),
    ("DeleteUserHierarchyGroup", "INPU", "HierarchyGroupId*s InstanceId*s1-100"),
    ("DeleteView", "AINPU", "InstanceId*s1-100 ViewId*s1-500"),
    ("DescribeAgentStatus", "INP", "InstanceId*s1-100 AgentStatusId*s"),
    ("DescribeContactFlow", "INPX", "InstanceId*s1-100 ContactFlowId*s-500"),
    ("DescribeContactFlowModule", "AINP", "InstanceId*s1-100 ContactFlowModuleId*s1-256"),
    ("DescribeHoursOfOperation", "INP", "InstanceId*s1-100 HoursOfOperationId*s"),
    ("DescribeHoursOfOperationOverride", "INP", "InstanceId*s1-100 HoursOfOperationId*s HoursOfOperationOverrideId*s1-36"),
    ("DescribeInstance", "IN", "InstanceId*s1-100"),
    ("DescribeInstanceAttribute", "INP", "InstanceId*s1-100 AttributeType*=InstanceAttributeType"),
    ("DescribeInstanceStorageConfig", "INP", "InstanceId*s1-100 AssociationId*s1-100 \
         ResourceType*=InstanceStorageResourceType"),
    ("DescribePhoneNumber", "ANP", "PhoneNumberId*s"),
    ("DescribePredefinedAttribute", "INP", "InstanceId*s1-100 Name*s1-100"),
    ("DescribePrompt", "INP", "InstanceId*s1-100 PromptId*s1-256"),
    ("DescribeQueue", "INP", "InstanceId*s1-100 QueueId*s"),
    ("DescribeQuickConnect", "INP", "InstanceId*s1-100 QuickConnectId*s"),
    ("DescribeRoutingProfile", "INP", "InstanceId*s1-100 RoutingProfileId*s"),
    ("DescribeSecurityProfile", "INP", "SecurityProfileId*s InstanceId*s1-100"),
    ("DescribeUser", "INP", "UserId*s InstanceId*s1-100"),
    ("DescribeUserHierarchyGroup", "INP", "HierarchyGroupId*s InstanceId*s1-100"),
    ("DescribeUserHierarchyStructure", "INP", "InstanceId*s1-100"),
    ("DescribeView", "AINP", "InstanceId*s1-100 ViewId*s1-500"),
    ("DisassociateApprovedOrigin", "INP", "InstanceId*s1-100 Origin*s-267"),
    ("DisassociateBot", "IN", "InstanceId*s1-100 LexBot:@LexBot LexV2Bot:@LexV2Bot"),
    ("DisassociateInstanceStorageConfig", "INP", "InstanceId*s1-100 AssociationId*s1-100 \
         ResourceType*=InstanceStorageResourceType"),
    ("DisassociateLambdaFunction", "INP", "InstanceId*s1-100 FunctionArn*s1-140"),
    ("DisassociatePhoneNumberContactFlow", "ANP", "PhoneNumberId*s InstanceId*s1-100"),
    ("DisassociateQueueQuickConnects", "INP", "InstanceId*s1-100 QueueId*s QuickConnectIds*[s]1-50"),
    ("DisassociateRoutingProfileQueues", "INP", "InstanceId*s1-100 RoutingProfileId*s \
         QueueReferences:[@RoutingProfileQueueReference] \
         ManualAssignmentQueueReferences:[@RoutingProfileQueueReference]"),
    ("DisassociateSecurityKey", "INP", "InstanceId*s1-100 AssociationId*s1-100"),
    ("DisassociateUserProficiencies", "INP", "InstanceId*s1-100 UserId*s UserProficiencies*[@UserProficiencyDisassociate]"),
    ("GetPromptFile", "INP", "InstanceId*s1-100 PromptId*s1-256"),
    ("ListAgentStatuses", "INP", "InstanceId*s1-100 MaxResults:i1-1000 AgentStatusTypes:[=AgentStatusType]-3"),
    ("ListApprovedOrigins", "INP", "InstanceId*s1-100 MaxResults:i1-25"),
    ("ListBots", "IN", "InstanceId*s1-100 MaxResults:i1-25 LexVersion*=LexVersion"),
    ("ListContactFlowModules", "AINP", "InstanceId*s1-100 MaxResults:i1-1000 \
         ContactFlowModuleState:=ContactFlowModuleState"),
    ("ListContactFlows", "INP", "InstanceId*s1-100 ContactFlowTypes:[=ContactFlowType]-10 MaxResults:i1-1000"),
    ("ListFlowAssociations", "AINP", "InstanceId*s1-100 ResourceType:=ListFlowAssociationResourceType \
         MaxResults:i1-1000"),
    ("ListHoursOfOperationOverrides", "INP", "InstanceId*s1-100 HoursOfOperationId*s MaxResults:i1-100"),
    ("ListHoursOfOperations", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListInstanceAttributes", "INP", "InstanceId*s1-100 MaxResults:i1-7"),
    ("ListInstanceStorageConfigs", "INP", "InstanceId*s1-100 ResourceType*=InstanceStorageResourceType MaxResults:i1-10"),
    ("ListInstances", "I", "MaxResults:i1-10"),
    ("ListLambdaFunctions", "INP", "InstanceId*s1-100 MaxResults:i1-25"),
    ("ListPhoneNumbersV2", "ANP", "TargetArn:s InstanceId:s1-100 MaxResults:i1-1000 \
         PhoneNumberCountryCodes:[=PhoneNumberCountryCode]-10 \
         PhoneNumberTypes:[=PhoneNumberType]-6 PhoneNumberPrefix:s"),
    ("ListPredefinedAttributes", "INP", "InstanceId*s1-100 MaxResults:i1-100"),
    ("ListPrompts", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListQueueQuickConnects", "INP", "InstanceId*s1-100 QueueId*s MaxResults:i1-100"),
    ("ListQueues", "INP", "InstanceId*s1-100 QueueTypes:[=QueueType]-2 MaxResults:i1-1000"),
    ("ListQuickConnects", "INP", "InstanceId*s1-100 MaxResults:i1-1000 QuickConnectTypes:[=QuickConnectType]-4"),
    ("ListReplicationFindings", "AIN", "InstanceId*s1-250 ResourceType*s1-128 MaxResults:i1-100"),
    ("ListRoutingProfileQueues", "INP", "InstanceId*s1-100 RoutingProfileId*s MaxResults:i1-100"),
    ("ListRoutingProfiles", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListSecurityKeys", "INP", "InstanceId*s1-100 MaxResults:i1-2"),
    ("ListSecurityProfileApplications", "INP", "SecurityProfileId*s InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListSecurityProfileFlowModules", "INP", "SecurityProfileId*s InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListSecurityProfilePermissions", "INP", "SecurityProfileId*s InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListSecurityProfiles", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListTagsForResource", "INP", "resourceArn*s"),
    ("ListUserHierarchyGroups", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListUserProficiencies", "INP", "InstanceId*s1-100 UserId*s MaxResults:i1-100"),
    ("ListUsers", "INP", "InstanceId*s1-100 MaxResults:i1-1000"),
    ("ListViews", "AINP", "InstanceId*s1-100 Type:=ViewType MaxResults:i1-100"),
    ("ReleasePhoneNumber", "ANPUY", "PhoneNumberId*s"),
    ("ReplicateInstance", "ACINQ", "InstanceId*s1-250 ReplicaRegion*s8-31 ReplicaAlias:s1-45"),
    ("SearchAgentStatuses", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@AgentStatusSearchFilter \
         SearchCriteria:@AgentStatusSearchCriteria"),
    ("SearchAvailablePhoneNumbers", "AP", "TargetArn:s InstanceId:s1-100 PhoneNumberCountryCode*=PhoneNumberCountryCode \
         PhoneNumberType*=PhoneNumberType PhoneNumberPrefix:s MaxResults:i1-10"),
    ("SearchContactFlowModules", "INP", "InstanceId*s1-100 MaxResults:i1-100 \
         SearchFilter:@ContactFlowModuleSearchFilter \
         SearchCriteria:@ContactFlowModuleSearchCriteria"),
    ("SearchContactFlows", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@ContactFlowSearchFilter \
         SearchCriteria:@ContactFlowSearchCriteria"),
    ("SearchHoursOfOperationOverrides", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@HoursOfOperationSearchFilter \
         SearchCriteria:@HoursOfOperationOverrideSearchCriteria"),
    ("SearchHoursOfOperations", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@HoursOfOperationSearchFilter \
         SearchCriteria:@HoursOfOperationSearchCriteria"),
    ("SearchPredefinedAttributes", "INP", "InstanceId*s1-100 MaxResults:i1-100 \
         SearchCriteria:@PredefinedAttributeSearchCriteria"),
    ("SearchPrompts", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@PromptSearchFilter \
         SearchCriteria:@PromptSearchCriteria"),
    ("SearchQueues", "INP", "InstanceId*s1-100 MaxResults:i1-500 SearchFilter:@QueueSearchFilter \
         SearchCriteria:@QueueSearchCriteria"),
    ("SearchQuickConnects", "INP", "InstanceId*s1-100 MaxResults:i1-100 SearchFilter:@QuickConnectSearchFilter \
         SearchCriteria:@QuickConnectSearchCriteria"),
    ("SearchRoutingProfiles", "INP", "InstanceId*s1-100 MaxResults:i1-500 SearchFilter:@RoutingProfileSearchFilter \
         SearchCriteria:@RoutingProfileSearchCriteria"),
    ("SearchSecurityProfiles", "INP", "InstanceId*s1-100 MaxResults:i1-100 \
         SearchCriteria:@SecurityProfileSearchCriteria \
         SearchFilter:@SecurityProfilesSearchFilter"),
    ("SearchUserHierarchyGroups", "INP", "InstanceId*s1-100 MaxResults:i1-100 \
         SearchFilter:@UserHierarchyGroupSearchFilter \
         SearchCriteria:@UserHierarchyGroupSearchCriteria"),
    ("SearchUsers", "INP", "InstanceId*s1-100 MaxResults:i1-500 SearchFilter:@UserSearchFilter \
         SearchCriteria:@UserSearchCriteria"),
    ("SearchViews", "AINP", "InstanceId*s1-250 MaxResults:i1-100 SearchFilter:@ViewSearchFilter \
         SearchCriteria:@ViewSearchCriteria"),
    ("TagResource", "INP", "resourceArn*s tags*{s-256}1-50"),
    ("UntagResource", "INP", "resourceArn*s tagKeys*[s1-128]1-50"),
    ("UpdateAgentStatus", "DILNP", "InstanceId*s1-100 AgentStatusId*s Name:s1-127 Description:s0-250 \
         State:=AgentStatusState DisplayOrder:i1-50 ResetOrderNumber:b"),
    ("UpdateContactFlowContent", "FINP", "InstanceId*s1-100 ContactFlowId*s-500 Content*s"),
    ("UpdateContactFlowMetadata", "DINP", "InstanceId*s1-100 ContactFlowId*s-500 Name:s1- Description:s \
         ContactFlowState:=ContactFlowState"),
    ("UpdateContactFlowModuleContent", "AIMN", "InstanceId*s1-100 ContactFlowModuleId*s1-256 Content:s1-256000 Settings:s"),
    ("UpdateContactFlowModuleMetadata", "ADINP", "InstanceId*s1-100 ContactFlowModuleId*s1-256 Name:s1-127 Description:s0-500 \
         State:=ContactFlowModuleState"),
    ("UpdateContactFlowName", "DINP", "InstanceId*s1-100 ContactFlowId*s-500 Name:s1- Description:s"),
    ("UpdateHoursOfOperation", "DINP", "InstanceId*s1-100 HoursOfOperationId*s Name:s1-127 Description:s0-250 \
         TimeZone:s Config:[@HoursOfOperationConfig]0-100"),
    ("UpdateHoursOfOperationOverride", "DINOP", "InstanceId*s1-100 HoursOfOperationId*s HoursOfOperationOverrideId*s1-36 Name:s \
         Description:s Config:[@HoursOfOperationOverrideConfig]0-100 EffectiveFrom:s \
         EffectiveTill:s RecurrenceConfig:@RecurrenceConfig OverrideType:=OverrideType"),
    ("UpdateInstanceAttribute", "INP", "InstanceId*s1-100 AttributeType*=InstanceAttributeType Value*s1-100"),
    ("UpdateInstanceStorageConfig", "INP", "InstanceId*s1-100 AssociationId*s1-100 \
         ResourceType*=InstanceStorageResourceType StorageConfig*@InstanceStorageConfig"),
    ("UpdatePredefinedAttribute", "INP", "InstanceId*s1-100 Name*s1-100 Values:@PredefinedAttributeValues \
         Purposes:[s1-100]0-10 \
         AttributeConfiguration:@InputPredefinedAttributeConfiguration"),
    ("UpdatePrompt", "INP", "InstanceId*s1-100 PromptId*s1-256 Name:s1-127 Description:s1-250 S3Uri:s1-2000"),
    ("UpdateQueueHoursOfOperation", "INP", "InstanceId*s1-100 QueueId*s HoursOfOperationId*s"),
    ("UpdateQueueMaxContacts", "INP", "InstanceId*s1-100 QueueId*s MaxContacts:i0-"),
    ("UpdateQueueName", "DINP", "InstanceId*s1-100 QueueId*s Name:s1-127 Description:s1-250"),
    ("UpdateQueueOutboundCallerConfig", "INP", "InstanceId*s1-100 QueueId*s OutboundCallerConfig*@OutboundCallerConfig"),
    ("UpdateQueueOutboundEmailConfig", "AINOP", "InstanceId*s1-100 QueueId*s OutboundEmailConfig*@OutboundEmailConfig"),
    ("UpdateQueueStatus", "INP", "InstanceId*s1-100 QueueId*s Status*=QueueStatus"),
    ("UpdateQuickConnectConfig", "INP", "InstanceId*s1-100 QuickConnectId*s QuickConnectConfig*@QuickConnectConfig"),
    ("UpdateQuickConnectName", "INP", "InstanceId*s1-100 QuickConnectId*s Name:s1-127 Description:s0-250"),
    ("UpdateRoutingProfileAgentAvailabilityTimer", "INP", "InstanceId*s1-100 RoutingProfileId*s \
         AgentAvailabilityTimer*=AgentAvailabilityTimer"),
    ("UpdateRoutingProfileConcurrency", "INP", "InstanceId*s1-100 RoutingProfileId*s MediaConcurrencies*[@MediaConcurrency]"),
    ("UpdateRoutingProfileDefaultOutboundQueue", "INP", "InstanceId*s1-100 RoutingProfileId*s DefaultOutboundQueueId*s"),
    ("UpdateRoutingProfileName", "DINP", "InstanceId*s1-100 RoutingProfileId*s Name:s1-127 Description:s1-250"),
    ("UpdateRoutingProfileQueues", "INP", "InstanceId*s1-100 RoutingProfileId*s \
         QueueConfigs*[@RoutingProfileQueueConfig]1-10"),
    ("UpdateSecurityProfile", "INP", "Description:s-250 Permissions:[s1-128]-500 SecurityProfileId*s \
         InstanceId*s1-100 AllowedAccessControlTags:{s-256}-4 \
         TagRestrictedResources:[s1-128]-10 Applications:[@Application]-10 \
         HierarchyRestrictedResources:[s1-128] AllowedAccessControlHierarchyGroupId:s \
         AllowedFlowModules:[@FlowModule]-10 AllowedAIAgents:[@AIAgent]-100 \
         GranularAccessControlConfiguration:@GranularAccessControlConfiguration"),
    ("UpdateUserHierarchy", "INP", "HierarchyGroupId:s UserId*s InstanceId*s1-100"),
    ("UpdateUserHierarchyGroupName", "DINP", "Name*s HierarchyGroupId*s InstanceId*s1-100"),
    ("UpdateUserHierarchyStructure", "INPU", "HierarchyStructure*@HierarchyStructureUpdate InstanceId*s1-100"),
    ("UpdateUserIdentityInfo", "INP", "IdentityInfo*@UserIdentityInfo UserId*s InstanceId*s1-100"),
    ("UpdateUserPhoneConfig", "INP", "PhoneConfig*@UserPhoneConfig UserId*s InstanceId*s1-100"),
    ("UpdateUserProficiencies", "INP", "InstanceId*s1-100 UserId*s UserProficiencies*[@UserProficiency]"),
    ("UpdateUserRoutingProfile", "INP", "RoutingProfileId*s UserId*s InstanceId*s1-100"),
    ("UpdateUserSecurityProfiles", "INP", "SecurityProfileIds*[s]1-10 UserId*s InstanceId*s1-100"),
    ("UpdateViewContent", "AINPU", "InstanceId*s1-100 ViewId*s1-500 Status*=ViewStatus Content*@ViewInputContent"),
    ("UpdateViewMetadata", "ADINPU", "InstanceId*s1-100 ViewId*s1-500 Name:s1-255 Description:s1-4096"),
];
