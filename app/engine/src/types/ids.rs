//! Numbers of things, and checked counts of units.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// Dense account number, given by the engine in order of creation. 0-3 are the system's.
    AccountId(u32));
id!(/// Dense instrument number, given by the engine in order of creation.
    InstrumentId(u32));
id!(/// Dense asset number (a currency or a share), given by the engine in order of creation.
    AssetId(u32));
id!(/// Order number: `counter << 24 | slot`. Ascending in time, unique for ever, and the
    /// slot finds the order in memory without a map. Below 2^63, so it fits a bigint.
    OrderId(u64));
id!(/// Trade (execution) number, ascending from 1 over the whole venue.
    TradeId(u64));
id!(/// Position in the journal, from 1. Every state the platform shows carries one.
    Seq(u64));
id!(/// Nanoseconds since the Unix epoch, from the sequencer's clock; never goes back.
    Timestamp(u64));
id!(/// Number of a group of accounts, for shared limits. Every account is in one; 0 at first.
    GroupId(u16));
id!(/// Number of the firm an account trades through. 0, as at first: none, it stands for itself.
    FirmId(u32));

impl AccountId {
    /// The house: principal trades and corrections.
    pub const HOUSE: AccountId = AccountId(0);
    /// Collects fees and pays rebates; may be negative when rebates exceed fees.
    pub const FEES: AccountId = AccountId(1);
    /// Takes every rounding difference; may be negative.
    pub const ROUNDING: AccountId = AccountId(2);
    /// The world outside: deposits come from it, withdrawals go to it; normally negative.
    pub const OUTSIDE: AccountId = AccountId(3);
    /// How many accounts `Genesis` creates; the first customer gets this number.
    pub const SYSTEM_COUNT: u32 = 4;

    /// Whether this account may hold a negative balance (all system accounts but the house).
    pub fn may_go_negative(self) -> bool {
        matches!(self, Self::FEES | Self::ROUNDING | Self::OUTSIDE)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub i64);

        impl $name {
            /// Zero.
            pub const ZERO: $name = $name(0);
            /// `self + other`, or `None` on overflow.
            #[inline]
            pub fn plus(self, other: $name) -> Option<$name> {
                self.0.checked_add(other.0).map($name)
            }
            /// `self - other`, or `None` on overflow.
            #[inline]
            pub fn minus(self, other: $name) -> Option<$name> {
                self.0.checked_sub(other.0).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(/// A count of the instrument's price unit: 10^-`price_digits` of the quote asset.
        Price);
number!(/// A count of the instrument's quantity unit: 10^-`quantity_digits` of the base asset.
        Quantity);
number!(/// A count of an asset's minor unit: 10^-`exponent` of the asset (JPY 4, BTC 8, shares 0).
        Amount);
