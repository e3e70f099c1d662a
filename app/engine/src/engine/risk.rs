//! Risk limits, groups and kill switches.

use crate::command::{Limits, RiskLimits};
use crate::engine::Engine;
use crate::event::Event;
use crate::hash::Keyed;
use crate::reject::Reject;
use crate::types::*;

/// Limits and counters.
#[derive(Default)]
pub(crate) struct Risk {}

impl Risk {
    pub(crate) fn new(_limits: &Limits, _keyed: Keyed) -> Risk {
        Risk {}
    }
}

impl Engine {
    /// Puts an account into a group.
    pub(super) fn set_group(
        &mut self,
        account: AccountId,
        group: GroupId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (account, group, events);
        Err(Reject::InvalidSpec)
    }

    /// Sets the limits of a scope.
    pub(super) fn set_risk_limits(
        &mut self,
        scope: RiskScope,
        limits: &RiskLimits,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (scope, limits, events);
        Err(Reject::InvalidSpec)
    }

    /// Throws or releases a kill switch.
    pub(super) fn set_kill(
        &mut self,
        scope: KillScope,
        on: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (scope, on, events);
        Err(Reject::InvalidSpec)
    }
}
