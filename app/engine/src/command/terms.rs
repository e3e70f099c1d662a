//! Bounds, assets, and the terms of instruments, fees and risk, as commands set them.

use crate::types::*;

/// Bounds of the state, fixed by `Genesis` because what is refused depends on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Accounts, system accounts included (up to 2^31).
    pub accounts: u32,
    /// Instruments (up to 65,536).
    pub instruments: u32,
    /// Assets (up to 65,536).
    pub assets: u32,
    /// Live orders. Together with `answers` below 2^24.
    pub live_orders: u32,
    /// Finished orders and transfers remembered for repeats of their client id. A live
    /// order is always remembered; after that the newest this many are.
    pub answers: u32,
    /// (account, asset) balances.
    pub balances: u32,
}

impl Default for Limits {
    /// A broker's size: 1,000,000 accounts, 5,000 instruments, 10,000,000 live orders.
    fn default() -> Self {
        Limits {
            accounts: 1_100_000,
            instruments: 8_192,
            assets: 8_192,
            live_orders: 10_000_000,
            answers: 4_000_000,
            balances: 16_000_000,
        }
    }
}

/// A new asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetSpec {
    /// Code, unique.
    pub code: AssetCode,
    /// Minor unit is 10^-`exponent` (0 to 8... 18).
    pub exponent: u8,
}

/// Terms of an instrument's odd-lot desks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OddLotTerms {
    /// Whether the batch desk takes orders.
    pub batch: bool,
    /// Whether the principal desk takes orders.
    pub principal: bool,
    /// Spread of the principal desk from best ask (bid), in parts per million.
    pub spread_ppm: u32,
    /// Most shares of one order.
    pub max_quantity: Quantity,
    /// Most value of one order, in minor units of the quote asset; zero: no cap.
    pub max_value: Amount,
    /// Settlement of an odd-lot trade is rounded to this many minor units (10,000 minor units
    /// of JPY are one yen), up for a buyer and down for a seller.
    pub round_to: Amount,
}

/// When an instrument's circuit breaker calls an auction, and which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breaker {
    /// Which auction; `Off`: none.
    pub mode: BreakerMode,
    /// The reference is the last price this long ago, in seconds.
    pub window_seconds: u32,
    /// A trade further than this from the reference calls the auction instead, in ppm.
    pub trigger_ppm: u32,
    /// How long the call lasts, in seconds.
    pub call_seconds: u32,
    /// Bound of the auction price around the reference, in ppm (`Bounded` only).
    pub bound_ppm: u32,
}

impl Breaker {
    /// None.
    pub const OFF: Breaker = Breaker {
        mode: BreakerMode::Off,
        window_seconds: 0,
        trigger_ppm: 0,
        call_seconds: 0,
        bound_ppm: 0,
    };
}

/// Most steps of a fee schedule.
pub const FEE_TIERS_MAX: usize = 8;

/// One step of a fee schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FeeTier {
    /// From this 30-day volume on, in minor units of the quote asset.
    pub volume: Amount,
    /// Maker fee in ppm, at most the instrument's own.
    pub maker_ppm: i32,
    /// Taker fee in ppm, at most the instrument's own.
    pub taker_ppm: i32,
}

/// Fees by 30-day volume for all `crypto` instruments quoted in one asset. Volume below the
/// first step pays the instrument's own fees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeeTiers {
    /// Quote asset.
    pub asset: AssetId,
    /// Steps in use, ascending by volume; the rest is zero.
    pub tiers: [FeeTier; FEE_TIERS_MAX],
    /// How many are in use.
    pub len: u8,
}

/// A soft bound that warns and a hard one that refuses; zero: none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bound {
    /// Above this the order is taken and a warning is raised.
    pub soft: i64,
    /// Above this the order is refused.
    pub hard: i64,
}

/// Risk limits of one scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RiskLimits {
    /// By [`RiskMeasure`] number. Quantities are in minor units of the base asset, values in
    /// minor units of `currency`.
    pub bounds: [Bound; 7],
    /// Value limits count instruments quoted in this asset only.
    pub currency: AssetId,
}
