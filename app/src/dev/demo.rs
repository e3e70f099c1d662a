//! What a development instance trades: assets, instruments, funds. Plain data; prices are
//! plausible, not current.

use zaraba_engine::types::Price;

use crate::tools::decimal;

/// The instrument of the recorded hour that `zaraba replay` plays.
pub const RECORDED: &str = "AAPL";

/// What Tokyo shares and most crypto pairs are paid in.
pub const YEN: &str = "JPY";

/// Which markets a development instance has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum ProfileChoice {
    /// Tokyo shares.
    Tse,
    /// Crypto pairs.
    Crypto,
    /// All of them.
    Both,
}

/// An asset and what every demo account starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Code.
    pub code: &'static str,
    /// Minor unit is 10^-`exponent`.
    pub exponent: u8,
    /// Demo accounts' first deposit, decimal.
    pub funds: &'static str,
    /// First deposit of replay and simulation accounts, which trade for days.
    pub large_funds: &'static str,
}

/// Ticks of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticks {
    /// One size, decimal.
    Fixed(&'static str),
    /// Tokyo's table for TOPIX500 constituents.
    TseTopix500,
}

/// An instrument. Prices and quantities are decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of the engine's `InstrumentSpec`
pub struct Instrument {
    pub symbol: &'static str,
    pub name: &'static str,
    pub profile: &'static str,
    pub base_asset: &'static str,
    pub quote_asset: &'static str,
    pub price_digits: u8,
    pub quantity_digits: u8,
    pub ticks: Ticks,
    pub lot: &'static str,
    pub min_quantity: &'static str,
    pub max_quantity: &'static str,
    pub base_price: &'static str,
    pub market_band_ppm: u32,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
}

impl Instrument {
    /// Today's lowest and highest price as decimals, where the market has them.
    pub fn daily_limits(&self) -> Option<(String, String)> {
        if self.profile != "tse" {
            return None;
        }
        let base = Price(decimal::parse(self.base_price, self.price_digits)?);
        let (down, up) = zaraba_engine::jpx::tse_daily_limits(base);
        let text = |price: Price| decimal::format(price.0, self.price_digits);
        Some((text(down), text(up)))
    }
}

/// Code, name and base price in yen of the demo shares.
pub(super) const SHARES: [(&str, &str, &str); 10] = [
    ("7203", "Toyota Motor", "2850"),
    ("6758", "Sony Group", "3760"),
    ("9984", "SoftBank Group", "8920"),
    ("8306", "Mitsubishi UFJ Financial Group", "1735"),
    ("6861", "Keyence", "62500"),
    ("9432", "Nippon Telegraph and Telephone", "152.3"),
    ("7974", "Nintendo", "8240"),
    ("8035", "Tokyo Electron", "26150"),
    ("4063", "Shin-Etsu Chemical", "5480"),
    ("9983", "Fast Retailing", "48900"),
];

/// The instrument market data files are replayed on: Apple in dollars, one cent ticks.
const REPLAYED: Instrument = Instrument {
    symbol: RECORDED,
    name: "Apple (replayed US order flow)",
    profile: "crypto",
    base_asset: "AAPL",
    quote_asset: "USD",
    price_digits: 4,
    quantity_digits: 0,
    ticks: Ticks::Fixed("0.01"),
    lot: "1",
    min_quantity: "1",
    max_quantity: "10000000",
    base_price: "585.33",
    market_band_ppm: 100_000,
    maker_fee_ppm: 0,
    taker_fee_ppm: 0,
};

struct Pair {
    symbol: &'static str,
    name: &'static str,
    base: &'static str,
    quote: &'static str,
    price_digits: u8,
    quantity_digits: u8,
    tick: &'static str,
    lot: &'static str,
    max_quantity: &'static str,
    base_price: &'static str,
}

const PAIRS: [Pair; 4] = [
    Pair {
        symbol: "BTC_JPY",
        name: "Bitcoin / Yen",
        base: "BTC",
        quote: YEN,
        price_digits: 0,
        quantity_digits: 4,
        tick: "1",
        lot: "0.0001",
        max_quantity: "100",
        base_price: "15200000",
    },
    Pair {
        symbol: "ETH_JPY",
        name: "Ether / Yen",
        base: "ETH",
        quote: YEN,
        price_digits: 0,
        quantity_digits: 4,
        tick: "1",
        lot: "0.0001",
        max_quantity: "1000",
        base_price: "512000",
    },
    Pair {
        symbol: "XRP_JPY",
        name: "XRP / Yen",
        base: "XRP",
        quote: YEN,
        price_digits: 3,
        quantity_digits: 2,
        tick: "0.001",
        lot: "0.01",
        max_quantity: "1000000",
        base_price: "385.25",
    },
    Pair {
        symbol: "ETH_BTC",
        name: "Ether / Bitcoin",
        base: "ETH",
        quote: "BTC",
        price_digits: 6,
        quantity_digits: 4,
        tick: "0.000001",
        lot: "0.0001",
        max_quantity: "1000",
        base_price: "0.033684",
    },
];

fn share(code: &'static str, name: &'static str, base_price: &'static str) -> Instrument {
    Instrument {
        symbol: code,
        name,
        profile: "tse",
        base_asset: code,
        quote_asset: YEN,
        price_digits: 1,
        quantity_digits: 0,
        ticks: Ticks::TseTopix500,
        lot: "100",
        min_quantity: "100",
        max_quantity: "1000000",
        base_price,
        market_band_ppm: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
    }
}

fn pair(pair: &Pair) -> Instrument {
    Instrument {
        symbol: pair.symbol,
        name: pair.name,
        profile: "crypto",
        base_asset: pair.base,
        quote_asset: pair.quote,
        price_digits: pair.price_digits,
        quantity_digits: pair.quantity_digits,
        ticks: Ticks::Fixed(pair.tick),
        lot: pair.lot,
        min_quantity: pair.lot,
        max_quantity: pair.max_quantity,
        base_price: pair.base_price,
        market_band_ppm: 50_000,
        maker_fee_ppm: -100,
        taker_fee_ppm: 500,
    }
}

/// The instruments of a choice of markets. The replayed one is always there.
pub fn instruments(choice: ProfileChoice) -> Vec<Instrument> {
    let mut all = Vec::new();
    if choice != ProfileChoice::Crypto {
        all.extend(SHARES.map(|(code, name, price)| share(code, name, price)));
    }
    if choice != ProfileChoice::Tse {
        all.extend(PAIRS.iter().map(pair));
    }
    all.push(REPLAYED);
    all
}

/// Symbols that the market simulation trades: all but the replayed one.
pub fn simulated(instruments: &[Instrument]) -> Vec<String> {
    let all = instruments.iter().map(|i| i.symbol).filter(|symbol| *symbol != REPLAYED.symbol);
    all.map(str::to_owned).collect()
}

/// The assets these instruments need, each once.
pub fn assets(instruments: &[Instrument]) -> Vec<Asset> {
    let mut all: Vec<Asset> = Vec::new();
    for code in instruments.iter().flat_map(|i| [i.quote_asset, i.base_asset]) {
        if all.iter().all(|asset| asset.code != code) {
            all.push(asset(code));
        }
    }
    all
}

fn asset(code: &'static str) -> Asset {
    let (exponent, funds, large_funds) = match code {
        YEN => (4, "10000000000", "10000000000000"),
        "USD" => (4, "100000000", "10000000000000"),
        "BTC" => (8, "1000", "1000000"),
        "ETH" => (8, "10000", "10000000"),
        "XRP" => (6, "10000000", "10000000000"),
        // Shares are whole.
        _ => (0, "1000000", "10000000000"),
    };
    Asset { code, exponent, funds, large_funds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_decimal_of_its_unit_and_fits() {
        let instruments = instruments(ProfileChoice::Both);
        for i in &instruments {
            assert!(decimal::parse(i.base_price, i.price_digits).unwrap() > 0, "{}", i.symbol);
            for quantity in [i.lot, i.min_quantity, i.max_quantity] {
                assert!(decimal::parse(quantity, i.quantity_digits).unwrap() > 0, "{}", i.symbol);
            }
            if let Ticks::Fixed(tick) = i.ticks {
                let tick = decimal::parse(tick, i.price_digits).unwrap();
                let base = decimal::parse(i.base_price, i.price_digits).unwrap();
                assert_eq!(base % tick, 0, "{}", i.symbol);
            }
        }
        for asset in assets(&instruments) {
            for funds in [asset.funds, asset.large_funds] {
                let units = decimal::parse(funds, asset.exponent).unwrap();
                // Ten thousand demo and forty other accounts must not overflow the outside account.
                assert!(
                    units.checked_mul(if funds == asset.funds { 10_000 } else { 40 }).is_some()
                );
            }
        }
    }

    #[test]
    fn shares_have_their_daily_limits_and_pairs_none() {
        let all = instruments(ProfileChoice::Both);
        let toyota = all.iter().find(|i| i.symbol == "7203").unwrap();
        assert_eq!(toyota.daily_limits(), Some(("2350.0".into(), "3350.0".into())));
        assert_eq!(all.iter().find(|i| i.symbol == "BTC_JPY").unwrap().daily_limits(), None);
        assert!(instruments(ProfileChoice::Crypto).iter().any(|i| i.symbol == "AAPL"));
        assert!(instruments(ProfileChoice::Tse).iter().all(|i| i.symbol != "BTC_JPY"));
    }
}
