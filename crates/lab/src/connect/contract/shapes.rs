//! The shapes and enumerations that inputs consist of, in the language of the operations' table.

/// Finds the members of a shape.
pub(crate) fn shape(name: &str) -> &'static str {
    SHAPES.iter().find(|row| row.0 == name).map_or("", |row| row.1)
}

/// Finds the values of an enumeration, apart by blanks; `None` where any value goes.
pub(crate) fn enumeration(name: &str) -> Option<&'static str> {
    ENUMS.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// Shape and members.
#[rustfmt::skip]
const SHAPES: &[(&str, &str)] = &[
    ("AIAgent", "Arn:s Type:=AIAgentType"),
    ("AfterContactWorkConfig", "AfterContactWorkTimeLimit:i0-"),
    ("AfterContactWorkConfigPerChannel", "Channel*=Channel AfterContactWorkConfig*@AfterContactWorkConfig \
         AgentFirstCallbackAfterContactWorkConfig:@AfterContactWorkConfig"),
    ("AgentStatusSearchCriteria", "OrConditions:[@AgentStatusSearchCriteria] \
         AndConditions:[@AgentStatusSearchCriteria] StringCondition:@StringCondition"),
    ("AgentStatusSearchFilter", "AttributeFilter:@ControlPlaneAttributeFilter"),
    ("Application", "Namespace:s1-128 ApplicationPermissions:[s1-128]1-50 Type:=ApplicationType"),
    ("AttributeAndCondition", "TagConditions:[@TagCondition] HierarchyGroupCondition:@HierarchyGroupCondition"),
    ("AutoAcceptConfig", "Channel*=Channel AutoAccept*b AgentFirstCallbackAutoAccept:b"),
    ("CommonAttributeAndCondition", "TagConditions:[@TagCondition]"),
    ("Condition", "StringCondition:@StringCondition NumberCondition:@NumberCondition"),
    ("ContactFlowAttributeAndCondition", "TagConditions:[@TagCondition] \
         ContactFlowTypeCondition:@ContactFlowTypeCondition"),
    ("ContactFlowAttributeFilter", "OrConditions:[@ContactFlowAttributeAndCondition] \
         AndCondition:@ContactFlowAttributeAndCondition TagCondition:@TagCondition \
         ContactFlowTypeCondition:@ContactFlowTypeCondition"),
    ("ContactFlowModuleSearchCriteria", "OrConditions:[@ContactFlowModuleSearchCriteria] \
         AndConditions:[@ContactFlowModuleSearchCriteria] \
         StringCondition:@StringCondition StateCondition:=ContactFlowModuleState \
         StatusCondition:=ContactFlowModuleStatus"),
    ("ContactFlowModuleSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("ContactFlowSearchCriteria", "OrConditions:[@ContactFlowSearchCriteria] \
         AndConditions:[@ContactFlowSearchCriteria] StringCondition:@StringCondition \
         TypeCondition:=ContactFlowType StateCondition:=ContactFlowState \
         StatusCondition:=ContactFlowStatus"),
    ("ContactFlowSearchFilter", "TagFilter:@ControlPlaneTagFilter \
         FlowAttributeFilter:@ContactFlowAttributeFilter"),
    ("ContactFlowTypeCondition", "ContactFlowType:=ContactFlowType"),
    ("ControlPlaneAttributeFilter", "OrConditions:[@CommonAttributeAndCondition] \
         AndCondition:@CommonAttributeAndCondition TagCondition:@TagCondition"),
    ("ControlPlaneTagFilter", "OrConditions:[[@TagCondition]] AndConditions:[@TagCondition] \
         TagCondition:@TagCondition"),
    ("ControlPlaneUserAttributeFilter", "OrConditions:[@AttributeAndCondition] AndCondition:@AttributeAndCondition \
         TagCondition:@TagCondition HierarchyGroupCondition:@HierarchyGroupCondition"),
    ("CrossChannelBehavior", "BehaviorType*=BehaviorType"),
    ("CrossChannelWorkloadBehavior", "ChannelWorkloadBehaviorType:=ChannelWorkloadBehaviorType"),
    ("DataTableAccessControlConfiguration", "PrimaryAttributeAccessControlConfiguration:@PrimaryAttributeAccessControlConfigurationItem"),
    ("DateCondition", "FieldName:s Value:s ComparisonType:=DateComparisonType"),
    ("EmailAddressConfig", "EmailAddressId*s1-500"),
    ("EncryptionConfig", "EncryptionType*=EncryptionType KeyId*s1-128"),
    ("ExternalInvocationConfiguration", "Enabled:b"),
    ("FlowModule", "Type:=FlowModuleType FlowModuleId:s1-128"),
    ("FlowQuickConnectConfig", "ContactFlowId*s-500"),
    ("GranularAccessControlConfiguration", "DataTableAccessControlConfiguration:@DataTableAccessControlConfiguration"),
    ("HierarchyGroupCondition", "Value:s HierarchyGroupMatchType:=HierarchyGroupMatchType"),
    ("HierarchyLevelUpdate", "Name*s"),
    ("HierarchyStructureUpdate", "LevelOne:@HierarchyLevelUpdate LevelTwo:@HierarchyLevelUpdate \
         LevelThree:@HierarchyLevelUpdate LevelFour:@HierarchyLevelUpdate \
         LevelFive:@HierarchyLevelUpdate"),
    ("HoursOfOperationConfig", "Day*=HoursOfOperationDays StartTime*@HoursOfOperationTimeSlice \
         EndTime*@HoursOfOperationTimeSlice"),
    ("HoursOfOperationOverrideConfig", "Day:=OverrideDays StartTime:@OverrideTimeSlice EndTime:@OverrideTimeSlice"),
    ("HoursOfOperationOverrideSearchCriteria", "OrConditions:[@HoursOfOperationOverrideSearchCriteria] \
         AndConditions:[@HoursOfOperationOverrideSearchCriteria] \
         StringCondition:@StringCondition DateCondition:@DateCondition"),
    ("HoursOfOperationSearchCriteria", "OrConditions:[@HoursOfOperationSearchCriteria] \
         AndConditions:[@HoursOfOperationSearchCriteria] \
         StringCondition:@StringCondition"),
    ("HoursOfOperationSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("HoursOfOperationTimeSlice", "Hours*i0-23 Minutes*i0-59"),
    ("InputPredefinedAttributeConfiguration", "EnableValueValidationOnAssociation:b"),
    ("InstanceStorageConfig", "AssociationId:s1-100 StorageType*=StorageType S3Config:@S3Config \
         KinesisVideoStreamConfig:@KinesisVideoStreamConfig \
         KinesisStreamConfig:@KinesisStreamConfig \
         KinesisFirehoseConfig:@KinesisFirehoseConfig"),
    ("KinesisFirehoseConfig", "FirehoseArn*s"),
    ("KinesisStreamConfig", "StreamArn*s"),
    ("KinesisVideoStreamConfig", "Prefix*s1-128 RetentionPeriodHours*i0-87600 EncryptionConfig*@EncryptionConfig"),
    ("LexBot", "Name*s-50 LexRegion*s-60"),
    ("LexV2Bot", "AliasArn:s1-100"),
    ("ListCondition", "TargetListType:=TargetListType Conditions:[@Condition]"),
    ("MediaConcurrency", "Channel*=Channel Concurrency:i0-10 CrossChannelBehavior:@CrossChannelBehavior \
         WorkloadTypeConcurrencies:[@WorkloadTypeConcurrency]1-5"),
    ("NumberCondition", "FieldName:s MinValue:i MaxValue:i ComparisonType:=NumberComparisonType"),
    ("OutboundCallerConfig", "OutboundCallerIdName:s1-255 OutboundCallerIdNumberId:s OutboundFlowId:s-500"),
    ("OutboundEmailConfig", "OutboundEmailAddressId:s1-500"),
    ("OverrideTimeSlice", "Hours*i0-23 Minutes*i0-59"),
    ("ParentHoursOfOperationConfig", "HoursOfOperationId:s"),
    ("PersistentConnectionConfig", "Channel*=Channel PersistentConnection*b"),
    ("PhoneNumberConfig", "Channel*=Channel PhoneType*=PhoneType PhoneNumber:s"),
    ("PhoneNumberQuickConnectConfig", "PhoneNumber*s"),
    ("PredefinedAttributeSearchCriteria", "OrConditions:[@PredefinedAttributeSearchCriteria] \
         AndConditions:[@PredefinedAttributeSearchCriteria] \
         StringCondition:@StringCondition"),
    ("PredefinedAttributeValues", "StringList:[s1-100]0-500"),
    ("PrimaryAttributeAccessControlConfigurationItem", "PrimaryAttributeValues:[@PrimaryAttributeValue]-5"),
    ("PrimaryAttributeValue", "AccessType:=AccessType AttributeName:s1-127 Values:[s]-2"),
    ("PromptSearchCriteria", "OrConditions:[@PromptSearchCriteria] AndConditions:[@PromptSearchCriteria] \
         StringCondition:@StringCondition"),
    ("PromptSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("QueueQuickConnectConfig", "QueueId*s ContactFlowId*s-500"),
    ("QueueSearchCriteria", "OrConditions:[@QueueSearchCriteria] AndConditions:[@QueueSearchCriteria] \
         StringCondition:@StringCondition QueueTypeCondition:=SearchableQueueType"),
    ("QueueSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("QuickConnectConfig", "QuickConnectType*=QuickConnectType UserConfig:@UserQuickConnectConfig \
         QueueConfig:@QueueQuickConnectConfig \
         PhoneConfig:@PhoneNumberQuickConnectConfig FlowConfig:@FlowQuickConnectConfig"),
    ("QuickConnectSearchCriteria", "OrConditions:[@QuickConnectSearchCriteria] \
         AndConditions:[@QuickConnectSearchCriteria] StringCondition:@StringCondition"),
    ("QuickConnectSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("RecurrenceConfig", "RecurrencePattern*@RecurrencePattern"),
    ("RecurrencePattern", "Frequency*=RecurrenceFrequency Interval*i1-6 ByMonth:[i1-12] \
         ByMonthDay:[i-1-31] ByWeekdayOccurrence:[i-1-4]0-1"),
    ("RoutingProfileManualAssignmentQueueConfig", "QueueReference*@RoutingProfileQueueReference"),
    ("RoutingProfileQueueConfig", "QueueReference*@RoutingProfileQueueReference Priority*i1-99 Delay*i0-9999"),
    ("RoutingProfileQueueReference", "QueueId*s Channel*=Channel"),
    ("RoutingProfileSearchCriteria", "OrConditions:[@RoutingProfileSearchCriteria] \
         AndConditions:[@RoutingProfileSearchCriteria] StringCondition:@StringCondition"),
    ("RoutingProfileSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("S3Config", "BucketName*s1-128 BucketPrefix*s1-128 EncryptionConfig:@EncryptionConfig"),
    ("SecurityProfileSearchCriteria", "OrConditions:[@SecurityProfileSearchCriteria] \
         AndConditions:[@SecurityProfileSearchCriteria] \
         StringCondition:@StringCondition"),
    ("SecurityProfilesSearchFilter", "TagFilter:@ControlPlaneTagFilter"),
    ("StringCondition", "FieldName:s Value:s ComparisonType:=StringComparisonType"),
    ("TagCondition", "TagKey:s TagValue:s"),
    ("UserHierarchyGroupSearchCriteria", "OrConditions:[@UserHierarchyGroupSearchCriteria] \
         AndConditions:[@UserHierarchyGroupSearchCriteria] \
         StringCondition:@StringCondition"),
    ("UserHierarchyGroupSearchFilter", "AttributeFilter:@ControlPlaneAttributeFilter"),
    ("UserIdentityInfo", "FirstName:s0-255 LastName:s0-300 Email:s SecondaryEmail:s Mobile:s"),
    ("UserPhoneConfig", "PhoneType:=PhoneType AutoAccept:b AfterContactWorkTimeLimit:i0- \
         DeskPhoneNumber:s PersistentConnection:b"),
    ("UserProficiency", "AttributeName*s1-100 AttributeValue*s1-100 Level*f1-5"),
    ("UserProficiencyDisassociate", "AttributeName*s1-100 AttributeValue*s1-100"),
    ("UserQuickConnectConfig", "UserId*s ContactFlowId*s-500"),
    ("UserSearchCriteria", "OrConditions:[@UserSearchCriteria] AndConditions:[@UserSearchCriteria] \
         StringCondition:@StringCondition ListCondition:@ListCondition \
         HierarchyGroupCondition:@HierarchyGroupCondition"),
    ("UserSearchFilter", "TagFilter:@ControlPlaneTagFilter \
         UserAttributeFilter:@ControlPlaneUserAttributeFilter"),
    ("ViewInputContent", "Template:s Actions:[s1-255]"),
    ("ViewSearchCriteria", "OrConditions:[@ViewSearchCriteria] AndConditions:[@ViewSearchCriteria] \
         StringCondition:@StringCondition ViewTypeCondition:=ViewType \
         ViewStatusCondition:=ViewStatus"),
    ("ViewSearchFilter", "AttributeFilter:@ControlPlaneAttributeFilter"),
    ("VoiceEnhancementConfig", "Channel*=Channel VoiceEnhancementMode*=VoiceEnhancementMode"),
    ("WorkloadTypeConcurrency", "WorkloadType*s Concurrency*i1-10 \
         CrossChannelWorkloadBehavior:@CrossChannelWorkloadBehavior"),
];

/// Enumeration and values.
#[rustfmt::skip]
const ENUMS: &[(&str, &str)] = &[
    ("AIAgentType", "THIRD_PARTY"),
    ("AccessType", "ALLOW"),
    ("AgentAvailabilityTimer", "TIME_SINCE_LAST_ACTIVITY TIME_SINCE_LAST_INBOUND"),
    ("AgentStatusState", "ENABLED DISABLED"),
    ("AgentStatusType", "ROUTABLE CUSTOM OFFLINE"),
    ("ApplicationType", "MCP THIRD_PARTY_APPLICATION"),
    ("BehaviorType", "ROUTE_CURRENT_CHANNEL_ONLY ROUTE_ANY_CHANNEL"),
    ("Channel", "VOICE CHAT TASK EMAIL"),
    ("ChannelWorkloadBehaviorType", "ROUTE_CURRENT_CHANNEL_CURRENT_WORKLOADTYPE_ONLY \
         ROUTE_CURRENT_CHANNEL_ANY_WORKLOADTYPE_ONLY \
         ROUTE_ANY_CHANNEL_ANY_WORKLOAD_TYPE"),
    ("ContactFlowModuleState", "ACTIVE ARCHIVED"),
    ("ContactFlowModuleStatus", "PUBLISHED SAVED"),
    ("ContactFlowState", "ACTIVE ARCHIVED"),
    ("ContactFlowStatus", "PUBLISHED SAVED"),
    ("ContactFlowType", "CONTACT_FLOW CUSTOMER_QUEUE CUSTOMER_HOLD CUSTOMER_WHISPER AGENT_HOLD \
         AGENT_WHISPER OUTBOUND_WHISPER AGENT_TRANSFER QUEUE_TRANSFER CAMPAIGN"),
    ("DateComparisonType", "GREATER_THAN LESS_THAN GREATER_THAN_OR_EQUAL_TO LESS_THAN_OR_EQUAL_TO EQUAL_TO"),
    ("DirectoryType", "SAML CONNECT_MANAGED EXISTING_DIRECTORY"),
    ("EncryptionType", "KMS"),
    ("FlowModuleType", "MCP"),
    ("HierarchyGroupMatchType", "EXACT WITH_CHILD_GROUPS"),
    ("HoursOfOperationDays", "SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY"),
    ("InstanceAttributeType", "INBOUND_CALLS OUTBOUND_CALLS CONTACTFLOW_LOGS CONTACT_LENS \
         AUTO_RESOLVE_BEST_VOICES USE_CUSTOM_TTS_VOICES EARLY_MEDIA \
         MULTI_PARTY_CONFERENCE AUTO_MUTE_AGENT_ON_HOLD HIGH_VOLUME_OUTBOUND \
         ENHANCED_CONTACT_MONITORING ENHANCED_CHAT_MONITORING \
         MULTI_PARTY_CHAT_CONFERENCE MESSAGE_STREAMING"),
    ("InstanceStorageResourceType", "CHAT_TRANSCRIPTS CALL_RECORDINGS SCHEDULED_REPORTS MEDIA_STREAMS \
         CONTACT_TRACE_RECORDS AGENT_EVENTS REAL_TIME_CONTACT_ANALYSIS_SEGMENTS \
         ATTACHMENTS CONTACT_EVALUATIONS SCREEN_RECORDINGS \
         REAL_TIME_CONTACT_ANALYSIS_CHAT_SEGMENTS \
         REAL_TIME_CONTACT_ANALYSIS_VOICE_SEGMENTS EMAIL_MESSAGES"),
    ("LexVersion", "V1 V2"),
    ("ListFlowAssociationResourceType", "WHATSAPP_MESSAGING_PHONE_NUMBER VOICE_PHONE_NUMBER INBOUND_EMAIL \
         OUTBOUND_EMAIL ANALYTICS_CONNECTOR"),
    ("NumberComparisonType", "GREATER_OR_EQUAL GREATER LESSER_OR_EQUAL LESSER EQUAL NOT_EQUAL RANGE"),
    ("OverrideDays", "SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY"),
    ("OverrideType", "STANDARD OPEN CLOSED"),
    ("PhoneNumberType", "TOLL_FREE DID UIFN SHARED THIRD_PARTY_TF THIRD_PARTY_DID SHORT_CODE"),
    ("PhoneType", "SOFT_PHONE DESK_PHONE"),
    ("QueueStatus", "ENABLED DISABLED"),
    ("QueueType", "STANDARD AGENT"),
    ("QuickConnectType", "USER QUEUE PHONE_NUMBER FLOW"),
    ("RecurrenceFrequency", "WEEKLY MONTHLY YEARLY"),
    ("SearchableQueueType", "STANDARD"),
    ("StorageType", "S3 KINESIS_VIDEO_STREAM KINESIS_STREAM KINESIS_FIREHOSE"),
    ("StringComparisonType", "STARTS_WITH CONTAINS EXACT"),
    ("TargetListType", "PROFICIENCIES"),
    ("ViewStatus", "PUBLISHED SAVED"),
    ("ViewType", "CUSTOMER_MANAGED AWS_MANAGED"),
    ("VoiceEnhancementMode", "VOICE_ISOLATION NOISE_SUPPRESSION NONE"),
];
