//! When each instrument wants to be woken: one time per instrument, earliest first. A binary
//! heap that knows every instrument's place, so that a time can be moved or dropped in
//! O(log instruments) and nothing is allocated while trading.

use crate::engine::Engine;
use crate::types::*;

const ABSENT: u32 = u32::MAX;

/// The times, and the heap over those that are set.
#[derive(Default)]
pub(crate) struct Timers {
    /// By instrument; zero: not set.
    due: Vec<u64>,
    /// Place in the heap by instrument.
    place: Vec<u32>,
    heap: Vec<u32>,
}

impl Timers {
    pub(crate) fn new(instruments: u32) -> Timers {
        let capacity = instruments as usize;
        Timers {
            due: Vec::with_capacity(capacity),
            place: Vec::with_capacity(capacity),
            heap: Vec::with_capacity(capacity),
        }
    }

    /// Room for one more instrument.
    pub(crate) fn add(&mut self) {
        self.due.push(0);
        self.place.push(ABSENT);
    }

    /// When an instrument wants to be woken; zero: not.
    pub(crate) fn get(&self, instrument: InstrumentId) -> Timestamp {
        Timestamp(self.due[instrument.0 as usize])
    }

    /// Sets an instrument's time; zero: none.
    pub(crate) fn set(&mut self, instrument: InstrumentId, due: Timestamp) {
        let id = instrument.0;
        self.due[id as usize] = due.0;
        let at = self.place[id as usize];
        match (at == ABSENT, due.0 == 0) {
            (true, true) => {}
            (true, false) => {
                self.heap.push(id);
                self.place[id as usize] = self.heap.len() as u32 - 1;
                self.up(self.heap.len() - 1);
            }
            (false, true) => {
                self.place[id as usize] = ABSENT;
                let last = self.heap.pop().expect("the heap holds what has a place");
                if last != id {
                    self.heap[at as usize] = last;
                    self.place[last as usize] = at;
                    self.up(at as usize);
                    self.down(at as usize);
                }
            }
            (false, false) => {
                self.up(at as usize);
                self.down(self.place[id as usize] as usize);
            }
        }
    }

    /// The earliest time and its instrument; of equal times the lower instrument.
    pub(crate) fn first(&self) -> Option<(Timestamp, InstrumentId)> {
        self.heap.first().map(|&id| (Timestamp(self.due[id as usize]), InstrumentId(id)))
    }

    fn key(&self, at: usize) -> (u64, u32) {
        let id = self.heap[at];
        (self.due[id as usize], id)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.place[self.heap[a] as usize] = a as u32;
        self.place[self.heap[b] as usize] = b as u32;
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 && self.key(at) < self.key((at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.key(child) < self.key(least) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.swap(at, least);
            at = least;
        }
    }
}

impl Engine {
    /// Sets an instrument's timer to the earliest of what it waits for: its quote, the end of
    /// its call, orders set off that are to come in, batch orders whose price is known.
    pub(crate) fn retime(&mut self, instrument: InstrumentId) {
        let market = &self.markets[instrument.0 as usize];
        // While it is halted its quote stays as it is.
        let open = market.status == InstrumentStatus::Open;
        let quote = if open { market.shown.due.0 } else { 0 };
        let call = if market.phase == Phase::Call { market.until.0 } else { 0 };
        let waiting = market.met_any()
            || market.ready && self.sets_off(instrument)
            || market.session_rules && self.batch_is_due(instrument);
        let now = if waiting { self.at.0.max(1) } else { 0 };
        let due = [quote, call, now].into_iter().filter(|&due| due != 0).min().unwrap_or(0);
        if self.timers.get(instrument).0 != due {
            self.timers.set(instrument, Timestamp(due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_whatever_was_set_moved_or_dropped() {
        let mut timers = Timers::new(50);
        let mut known = std::collections::BTreeMap::new();
        let mut state = 3u64;
        let mut next = move |end: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % end
        };
        for _ in 0..50 {
            timers.add();
        }
        for _ in 0..20_000 {
            let (id, due) = (next(50) as u32, next(4) * next(1000));
            timers.set(InstrumentId(id), Timestamp(due));
            known.insert(id, due);
            let first = known.iter().filter(|e| *e.1 != 0).map(|(&id, &due)| (due, id)).min();
            let first = first.map(|(due, id)| (Timestamp(due), InstrumentId(id)));
            assert_eq!(timers.first(), first);
        }
    }
}
