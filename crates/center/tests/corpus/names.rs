//! Names that make trouble.

/// What people might call things.
pub const NAMES: &[&str] = &[
    "Sales / West",
    "${queue:Sales}",
    "$${literal}",
    "100% of it",
    "50%25",
    "a}b{c",
    "say \"hello\" to 'them'",
    "📞 Zurück",
    "billing",
    "Billing",
    "..dots",
    "trailing.",
    "back\\slash:colon*?<>|",
    "CON",
    "#$&;`!",
    "naïve — dash",
    "[list] - item: yes",
];
