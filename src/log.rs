//! The six logs of the contract: their names, their kinds of events, their columns.

use std::str::FromStr;

use crate::error::{Error, Result};

/// A log of the contract. The order is the byte order of the names, which is the order that rules see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    Adjustments,
    BrandDeals,
    Commerce,
    Engagement,
    Gifts,
    Subscriptions,
}

/// What an event of some kind does to money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Brings money.
    Charge,
    /// Takes a charge back.
    Reversal,
    /// Takes a chargeback back.
    Won,
    /// Moves no money.
    Nothing,
    /// An adjustment in a party's favour.
    Credit,
    /// An adjustment against a party.
    Debit,
}

/// What a canonical column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Utf8, Int64 or 16 bytes; text in the ledger's form.
    Id,
    /// Utf8.
    Text,
    /// Int64.
    Int,
    /// Int64 minor units; a decimal in minor units where staging computed one.
    Money,
    /// Timestamp, UTC.
    Time,
    /// A date, kept as text.
    Day,
}

/// A canonical column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Type,
}

const fn column(name: &'static str, kind: Type) -> Column {
    Column { name, kind }
}

const MONEY: &[Column] = &[
    column("event_id", Type::Id),
    column("event_time", Type::Time),
    column("kind", Type::Text),
    column("creator_id", Type::Id),
    column("payer_id", Type::Id),
    column("payer_country", Type::Text),
    column("amount_minor", Type::Money),
    column("tax_minor", Type::Money),
    column("channel_fee_minor", Type::Money),
    column("currency", Type::Text),
    column("original_id", Type::Id),
    column("original_time", Type::Time),
];

const ENGAGEMENT: &[Column] = &[
    column("event_id", Type::Id),
    column("event_time", Type::Time),
    column("kind", Type::Text),
    column("creator_id", Type::Id),
    column("payer_id", Type::Id),
    column("payer_country", Type::Text),
    column("content_id", Type::Id),
    column("content_kind", Type::Text),
    column("audience", Type::Text),
    column("seconds", Type::Int),
    column("likes", Type::Int),
    column("comments", Type::Int),
];

const SUBSCRIPTIONS: &[Column] = &[
    column("subscription_id", Type::Id),
    column("tier", Type::Text),
    column("channel", Type::Text),
    column("tenure_months", Type::Int),
    column("period_start", Type::Day),
    column("period_end", Type::Day),
];
const GIFTS: &[Column] = &[
    column("live_id", Type::Id),
    column("gift_id", Type::Id),
    column("quantity", Type::Int),
    column("coins", Type::Int),
];
const COMMERCE: &[Column] = &[
    column("order_id", Type::Id),
    column("product_id", Type::Id),
    column("seller_id", Type::Id),
    column("category", Type::Text),
    column("commission_bps", Type::Int),
];
const BRAND_DEALS: &[Column] = &[column("campaign_id", Type::Id), column("brand_id", Type::Id)];
const ADJUSTMENTS: &[Column] = &[
    column("party_id", Type::Id),
    column("reason", Type::Text),
    column("requested_by", Type::Text),
    column("approved_by", Type::Text),
];

/// A kind as it stands in the log, and its effect.
type Kinds = &'static [(&'static str, Effect)];

impl Log {
    /// All logs, in their order.
    pub const ALL: [Log; 6] =
        [Log::Adjustments, Log::BrandDeals, Log::Commerce, Log::Engagement, Log::Gifts, Log::Subscriptions];

    /// Its name in books, SQL, columns and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Log::Adjustments => "adjustments",
            Log::BrandDeals => "brand_deals",
            Log::Commerce => "commerce",
            Log::Engagement => "engagement",
            Log::Gifts => "gifts",
            Log::Subscriptions => "subscriptions",
        }
    }

    /// The columns that a file or staging query of this log must have, in order.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        let (common, own) = match self {
            Log::Adjustments => (MONEY, ADJUSTMENTS),
            Log::BrandDeals => (MONEY, BRAND_DEALS),
            Log::Commerce => (MONEY, COMMERCE),
            Log::Engagement => (ENGAGEMENT, &[][..]),
            Log::Gifts => (MONEY, GIFTS),
            Log::Subscriptions => (MONEY, SUBSCRIPTIONS),
        };
        common.iter().chain(own).copied().collect()
    }

    /// Its kinds of events.
    #[must_use]
    pub fn kinds(self) -> Kinds {
        use Effect::{Charge, Credit, Debit, Nothing, Reversal, Won};
        match self {
            Log::Adjustments => &[("credit", Credit), ("debit", Debit)],
            Log::BrandDeals => &[("milestone", Charge), ("cancel", Reversal)],
            Log::Commerce => &[
                ("order", Charge),
                ("delivered", Nothing),
                ("return", Reversal),
                ("chargeback", Reversal),
                ("chargeback_won", Won),
            ],
            Log::Engagement => &[("view", Nothing), ("post", Nothing)],
            Log::Gifts => &[("send", Charge), ("refund", Reversal), ("chargeback", Reversal), ("chargeback_won", Won)],
            Log::Subscriptions => &[
                ("start", Charge),
                ("renew", Charge),
                ("upgrade", Charge),
                ("gift", Charge),
                ("refund", Reversal),
                ("chargeback", Reversal),
                ("chargeback_won", Won),
            ],
        }
    }

    /// The index of a kind among [`Log::kinds`].
    #[must_use]
    pub fn kind_named(self, name: &str) -> Option<u8> {
        self.kinds().iter().position(|(kind, _)| *kind == name).and_then(|at| u8::try_from(at).ok())
    }

    /// The effect of the kind with this index; an unknown kind moves nothing.
    #[must_use]
    pub fn effect(self, kind: u8) -> Effect {
        self.kinds().get(usize::from(kind)).map_or(Effect::Nothing, |(_, effect)| *effect)
    }

    /// Does it carry amounts?
    #[must_use]
    pub fn has_money(self) -> bool {
        self != Log::Engagement
    }

    /// Its index in [`Log::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl Effect {
    /// The sign of an event's amount in `control` and on `suspense`.
    #[must_use]
    pub fn sign(self) -> i64 {
        match self {
            Effect::Reversal | Effect::Debit => -1,
            Effect::Charge | Effect::Won | Effect::Credit | Effect::Nothing => 1,
        }
    }

    /// Does it name another event as its original?
    #[must_use]
    pub fn takes_back(self) -> bool {
        matches!(self, Effect::Reversal | Effect::Won)
    }
}

impl FromStr for Log {
    type Err = Error;

    /// # Errors
    /// The name is none of the six.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|log| log.name() == text)
            .ok_or_else(|| Error::usage("unknown log").expected(Self::ALL.map(Log::name).join(", ")).found(text))
    }
}
