//! All order slots at once: as a snapshot has them, and whether they agree with each other.

use super::*;

impl Orders {
    /// Slots of the answer queue, oldest first.
    pub(crate) fn done(&self) -> impl Iterator<Item = u32> + '_ {
        self.done.iter().map(|answer| answer.slot)
    }

    /// Free slots, next to be taken first.
    pub(crate) fn free_slots(&self) -> impl Iterator<Item = u32> + '_ {
        let first = (self.free != NIL).then_some(self.free);
        std::iter::successors(first, |&slot| {
            let next = self.hot[slot as usize].next;
            (next != NIL).then_some(next)
        })
    }

    /// Appends a slot as a snapshot has it (links are made afterwards).
    pub(crate) fn restore(&mut self, hot: Hot, cold: Cold) -> Result<(), String> {
        let slot = self.hot.len();
        if slot >= self.capacity {
            return Err("more order slots than the limits allow".into());
        }
        let space = match hot.kind {
            Kind::Free => None,
            Kind::Live | Kind::Done => Some(ORDERS),
            Kind::Transfer => Some(TRANSFERS),
        };
        if let Some(space) = space
            && self.lookup(space, hot.account, &cold.client_id).is_some()
        {
            return Err(format!("order slot {slot} repeats a client id"));
        }
        self.hot.push(hot);
        self.cold.push(cold);
        if let Some(space) = space {
            self.enter(self.hash(space, hot.account, &cold.client_id), slot as u32);
        }
        Ok(())
    }

    /// Links the answer queue and the free list as a snapshot has them.
    pub(crate) fn relink(&mut self, done: &[u32], free: &[u32]) -> Result<(), String> {
        let mut linked = vec![false; self.hot.len()];
        for (slots, is_free) in [(done, false), (free, true)] {
            for &slot in slots {
                let at = slot as usize;
                let kind = self.hot.get(at).map(|hot| hot.kind);
                let fits = match kind {
                    Some(Kind::Free) => is_free,
                    Some(Kind::Done | Kind::Transfer) => !is_free,
                    Some(Kind::Live) | None => false,
                };
                if !fits || std::mem::replace(&mut linked[at], true) {
                    return Err(format!("order slot {slot} is in the wrong list"));
                }
            }
        }
        let waiting = self.hot.iter().filter(|hot| hot.kind != Kind::Live).count();
        if waiting != done.len() + free.len() || done.len() > self.done.most() {
            return Err("answer queue and free list do not cover the idle slots".into());
        }
        for &slot in done {
            let tag = self.cold[slot as usize].tag;
            self.done.push(Answer { slot, tag });
        }
        for &slot in free.iter().rev() {
            self.hot[slot as usize].next = self.free;
            self.free = slot;
        }
        Ok(())
    }

    /// Slots, answer queue, free list and index agree (for the whole-state check).
    pub(crate) fn check(&self) -> Result<(), String> {
        let (mut live, mut done, mut free) = (0, 0, 0);
        for (slot, hot) in self.hot.iter().enumerate() {
            let cold = &self.cold[slot];
            let space = match hot.kind {
                Kind::Free => {
                    free += 1;
                    continue;
                }
                Kind::Live => {
                    live += 1;
                    ORDERS
                }
                Kind::Done => {
                    done += 1;
                    ORDERS
                }
                Kind::Transfer => {
                    done += 1;
                    TRANSFERS
                }
            };
            if self.lookup(space, hot.account, &cold.client_id) != Some(slot as u32) {
                return Err(format!("order slot {slot} is not where its client id says"));
            }
            let order = hot.kind != Kind::Transfer;
            let number = hot.id & u64::from(SLOTS_MAX - 1) == slot as u64
                && hot.id >> SLOT_BITS <= self.counter;
            if order && !number {
                return Err(format!("order slot {slot} holds number {}", hot.id));
            }
            if order && cold.status.is_live() != (hot.kind == Kind::Live) {
                return Err(format!("order {} is {:?} in {:?}", hot.id, cold.status, hot.kind));
            }
        }
        if self.done.len() != done {
            return Err(format!("answer queue does not hold the {done} finished slots"));
        }
        if self.free_slots().count() != free {
            return Err(format!("free list does not hold the {free} free slots"));
        }
        if self.index.len() != live + done {
            return Err("client-id index and slots differ in number".into());
        }
        Ok(())
    }
}
