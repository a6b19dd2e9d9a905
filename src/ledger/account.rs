//! The chart of accounts: closed, documented, the same for every book. Debit is positive.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

macro_rules! chart {
    ($($account:ident $name:literal $meaning:literal;)*) => {
        /// An account of the chart, in the chart's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Account {
            $(#[doc = $meaning] $account,)*
        }

        impl Account {
            /// The whole chart, in its order.
            pub const ALL: &[Self] = &[$(Self::$account),*];

            /// Its name in tables and messages.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$account => $name,)*
                }
            }

            /// What stands on it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$account => $meaning,)*
                }
            }
        }
    };
}

chart! {
    PayerClearing "payer_clearing" "What payers paid, before it is collected.";
    TaxPayable "tax_payable" "Sales tax contained in what payers paid, owed to tax offices.";
    ChannelFees "channel_fees" "Fees of app stores and card networks, kept by the channel.";
    PlatformRevenue "platform_revenue" "The platform's side of earning lines.";
    PlatformExpense "platform_expense" "What the platform bears itself: adjustments, referrals, fees that a reversal did not bring back.";
    PartyPayable "party_payable" "What a party is owed and may be paid; a debt of the party is a debit.";
    PartyHeld "party_held" "What a party is owed and cannot be paid yet: holds, parts without a rate.";
    PartyReserve "party_reserve" "What is kept back of a party's earnings against later reversals.";
    AdvanceReceivable "advance_receivable" "Advances granted, less what was recouped.";
    WithholdingPayable "withholding_payable" "Tax withheld from parties, owed to tax offices.";
    Pool "pool" "Money of pots before it is divided.";
    Suspense "suspense" "Readable money of quarantined and waiting rows.";
    IneligibleRetained "ineligible_retained" "Money of ineligible charges, less their stated tax and fee.";
    Forfeited "forfeited" "Balances that the terms let lapse.";
    PayoutClearing "payout_clearing" "Payouts instructed, before the bank reports them.";
    Fx "fx" "The two legs of conversions.";
    Rounding "rounding" "What staging lost by a named rounding.";
    BroughtForward "brought_forward" "The counter-account of what the system before handed over.";
}

impl Account {
    /// Does it stand for one party, so that its postings name the party and its balances have an age?
    #[must_use]
    pub fn is_of_party(self) -> bool {
        matches!(self, Self::PartyPayable | Self::PartyHeld | Self::PartyReserve)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Account {
    type Err = Error;

    /// # Errors
    /// The name is none of the chart (usage).
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|account| account.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|account| account.name()).collect();
            Error::usage("unknown account").expected(names.join(", ")).found(text)
        })
    }
}
