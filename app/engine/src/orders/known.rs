//! What is known about a client id: nothing, the same request, or another one.

use super::*;

/// What is known about a client id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Nothing.
    New,
    /// The same request was answered: this is its slot.
    Same(u32),
    /// The id was used for something else.
    Other,
}

impl Orders {
    /// What an order says that has the client id of the one in this slot.
    #[cold]
    pub(crate) fn said_again(&self, slot: u32, place: &Place) -> Known {
        match self.was_sent_as(slot, place, &Terms::NONE, false) {
            true => Known::Same(slot),
            false => Known::Other,
        }
    }

    /// What is known about a contingent order's client id, whose hash is `hash`.
    pub(crate) fn known_contingent(&self, place: &Place, terms: &Terms, hash: u64) -> Known {
        let found = self.lookup_hashed(hash, ORDERS, place.account, &place.client_id);
        match found {
            None => Known::New,
            Some(slot) if self.was_sent_as(slot, place, terms, false) => Known::Same(slot),
            Some(_) => Known::Other,
        }
    }

    /// What is known about an odd-lot order's client id; `place` is the order it makes.
    pub(crate) fn known_odd_lot(&self, place: &Place, hash: u64) -> Known {
        let found = self.lookup_hashed(hash, ORDERS, place.account, &place.client_id);
        match found {
            None => Known::New,
            Some(slot) if self.was_sent_as(slot, place, &Terms::NONE, true) => Known::Same(slot),
            Some(_) => Known::Other,
        }
    }

    /// Whether the order in a slot was sent with these values.
    fn was_sent_as(&self, slot: u32, place: &Place, terms: &Terms, odd_lot: bool) -> bool {
        let (hot, cold) = (&self.hot[slot as usize], &self.cold[slot as usize]);
        let sent = self.extra(slot).map_or(Terms::NONE, Extra::terms);
        // An OCO may have turned into its stop half; it was sent as a limit order.
        let first_condition = self.extra(slot).and_then(|extra| extra.first_condition);
        // A funari order may have become a market order.
        let turned = sent.stop.is_some() || cold.condition.turns();
        let kind = if turned { OrderKind::Limit } else { cold.kind };
        hot.flags.has(Flags::ODD_LOT) == odd_lot
            && hot.flags.has(Flags::BY_AMOUNT) == place.by_amount
            && hot.instrument == place.instrument
            && hot.side == place.side
            && kind == place.kind
            && sent == *terms
            && cold.time_in_force == place.time_in_force
            && cold.post_only == place.post_only
            && cold.first_price == place.price.0
            && cold.first_quantity == place.quantity.0
            && first_condition.unwrap_or(cold.condition) == place.condition
            && cold.self_trade == place.self_trade
            && cold.short == place.short
    }

    /// What is known about a transfer's reference.
    pub(crate) fn known_transfer(&self, transfer: &Transfer) -> Known {
        let Some(slot) = self.lookup(TRANSFERS, transfer.account, &transfer.reference) else {
            return Known::New;
        };
        let cold = &self.cold[slot as usize];
        let same = cold.fee.wide() == i128::from(transfer.asset.0)
            && cold.quantity == transfer.amount.0
            && cold.first_quantity == transfer.kind as i64;
        if same { Known::Same(slot) } else { Known::Other }
    }
}
