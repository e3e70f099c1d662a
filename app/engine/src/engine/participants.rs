//! Who counts as one where simultaneous orders share in turns: each account, or all accounts of a
//! firm. How much each gets is said in `auction::share`.

use crate::engine::Engine;
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

/// Set in the number of a participant that is a firm: account numbers are below.
const FIRM: u32 = 1 << 31;

impl Engine {
    /// Names the firm an account trades through.
    pub(crate) fn set_firm(
        &mut self,
        account: AccountId,
        firm: FirmId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if firm.0 >= FIRM {
            return Err(Reject::InvalidSpec);
        }
        self.accounts.set_firm(account, firm)?;
        events.push(Event::FirmChanged { account, firm });
        Ok(())
    }

    /// Sets whose orders count as one in a profile's auctions.
    pub(crate) fn set_participants(
        &mut self,
        profile: Profile,
        participants: Participants,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if profile != Profile::Tse {
            return Err(Reject::InvalidSpec);
        }
        self.participants[profile as usize] = participants;
        events.push(Event::ParticipantsChanged { profile, participants });
        Ok(())
    }

    /// The number under which an account's orders share in turns.
    pub(crate) fn participant(&self, participants: Participants, account: AccountId) -> u32 {
        match (participants, self.accounts.firm(account)) {
            (Participants::Accounts, _) | (Participants::Firms, FirmId(0)) => account.0,
            (Participants::Firms, firm) => firm.0 | FIRM,
        }
    }

    /// The firm an account trades through (zero: none); `None` for an unknown account.
    pub fn firm(&self, account: AccountId) -> Option<FirmId> {
        self.accounts.get(account).map(|_| self.accounts.firm(account))
    }

    /// Whose orders count as one in a profile's auctions.
    pub fn participants(&self, profile: Profile) -> Participants {
        self.participants[profile as usize]
    }
}
