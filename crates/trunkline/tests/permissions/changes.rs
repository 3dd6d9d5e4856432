//! How the project with every kind (`tests/oracle/center`) changes: in every field that has a call of its own.

/// A file, what stands in it, and what stands there afterwards.
pub(crate) type Change = (&'static str, &'static str, &'static str);

/// What the first state has beyond the project.
pub(crate) const FIRST: &[Change] = &[(
    "users/alice.yaml",
    "  Level: 3\n",
    "  Level: 3\n- AttributeName: Skill\n  AttributeValue: Loans\n  Level: 1\n",
)];

/// What makes the second state of the first one.
pub(crate) const SECOND: &[Change] = &[
    ("agent-statuses/Lunch.yaml", "Away", "Out"),
    ("queues/Sales.yaml", "Who buys", "Whoever buys"),
    ("queues/Sales.yaml", "${hours:Day}", "${hours:Night}"),
    ("queues/Sales.yaml", "OutboundCallerIdName: ACME", "OutboundCallerIdName: ACME Ltd"),
    ("queues/Sales.yaml", "- ${quick-connect:Sell}\n", ""),
    ("queues/Sales.yaml", "team: sales", "tier: one"),
    ("queues/Help.yaml", "Status: DISABLED", "MaxContacts: 3"),
    (
        "queues/Help.yaml",
        "MaxContacts: 3\n",
        "MaxContacts: 3\nQuickConnectIds:\n- ${quick-connect:Partner}\n",
    ),
    ("routing-profiles/Agents.yaml", "Everybody", "All of them"),
    ("routing-profiles/Agents.yaml", "Concurrency: 2", "Concurrency: 3"),
    (
        "routing-profiles/Agents.yaml",
        "DefaultOutboundQueueId: ${queue:Sales}",
        "DefaultOutboundQueueId: ${queue:Help}\nAgentAvailabilityTimer: TIME_SINCE_LAST_INBOUND",
    ),
    ("routing-profiles/Agents.yaml", "Priority: 1", "Priority: 3"),
    (
        "routing-profiles/Agents.yaml",
        "    QueueId: ${queue:Help}\n    Channel: CHAT",
        "    QueueId: ${queue:Help}\n    Channel: VOICE",
    ),
    ("users/alice.yaml", "Alice", "Alicia"),
    (
        "users/alice.yaml",
        "PhoneType: SOFT_PHONE",
        "PhoneType: DESK_PHONE\n  DeskPhoneNumber: \"+15550100055\"",
    ),
    ("users/alice.yaml", "${routing-profile:Agents}", "${routing-profile:Second}"),
    (
        "users/alice.yaml",
        "- ${security-profile:Coach}",
        "- ${security-profile:Coach}\n- ${security-profile:Second}",
    ),
    ("users/alice.yaml", "${hierarchy-group:EMEA/Help}", "${hierarchy-group:EMEA}"),
    (
        "users/alice.yaml",
        "Level: 3\n- AttributeName: Skill\n  AttributeValue: Loans\n  Level: 1",
        "Level: 4",
    ),
    ("hours/Day.yaml", "Minutes: 30", "Minutes: 45"),
    ("hours-overrides/Closed days.yaml", "2027-12-26", "2027-12-27"),
    ("storage-configs/CALL_RECORDINGS.yaml", "calls", "talks"),
    ("quick-connects/Sell.yaml", "To sales", "Over to sales"),
    ("quick-connects/Partner.yaml", "0100099", "0100098"),
    ("security-profiles/Coach.yaml", "Listens in", "Listens"),
    ("predefined-attributes/Skill.yaml", "- Loans", "- Loans\n- Cars"),
    ("user-hierarchy/Levels.yaml", "Team", "Squad"),
    ("prompts/Hello.yaml", "Says hello", "Greets"),
    ("flows/Main.json", "Where calls begin", "Where all calls begin"),
    ("flows/Menu.json", "Press 1 for", "Press 2 for"),
    ("modules/Ask.json", "\"Asks\"", "\"Asks who calls\""),
    ("modules/Ask.json", "Who are you", "Who is there"),
    ("views/Card.json", "A card", "A small card"),
    ("views/Card.json", "\"One\"", "\"Two\""),
];

/// Files that the second state has and the first one has not.
pub(crate) const ADDED: &[(&str, &str)] = &[
    (
        "hours/Night.yaml",
        "Name: Night\nTimeZone: UTC\nConfig:\n- Day: MONDAY\n  StartTime:\n    Hours: 1\n    Minutes: 0\n  EndTime:\n    Hours: 2\n    Minutes: 0\n",
    ),
    (
        "routing-profiles/Second.yaml",
        "Name: Second\nDescription: Others\nMediaConcurrencies:\n- Channel: VOICE\n  Concurrency: 1\nDefaultOutboundQueueId: ${queue:Sales}\n",
    ),
    (
        "security-profiles/Second.yaml",
        "Name: Second\nDescription: Others\nPermissions:\n- BasicAgentAccess\n",
    ),
];
