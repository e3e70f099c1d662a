//! Fees by 30-day volume.

use crate::command::FeeTiers;
use crate::engine::Engine;
use crate::event::Event;
use crate::reject::Reject;

/// Schedules and volumes.
#[derive(Default)]
pub(crate) struct Fees {}

impl Engine {
    /// Sets the schedule of one quote asset.
    pub(super) fn set_fee_tiers(
        &mut self,
        tiers: &FeeTiers,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (tiers, events);
        Err(Reject::InvalidSpec)
    }
}
