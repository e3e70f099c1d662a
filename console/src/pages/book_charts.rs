//! What the charts of an order book show, as numbers and in words: depth summed up from the best
//! price outwards, and the candles.

use crate::backend::{Book, Candle};
use crate::i18n::{C, Word};
use crate::view::{View, decimal, units};

/// Quantity waiting at a price or better.
pub struct Step<'a> {
    pub price: &'a str,
    pub sum: String,
    pub buys: bool,
}

/// The depth chart's numbers.
#[derive(Default)]
pub struct Depth<'a> {
    /// Highest price first.
    pub steps: Vec<Step<'a>>,
    pub words: String,
}

/// Sums outwards; the last one is all that the levels hold.
fn sums<'a>(levels: &'a [(String, String)], digits: u32, buys: bool) -> Vec<Step<'a>> {
    let mut sum = 0;
    let step = |(price, quantity): &'a (String, String)| {
        sum += units(quantity, digits).unwrap_or(0).max(0);
        Step { price, sum: decimal(sum, digits), buys }
    };
    levels.iter().map(step).collect()
}

impl<'a> Depth<'a> {
    /// Of a book whose quantities have `digits` digits.
    pub fn new(v: &View, book: &'a Book, digits: u32) -> Depth<'a> {
        let (mut steps, bids) = (sums(&book.asks, digits, false), sums(&book.bids, digits, true));
        let total = |side: &[Step]| side.last().map_or("0".into(), |step| v.num(&step.sum));
        let best = |side: &[Step]| side.first().map_or("–".into(), |step| v.num(step.price));
        let values = [total(&bids), total(&steps), best(&bids), best(&steps)];
        let words = v.tf(C::DepthSummary, &values.each_ref().map(String::as_str));
        steps.reverse();
        steps.extend(bids);
        Depth { steps, words }
    }
}

/// Candles in a sentence; nothing when there are none.
pub fn candle_words(v: &View, candles: &[Candle], interval: &str) -> String {
    let Some(last) = candles.last() else { return String::new() };
    let price = |candle: &&Candle, pick: fn(&Candle) -> &String| units(pick(candle), 8);
    let highest = candles.iter().max_by_key(|c| price(c, |c| &c.high)).unwrap_or(last);
    let lowest = candles.iter().min_by_key(|c| price(c, |c| &c.low)).unwrap_or(last);
    let values = [
        v.int(candles.len()),
        v.w(Word::Interval, interval),
        v.num(&last.close),
        v.num(&highest.high),
        v.num(&lowest.low),
    ];
    v.tf(C::CandleSummary, &values.each_ref().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::i18n::Lang;

    #[test]
    fn depth_is_summed_from_the_best_price_outwards_and_exact() {
        let pair = |p: &str, q: &str| (p.to_owned(), q.to_owned());
        let book = Book {
            bids: vec![pair("99.5", "0.1"), pair("99.0", "0.2")],
            asks: vec![pair("100.0", "1000"), pair("100.5", "0.0005")],
            ..Book::default()
        };
        let view = View::stranger(&Config::default(), Some(Lang::En), "/");
        let depth = Depth::new(&view, &book, 4);
        let steps: Vec<_> = depth.steps.iter().map(|s| (s.price, s.sum.as_str(), s.buys)).collect();
        assert_eq!(
            steps,
            [
                ("100.5", "1000.0005", false),
                ("100.0", "1000.0000", false),
                ("99.5", "0.1000", true),
                ("99.0", "0.3000", true)
            ]
        );
        assert!(depth.words.contains("0.3000 wait to buy, 1,000.0005 to sell; best bid 99.5"));
        assert!(Depth::new(&view, &Book::default(), 4).words.contains("best ask –"));
    }
}
