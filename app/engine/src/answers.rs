//! The queue of remembered answers: slots of finished orders and transfers, oldest first. As many
//! as `Genesis` allows, in a ring that is never moved or grown.

/// A finished order or transfer: its slot, and what the index has it under. Both are here so that
/// what is read of the oldest lies in a row.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) slot: u32,
    /// Upper half of its client id's hash.
    pub(crate) tag: u32,
}

/// Answers in order of their end.
#[derive(Default)]
pub(crate) struct Answers {
    ring: Vec<Answer>,
    mask: usize,
    /// Place of the oldest.
    first: usize,
    len: usize,
    /// Most there may be.
    most: usize,
}

impl Answers {
    /// Room for `most`, and one more for a moment.
    pub(crate) fn new(most: usize) -> Answers {
        let size = (most + 1).next_power_of_two();
        Answers { ring: vec![Answer::default(); size], mask: size - 1, first: 0, len: 0, most }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Adds the newest; returns the oldest, taken out, if there are too many now.
    #[inline]
    pub(crate) fn push(&mut self, answer: Answer) -> Option<Answer> {
        let at = (self.first + self.len) & self.mask;
        self.ring[at] = answer;
        self.len += 1;
        if self.len <= self.most {
            return None;
        }
        let oldest = self.ring[self.first & self.mask];
        self.first = (self.first + 1) & self.mask;
        self.len -= 1;
        Some(oldest)
    }

    /// The `n`-th oldest; anything that was one, or slot zero, where there are not so many.
    #[inline]
    pub(crate) fn peek(&self, n: usize) -> Answer {
        self.ring[(self.first + n) & self.mask]
    }

    /// All, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Answer> + '_ {
        (0..self.len).map(|n| self.peek(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn keeps_the_newest_in_order() {
        for most in [1, 2, 3, 7, 8, 100] {
            let (mut answers, mut twin) = (Answers::new(most), VecDeque::new());
            for slot in 0..1_000 {
                let answer = Answer { slot, tag: !slot };
                twin.push_back(answer);
                let oldest = if twin.len() > most { twin.pop_front() } else { None };
                assert_eq!(answers.push(answer), oldest);
                assert_eq!(answers.len(), twin.len());
                assert!(answers.iter().eq(twin.iter().copied()));
            }
        }
    }
}
