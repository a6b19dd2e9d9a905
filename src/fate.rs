//! The one fate of every row read, and the closed list of reasons (docs/ledger.md).

/// Why a row is quarantined. The order is the order in which faults are looked for: a row gets the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    IdMissing,
    TimeMissing,
    TimeOutOfRange,
    UnknownKind,
    CreatorMissing,
    PartyMissing,
    UnknownCurrency,
    AmountMissing,
    AmountNegative,
    AmountTooLarge,
    SubMinor,
    TaxNegative,
    FeeNegative,
    TaxAndFeeExceedAmount,
    OriginalOnCharge,
    OriginalAfterEvent,
    NotFourEyes,
    Conflict,
    ReversalExceedsCharge,
    NoPolicy,
    CreatorUnknownOnDate,
    PartyUnknownOnDate,
    /// The column that says the share is empty.
    ShareMissing,
    /// The column says a share below nothing or above the whole.
    ShareOutOfRange,
}

impl Reason {
    /// All reasons, in their order.
    pub const ALL: [Self; 24] = [
        Self::IdMissing,
        Self::TimeMissing,
        Self::TimeOutOfRange,
        Self::UnknownKind,
        Self::CreatorMissing,
        Self::PartyMissing,
        Self::UnknownCurrency,
        Self::AmountMissing,
        Self::AmountNegative,
        Self::AmountTooLarge,
        Self::SubMinor,
        Self::TaxNegative,
        Self::FeeNegative,
        Self::TaxAndFeeExceedAmount,
        Self::OriginalOnCharge,
        Self::OriginalAfterEvent,
        Self::NotFourEyes,
        Self::Conflict,
        Self::ReversalExceedsCharge,
        Self::NoPolicy,
        Self::CreatorUnknownOnDate,
        Self::PartyUnknownOnDate,
        Self::ShareMissing,
        Self::ShareOutOfRange,
    ];

    /// The code in tables and messages.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::IdMissing => "id_missing",
            Self::TimeMissing => "time_missing",
            Self::TimeOutOfRange => "time_out_of_range",
            Self::UnknownKind => "unknown_kind",
            Self::CreatorMissing => "creator_missing",
            Self::PartyMissing => "party_missing",
            Self::UnknownCurrency => "unknown_currency",
            Self::AmountMissing => "amount_missing",
            Self::AmountNegative => "amount_negative",
            Self::AmountTooLarge => "amount_too_large",
            Self::SubMinor => "sub_minor",
            Self::TaxNegative => "tax_negative",
            Self::FeeNegative => "fee_negative",
            Self::TaxAndFeeExceedAmount => "tax_and_fee_exceed_amount",
            Self::OriginalOnCharge => "original_on_charge",
            Self::OriginalAfterEvent => "original_after_event",
            Self::NotFourEyes => "not_four_eyes",
            Self::Conflict => "conflict",
            Self::ReversalExceedsCharge => "reversal_exceeds_charge",
            Self::NoPolicy => "no_policy",
            Self::CreatorUnknownOnDate => "creator_unknown_on_date",
            Self::PartyUnknownOnDate => "party_unknown_on_date",
            Self::ShareMissing => "share_missing",
            Self::ShareOutOfRange => "share_out_of_range",
        }
    }
}

/// The reason of every waiting row: its charge has not arrived.
pub const CHARGE_UNKNOWN: &str = "charge_unknown";

/// The reason of every row whose id the system before the book has paid.
pub const PAID_BEFORE: &str = "paid_before";

/// Where an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    Rated,
    /// By a rule: index of the program, index of the rule within it.
    Ineligible(u16, u8),
    /// For its charge, until this day.
    Waiting(i32),
    Duplicate,
    /// A duplicate of what the system before the book has paid ([`PAID_BEFORE`]).
    PaidBefore,
    /// By staging; the reason is the row's `exclude_reason`.
    Excluded,
    /// After the period's end or the as-of day.
    Later,
    Quarantined(Reason),
}

impl Fate {
    /// The name in `control`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Ineligible(..) => "ineligible",
            Self::Waiting(_) => "waiting",
            Self::Duplicate | Self::PaidBefore => "duplicate",
            Self::Excluded => "excluded",
            Self::Later => "later",
            Self::Quarantined(_) => "quarantined",
        }
    }

    /// Does the row's money stand on `suspense`?
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Quarantined(_))
    }
}
