//! The world a stream happens in: assets, instruments with every kind of unit and fee, accounts with
//! means.

use super::{Shape, nobody, text};
use crate::command::*;
use crate::instrument::{InstrumentSpec, TickRule};
use crate::types::*;

/// The instruments of the stream's world with the middle of their prices: both tick tables,
/// rebates, units that must round (also on both sides), an asset that is paid with in one
/// instrument and bought in another.
pub fn instruments() -> Vec<(InstrumentSpec, i64)> {
    let plain = InstrumentSpec {
        symbol: text("BTC_JPY"),
        name: text("Bitcoin"),
        profile: Profile::Crypto,
        base_asset: AssetId(1),
        quote_asset: AssetId(0),
        price_digits: 0,
        quantity_digits: 4,
        ticks: TickRule::Fixed(Price(1)),
        lot: Quantity(1),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        base_price: Price(0),
        limit_down: Price(0),
        limit_up: Price(0),
        market_band_ppm: 20_000,
        maker_fee_ppm: -200,
        taker_fee_ppm: 1_200,
        open_order_cap: 4,
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    };
    let share = InstrumentSpec {
        symbol: text("7203"),
        profile: Profile::Tse,
        base_asset: AssetId(3),
        price_digits: 1,
        quantity_digits: 0,
        ticks: TickRule::TseTopix500,
        lot: Quantity(100),
        min_quantity: Quantity(200),
        max_quantity: Quantity(50_000),
        base_price: Price(30_000),
        limit_down: Price(25_000),
        limit_up: Price(35_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        open_order_cap: 0,
        ..plain
    };
    let other = InstrumentSpec {
        symbol: text("9999"),
        base_asset: AssetId(4),
        ticks: TickRule::TseOther,
        base_price: Price(10_000),
        limit_down: Price(0),
        limit_up: Price(0),
        maker_fee_ppm: 33,
        taker_fee_ppm: 77,
        ..share
    };
    let fine = InstrumentSpec {
        symbol: text("ETH_BTC"),
        base_asset: AssetId(5),
        quote_asset: AssetId(1),
        price_digits: 8,
        quantity_digits: 4,
        ticks: TickRule::Fixed(Price(7)),
        lot: Quantity(3),
        maker_fee_ppm: -1_234,
        taker_fee_ppm: 2_345,
        open_order_cap: 0,
        ..plain
    };
    let coarse = InstrumentSpec {
        symbol: text("BTC_USD"),
        quote_asset: AssetId(2),
        price_digits: 2,
        quantity_digits: 8,
        ticks: TickRule::Fixed(Price(100)),
        max_quantity: Quantity(i64::MAX),
        maker_fee_ppm: 999_999,
        taker_fee_ppm: 999_999,
        open_order_cap: 0,
        ..plain
    };
    let cash = InstrumentSpec {
        symbol: text("JPY_USD"),
        base_asset: AssetId(0),
        quote_asset: AssetId(2),
        price_digits: 6,
        quantity_digits: 2,
        maker_fee_ppm: -999_999,
        taker_fee_ppm: 1,
        open_order_cap: 2,
        ..plain
    };
    vec![
        (plain, 1_000_003),
        (share, 30_000),
        (other, 10_000),
        (fine, 7_000_007),
        (coarse, 4_321_000),
        (cash, 6_789),
    ]
}

/// The commands that set the stream's world up.
pub(super) fn setup(shape: &Shape) -> Vec<Command> {
    let mut setup = vec![Command::Genesis { limits: shape.limits, hash_seed: [7, 11] }];
    for (code, exponent) in
        [("JPY", 4), ("BTC", 8), ("USD", 2), ("7203", 0), ("9999", 0), ("ETH", 8)]
    {
        setup.push(Command::CreateAsset(AssetSpec { code: text(code), exponent }));
    }
    for (spec, _) in instruments() {
        setup.push(Command::CreateInstrument(Box::new(spec)));
    }
    for account in 0..shape.accounts {
        setup.push(Command::CreateAccount { code: text(&format!("account-{account}")) });
        for asset in 0..6u32 {
            if (account + asset) % 8 == 3 {
                continue;
            }
            let transfer = Transfer {
                kind: TransferKind::Deposit,
                account: AccountId(AccountId::SYSTEM_COUNT + account),
                asset: AssetId(asset),
                amount: Amount(
                    [9_000_000_000_000, 5_000_000_000, 90_000_000, 90_000][asset.min(3) as usize],
                ),
                reference: text(&format!("seed-{asset}")),
            };
            setup.push(Command::Transfer { transfer, by: nobody() });
        }
    }
    setup.reverse();
    setup
}
