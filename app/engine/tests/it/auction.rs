//! The call auction by hand: prices and allocations worked out on paper.
//!
//! Sources: the three conditions and simultaneous orders, JPX "Trading Rules of Domestic Stocks"
//! and "Stock Price Formulation" (itayose); allocation in turns and its tie-break, JPX FAQ 7443;
//! stop allocation and special execution, the rules for the afternoon close in force since
//! 2024-11-05; renewal widths and limits, JPX tables (`app/engine/data`). Prices of shares are
//! in tenths of a yen.

use zaraba_engine::auction::{Claim, Outcome, Priority, Sharing, Terms, at_close, price};
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::*;

const NO_BOUND: (i64, i64) = (1, i64::MAX);

/// Bids highest first, asks lowest first, as prices in yen.
fn tokyo(
    (low, high): (i64, i64),
    last_yen: i64,
    market: (i64, i64),
    bids: &[(i64, i64)],
    asks: &[(i64, i64)],
) -> Outcome {
    let terms = Terms { low, high, centre: last_yen * 10, ticks: TickRule::TseOther };
    let levels = |side: &[(i64, i64)]| {
        side.iter().map(|&(yen, quantity)| (yen * 10, quantity)).collect::<Vec<_>>().into_iter()
    };
    price(&terms, market.0, market.1, levels(bids), levels(asks))
}

fn outcome(end: AuctionEnd, price: i64, quantity: i64, surplus: i64) -> Outcome {
    Outcome { end, price, quantity, surplus }
}

fn priced(yen: i64, quantity: i64, surplus: i64) -> Outcome {
    outcome(AuctionEnd::Priced, yen * 10, quantity, surplus)
}

/// | sells to here | sells | yen | buys | buys to here |
/// |--:|--:|:-:|--:|--:|
/// | 600 | 600 | market | 400 | 400 |
/// | 2,600 | 900 | 502 | 200 | 600 |
/// | 1,700 | 500 | 501 | 300 | 900 |
/// | 1,200 | 300 | 500 | 500 | 1,400 |
/// | 900 | 200 | 499 | 700 | 2,100 |
/// | 700 | 100 | 498 | 1,000 | 3,100 |
///
/// The cumulated sides change places between 500 and 501. At 500: market orders trade (600 and
/// 400), so do buys above (500) and sells below (300), and all sells at 500: 1,200, with 200
/// buys left. At 501 only 900 could trade, less than the 1,200 sells below it.
#[test]
fn opening_price_by_the_three_conditions() {
    let bids = [(502, 200), (501, 300), (500, 500), (499, 700), (498, 1_000)];
    let asks = [(498, 100), (499, 200), (500, 300), (501, 500), (502, 900)];
    assert_eq!(tokyo(NO_BOUND, 490, (400, 600), &bids, &asks), priced(500, 1_200, 200));
}

/// Greatest volume alone says 498 to 502; all of these leave 100 buys over. Only at 502 is no
/// buy above the price left without a trade.
#[test]
fn surplus_of_buys_pulls_the_price_up_and_of_sells_down() {
    assert_eq!(tokyo(NO_BOUND, 500, (0, 0), &[(502, 200)], &[(498, 100)]), priced(502, 100, 100));
    assert_eq!(tokyo(NO_BOUND, 500, (0, 0), &[(502, 100)], &[(498, 200)]), priced(498, 100, -100));
}

/// 501 leaves 300 buys over, 502 leaves 100 sells, both trade 500: the smaller imbalance wins,
/// wherever the last price is.
#[test]
fn least_imbalance_comes_before_the_board_centre() {
    let bids = [(503, 500), (501, 300)];
    let asks = [(500, 500), (502, 100)];
    for last in [400, 501, 600] {
        assert_eq!(tokyo(NO_BOUND, last, (0, 0), &bids, &asks), priced(502, 500, -100));
    }
    // A price in between leaves nothing over.
    let asks = [(500, 500), (503, 100)];
    assert_eq!(tokyo(NO_BOUND, 501, (0, 0), &bids, &asks), priced(502, 500, 0));
}

/// 501 leaves 100 buys over and 502 leaves 100 sells: the one nearer to the last price.
#[test]
fn equal_imbalances_go_to_the_price_nearest_the_centre() {
    let bids = [(503, 500), (501, 100)];
    let asks = [(500, 500), (502, 100)];
    assert_eq!(tokyo(NO_BOUND, 490, (0, 0), &bids, &asks), priced(501, 500, 100));
    assert_eq!(tokyo(NO_BOUND, 501, (0, 0), &bids, &asks), priced(501, 500, 100));
    assert_eq!(tokyo(NO_BOUND, 502, (0, 0), &bids, &asks), priced(502, 500, -100));
    assert_eq!(tokyo(NO_BOUND, 600, (0, 0), &bids, &asks), priced(502, 500, -100));
}

/// Equal quantities that cross by more than a tick: the centre, held within what both accept,
/// also where nobody has an order.
#[test]
fn balanced_books_trade_at_the_centre_held_in_range() {
    for (last, expected) in [(490, 495), (495, 495), (500, 500), (505, 505), (510, 505)] {
        let outcome = tokyo(NO_BOUND, last, (0, 0), &[(505, 100)], &[(495, 100)]);
        assert_eq!(outcome, priced(expected, 100, 0), "last {last}");
    }
    // A reference off tick (an adjusted base price): the nearest price on tick, halfway the lower.
    for (centre, expected) in [(5_004, 5_000), (5_005, 5_000), (5_006, 5_010)] {
        let terms = Terms { low: 1, high: i64::MAX, centre, ticks: TickRule::TseOther };
        let found = price(&terms, 0, 0, [(5_050, 100)].into_iter(), [(4_950, 100)].into_iter());
        assert_eq!(found.price, expected);
    }
}

/// Market orders against market orders alone trade at the last price; a range holds it.
#[test]
fn market_orders_alone_trade_at_the_centre() {
    assert_eq!(tokyo(NO_BOUND, 530, (700, 700), &[], &[]), priced(530, 700, 0));
    assert_eq!(tokyo((5_400, 5_500), 530, (700, 700), &[], &[]), priced(540, 700, 0));
    // 700 buys cannot all trade with 600 sells, at any price.
    let unpriced = outcome(AuctionEnd::Unpriced, 5_500, 600, 100);
    assert_eq!(tokyo((5_400, 5_500), 530, (700, 600), &[], &[]), unpriced);
    // With limit sells behind them they can: at the price of the last one needed.
    let asks = [(545, 100), (546, 100)];
    assert_eq!(tokyo((5_400, 5_500), 530, (700, 600), &[], &asks), priced(545, 700, 0));
}

/// Domain rules, special quote: last 530, market sell 2,000, best bid 510, width 10: special
/// ask at 520. Ten yen lower the bid is met.
#[test]
fn market_sell_beyond_the_width_is_a_special_ask() {
    let bids = [(510, 3_000)];
    let first = tokyo((5_200, 5_400), 530, (0, 2_000), &bids, &[]);
    assert_eq!(first, outcome(AuctionEnd::Unpriced, 5_200, 0, -2_000));
    assert_eq!(first.excess(), Some(Side::Sell));
    let renewed = tokyo((5_100, 5_300), 520, (0, 2_000), &bids, &[]);
    assert_eq!(renewed, priced(510, 2_000, 1_000));
}

/// Buys at 545 against sells at 543 with the range's end at 540: a special bid there. What could
/// trade at 540 itself is what sells there or below want.
#[test]
fn crossing_beyond_the_range_is_unpriced_at_its_end() {
    let (bids, asks) = ([(545, 800), (539, 100)], [(538, 300), (543, 900)]);
    let found = tokyo((5_200, 5_400), 530, (0, 0), &bids, &asks);
    assert_eq!(found, outcome(AuctionEnd::Unpriced, 5_400, 300, 500));
}

/// Nothing crosses: nothing happens, unless a side stands alone beyond the range.
#[test]
fn books_that_do_not_cross() {
    let range = (5_200, 5_400);
    assert_eq!(tokyo(range, 530, (0, 0), &[], &[]), Outcome::EMPTY);
    assert_eq!(tokyo(range, 530, (0, 0), &[(529, 100)], &[(531, 100)]), Outcome::EMPTY);
    assert_eq!(tokyo(range, 530, (0, 0), &[(510, 100)], &[(550, 100)]), Outcome::EMPTY);
    assert_eq!(tokyo(range, 530, (0, 0), &[(540, 100)], &[]), Outcome::EMPTY);
    let bid_alone = outcome(AuctionEnd::Unpriced, 5_400, 0, 100);
    assert_eq!(tokyo(range, 530, (0, 0), &[(541, 100)], &[]), bid_alone);
    assert_eq!(tokyo(range, 530, (100, 0), &[], &[]), bid_alone);
    let ask_alone = outcome(AuctionEnd::Unpriced, 5_200, 0, -100);
    assert_eq!(tokyo(range, 530, (0, 0), &[], &[(519, 100)]), ask_alone);
}

/// Over 3,000 yen ticks are 5 yen, to 3,000 yen 1 yen (table for shares outside the index).
#[test]
fn prices_step_by_the_tick_of_their_band() {
    let at = |last, bid, ask| tokyo(NO_BOUND, last, (0, 0), &[(bid, 100)], &[(ask, 100)]).price;
    assert_eq!(at(3_003, 3_010, 2_999), 30_050);
    assert_eq!(at(3_002, 3_010, 2_999), 30_000);
    // Each leaves something over, 2,999 buys and 3,005 sells; only 3,000 lies between.
    let (bids, asks) = ([(3_010, 100), (2_999, 200)], [(2_990, 100), (3_005, 200)]);
    assert_eq!(tokyo(NO_BOUND, 3_005, (0, 0), &bids, &asks), priced(3_000, 100, 0));
    // A range that ends between ticks ends at the tick inside.
    assert_eq!(
        tokyo((30_010, 30_140), 2_000, (500, 400), &[], &[]),
        outcome(AuctionEnd::Unpriced, 30_100, 400, 100)
    );
}

/// A resumption of a pair: one fixed tick, limit orders only.
#[test]
fn crypto_auctions_use_the_same_code() {
    let terms = Terms {
        low: 9_000_000,
        high: 11_000_000,
        centre: 10_000_000,
        ticks: TickRule::Fixed(Price(5)),
    };
    let bids = [(10_000_500, 4), (10_000_100, 9)].into_iter();
    let asks = [(9_999_000, 3), (10_000_005, 5), (10_000_400, 2)].into_iter();
    // Sells to 10,000,005 are 8 and buys at 10,000,100 or better 13: 8 trade, and a price
    // below 10,000,100 would pass over buys there that are left.
    assert_eq!(price(&terms, 0, 0, bids, asks), outcome(AuctionEnd::Priced, 10_000_100, 8, 5));
}

/// Base 500: limits 420 and 580, renewal width 8. Last 570, so the close may be at 554 to 586,
/// cut off at 580. 5,000 market buys meet 1,000 sells at the limit: no price is admissible, and
/// market orders count as limit orders at 580.
#[test]
fn close_at_the_limit_is_shared_out() {
    let range = (5_540, 5_800);
    let found = tokyo(range, 570, (5_000, 0), &[(580, 2_000)], &[(575, 400), (580, 600)]);
    assert_eq!(found, outcome(AuctionEnd::Unpriced, 5_800, 1_000, 6_000));
    let closed = at_close(found, 4_200, 5_800, 100);
    assert_eq!(closed, outcome(AuctionEnd::StopAllocation, 5_800, 1_000, 6_000));
    // Nothing to share without a whole unit on the other side.
    let alone = tokyo(range, 570, (5_000, 0), &[(580, 2_000)], &[]);
    assert_eq!(at_close(alone, 4_200, 5_800, 100).end, AuctionEnd::Unpriced);
    let down = tokyo((4_200, 4_400), 430, (0, 700), &[(420, 300)], &[]);
    assert_eq!(
        at_close(down, 4_200, 5_800, 100),
        outcome(AuctionEnd::StopAllocation, 4_200, 300, -400)
    );
}

/// Last 500, width 8: the close may be at 484 to 516. The only crossing is at 518, but 300 sells
/// accept 516: they trade there. An admissible price is left as it is.
#[test]
fn close_beyond_the_range_trades_at_its_end() {
    let range = (4_840, 5_160);
    let found = tokyo(range, 500, (0, 0), &[(520, 2_000)], &[(515, 300), (518, 2_000)]);
    assert_eq!(found, outcome(AuctionEnd::Unpriced, 5_160, 300, 1_700));
    let expected = outcome(AuctionEnd::SpecialExecution, 5_160, 300, 1_700);
    assert_eq!(at_close(found, 4_200, 5_800, 100), expected);
    let ordinary = tokyo(range, 500, (0, 0), &[(510, 100)], &[(510, 100)]);
    assert_eq!(at_close(ordinary, 4_200, 5_800, 100), ordinary);
    assert_eq!(at_close(Outcome::EMPTY, 4_200, 5_800, 100), Outcome::EMPTY);
}

/// A claim of a simultaneous group.
fn claim(participant: u32, quantity: i64, entry: u64) -> Claim {
    let priority = Priority::Simultaneous;
    Claim { tag: 0, participant, group: 0, priority, entry, quantity, allocated: 0 }
}

fn allocated(claims: &[Claim]) -> Vec<i64> {
    claims.iter().map(|claim| claim.allocated).collect()
}

/// A broker's published example: 1,500, 500, 300 and 200 wanted at one price. 300 go to the
/// largest three, the next 300 to the fourth and again the first two, 200 more to the others.
#[test]
fn simultaneous_orders_take_a_unit_each_in_turn() {
    let mut claims = [claim(1, 1_500, 1), claim(2, 500, 2), claim(3, 300, 3), claim(4, 200, 4)];
    let mut sharing = Sharing::new();
    for (quantity, expected) in [
        (300, [100, 100, 100, 0]),
        (600, [200, 200, 100, 100]),
        (800, [200, 200, 200, 200]),
        (1_200, [400, 300, 300, 200]),
        (2_400, [1_400, 500, 300, 200]),
        (2_500, [1_500, 500, 300, 200]),
    ] {
        sharing.in_turns(quantity, 100, &mut claims);
        assert_eq!(allocated(&claims), expected, "{quantity}");
    }
}

/// Participants count by their sum, their orders are filled by time; of equal sums the one
/// with the earliest order is first (JPX FAQ 7443).
#[test]
fn turns_go_by_participant_then_by_time() {
    let mut sharing = Sharing::new();
    // 7 has 500 in two orders, the older given last; 8 and 9 have 400 each, 9 was earlier.
    let mut claims = [claim(7, 300, 6), claim(8, 400, 5), claim(9, 400, 2), claim(7, 200, 3)];
    sharing.in_turns(400, 100, &mut claims);
    assert_eq!(allocated(&claims), [0, 100, 100, 200]);
    sharing.in_turns(200, 100, &mut claims);
    assert_eq!(allocated(&claims), [0, 0, 100, 100]);
    sharing.in_turns(900, 100, &mut claims);
    assert_eq!(allocated(&claims), [100, 300, 300, 200]);
}

/// Who wants less than a unit gets only that; a quantity that is not in units ends in a part.
#[test]
fn turns_with_less_than_a_unit() {
    let mut sharing = Sharing::new();
    let mut claims = [claim(1, 250, 1), claim(2, 30, 2), claim(3, 200, 3)];
    sharing.in_turns(330, 100, &mut claims);
    assert_eq!(allocated(&claims), [200, 30, 100]);
    sharing.in_turns(450, 100, &mut claims);
    assert_eq!(allocated(&claims), [220, 30, 200]);
}

/// The closing auction at its marginal price: 700 for those from before the afternoon opening
/// (simultaneous) come first; then continuous trading by time; then what came for the close,
/// simultaneous among itself.
#[test]
fn close_serves_three_groups_in_order() {
    let of = |group, priority, participant, quantity, entry| Claim {
        group,
        priority,
        ..claim(participant, quantity, entry)
    };
    let claims = [
        of(0, Priority::Simultaneous, 1, 300, 1),
        of(0, Priority::Simultaneous, 2, 400, 2),
        of(1, Priority::Time, 3, 200, 3),
        of(1, Priority::Time, 4, 900, 4),
        of(2, Priority::Simultaneous, 5, 100, 5),
        of(2, Priority::Simultaneous, 6, 500, 6),
    ];
    let mut sharing = Sharing::new();
    for (quantity, expected) in [
        (300, [100, 200, 0, 0, 0, 0]),
        (1_000, [300, 400, 200, 100, 0, 0]),
        (1_900, [300, 400, 200, 900, 0, 100]),
        (2_200, [300, 400, 200, 900, 100, 300]),
    ] {
        let mut shuffled = claims;
        shuffled.reverse();
        sharing.by_groups(quantity, 100, &mut shuffled);
        assert_eq!(allocated(&shuffled), expected, "{quantity}");
    }
}

/// Special execution knows neither price nor group, only time.
#[test]
fn special_execution_goes_by_time_alone() {
    let mut claims = [claim(1, 300, 9), claim(2, 200, 1), claim(3, 400, 4)];
    Sharing::new().by_time(500, &mut claims);
    assert_eq!(claims.map(|c| (c.participant, c.allocated)), [(2, 200), (3, 300), (1, 0)]);
}
