//! What a definition would be refused with, before anybody sends it: the very checks that come
//! before it is applied.

use super::Engine;
use crate::command::Command;
use crate::reject::Reject;

impl Engine {
    /// What a definition that people set on what there is (price limits, ticks, listed shares,
    /// circuit breaker, odd-lot terms, risk limits) would be refused with now. Constant work; of
    /// other commands nothing is said.
    pub fn would_refuse(&self, command: &Command) -> Option<Reject> {
        let checked = match command {
            Command::SetPriceLimits { instrument, base_price, limit_down, limit_up, .. } => {
                self.check_price_limits(*instrument, [*base_price, *limit_down, *limit_up])
            }
            Command::SetTicks { instrument, ticks, .. } => self.check_ticks(*instrument, *ticks),
            Command::SetListedShares { instrument, shares, .. } => {
                self.check_listed_shares(*instrument, *shares)
            }
            Command::SetBreaker { instrument, breaker, .. } => {
                self.check_breaker(*instrument, breaker)
            }
            Command::SetOddLotTerms { instrument, terms, .. } => {
                self.check_odd_lot_terms(*instrument, terms)
            }
            Command::SetRiskLimits { scope, limits, .. } => self.check_risk_limits(*scope, limits),
            _ => Ok(()),
        };
        checked.err()
    }
}
