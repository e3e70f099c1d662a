//! The short ways of rounding agree with the long ones.

use super::*;

fn units(exponent: i32, worst_ppm: i32) -> Units {
    Units {
        scale: Scale::new(exponent),
        base_multiplier: 1,
        worst_ppm,
        widest_ppm: worst_ppm,
        maker_ppm: 0,
        taker_ppm: worst_ppm,
    }
}

/// Around the sums at which 64 bits end, with the widest rates there are.
#[test]
fn legs_and_locks_are_the_same_the_short_way_and_the_long_way() {
    let notionals = [0, 1, 999_999, SMALL / 2, SMALL - 2, SMALL - 1, SMALL, SMALL + 1];
    for exponent in [-20, -19, -18, -12, -6, -1] {
        for rate in [-999_999, -1, 0, 1, 250, 999_999] {
            let units = units(exponent, rate.max(0));
            for (traded, open) in notionals.iter().flat_map(|&n| notionals.map(|o| (n, o))) {
                let before = Traded::default().plus(traded, rate);
                let after = before.plus(open, rate);
                let lock = units.buy_lock(before, 1, open);
                assert_eq!(lock, units.buy_lock_long(before, 1, open));
                let bought = units.buyer_leg((before, after), 1, (open, 0));
                assert_eq!(bought, units.buyer_leg_long((before, after), 1, (open, 0)));
                let sold = units.seller_leg(before, after);
                assert_eq!(sold, units.seller_leg_long(before, after));
            }
        }
    }
}

#[test]
fn a_value_is_the_same_the_short_way_and_the_long_way() {
    let edge = i128::from(u64::MAX) / PPM;
    let near = [0, 1, 7, 999_999, edge - 1, edge, edge + 1, i128::from(i64::MAX), i128::MAX];
    for exponent in [-30, -19, -18, -12, -6, -1, 0, 3] {
        let units = units(exponent, 0);
        for notional in near {
            assert_eq!(units.value(notional), units.value_long(notional), "{notional}");
        }
    }
}
